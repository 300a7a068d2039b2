package expression

import (
	"errors"
	"fmt"
	"slices"

	"github.com/expr-lang/expr/ast"
)

// code computes the value of one part of an expression.
type code func(m *machine) (any, error)

// test computes a part whose value is a boolean.
type test func(m *machine) (bool, error)

// generator turns a syntax tree into code. What a part needs is looked up
// here, once: slots and variables become places in the machine's memory,
// constants are made, and the operators that meet a constant most often get
// code of their own.
type generator struct {
	aliases map[string]Read
	program *Program
	bySlot  map[Read]int
	lets    []letPlace
	loops   []*pass // the predicates around, innermost last
	err     error
}

// letPlace is where a variable made by let is kept.
type letPlace struct {
	name  string
	place int
}

func generate(src string, root ast.Node, aliases map[string]Read) (*Program, error) {
	g := &generator{aliases: aliases, program: &Program{source: src}, bySlot: map[Read]int{}}
	g.program.code = g.node(root)
	if g.err != nil {
		return nil, g.err
	}
	return g.program, nil
}

func (g *generator) fail(format string, args ...any) code {
	if g.err == nil {
		g.err = fmt.Errorf(format, args...)
	}
	return constant(nil)
}

func constant(x any) code { return func(*machine) (any, error) { return x, nil } }

// variable takes a new place for a local value.
func (g *generator) variable() int {
	g.program.locals++
	return g.program.locals - 1
}

// local returns the place of a variable made by let.
func (g *generator) local(name string) (int, bool) {
	for _, l := range slices.Backward(g.lets) {
		if l.name == name {
			return l.place, true
		}
	}
	return 0, false
}

func (g *generator) isLocal(name string) bool {
	_, ok := g.local(name)
	return ok
}

// node makes the code of any node.
func (g *generator) node(n ast.Node) code {
	switch v := n.(type) {
	case *ast.NilNode:
		return constant(nil)
	case *ast.BoolNode:
		return constant(v.Value)
	case *ast.IntegerNode:
		return constant(v.Value)
	case *ast.FloatNode:
		return constant(v.Value)
	case *ast.StringNode:
		return constant(v.Value)
	case *ast.PointerNode:
		return g.pointer(v)
	case *ast.IdentifierNode:
		return g.identifier(v)
	case *ast.ChainNode, *ast.MemberNode:
		return g.access(n, false)
	case *ast.UnaryNode:
		return g.unary(v)
	case *ast.BinaryNode:
		return g.binary(v)
	case *ast.SliceNode:
		return g.slice(v)
	case *ast.CallNode:
		return g.function(v)
	case *ast.BuiltinNode:
		return g.predicate(v)
	case *ast.ConditionalNode:
		return g.conditional(v)
	case *ast.VariableDeclaratorNode:
		return g.let(v)
	case *ast.SequenceNode:
		return g.sequence(v)
	case *ast.ArrayNode:
		return g.list(v)
	case *ast.MapNode:
		return g.object(v)
	case nil:
		return g.fail("a part of the expression is missing")
	}
	return g.fail("%T is not supported in expressions", n)
}

func (g *generator) nodes(ns []ast.Node) []code {
	parts := make([]code, len(ns))
	for i, n := range ns {
		parts[i] = g.node(n)
	}
	return parts
}

// orNil makes the code of a node that may be left out.
func (g *generator) orNil(n ast.Node) code {
	if n == nil {
		return constant(nil)
	}
	return g.node(n)
}

func (g *generator) slice(n *ast.SliceNode) code {
	x, from, to := g.node(n.Node), g.orNil(n.From), g.orNil(n.To)
	return func(m *machine) (any, error) {
		a, err := x(m)
		if err != nil {
			return nil, err
		}
		b, err := from(m)
		if err != nil {
			return nil, err
		}
		c, err := to(m)
		if err != nil {
			return nil, err
		}
		return slice(m.ev, a, b, c)
	}
}

func (g *generator) conditional(n *ast.ConditionalNode) code {
	cond, yes, no := g.test(n.Cond), g.node(n.Exp1), g.node(n.Exp2)
	return func(m *machine) (any, error) {
		holds, err := cond(m)
		if err != nil {
			return nil, err
		}
		if holds {
			return yes(m)
		}
		return no(m)
	}
}

func (g *generator) let(n *ast.VariableDeclaratorNode) code {
	value, place := g.node(n.Value), g.variable()
	g.lets = append(g.lets, letPlace{n.Name, place})
	in := g.node(n.Expr)
	g.lets = g.lets[:len(g.lets)-1]
	return func(m *machine) (any, error) {
		x, err := value(m)
		if err != nil {
			return nil, err
		}
		m.locals[place] = x
		return in(m)
	}
}

func (g *generator) sequence(n *ast.SequenceNode) code {
	parts := g.nodes(n.Nodes)
	return func(m *machine) (x any, err error) {
		for _, part := range parts {
			if x, err = part(m); err != nil {
				return nil, err
			}
		}
		return x, nil
	}
}

