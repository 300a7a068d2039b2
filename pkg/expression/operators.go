package expression

import (
	"strings"

	"github.com/expr-lang/expr/ast"
)

// operator computes a value of two operands.
type operator func(ev *evaluation, a, b any) (any, error)

var operators = map[string]operator{
	"+":  add,
	"-":  subtract,
	"*":  multiply,
	"/":  divide,
	"%":  remainder,
	"**": power,
	"^":  power,
	"..": rangeOf,
}

// relation tells whether two operands stand to each other as it says.
type relation func(ev *evaluation, a, b any) (bool, error)

var relations = map[string]relation{
	"==": func(ev *evaluation, a, b any) (bool, error) { return equal(ev, a, b, 0) },
	"!=": func(ev *evaluation, a, b any) (bool, error) {
		same, err := equal(ev, a, b, 0)
		return !same, err
	},
	"<":          ordered(orders["<"]),
	"<=":         ordered(orders["<="]),
	">":          ordered(orders[">"]),
	">=":         ordered(orders[">="]),
	"in":         contained,
	"contains":   textual("contains", strings.Contains),
	"startsWith": textual("startsWith", strings.HasPrefix),
	"endsWith":   textual("endsWith", strings.HasSuffix),
	"matches":    matches,
}

// order says which results of a comparison an operator is true for.
type order struct{ less, same, more bool }

var orders = map[string]order{
	"<":  {less: true},
	"<=": {less: true, same: true},
	">":  {more: true},
	">=": {same: true, more: true},
}

func (o order) holds(c int) bool {
	switch {
	case c < 0:
		return o.less
	case c > 0:
		return o.more
	}
	return o.same
}

func ordered(o order) relation {
	return func(ev *evaluation, a, b any) (bool, error) {
		c, err := compare(ev, a, b)
		return o.holds(c), err
	}
}

func textual(name string, holds func(s, part string) bool) relation {
	return func(ev *evaluation, a, b any) (bool, error) {
		if a == nil || b == nil {
			return false, nil
		}
		s, okS := a.(string)
		part, okPart := b.(string)
		if !okS || !okPart {
			return false, failf("%s needs two strings, got %s and %s", name, describe(a), describe(b))
		}
		return holds(s, part), ev.chargeText(len(s) + len(part))
	}
}

func (g *generator) unary(n *ast.UnaryNode) code {
	switch n.Operator {
	case "!", "not":
		return boxed(g.test(n))
	case "-":
		switch v := n.Node.(type) {
		case *ast.IntegerNode:
			return constant(-v.Value)
		case *ast.FloatNode:
			return constant(-v.Value)
		}
		return g.sign(n.Node, negate)
	case "+":
		return g.sign(n.Node, positive)
	}
	return g.fail("operator %s is not supported", n.Operator)
}

func (g *generator) sign(n ast.Node, apply func(a any) (any, error)) code {
	x := g.node(n)
	return func(m *machine) (any, error) {
		a, err := x(m)
		if err != nil {
			return nil, err
		}
		return apply(a)
	}
}

func (g *generator) binary(n *ast.BinaryNode) code {
	switch n.Operator {
	case "and", "&&", "or", "||":
		return boxed(g.test(n))
	case "??":
		left, right := g.access(n.Left, true), g.node(n.Right)
		return func(m *machine) (any, error) {
			x, err := left(m)
			if err != nil || x != nil {
				return x, err
			}
			return right(m)
		}
	}
	if relations[n.Operator] != nil {
		return boxed(g.test(n))
	}
	op := operators[n.Operator]
	if op == nil {
		return g.fail("operator %s is not supported", n.Operator)
	}
	left, right := g.node(n.Left), g.node(n.Right)
	return func(m *machine) (any, error) {
		a, err := left(m)
		if err != nil {
			return nil, err
		}
		b, err := right(m)
		if err != nil {
			return nil, err
		}
		return op(m.ev, a, b)
	}
}

// boxed makes code of a test.
func boxed(t test) code {
	return func(m *machine) (any, error) {
		holds, err := t(m)
		return holds, err
	}
}

// test makes the code of a node whose value must be true or false.
func (g *generator) test(n ast.Node) test {
	switch v := n.(type) {
	case *ast.UnaryNode:
		if v.Operator == "!" || v.Operator == "not" {
			x := g.test(v.Node)
			return func(m *machine) (bool, error) {
				holds, err := x(m)
				return !holds, err
			}
		}
	case *ast.BinaryNode:
		switch v.Operator {
		case "and", "&&":
			return both(g.test(v.Left), g.test(v.Right))
		case "or", "||":
			return either(g.test(v.Left), g.test(v.Right))
		}
		if rel := relations[v.Operator]; rel != nil {
			return g.relation(v, rel)
		}
	}
	x := g.node(n)
	return func(m *machine) (bool, error) {
		a, err := x(m)
		if err != nil {
			return false, err
		}
		return truth(a)
	}
}

func both(left, right test) test {
	return func(m *machine) (bool, error) {
		if holds, err := left(m); err != nil || !holds {
			return false, err
		}
		return right(m)
	}
}

func either(left, right test) test {
	return func(m *machine) (bool, error) {
		if holds, err := left(m); err != nil || holds {
			return holds, err
		}
		return right(m)
	}
}

// relation makes the code of a comparison. With a constant behind it, it need
// not look at the kind of both.
func (g *generator) relation(n *ast.BinaryNode, rel relation) test {
	left := g.node(n.Left)
	switch right := n.Right.(type) {
	case *ast.StringNode:
		switch n.Operator {
		case "==":
			return equalText(left, right.Value, true)
		case "!=":
			return equalText(left, right.Value, false)
		case "matches":
			return g.matches(left, right.Value)
		}
	case *ast.IntegerNode:
		if o, ok := orders[n.Operator]; ok {
			return orderedInt(left, right.Value, o)
		}
	}
	right := g.node(n.Right)
	return func(m *machine) (bool, error) {
		a, err := left(m)
		if err != nil {
			return false, err
		}
		b, err := right(m)
		if err != nil {
			return false, err
		}
		return rel(m.ev, a, b)
	}
}

// equalText compares with a constant text; want is the answer when both are
// the same.
func equalText(left code, text string, want bool) test {
	return func(m *machine) (bool, error) {
		a, err := left(m)
		if err != nil {
			return false, err
		}
		if s, ok := a.(string); ok {
			return (s == text) == want, nil
		}
		same, err := equal(m.ev, a, text, 0)
		return same == want, err
	}
}

// orderedInt compares with a constant integer.
func orderedInt(left code, n int, o order) test {
	boxed := any(n)
	return func(m *machine) (bool, error) {
		a, err := left(m)
		if err != nil {
			return false, err
		}
		switch x := a.(type) {
		case int:
			return o.less && x < n || o.more && x > n || o.same && x == n, nil
		case float64:
			return o.holds(-compareMixed(n, x)), nil
		}
		c, err := compare(m.ev, a, boxed)
		return o.holds(c), err
	}
}

// matches compiles a constant pattern once.
func (g *generator) matches(left code, text string) test {
	p, err := compilePattern(text)
	if err != nil {
		g.fail("%v", err)
		return nil
	}
	return func(m *machine) (bool, error) {
		a, err := left(m)
		if err != nil {
			return false, err
		}
		return matches(m.ev, a, p)
	}
}

func truth(x any) (bool, error) {
	if b, ok := x.(bool); ok {
		return b, nil
	}
	return false, failf("a condition must be true or false, got %s", describe(x))
}
