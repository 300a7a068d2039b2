package expression

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker/nature"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// generator rewrites the syntax tree of an expression into one that expr's
// compiler turns into guarded code: slots become single names, operators and
// functions become calls of ours where expr's own would wrap around, round,
// reflect or grow without bound.
type generator struct {
	aliases  map[string]Read
	lets     []string
	program  *Program
	bySlot   map[Read]string
	temps    int
	stateful bool
	err      error
}

// stateName is the name under which code finds its evaluation. No identifier
// of an author can have it.
const stateName = "#s"

// opaque keeps expr's compiler from adding conversions of its own.
var opaque = nature.FromType(reflectComplex)

func generate(src string, tree *parser.Tree, aliases map[string]Read) (*Program, error) {
	g := &generator{aliases: aliases, program: &Program{source: src}, bySlot: map[Read]string{}}
	root := g.node(tree.Node)
	if g.err != nil {
		return nil, g.err
	}
	config := &conf.Config{ShortCircuit: true, Functions: callables}
	config.WithEnv(map[string]any{})
	code, err := compiler.Compile(&parser.Tree{Node: root, Source: tree.Source}, config)
	if err != nil {
		return nil, err
	}
	g.program.stateful = g.stateful
	return g.program, placeSlots(g.program, code)
}

// placeSlots turns the loads of slots, which are loads from an environment by
// name, into loads of variables behind those of let. An evaluation then needs
// no map.
func placeSlots(p *Program, code *vm.Program) error {
	p.code = code
	for i, op := range code.Bytecode {
		if op == vm.OpStore || op == vm.OpLoadVar {
			p.firstSlot = max(p.firstSlot, code.Arguments[i]+1)
		}
	}
	p.variables = p.firstSlot + len(p.reads) + 1
	for i, op := range code.Bytecode {
		if op != vm.OpLoadFast {
			continue
		}
		slot, _ := code.Constants[code.Arguments[i]].(string)
		n := len(p.reads)
		if slot != stateName {
			var err error
			if n, err = strconv.Atoi(strings.TrimPrefix(slot, "#")); err != nil || n >= len(p.reads) {
				return fmt.Errorf("the name %q has no value", slot)
			}
		}
		code.Bytecode[i], code.Arguments[i] = vm.OpLoadVar, p.firstSlot+n
	}
	return nil
}

func (g *generator) fail(format string, args ...any) ast.Node {
	if g.err == nil {
		g.err = fmt.Errorf(format, args...)
	}
	return made(&ast.NilNode{})
}

// made marks a node as finished.
func made[N ast.Node](n N) N {
	n.SetNature(opaque)
	return n
}

func name(s string) ast.Node     { return made(&ast.IdentifierNode{Value: s}) }
func textNode(s string) ast.Node { return made(&ast.StringNode{Value: s}) }
func intNode(n int) ast.Node     { return made(&ast.IntegerNode{Value: n}) }
func nilNode() ast.Node          { return made(&ast.NilNode{}) }

// call makes a call of one of our functions.
func (g *generator) call(fn string, args ...ast.Node) ast.Node {
	if stateful[fn] {
		g.stateful = true
		args = append([]ast.Node{name(stateName)}, args...)
	}
	return made(&ast.CallNode{Callee: name(fn), Arguments: args})
}

// let makes a variable of value for the expression that in makes.
func (g *generator) let(value ast.Node, in func(variable ast.Node) ast.Node) ast.Node {
	g.temps++
	temp := "#t" + strconv.Itoa(g.temps)
	return made(&ast.VariableDeclaratorNode{Name: temp, Value: value, Expr: in(name(temp))})
}

func (g *generator) isLocal(name string) bool {
	for _, l := range g.lets {
		if l == name {
			return true
		}
	}
	return false
}

