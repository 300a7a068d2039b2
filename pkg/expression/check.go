package expression

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/expr-lang/expr/ast"
)

// checker judges the static types of one expression. It never stops at a
// problem: what is wrong yields any, so that one mistake is told once.
type checker struct {
	src      string
	scope    *Scope
	problems []Problem
	lets     []letVar
	loops    []loopVar // the predicates around, innermost last
	facts    []fact    // what conditions passed on the way here tell
}

// letVar is a variable made by let.
type letVar struct {
	name string
	typ  *Type
}

// loopVar is what # and #acc stand for in a predicate.
type loopVar struct{ elem, acc *Type }

func newChecker(src string, sc *Scope) *checker {
	if sc == nil {
		sc = &Scope{}
	}
	return &checker{src: src, scope: sc}
}

// aliases returns the names of the scope that stand for slots.
func (c *checker) aliases() map[string]Read {
	aliases := map[string]Read{}
	for name, n := range c.scope.Names { // order does not show: a map is made of a map
		if n.Alias != nil {
			aliases[name] = *n.Alias
		}
	}
	return aliases
}

// result returns the problems in the order of the source, each once.
func (c *checker) result() []Problem {
	slices.SortStableFunc(c.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(c.problems)
}

// report adds a problem at a node.
func (c *checker) report(n ast.Node, code, hint, format string, args ...any) {
	offset, length := spanOf(c.src, locationOf(n))
	c.problems = append(c.problems, Problem{
		Code: code, Offset: offset, Length: length,
		Message: fmt.Sprintf(format, args...), Hint: hint,
	})
}

// checkTop judges the whole expression against what its place needs.
func (c *checker) checkTop(n ast.Node) *Type {
	switch {
	case c.scope.WantBool:
		return c.condition(n)
	case c.scope.WantList:
		t := c.value(n)
		c.notNull(n, t)
		if k := t.kind(); k != TypeList && k != TypeAny && k != TypeNull {
			c.report(n, codeList, "", "a list is needed here, this is %s", t.withoutNull())
		}
		return t
	}
	return c.value(n)
}

// value returns the type of a node that is used as a value.
func (c *checker) value(n ast.Node) *Type {
	before := len(c.problems)
	t := c.valueOf(n)
	if c.scope.WarnAny && len(c.problems) == before {
		c.warnAny(n, t)
	}
	return t
}

func (c *checker) valueOf(n ast.Node) *Type {
	switch v := n.(type) {
	case *ast.NilNode:
		return nullType
	case *ast.BoolNode:
		return boolType
	case *ast.IntegerNode:
		return intType
	case *ast.FloatNode:
		return numberType
	case *ast.StringNode:
		return TypeOf(v.Value)
	case *ast.BytesNode:
		c.report(n, codeUnsupported, "write a string", "bytes are not supported in expressions")
	case *ast.IdentifierNode, *ast.MemberNode, *ast.ChainNode:
		return c.chain(n, false)
	case *ast.UnaryNode:
		return c.unary(v)
	case *ast.BinaryNode:
		return c.binary(v)
	case *ast.SliceNode:
		return c.slice(v)
	case *ast.CallNode:
		return c.call(v)
	case *ast.BuiltinNode:
		return c.predicate(v)
	case *ast.PointerNode:
		return c.pointer(v)
	case *ast.ConditionalNode:
		return c.conditional(v)
	case *ast.VariableDeclaratorNode:
		return c.let(v)
	case *ast.SequenceNode:
		c.report(v.Nodes[1], codeUnsupported, "keep the value that is needed", "an expression has one value")
	case *ast.ArrayNode:
		return c.array(v)
	case *ast.MapNode:
		return c.object(v)
	default:
		c.report(n, codeUnsupported, "", "this is not supported in expressions")
	}
	return anyType
}

// operand returns the type of a node that must not be null.
func (c *checker) operand(n ast.Node) *Type {
	t := c.value(n)
	return c.notNull(n, t)
}

const hintAbsent = "read on with ?., give another value with ??, or check it before"

// notNull reports a value that may be null and returns its type without null.
func (c *checker) notNull(n ast.Node, t *Type) *Type {
	if !t.nullable() {
		return t
	}
	if t.kind() == TypeNull {
		c.report(n, codeAbsent, "", "this is always null")
		return anyType
	}
	c.report(n, codeAbsent, hintAbsent, "%s may be null or absent", c.text(n))
	return t.withoutNull()
}

// text names a node in messages: the path that it is, or "this value".
func (c *checker) text(n ast.Node) string {
	if key := c.key(n); key != "" && len(key) <= 80 {
		return key
	}
	return "this value"
}

// condition judges a node that must be true or false.
func (c *checker) condition(n ast.Node) *Type {
	t := c.operand(n)
	switch t.kind() {
	case TypeBool, TypeAny:
	case TypeSecret:
		c.secretUse(n)
	default:
		c.report(n, codeCondition, conditionHint(t), "a condition must be true or false, this is %s", t)
	}
	return boolType
}

func conditionHint(t *Type) string {
	switch t.kind() {
	case TypeString:
		return `compare it, as in x == "text"`
	case TypeInt, TypeNumber:
		return "compare it, as in x > 0"
	case TypeList:
		return "compare its length, as in len(x) > 0"
	case TypeObject:
		return "compare it, as in x != null"
	default:
		return ""
	}
}

func (c *checker) conditional(n *ast.ConditionalNode) *Type {
	c.condition(n.Cond)
	yes := c.under(c.learn(n.Cond, true), func() *Type { return c.value(n.Exp1) })
	no := c.under(c.learn(n.Cond, false), func() *Type { return c.value(n.Exp2) })
	return Union(yes, no)
}

// under runs check while facts hold too.
func (c *checker) under(facts []fact, check func() *Type) *Type {
	before := len(c.facts)
	c.facts = append(c.facts, facts...)
	t := check()
	c.facts = c.facts[:before]
	return t
}

func (c *checker) let(n *ast.VariableDeclaratorNode) *Type {
	t := c.value(n.Value)
	_, taken := c.scope.Names[n.Name]
	if taken || IsRoot(n.Name) || IsFunction(n.Name) {
		c.report(n, codeTaken, "choose another name", "the name %q is already taken", n.Name)
	}
	facts := c.facts
	c.facts = slices.DeleteFunc(slices.Clone(facts), func(f fact) bool { return isBelow(f.key, n.Name) }) // of another one of that name
	c.lets = append(c.lets, letVar{n.Name, t})
	defer func() { c.facts, c.lets = facts, c.lets[:len(c.lets)-1] }()
	return c.value(n.Expr)
}

// local returns the type of a variable made by let.
func (c *checker) local(name string) (*Type, bool) {
	for _, l := range slices.Backward(c.lets) {
		if l.name == name {
			return l.typ, true
		}
	}
	return nil, false
}

func (c *checker) isLocal(name string) bool {
	_, ok := c.local(name)
	return ok
}

func (c *checker) array(n *ast.ArrayNode) *Type {
	t := &Type{Kind: TypeList, Elem: nothing}
	for i, elem := range n.Nodes {
		u := c.value(elem)
		if i == 0 {
			t.Elem = u
			continue
		}
		t.Elem = Union(t.Elem, u)
	}
	return t
}

func (c *checker) object(n *ast.MapNode) *Type {
	t := &Type{Kind: TypeObject}
	for _, p := range n.Pairs {
		pair, ok := p.(*ast.PairNode)
		if !ok {
			continue
		}
		u := c.value(pair.Value)
		name, ok := pair.Key.(*ast.StringNode)
		if !ok {
			c.scalar(pair.Key, "a member's name")
			t.Open = true
			continue
		}
		if _, ok := t.field(name.Value); ok {
			c.report(pair.Key, codeTaken, "", "the member %q is there twice", name.Value)
			continue
		}
		t.Fields = append(t.Fields, Field{Name: name.Value, Type: u})
	}
	return t
}

// scalar judges a node that must be a text, a number or a boolean.
func (c *checker) scalar(n ast.Node, what string) {
	t := c.operand(n)
	switch t.kind() {
	case TypeList, TypeObject:
		c.report(n, codeOperand, "", "%s must be a text or a number, this is %s", what, t)
	case TypeSecret:
		c.secretUse(n)
	default:
	}
}

func (c *checker) pointer(n *ast.PointerNode) *Type {
	if len(c.loops) == 0 {
		c.report(n, codeUnsupported, "", "# stands for an element only in functions such as filter and map")
		return anyType
	}
	loop := c.loops[len(c.loops)-1]
	switch n.Name {
	case "":
		return c.narrow(n, loop.elem, false)
	case "index":
		return intType
	case "acc":
		if loop.acc != nil {
			return loop.acc
		}
		c.report(n, codeUnsupported, "", "#acc is there only in reduce()")
		return anyType
	}
	c.report(n, codeName, "known here: #, #index, #acc", "#%s is not known", n.Name)
	return anyType
}
