package wdlexpr

import (
	"fmt"
	"slices"
)

// pathValue is a value of XPath: []*xmlNode in the order of the document,
// float64, string or bool.
type pathValue any

// pathCode is a compiled part of a path.
type pathCode func(c *pathContext) (pathValue, error)

// maxPathNesting is how deep a path may be nested.
const maxPathNesting = 100

// pathParser compiles a path of XPath 1.0.
type pathParser struct {
	tokens []pathToken
	i      int
	depth  int
}

// compilePath compiles a path.
func compilePath(src string) (pathCode, error) {
	tokens, err := scanPath(src)
	if err != nil {
		return nil, err
	}
	p := &pathParser{tokens: tokens}
	code, err := p.binary(0)
	if err != nil {
		return nil, err
	}
	if p.tok().kind != pathEnd {
		return nil, p.unexpected("the end")
	}
	return code, nil
}

func (p *pathParser) tok() pathToken { return p.tokens[p.i] }

// cut goes behind a symbol or an operator when it stands here.
func (p *pathParser) cut(text string) bool {
	if p.tok().is(text) {
		p.i++
		return true
	}
	return false
}

func (p *pathParser) unexpected(want string) error {
	t := p.tok()
	if t.kind == pathEnd {
		return fmt.Errorf("%s is expected, and the path ends", want)
	}
	return fmt.Errorf("%s is expected at character %d, not %s", want, t.pos+1, quote(t.text))
}

// pathLevels are the operators from the weakest to the strongest.
var pathLevels = [][]string{{"or"}, {"and"}, {"=", "!="}, {"<", "<=", ">", ">="}, {"+", "-"}, {"*", "div", "mod"}}

// binary compiles operators of a level and of those that bind stronger.
func (p *pathParser) binary(level int) (pathCode, error) {
	if level == len(pathLevels) {
		return p.unary()
	}
	left, err := p.binary(level + 1)
	for err == nil && p.tok().kind == pathOperator && slices.Contains(pathLevels[level], p.tok().text) {
		operator := p.tok().text
		p.i++
		var right pathCode
		if right, err = p.binary(level + 1); err == nil {
			left = pathOperation(operator, left, right)
		}
	}
	return left, err
}

func (p *pathParser) unary() (pathCode, error) {
	minuses := 0
	for p.cut("-") {
		minuses++
	}
	code, err := p.union()
	if err != nil || minuses == 0 {
		return code, err
	}
	return func(c *pathContext) (pathValue, error) {
		n, err := c.number(code)
		if minuses%2 == 1 {
			n = -n
		}
		return n, err
	}, nil
}

func (p *pathParser) union() (pathCode, error) {
	code, err := p.path()
	if err != nil || !p.tok().is("|") {
		return code, err
	}
	parts := []pathCode{code}
	for p.cut("|") {
		if code, err = p.path(); err != nil {
			return nil, err
		}
		parts = append(parts, code)
	}
	return func(c *pathContext) (pathValue, error) {
		var all []*xmlNode
		for _, part := range parts {
			nodes, err := c.nodes(part)
			if err != nil {
				return nil, err
			}
			all = append(all, nodes...)
		}
		return inOrder(all), nil
	}, nil
}

// path compiles a path of steps, or an operand with steps behind it.
func (p *pathParser) path() (pathCode, error) {
	if p.depth++; p.depth > maxPathNesting {
		return nil, fmt.Errorf("it is nested deeper than %d levels", maxPathNesting)
	}
	defer func() { p.depth-- }()
	var start pathCode
	var steps []*pathStep
	t := p.tok()
	switch {
	case t.is("/"), t.is("//"):
		start = func(c *pathContext) (pathValue, error) { return []*xmlNode{c.root}, nil }
		p.i++
		if t.text == "/" && !p.startsStep() {
			return start, nil
		}
		if t.text == "//" {
			steps = append(steps, anyBelow())
		}
	case p.startsStep():
		start = func(c *pathContext) (pathValue, error) { return []*xmlNode{c.node}, nil }
	default:
		operand, err := p.filtered()
		if err != nil || !p.tok().is("/") && !p.tok().is("//") {
			return operand, err
		}
		start = operand
		if p.tok().is("//") {
			steps = append(steps, anyBelow())
		}
		p.i++
	}
	for {
		step, err := p.step()
		if err != nil {
			return nil, err
		}
		steps = append(steps, step)
		switch {
		case p.cut("//"):
			steps = append(steps, anyBelow())
		case p.cut("/"):
		default:
			return walk(start, steps), nil
		}
	}
}

// startsStep tells whether a step starts here.
func (p *pathParser) startsStep() bool {
	switch t := p.tok(); t.kind {
	case pathName, pathAxis:
		return true
	case pathCall:
		return isNodeType(t.text)
	default:
		return t.is(".") || t.is("..") || t.is("@")
	}
}

func isNodeType(name string) bool {
	return name == "node" || name == "text" || name == "comment" || name == "processing-instruction"
}