// node rewrites any node.
func (g *generator) node(n ast.Node) ast.Node {
	switch v := n.(type) {
	case *ast.NilNode, *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.StringNode, *ast.PointerNode:
		return made(n)
	case *ast.IdentifierNode:
		return g.identifier(v)
	case *ast.ChainNode, *ast.MemberNode:
		return g.access(n, false, func(x ast.Node) ast.Node { return x })
	case *ast.UnaryNode:
		return g.unary(v)
	case *ast.BinaryNode:
		return g.binary(v)
	case *ast.SliceNode:
		return g.call("[:]", g.node(v.Node), g.orNil(v.From), g.orNil(v.To))
	case *ast.CallNode:
		return g.function(v)
	case *ast.BuiltinNode:
		return g.predicate(v)
	case *ast.ConditionalNode:
		return made(&ast.ConditionalNode{Cond: g.condition(v.Cond), Exp1: g.node(v.Exp1), Exp2: g.node(v.Exp2)})
	case *ast.VariableDeclaratorNode:
		value := g.node(v.Value)
		g.lets = append(g.lets, v.Name)
		in := g.node(v.Expr)
		g.lets = g.lets[:len(g.lets)-1]
		return made(&ast.VariableDeclaratorNode{Name: v.Name, Value: value, Expr: in})
	case *ast.SequenceNode:
		return made(&ast.SequenceNode{Nodes: g.nodes(v.Nodes)})
	case *ast.ArrayNode:
		return made(&ast.ArrayNode{Nodes: g.nodes(v.Nodes)})
	case *ast.MapNode:
		return g.object(v)
	case nil:
		return g.fail("a part of the expression is missing")
	}
	return g.fail("%T is not supported in expressions", n)
}

func (g *generator) nodes(ns []ast.Node) []ast.Node {
	made := make([]ast.Node, len(ns))
	for i, n := range ns {
		made[i] = g.node(n)
	}
	return made
}

func (g *generator) orNil(n ast.Node) ast.Node {
	if n == nil {
		return nilNode()
	}
	return g.node(n)
}

func (g *generator) object(n *ast.MapNode) ast.Node {
	pairs := make([]ast.Node, len(n.Pairs))
	for i, p := range n.Pairs {
		pair, ok := p.(*ast.PairNode)
		if !ok {
			return g.fail("%T is not supported in objects", p)
		}
		key := g.node(pair.Key)
		if _, ok := pair.Key.(*ast.StringNode); !ok {
			key = g.call("key", key)
		}
		pairs[i] = made(&ast.PairNode{Key: key, Value: g.node(pair.Value)})
	}
	return made(&ast.MapNode{Pairs: pairs})
}

