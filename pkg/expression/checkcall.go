package expression

import (
	"cmp"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

func (c *checker) call(n *ast.CallNode) *Type {
	args := make([]*Type, len(n.Arguments))
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		c.report(n, codeUnsupported, "use a function, such as upper(x)", "methods are not supported in expressions")
		for _, arg := range n.Arguments {
			c.value(arg)
		}
		return anyType
	}
	for i, arg := range n.Arguments {
		args[i] = c.value(arg)
	}
	f, ok := library[callee.Value]
	if !ok {
		c.unknownFunction(n, callee.Value)
		return anyType
	}
	if err := f.arity(len(args)); err != nil {
		c.report(n, codeArity, f.doc().Signature, "%v", err)
		return anyType
	}
	for i, arg := range n.Arguments {
		args[i] = c.argument(f, i, arg, args[i])
	}
	c.constantArgument(f, n.Arguments)
	if f.judge != nil {
		if m := f.judge(args); m != nil {
			c.report(n.Arguments[m.at], m.code, m.hint, "%s", m.why)
		}
	}
	if f.sealed && slices.ContainsFunc(args, func(t *Type) bool { return t.kind() == TypeSecret }) {
		return secretType
	}
	if f.resultOf != nil {
		return f.resultOf(args)
	}
	return f.result
}

func (c *checker) unknownFunction(n ast.Node, name string) {
	if other := useInstead(name); other != "" {
		c.report(n, codeFunction, "write "+other, "there is no function %q", name)
		return
	}
	var names []string
	for _, f := range Functions() {
		names = append(names, f.Name)
	}
	hint := hintFor(name, names)
	if hint == "" {
		var elsewhere []string
		for _, other := range counterparts {
			elsewhere = append(elsewhere, other.Name)
		}
		if near := Nearest(name, elsewhere); near != "" {
			hint = "write " + useInstead(near)
		}
	}
	c.report(n, codeFunction, hint, "there is no function %q", name)
}

// argument judges one argument and returns its type without null.
func (c *checker) argument(f *function, i int, n ast.Node, t *Type) *Type {
	p := f.param(i)
	if t.kind() == TypeSecret {
		if !f.sealed {
			c.secretUse(n)
			return anyType
		}
		return t
	}
	if !f.passes && hasSecret(t, 0) {
		c.secretUse(n)
		return anyType
	}
	if p.takes == anything {
		return t
	}
	if !p.takes.has(TypeNull) {
		t = c.notNull(n, t)
	}
	k := t.kind()
	switch {
	case k == TypeAny, p.takes.has(k), k == TypeInt && p.takes.has(TypeNumber), k == TypeNumber && p.takes.has(TypeInt):
		return t
	}
	c.report(n, codeArgument, argumentHint(f, p.takes, k), "%s() needs %s as %s, this is %s", f.name, p.takes&^kindsOf(TypeSecret), p.name, t.withoutEnum())
	return anyType
}

// argumentHint says how to make what a parameter takes of another kind.
func argumentHint(f *function, takes kinds, got TypeKind) string {
	switch {
	case f.name == "concat" && got == TypeString:
		return "join texts with +"
	case got == TypeString && takes.has(TypeTime):
		return "make a time of the text with date()"
	case got == TypeString && takes.has(TypeDuration):
		return "make a duration of the text with duration()"
	case got == TypeString && (takes.has(TypeInt) || takes.has(TypeNumber)):
		return "make a number of the text with int() or float()"
	case takes&^kindsOf(TypeSecret) == aText && (isNumeric(got) || got == TypeBool || got == TypeDecimal || got == TypeTime || got == TypeDuration):
		return "make a text of it with string()"
	}
	return ""
}

// constantArgument holds a constant text against the form that the function
// wants.
func (c *checker) constantArgument(f *function, args []ast.Node) {
	for i, arg := range args {
		text, ok := arg.(*ast.StringNode)
		if p := f.param(i); ok && p.form != nil {
			c.constantText(text, p.form, cmp.Or(p.code, codeLiteral))
		}
	}
}

func (c *checker) constantText(text *ast.StringNode, f form, code string) {
	if err := f(text.Value); err != nil {
		c.report(text, code, "", "%v", err)
	}
}

