package wdlexpr

import (
	"fmt"
	"math"
	"strings"
)

// pathFunction is a function of XPath: how many arguments it takes, and what
// it does with them.
type pathFunction struct {
	least, most int
	call        func(c *pathContext, args []pathCode) (pathValue, error)
}

// pathFunctions are the functions of XPath 1.0.
var pathFunctions map[string]pathFunction

// The table is filled here because the parser refers to it.
func init() {
	pathFunctions = map[string]pathFunction{
		"last":     {0, 0, func(c *pathContext, _ []pathCode) (pathValue, error) { return float64(c.size), nil }},
		"position": {0, 0, func(c *pathContext, _ []pathCode) (pathValue, error) { return float64(c.place), nil }},
		"count": {1, 1, func(c *pathContext, args []pathCode) (pathValue, error) {
			nodes, err := c.nodes(args[0])
			return float64(len(nodes)), err
		}},
		"id": {1, 1, func(c *pathContext, args []pathCode) (pathValue, error) {
			_, err := c.text(args[0]) // documents without a definition have no identities
			return []*xmlNode{}, err
		}},
		"local-name":       {0, 1, ofNode(func(n *xmlNode) string { return n.local })},
		"name":             {0, 1, ofNode((*xmlNode).name)},
		"namespace-uri":    {0, 1, ofNode(func(n *xmlNode) string { return n.space })},
		"string":           {0, 1, ofText(func(s string) pathValue { return s })},
		"string-length":    {0, 1, ofText(func(s string) pathValue { return float64(unitsLen(s)) })},
		"normalize-space":  {0, 1, ofText(func(s string) pathValue { return strings.Join(strings.FieldsFunc(s, isPathSpace), " ") })},
		"concat":           {2, math.MaxInt, pathConcat},
		"starts-with":      {2, 2, ofTexts(func(s, t string) pathValue { return strings.HasPrefix(s, t) })},
		"contains":         {2, 2, ofTexts(func(s, t string) pathValue { return strings.Contains(s, t) })},
		"substring-before": {2, 2, ofTexts(textBefore)},
		"substring-after":  {2, 2, ofTexts(textAfter)},
		"substring":        {2, 3, pathSubstring},
		"translate":        {3, 3, pathTranslate},
		"boolean":          {1, 1, func(c *pathContext, args []pathCode) (pathValue, error) { return c.truth(args[0]) }},
		"not": {1, 1, func(c *pathContext, args []pathCode) (pathValue, error) {
			is, err := c.truth(args[0])
			return !is, err
		}},
		"true":    {0, 0, func(*pathContext, []pathCode) (pathValue, error) { return true, nil }},
		"false":   {0, 0, func(*pathContext, []pathCode) (pathValue, error) { return false, nil }},
		"lang":    {1, 1, pathLang},
		"number":  {0, 1, pathNumberCall},
		"sum":     {1, 1, pathSum},
		"floor":   {1, 1, ofNumber(math.Floor)},
		"ceiling": {1, 1, ofNumber(math.Ceil)},
		"round":   {1, 1, ofNumber(func(f float64) float64 { return math.Floor(f + 0.5) })},
	}
}

func isPathSpace(r rune) bool { return r < 0x80 && isXMLSpace(byte(r)) }

// ofNode is a function of the first node of its argument, or of the node that
// the path is at. Only elements, attributes and instructions have names.
func ofNode(get func(*xmlNode) string) func(*pathContext, []pathCode) (pathValue, error) {
	return func(c *pathContext, args []pathCode) (pathValue, error) {
		n := c.node
		if len(args) > 0 {
			nodes, err := c.nodes(args[0])
			if err != nil || len(nodes) == 0 {
				return "", err
			}
			n = nodes[0]
		}
		switch n.kind {
		case xmlElement, xmlAttribute, xmlInstruction:
			return get(n), nil
		default:
			return "", nil
		}
	}
}

// argument returns the text of the only argument, or of the node that the path
// is at.
func (c *pathContext) argument(args []pathCode) (string, error) {
	if len(args) == 0 {
		return c.textOf([]*xmlNode{c.node})
	}
	return c.text(args[0])
}

