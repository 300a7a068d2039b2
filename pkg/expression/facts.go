package expression

import (
	"slices"

	"github.com/expr-lang/expr/ast"
)

// Facts is what a condition shows of the values that it reads once its outcome
// is known. The zero value is nothing. Facts are immutable and may be shared.
type Facts struct {
	known map[string]fact // by the key of the value
	roots []string        // what the keys begin with, each once
	total bool
}

// Shown returns what the condition src at a place shows when it yields truth.
// Nothing is shown of what may change afterwards, the variables, and nothing by
// an expression that cannot be read.
func Shown(src string, truth bool, sc *Scope) Facts {
	return shown(src, sc, func(c *checker, n ast.Node) []fact { return c.learn(n, truth) })
}

// ShownText is Shown of an expression that was found to be written as text in
// the way of the cases of a switch.
func ShownText(src, text string, sc *Scope) Facts {
	return shown(src, sc, func(c *checker, n ast.Node) []fact {
		switch text {
		case "null":
			return nil
		case "true", "false":
			if facts := c.learn(n, text == "true"); facts != nil {
				return facts
			}
		}
		n = givenFor(n, &ast.StringNode{Value: text})
		return append(c.there(n), c.learnStatus(n, []string{text})...)
	})
}

func shown(src string, sc *Scope, learn func(c *checker, n ast.Node) []fact) (f Facts) {
	defer func() {
		if recover() != nil {
			f = Facts{}
		}
	}()
	tree, problem := parse(src)
	if problem != nil {
		return Facts{}
	}
	c := newChecker(src, sc)
	f.total = c.total(tree.Node)
	for _, one := range learn(c, tree.Node) {
		if _, is := c.scope.Names[rootOf(one.key)]; is && rootOf(one.key) != "vars" {
			f.add(one)
		}
	}
	return f
}

func (f *Facts) add(one fact) {
	if f.known == nil {
		f.known = map[string]fact{}
	}
	if root := rootOf(one.key); !slices.Contains(f.roots, root) {
		f.roots = append(f.roots, root)
	}
	known := f.known[one.key]
	f.known[one.key] = fact{one.key, known.notNull || one.notNull, known.succeeded || one.succeeded}
}

// Empty tells that nothing is shown.
func (f Facts) Empty() bool { return len(f.known) == 0 }

// Total tells that the condition always has an outcome: its evaluation cannot
// fail.
func (f Facts) Total() bool { return f.total }

// Without returns the facts but those of values behind the names, which mean
// something else at another place.
func (f Facts) Without(names ...string) Facts {
	if !slices.ContainsFunc(f.roots, func(root string) bool { return slices.Contains(names, root) }) {
		return f
	}
	rest := Facts{total: f.total}
	for key, one := range f.known { // order does not show: a map is made of a map
		if !slices.Contains(names, rootOf(key)) {
			rest.add(one)
		}
	}
	return rest
}

// total tells that the evaluation of n cannot fail. It says so of what
// conditions are mostly made of: members of objects that are known, constants,
// comparisons with them, and, or, not and ??.
func (c *checker) total(n ast.Node) bool {
	switch v := n.(type) {
	case *ast.UnaryNode:
		return (v.Operator == "!" || v.Operator == "not") && c.total(v.Node) && c.isTruth(v.Node)
	case *ast.ChainNode:
		return c.total(v.Node)
	case *ast.IdentifierNode:
		return true
	case *ast.MemberNode:
		return c.totalMember(v)
	case *ast.BinaryNode:
		return c.totalBinary(v)
	}
	return isConstant(n)
}

func (c *checker) totalMember(n *ast.MemberNode) bool {
	if _, ok := n.Property.(*ast.StringNode); !ok {
		return false
	}
	return c.total(n.Node) && c.isOf(n.Node, TypeObject)
}

func (c *checker) totalBinary(n *ast.BinaryNode) bool {
	if n.Operator == "in" {
		list, ok := n.Right.(*ast.ArrayNode)
		return ok && c.total(n.Left) && !slices.ContainsFunc(list.Nodes, func(e ast.Node) bool { return !isConstant(e) })
	}
	if !c.total(n.Left) || !c.total(n.Right) {
		return false
	}
	switch n.Operator {
	case "and", "&&", "or", "||":
		return c.isTruth(n.Left) && c.isTruth(n.Right)
	case "==", "!=":
		return isConstant(n.Left) || isConstant(n.Right)
	case "??":
		return true
	}
	return false
}

// isTruth tells that n, which is total, is true or false for certain, where it
// is not null.
func (c *checker) isTruth(n ast.Node) bool {
	switch v := n.(type) {
	case *ast.UnaryNode:
		return true
	case *ast.BinaryNode:
		return v.Operator != "??" || c.isOf(v, TypeBool)
	}
	return c.isOf(n, TypeBool)
}

// isOf tells that n is of a kind for certain, where it is not null. That it
// may not be null is told where the condition itself is judged.
func (c *checker) isOf(n ast.Node, k TypeKind) bool {
	aside := *c
	aside.problems = nil
	return aside.safeValue(n).kind() == k
}