// identifier rewrites a name that stands alone.
func (g *generator) identifier(n *ast.IdentifierNode) ast.Node {
	switch {
	case g.isLocal(n.Value):
		return name(n.Value)
	case n.Value == "null":
		return nilNode()
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

// path rewrites a path: a slot, or an object of all slots behind it.
func (g *generator) path(p path) ast.Node {
	if len(p.names) == p.want {
		return g.slot(p.read())
	}
	fields := wholeFields[p.root]
	if len(p.names)+1 != p.want || fields == nil {
		return g.fail("a constant name is needed behind a name that only holds others")
	}
	pairs := make([]ast.Node, len(fields))
	for i, field := range fields {
		q := p
		q.names = append(append([]string(nil), p.names...), field)
		pairs[i] = made(&ast.PairNode{Key: textNode(field), Value: g.slot(q.read())})
	}
	return made(&ast.MapNode{Pairs: pairs})
}

// slot returns the name that holds the value of a slot.
func (g *generator) slot(r Read) ast.Node {
	slot, ok := g.bySlot[r]
	if !ok {
		slot = "#" + strconv.Itoa(len(g.bySlot))
		g.bySlot[r] = slot
		g.program.reads = append(g.program.reads, r)
	}
	return name(slot)
}

// access rewrites a chain of members and hands its value to then. An optional
// member of null ends the whole chain with null; safe makes all members
// optional.
func (g *generator) access(n ast.Node, safe bool, then func(ast.Node) ast.Node) ast.Node {
	switch v := n.(type) {
	case *ast.ChainNode:
		return g.access(v.Node, safe, then)
	case *ast.MemberNode:
		if p, ok := pathOf(v, g.isLocal); ok {
			return then(g.path(p))
		}
		if base, ok := pathOf(v.Node, g.isLocal); ok && len(base.names) < base.want && wholeFields[base.root] == nil {
			return g.fail("a constant name is needed here")
		}
		property, read := g.node(v.Property), "."
		if !isConstant(v.Property) {
			read = "[]"
		}
		return g.access(v.Node, safe, func(base ast.Node) ast.Node {
			if !v.Optional && !safe {
				return then(g.call(read, base, property))
			}
			return g.let(base, func(x ast.Node) ast.Node {
				return made(&ast.ConditionalNode{
					Cond: made(&ast.BinaryNode{Operator: "==", Left: x, Right: nilNode()}),
					Exp1: nilNode(),
					Exp2: then(g.call(read, x, property)),
				})
			})
		})
	}
	return then(g.node(n))
}

func (g *generator) unary(n *ast.UnaryNode) ast.Node {
	switch n.Operator {
	case "!", "not":
		return made(&ast.UnaryNode{Operator: "!", Node: g.condition(n.Node)})
	case "-":
		switch v := n.Node.(type) {
		case *ast.IntegerNode:
			return intNode(-v.Value)
		case *ast.FloatNode:
			return made(&ast.FloatNode{Value: -v.Value})
		}
		return g.call("neg", g.node(n.Node))
	case "+":
		return g.call("pos", g.node(n.Node))
	}
	return g.fail("operator %s is not supported", n.Operator)
}

func (g *generator) binary(n *ast.BinaryNode) ast.Node {
	switch n.Operator {
	case "and", "&&", "or", "||":
		return made(&ast.BinaryNode{Operator: n.Operator, Left: g.condition(n.Left), Right: g.condition(n.Right)})
	case "??":
		left := g.access(n.Left, true, func(x ast.Node) ast.Node { return x })
		return made(&ast.BinaryNode{Operator: "??", Left: left, Right: g.node(n.Right)})
	case "==", "!=":
		left, right := g.node(n.Left), g.node(n.Right)
		if isSmallLiteral(n.Left) || isSmallLiteral(n.Right) {
			return made(&ast.BinaryNode{Operator: n.Operator, Left: left, Right: right})
		}
		return g.call(n.Operator, left, right)
	case "<", "<=", ">", ">=":
		left, right := g.node(n.Left), g.node(n.Right)
		if isSmallNumber(n.Left) || isSmallNumber(n.Right) {
			return made(&ast.BinaryNode{Operator: n.Operator, Left: left, Right: right})
		}
		return g.call(n.Operator, left, right)
	case "matches":
		return g.matches(n)
	case "+", "-", "*", "/", "%", "**", "^", "..", "in", "contains", "startsWith", "endsWith":
		return g.call(n.Operator, g.node(n.Left), g.node(n.Right))
	}
	return g.fail("operator %s is not supported", n.Operator)
}

func (g *generator) matches(n *ast.BinaryNode) ast.Node {
	pattern, ok := n.Right.(*ast.StringNode)
	if !ok {
		return g.call("matches", g.node(n.Left), g.node(n.Right))
	}
	re, err := compilePattern(pattern.Value)
	if err != nil {
		return g.fail("%v", err)
	}
	return g.call("matches", g.node(n.Left), made(&ast.ConstantNode{Value: re}))
}

// condition rewrites a node whose value must be true or false.
func (g *generator) condition(n ast.Node) ast.Node {
	x := g.node(n)
	if yieldsBool(n) {
		return x
	}
	return g.call("bool", x)
}

// function rewrites a call.
func (g *generator) function(n *ast.CallNode) ast.Node {
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
	return g.call(callee.Value, g.nodes(n.Arguments)...)
}

var errNoPredicate = errors.New("the function needs a list and a condition on its elements")