func ofText(f func(string) pathValue) func(*pathContext, []pathCode) (pathValue, error) {
	return func(c *pathContext, args []pathCode) (pathValue, error) {
		text, err := c.argument(args)
		return f(text), err
	}
}

func ofTexts(f func(s, t string) pathValue) func(*pathContext, []pathCode) (pathValue, error) {
	return func(c *pathContext, args []pathCode) (pathValue, error) {
		s, err := c.text(args[0])
		if err != nil {
			return nil, err
		}
		t, err := c.text(args[1])
		if err != nil {
			return nil, err
		}
		return f(s, t), c.m.chargeText(len(s) + len(t))
	}
}

func ofNumber(f func(float64) float64) func(*pathContext, []pathCode) (pathValue, error) {
	return func(c *pathContext, args []pathCode) (pathValue, error) {
		n, err := c.number(args[0])
		return f(n), err
	}
}

func textBefore(s, t string) pathValue {
	if before, _, ok := strings.Cut(s, t); ok {
		return before
	}
	return ""
}

func textAfter(s, t string) pathValue {
	_, after, _ := strings.Cut(s, t)
	return after
}

func pathConcat(c *pathContext, args []pathCode) (pathValue, error) {
	var b strings.Builder
	for _, arg := range args {
		text, err := c.text(arg)
		if err != nil {
			return nil, err
		}
		if b.Len()+len(text) > MaxText {
			return nil, errText
		}
		b.WriteString(text)
	}
	return b.String(), c.m.chargeText(b.Len())
}

// pathSubstring counts units from 1 on; places are rounded, and what is no
// number is nowhere.
func pathSubstring(c *pathContext, args []pathCode) (pathValue, error) {
	text, err := c.text(args[0])
	if err != nil {
		return nil, err
	}
	from, err := c.number(args[1])
	if err != nil {
		return nil, err
	}
	size := float64(unitsLen(text))
	from = math.Floor(from + 0.5)
	to := math.Inf(1)
	if len(args) > 2 {
		length, err := c.number(args[2])
		if err != nil {
			return nil, err
		}
		to = from + math.Floor(length+0.5)
	}
	from, to = max(from, 1), min(to, size+1)
	if !(from < to) { // NaN too
		return "", nil
	}
	return cut(text, int(from)-1, int(to)-1), nil
}

func pathTranslate(c *pathContext, args []pathCode) (pathValue, error) {
	texts := make([]string, 3)
	for i, arg := range args {
		var err error
		if texts[i], err = c.text(arg); err != nil {
			return nil, err
		}
	}
	to := []rune(texts[2])
	becomes := map[rune]rune{}
	for i, r := range []rune(texts[1]) {
		if _, twice := becomes[r]; twice {
			continue
		}
		if becomes[r] = -1; i < len(to) {
			becomes[r] = to[i]
		}
	}
	text := strings.Map(func(r rune) rune {
		if other, ok := becomes[r]; ok {
			return other
		}
		return r
	}, texts[0])
	return text, c.m.chargeText(len(text))
}

// pathLang tells whether the language of the node is that of the argument, or
// a dialect of it.
func pathLang(c *pathContext, args []pathCode) (pathValue, error) {
	want, err := c.text(args[0])
	if err != nil {
		return nil, err
	}
	for n := c.node; n != nil; n = n.parent {
		for _, a := range n.attributes {
			if a.space == xmlSpace && a.local == "lang" {
				own, dialect := a.value, ""
				if len(own) > len(want) {
					own, dialect = own[:len(want)], own[len(want):]
				}
				return strings.EqualFold(own, want) && (dialect == "" || dialect[0] == '-'), nil
			}
		}
	}
	return false, nil
}

func pathNumberCall(c *pathContext, args []pathCode) (pathValue, error) {
	if len(args) > 0 {
		return c.number(args[0])
	}
	return c.numberOf([]*xmlNode{c.node})
}