// predicate judges a call of a function that takes a predicate.
func (c *checker) predicate(n *ast.BuiltinNode) *Type {
	if len(n.Arguments) == 0 {
		c.report(n, codeArity, "", "%s() needs a list", n.Name)
		return anyType
	}
	list := c.operand(n.Arguments[0])
	if k := list.kind(); k == TypeSecret {
		c.secretUse(n.Arguments[0])
		list = anyType
	} else if k != TypeList && k != TypeAny {
		c.report(n.Arguments[0], codeArgument, "", "%s() needs a list, this is %s", n.Name, list)
		list = anyType
	}
	loop := loopVar{elem: list.elem()}
	var first *Type
	if n.Name == "reduce" {
		first = c.firstOf(n, loop.elem)
		loop.acc = first
	}
	var body ast.Node
	if len(n.Arguments) > 1 {
		if p, ok := n.Arguments[1].(*ast.PredicateNode); ok {
			body = p.Node
		}
	}
	c.loops = append(c.loops, loop)
	t := c.body(n, body)
	if body != nil && (n.Name == "filter" || n.Name == "find" || n.Name == "findLast") {
		narrow := *list
		narrow.Elem = narrowed(list.elem(), c.learn(body, true), strings.Repeat("#", len(c.loops)))
		list = &narrow
	}
	c.loops = c.loops[:len(c.loops)-1]
	return c.predicateResult(n, list, t, first)
}

// firstOf returns the type that #acc has in reduce. It changes from pass to
// pass, so only the kind of the first value is known.
func (c *checker) firstOf(n *ast.BuiltinNode, elem *Type) *Type {
	t := elem
	if len(n.Arguments) > 2 {
		t = c.value(n.Arguments[2])
	}
	acc := anyType
	switch t.kind() {
	case TypeInt, TypeNumber:
		acc = numberType
	case TypeString:
		acc = stringType
	default:
	}
	if t.nullable() {
		return acc.withNull()
	}
	return acc
}

// body judges what a predicate yields.
func (c *checker) body(n *ast.BuiltinNode, body ast.Node) *Type {
	switch n.Name {
	case "all", "none", "any", "one", "filter", "find", "findIndex", "findLast", "findLastIndex", "count":
		if body == nil {
			if n.Name != "count" {
				c.report(n, codeArity, "", "%s() needs a condition on the elements", n.Name)
			} else if elem := c.loops[len(c.loops)-1].elem; elem.kind() != TypeAny && elem.kind() != TypeBool {
				c.report(n, codeCondition, "give a condition, or use len()", "count() without a condition counts booleans, these are %s", elem.plural())
			}
			return boolType
		}
		return c.condition(body)
	case "groupBy":
		c.scalar(body, "a key")
		return stringType
	case "sortBy":
		t := c.operand(body)
		switch t.kind() {
		case TypeList, TypeObject, TypeBool:
			c.report(body, codeOperand, "", "elements cannot be sorted by %s", t)
		case TypeSecret:
			c.secretUse(body)
		default:
		}
		return t
	case "sum":
		return c.summand(n, body)
	}
	if body == nil {
		c.report(n, codeArity, "", "%s() needs an expression for the elements", n.Name)
		return anyType
	}
	return c.value(body)
}

// summand judges what sum() adds.
func (c *checker) summand(n *ast.BuiltinNode, body ast.Node) *Type {
	t, at := c.loops[len(c.loops)-1].elem, n.Arguments[0]
	if body != nil {
		t, at = c.value(body), body
	}
	t = c.notNull(at, t)
	switch t.kind() {
	case TypeAny, TypeInt, TypeNumber, TypeDuration, TypeDecimal:
		return t
	case TypeSecret:
		c.secretUse(at)
	default:
		c.report(at, codeArgument, "", "sum() adds numbers, these are %s", t.plural())
	}
	return anyType
}

// predicateResult returns the type of the whole call.
func (c *checker) predicateResult(n *ast.BuiltinNode, list, body, first *Type) *Type {
	elem := list.elem()
	switch n.Name {
	case "all", "none", "any", "one":
		return boolType
	case "filter":
		return &Type{Kind: TypeList, Elem: elem}
	case "map":
		return &Type{Kind: TypeList, Elem: body}
	case "count":
		return intType
	case "find", "findLast":
		return elem.withNull()
	case "findIndex", "findLastIndex":
		return intType.withNull()
	case "groupBy":
		return &Type{Kind: TypeObject, Open: true, Elem: &Type{Kind: TypeList, Elem: elem}}
	case "sortBy":
		if len(n.Arguments) > 2 {
			if text, ok := n.Arguments[2].(*ast.StringNode); ok {
				c.constantText(text, orderForm, codeLiteral)
			} else if t := c.operand(n.Arguments[2]); t.kind() != TypeString && t.kind() != TypeAny {
				c.report(n.Arguments[2], codeArgument, "", "the order is a text, this is %s", t)
			}
		}
		return &Type{Kind: TypeList, Elem: elem}
	case "sum":
		switch body.kind() {
		case TypeInt, TypeDuration, TypeDecimal:
			return body.withoutNull()
		default:
			return numberType
		}
	case "reduce":
		return Union(first, body)
	}
	return anyType
}
