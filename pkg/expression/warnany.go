package expression

import (
	"fmt"

	"github.com/expr-lang/expr/ast"
)

// warnAny warns of a value of which nothing is known. It stands where such a
// value comes from; what is made of one is not told again.
func (c *checker) warnAny(n ast.Node, t *Type) {
	if t.kind() != TypeAny {
		return
	}
	if b, ok := n.(*ast.BinaryNode); ok && b.Operator == "??" {
		n = b.Left
	}
	what, hint := c.text(n), "say what it is where it comes from: returns, input, or the schema of a parameter"
	switch v := n.(type) {
	case *ast.IdentifierNode, *ast.MemberNode, *ast.ChainNode, *ast.PointerNode:
	case *ast.CallNode:
		name := baseOf(v.Callee)
		what, hint = name+"()", "convert it with string(), int() or float(), or take a member of it in a step with returns"
	default:
		return
	}
	offset, length := spanOf(c.src, locationOf(n))
	c.problems = append(c.problems, Problem{
		Code: codeUntyped, Offset: offset, Length: length, Warning: true,
		Message: fmt.Sprintf("nothing is known of %s, so nothing about it is checked", what), Hint: hint,
	})
}