func pathSum(c *pathContext, args []pathCode) (pathValue, error) {
	nodes, err := c.nodes(args[0])
	if err != nil {
		return nil, err
	}
	sum := 0.0
	for _, n := range nodes {
		own, err := c.numberOf([]*xmlNode{n})
		if err != nil {
			return nil, err
		}
		sum += own
	}
	return sum, nil
}

// pathOperation compiles an operator.
func pathOperation(operator string, left, right pathCode) pathCode {
	switch operator {
	case "or", "and":
		return func(c *pathContext) (pathValue, error) {
			is, err := c.truth(left)
			if err != nil || is == (operator == "or") {
				return is, err
			}
			return c.truth(right)
		}
	case "=", "!=", "<", "<=", ">", ">=":
		return func(c *pathContext) (pathValue, error) {
			a, err := left(c)
			if err != nil {
				return nil, err
			}
			b, err := right(c)
			if err != nil {
				return nil, err
			}
			return c.compare(operator, a, b)
		}
	}
	return func(c *pathContext) (pathValue, error) {
		a, err := c.number(left)
		if err != nil {
			return nil, err
		}
		b, err := c.number(right)
		if err != nil {
			return nil, err
		}
		switch operator {
		case "+":
			return a + b, nil
		case "-":
			return a - b, nil
		case "*":
			return a * b, nil
		case "div":
			return a / b, nil
		case "mod":
			return math.Mod(a, b), nil
		}
		panic(fmt.Sprintf("wdlexpr: unhandled operator %s", operator))
	}
}

// compare compares two values. Of nodes it suffices that one compares.
func (c *pathContext) compare(operator string, a, b pathValue) (bool, error) {
	if _, ok := a.(bool); ok {
		b = orTruth(b)
	} else if _, ok := b.(bool); ok {
		a = orTruth(a)
	}
	lefts, err := c.scalars(a)
	if err != nil {
		return false, err
	}
	rights, err := c.scalars(b)
	if err != nil {
		return false, err
	}
	for _, x := range lefts {
		for _, y := range rights {
			if err := c.m.charge(1 + (textSize(x)+textSize(y))/bytesPerStep); err != nil {
				return false, err
			}
			is, err := c.comparePair(operator, x, y)
			if is || err != nil {
				return is, err
			}
		}
	}
	return false, nil
}

func textSize(x pathValue) int {
	text, _ := x.(string)
	return len(text)
}

// orTruth is whether there are nodes, where x is nodes.
func orTruth(x pathValue) pathValue {
	if _, ok := x.([]*xmlNode); ok {
		return truthOf(x)
	}
	return x
}

// scalars returns the texts of nodes, or else the value alone.
func (c *pathContext) scalars(x pathValue) ([]pathValue, error) {
	nodes, ok := x.([]*xmlNode)
	if !ok {
		return []pathValue{x}, nil
	}
	texts := make([]pathValue, len(nodes))
	for i, n := range nodes {
		text, err := c.textOf([]*xmlNode{n})
		if err != nil {
			return nil, err
		}
		texts[i] = text
	}
	return texts, nil
}

// comparePair compares two values of which none is nodes: by order as numbers,
// else as booleans, numbers or texts, whichever one of them is first.
func (c *pathContext) comparePair(operator string, a, b pathValue) (bool, error) {
	if operator == "=" || operator == "!=" {
		equal := operator == "="
		_, aBool := a.(bool)
		_, bBool := b.(bool)
		_, aNumber := a.(float64)
		_, bNumber := b.(float64)
		switch {
		case aBool || bBool:
			return (truthOf(a) == truthOf(b)) == equal, nil
		case !aNumber && !bNumber:
			return (a == b) == equal, nil
		}
	}
	x, err := c.numberOf(a)
	if err != nil {
		return false, err
	}
	y, err := c.numberOf(b)
	if err != nil {
		return false, err
	}
	switch operator {
	case "=":
		return x == y, nil
	case "!=":
		return x != y, nil
	case "<":
		return x < y, nil
	case "<=":
		return x <= y, nil
	case ">":
		return x > y, nil
	}
	return x >= y, nil
}
