package expression

import (
	"math"
	"reflect"

	"github.com/expr-lang/expr/ast"
)

var reflectComplex = reflect.TypeFor[complex64]()

// nodesPerStep is how many nodes of a predicate weigh one step.
const nodesPerStep = 8

// predicate rewrites a call of a function that takes a predicate. The list is
// checked and the steps of the whole loop are charged before it begins.
func (g *generator) predicate(n *ast.BuiltinNode) ast.Node {
	if len(n.Arguments) == 0 {
		return g.fail("%s: %w", n.Name, errNoPredicate)
	}
	list := g.node(n.Arguments[0])
	body := ast.Node(&ast.PointerNode{})
	if len(n.Arguments) > 1 {
		p, ok := n.Arguments[1].(*ast.PredicateNode)
		if !ok {
			return g.fail("%s: %w", n.Name, errNoPredicate)
		}
		body = p.Node
	}
	loop := g.call("loop", list, intNode(weightOf(body)), textNode(n.Name))
	switch n.Name {
	case "all", "none", "any", "one", "filter", "find", "findIndex", "findLast", "findLastIndex", "count":
		return g.loop(n.Name, loop, g.condition(body))
	case "map":
		return g.loop("map", loop, g.node(body))
	case "reduce":
		loop := g.loop("reduce", loop, g.node(body))
		if len(n.Arguments) > 2 {
			loop.Arguments = append(loop.Arguments, g.node(n.Arguments[2]))
		}
		return loop
	case "sum":
		if len(n.Arguments) == 1 {
			return g.call("sum", list)
		}
		return g.call("sum", g.loop("map", loop, g.node(body)))
	case "groupBy", "sortBy":
		return g.let(loop, func(x ast.Node) ast.Node {
			args := []ast.Node{x, g.loop("map", x, g.node(body))}
			if len(n.Arguments) > 2 {
				args = append(args, g.node(n.Arguments[2]))
			}
			return g.call(n.Name, args...)
		})
	}
	return g.fail("function %s is not supported", n.Name)
}

func (g *generator) loop(fn string, list, body ast.Node) *ast.BuiltinNode {
	return made(&ast.BuiltinNode{Name: fn, Arguments: []ast.Node{list, made(&ast.PredicateNode{Node: body})}})
}

// weightOf returns the steps of one pass of a predicate.
func weightOf(body ast.Node) int {
	c := nodeCounter(0)
	ast.Walk(&body, &c)
	return 1 + int(c)/nodesPerStep
}

type nodeCounter int

// Visit counts a node.
func (c *nodeCounter) Visit(*ast.Node) { *c++ }

// isSmallLiteral tells whether n is a constant that expr's own == compares
// right with any value.
func isSmallLiteral(n ast.Node) bool {
	switch v := n.(type) {
	case *ast.StringNode, *ast.BoolNode, *ast.NilNode:
		return true
	case *ast.IdentifierNode:
		return v.Value == "null"
	}
	return isSmallNumber(n)
}

// isSmallNumber tells whether n is a number that a float64 holds exactly with
// all its neighbours.
func isSmallNumber(n ast.Node) bool {
	switch v := n.(type) {
	case *ast.IntegerNode:
		return v.Value > -maxExact && v.Value < maxExact
	case *ast.FloatNode:
		return math.Abs(v.Value) < maxExact
	case *ast.UnaryNode:
		return v.Operator == "-" && isSmallNumber(v.Node)
	}
	return false
}

// yieldsBool tells whether the code of n can only yield a boolean.
func yieldsBool(n ast.Node) bool {
	switch v := n.(type) {
	case *ast.BoolNode:
		return true
	case *ast.UnaryNode:
		return v.Operator == "!" || v.Operator == "not"
	case *ast.BinaryNode:
		switch v.Operator {
		case "and", "&&", "or", "||", "==", "!=", "<", "<=", ">", ">=", "in", "matches", "contains", "startsWith", "endsWith":
			return true
		}
	case *ast.BuiltinNode:
		return v.Name == "all" || v.Name == "none" || v.Name == "any" || v.Name == "one"
	}
	return false
}