func (g *generator) list(n *ast.ArrayNode) code {
	parts := g.nodes(n.Nodes)
	return func(m *machine) (any, error) {
		if err := m.ev.charge(len(parts)); err != nil {
			return nil, err
		}
		list := make([]any, len(parts))
		for i, part := range parts {
			x, err := part(m)
			if err != nil {
				return nil, err
			}
			list[i] = x
		}
		return list, nil
	}
}

// pair is one member of an object: its name is constant or computed.
type pair struct {
	name       string
	key, value code
}

func (g *generator) object(n *ast.MapNode) code {
	pairs := make([]pair, len(n.Pairs))
	for i, p := range n.Pairs {
		made, ok := p.(*ast.PairNode)
		if !ok {
			return g.fail("%T is not supported in objects", p)
		}
		if name, ok := made.Key.(*ast.StringNode); ok {
			pairs[i].name = name.Value
		} else {
			pairs[i].key = g.node(made.Key)
		}
		pairs[i].value = g.node(made.Value)
	}
	return func(m *machine) (any, error) {
		if err := m.ev.charge(1 + 2*len(pairs)); err != nil {
			return nil, err
		}
		object := make(map[string]any, len(pairs))
		for _, p := range pairs {
			name, err := p.nameOf(m)
			if err != nil {
				return nil, err
			}
			if object[name], err = p.value(m); err != nil {
				return nil, err
			}
		}
		return object, nil
	}
}

// nameOf returns the name of the member.
func (p *pair) nameOf(m *machine) (string, error) {
	if p.key == nil {
		return p.name, nil
	}
	x, err := p.key(m)
	if err != nil {
		return "", err
	}
	return keyText(m.ev, x)
}

// pointer makes the code of #, #index and #acc.
func (g *generator) pointer(n *ast.PointerNode) code {
	if len(g.loops) == 0 {
		return g.fail("# stands for an element only in functions such as filter and map")
	}
	loop := g.loops[len(g.loops)-1]
	switch {
	case n.Name == "":
		return g.load(loop.elem)
	case n.Name == "index":
		if loop.index < 0 {
			loop.index = g.variable()
		}
		return g.load(loop.index)
	case n.Name == "acc" && loop.fn == "reduce":
		return g.load(loop.acc)
	}
	return g.fail("#%s is not known here", n.Name)
}

func (g *generator) load(place int) code {
	return func(m *machine) (any, error) { return m.locals[place], nil }
}

// identifier makes the code of a name that stands alone.
func (g *generator) identifier(n *ast.IdentifierNode) code {
	if place, ok := g.local(n.Value); ok {
		return g.load(place)
	}
	if n.Value == "null" {
		return constant(nil)
	}
	if r, ok := g.aliases[n.Value]; ok {
		return g.slot(r)
	}
	p, ok := pathOf(n, g.isLocal)
	if !ok {
		return g.fail("unknown name %q", n.Value)
	}
	return g.path(p)
}

// path makes the code of a path: a slot, or an object of all slots behind it.
func (g *generator) path(p path) code {
	if len(p.names) == p.want {
		return g.slot(p.read())
	}
	fields := wholeFields[p.root]
	if len(p.names)+1 != p.want || fields == nil {
		return g.fail("a constant name is needed behind a name that only holds others")
	}
	places := make([]int, len(fields))
	for i, field := range fields {
		q := p
		q.names = append(slices.Clone(p.names), field)
		places[i] = g.slotPlace(q.read())
	}
	return func(m *machine) (any, error) {
		object := make(map[string]any, len(fields))
		for i, field := range fields {
			object[field] = m.slots[places[i]]
		}
		return object, m.ev.charge(len(fields))
	}
}

// slot makes the code that reads a slot.
func (g *generator) slot(r Read) code {
	place := g.slotPlace(r)
	return func(m *machine) (any, error) { return m.slots[place], nil }
}

func (g *generator) slotPlace(r Read) int {
	place, ok := g.bySlot[r]
	if !ok {
		place = len(g.program.reads)
		g.bySlot[r] = place
		g.program.reads = append(g.program.reads, r)
	}
	return place
}

// function makes the code of a call.
func (g *generator) function(n *ast.CallNode) code {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		return g.fail("methods are not supported in expressions")
	}
	f, ok := library[callee.Value]
	if !ok {
		return g.fail("unknown function %q", callee.Value)
	}
	if err := f.arity(len(n.Arguments)); err != nil {
		return g.fail("%v", err)
	}
	args := make([]code, len(n.Arguments))
	for i, arg := range n.Arguments {
		args[i] = g.argument(f.param(i), arg)
	}
	return func(m *machine) (any, error) {
		values := make([]any, len(args))
		for i, arg := range args {
			x, err := arg(m)
			if err != nil {
				return nil, err
			}
			values[i] = x
		}
		return f.invoke(m.ev, values)
	}
}

// argument makes the code of one argument. A constant text that the function
// has to read is read here; one that cannot be read fails when it is used.
func (g *generator) argument(p *param, n ast.Node) code {
	if text, ok := n.(*ast.StringNode); ok && p.prepare != nil {
		if x, err := p.prepare(text.Value); err == nil {
			return constant(prepared{x})
		}
	}
	return g.node(n)
}

var errNoPredicate = errors.New("the function needs a list and a condition on its elements")