// filtered compiles an operand with predicates behind it.
func (p *pathParser) filtered() (pathCode, error) {
	code, err := p.operand()
	if err != nil {
		return nil, err
	}
	for p.tok().is("[") {
		predicate, err := p.predicate()
		if err != nil {
			return nil, err
		}
		all := code
		code = func(c *pathContext) (pathValue, error) {
			nodes, err := c.nodes(all)
			if err != nil {
				return nil, err
			}
			return c.filter(nodes, predicate)
		}
	}
	return code, nil
}

func (p *pathParser) operand() (pathCode, error) {
	t := p.tok()
	switch {
	case t.kind == pathText:
		p.i++
		return func(*pathContext) (pathValue, error) { return t.text, nil }, nil
	case t.kind == pathNumber:
		p.i++
		return func(*pathContext) (pathValue, error) { return t.number, nil }, nil
	case t.kind == pathCall:
		return p.call()
	case !p.cut("("):
		return nil, p.unexpected("a step or a value")
	}
	code, err := p.binary(0)
	if err == nil && !p.cut(")") {
		err = p.unexpected(`")"`)
	}
	return code, err
}

// predicate compiles what stands in brackets.
func (p *pathParser) predicate() (pathCode, error) {
	p.i++
	code, err := p.binary(0)
	if err == nil && !p.cut("]") {
		err = p.unexpected(`"]"`)
	}
	return code, err
}

// arguments compiles what stands in parentheses behind a name.
func (p *pathParser) arguments() ([]pathCode, error) {
	p.i++ // the parenthesis, which makes the name a call
	var args []pathCode
	if p.cut(")") {
		return nil, nil
	}
	for {
		arg, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
		if p.cut(")") {
			return args, nil
		}
		if !p.cut(",") {
			return nil, p.unexpected(`")" or ","`)
		}
	}
}

func (p *pathParser) call() (pathCode, error) {
	name := p.tok().text
	p.i++
	f, ok := pathFunctions[name]
	if !ok {
		return nil, fmt.Errorf("there is no function %s() in XPath 1.0", name)
	}
	args, err := p.arguments()
	if err != nil {
		return nil, err
	}
	if len(args) < f.least || len(args) > f.most {
		return nil, fmt.Errorf("the function %s() has an invalid number of arguments: %d", name, len(args))
	}
	return func(c *pathContext) (pathValue, error) {
		if err := c.m.charge(1); err != nil {
			return nil, err
		}
		return f.call(c, args)
	}, nil
}

// step compiles one step: an axis, a test and predicates.
func (p *pathParser) step() (*pathStep, error) {
	s := &pathStep{axis: axes["child"]}
	switch {
	case p.cut("."):
		return &pathStep{axis: axes["self"], test: anyNode}, nil
	case p.cut(".."):
		return &pathStep{axis: axes["parent"], test: anyNode}, nil
	case p.cut("@"):
		s.axis = axes["attribute"]
	case p.tok().kind == pathAxis:
		axis, ok := axes[p.tok().text]
		if !ok {
			return nil, fmt.Errorf("the axis %s is not supported", quote(p.tok().text))
		}
		s.axis = axis
		p.i++
	}
	if err := p.test(s); err != nil {
		return nil, err
	}
	for p.tok().is("[") {
		predicate, err := p.predicate()
		if err != nil {
			return nil, err
		}
		s.predicates = append(s.predicates, predicate)
	}
	return s, nil
}

// test compiles the test of a step's nodes.
func (p *pathParser) test(s *pathStep) error {
	t := p.tok()
	p.i++
	switch {
	case t.kind == pathName:
		s.test = nameTest(t.text, s.axis.attributes)
		return nil
	case t.kind != pathCall || !isNodeType(t.text):
		p.i--
		return p.unexpected("the name of a node")
	}
	p.i++ // the parenthesis
	target := p.tok()
	if t.text == "processing-instruction" && target.kind == pathText {
		p.i++
	}
	if !p.cut(")") {
		return p.unexpected(`")"`)
	}
	switch t.text {
	case "node":
		s.test = anyNode
	case "text":
		s.test = func(n *xmlNode) bool { return n.kind == xmlText || n.kind == xmlCDATA }
	case "comment":
		s.test = func(n *xmlNode) bool { return n.kind == xmlComment }
	default:
		s.test = func(n *xmlNode) bool {
			return n.kind == xmlInstruction && (target.kind != pathText || n.local == target.text)
		}
	}
	return nil
}

func anyNode(*xmlNode) bool { return true }

// nameTest passes elements, or attributes, of a name without a name space; *
// passes all.
func nameTest(name string, attributes bool) func(*xmlNode) bool {
	kind := xmlElement
	if attributes {
		kind = xmlAttribute
	}
	return func(n *xmlNode) bool {
		return n.kind == kind && (name == "*" || n.local == name && n.space == "")
	}
}
