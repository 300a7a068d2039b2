package expression

import (
	"slices"

	"github.com/expr-lang/expr/ast"
)

func (c *checker) unary(n *ast.UnaryNode) *Type {
	if n.Operator == "!" || n.Operator == "not" {
		return c.condition(n.Node)
	}
	t := c.operand(n.Node)
	switch {
	case t.kind() == TypeAny, isNumeric(t.kind()), t.kind() == TypeDecimal, t.kind() == TypeDuration && n.Operator == "-":
		return t
	case t.kind() == TypeSecret:
		c.secretUse(n.Node)
	default:
		c.report(n, codeOperand, "", "%s needs a number, this is %s", n.Operator, t)
	}
	return anyType
}

func (c *checker) binary(n *ast.BinaryNode) *Type {
	switch n.Operator {
	case "and", "&&":
		c.condition(n.Left)
		return c.under(c.learn(n.Left, true), func() *Type { return c.condition(n.Right) })
	case "or", "||":
		c.condition(n.Left)
		return c.under(c.learn(n.Left, false), func() *Type { return c.condition(n.Right) })
	case "??":
		left := c.safeValue(n.Left)
		return Union(left.withoutNull(), c.value(n.Right))
	case "==", "!=":
		left, right := c.value(n.Left), c.value(n.Right)
		c.equality(n, left, right)
		return boolType
	case "in":
		c.membership(n)
		return boolType
	case "matches", "contains", "startsWith", "endsWith":
		c.textual(n)
		return boolType
	}
	left, right := c.operand(n.Left), c.operand(n.Right)
	if left.kind() == TypeSecret || right.kind() == TypeSecret {
		return c.secretOperation(n, left, right)
	}
	switch n.Operator {
	case "<", "<=", ">", ">=":
		c.ordering(n, left, right)
		return boolType
	case "..":
		return c.arithmetic(n, left, right)
	}
	return c.arithmetic(n, left, right)
}

// safeValue is the left side of ??, where null anywhere in a chain is fine.
func (c *checker) safeValue(n ast.Node) *Type {
	switch n.(type) {
	case *ast.IdentifierNode, *ast.MemberNode, *ast.ChainNode:
		return c.chain(n, true)
	}
	return c.value(n)
}

// secretOperation allows to join a secret with text.
func (c *checker) secretOperation(n *ast.BinaryNode, left, right *Type) *Type {
	textual := func(t *Type) bool {
		return t.kind() == TypeSecret || t.kind() == TypeString || t.kind() == TypeAny
	}
	if n.Operator != "+" || !textual(left) || !textual(right) {
		c.secretUse(n)
		return anyType
	}
	return secretType
}

// family groups the kinds whose values can be equal.
func family(k TypeKind) TypeKind {
	if k == TypeInt || k == TypeDecimal {
		return TypeNumber
	}
	return k
}

func (c *checker) equality(n *ast.BinaryNode, left, right *Type) {
	if hasSecret(left, 0) || hasSecret(right, 0) {
		c.secretUse(n)
		return
	}
	c.comparable(n, left, right, n.Left, n.Right)
}

// comparable reports two values that can never be equal.
func (c *checker) comparable(n ast.Node, left, right *Type, leftNode, rightNode ast.Node) {
	lk, rk := left.kind(), right.kind()
	if lk == TypeAny || rk == TypeAny || lk == TypeNull || rk == TypeNull {
		return
	}
	if family(lk) != family(rk) {
		if left.nullable() && right.nullable() {
			return
		}
		c.report(n, codeOperand, equalityHint(lk, rk), "%s is never equal to %s", left.withoutNull().withoutEnum(), right.withoutNull().withoutEnum())
		return
	}
	if lk != TypeString || len(left.Enum) == 0 || len(right.Enum) == 0 {
		return
	}
	if slices.ContainsFunc(left.Enum, func(s string) bool { return slices.Contains(right.Enum, s) }) {
		return
	}
	constant, other, at, known := right, left, rightNode, leftNode
	if _, ok := leftNode.(*ast.StringNode); ok {
		constant, other, at, known = left, right, leftNode, rightNode
	}
	if len(constant.Enum) == 1 {
		c.report(at, codeConstant, hintFor(constant.Enum[0], other.Enum), "%s is never %q", c.text(known), constant.Enum[0])
		return
	}
	c.report(n, codeConstant, "", "%s is never equal to %s", left.withoutNull(), right.withoutNull())
}

func equalityHint(left, right TypeKind) string {
	switch {
	case left == TypeString && isNumeric(right), right == TypeString && isNumeric(left):
		return "make a number of the text with int() or float()"
	case left == TypeTime && right == TypeString, right == TypeTime && left == TypeString:
		return "make a time of the text with date()"
	case left == TypeDuration && right == TypeString, right == TypeDuration && left == TypeString:
		return "make a duration of the text with duration()"
	}
	return ""
}

// ordering judges < <= > >=.
func (c *checker) ordering(n *ast.BinaryNode, left, right *Type) {
	lk, rk := family(left.kind()), family(right.kind())
	ordered := func(k TypeKind) bool {
		return k == TypeAny || k == TypeNumber || k == TypeString || k == TypeDuration || k == TypeTime
	}
	if ordered(lk) && ordered(rk) && (lk == rk || lk == TypeAny || rk == TypeAny) {
		return
	}
	c.report(n, codeOperand, equalityHint(left.kind(), right.kind()), "%s cannot be compared with %s", left.withoutEnum(), right.withoutEnum())
}

func (c *checker) membership(n *ast.BinaryNode) {
	left, right := c.value(n.Left), c.value(n.Right)
	if hasSecret(left, 0) || right.kind() != TypeObject && hasSecret(right, 0) {
		c.secretUse(n)
		return
	}
	switch right.kind() {
	case TypeAny, TypeNull:
	case TypeList:
		c.inList(n, left, right)
	case TypeObject:
		if k := left.kind(); k != TypeString && k != TypeAny {
			c.report(n, codeOperand, "", "in looks for the name of a member, this is %s", left)
			return
		}
		name, ok := n.Left.(*ast.StringNode)
		if _, known := right.field(nameOf(name)); ok && !known && !right.Open {
			c.report(n.Left, codeField, hintFor(name.Value, right.fieldNames()), "%s has no field %q", c.text(n.Right), name.Value)
		}
	default:
		c.report(n, codeOperand, "to find text in text use contains", "in needs a list or an object behind it, this is %s", right)
	}
}

func nameOf(n *ast.StringNode) string {
	if n == nil {
		return ""
	}
	return n.Value
}

// inList holds what is looked for against each constant of a written list, or
// else against the type of the elements.
func (c *checker) inList(n *ast.BinaryNode, left, right *Type) {
	list, ok := n.Right.(*ast.ArrayNode)
	if !ok {
		c.comparable(n, left, right.elem(), n.Left, n.Right)
		return
	}
	for _, elem := range list.Nodes {
		if isConstant(elem) {
			c.comparable(elem, left, c.value(elem), n.Left, elem)
		}
	}
}

// textual judges matches, contains, startsWith and endsWith, which are false
// for null.
func (c *checker) textual(n *ast.BinaryNode) {
	for _, side := range []ast.Node{n.Left, n.Right} {
		t := c.value(side)
		switch t.kind() {
		case TypeAny, TypeString, TypeNull:
		case TypeSecret:
			c.secretUse(side)
		case TypeList:
			hint := ""
			if n.Operator == "contains" {
				hint = "to find an element in a list write: element in list"
			}
			c.report(n, codeOperand, hint, "%s needs two strings, this is %s", n.Operator, t)
		default:
			c.report(n, codeOperand, "", "%s needs two strings, this is %s", n.Operator, t)
		}
	}
	if text, ok := n.Right.(*ast.StringNode); ok && n.Operator == "matches" {
		if _, err := compilePattern(text.Value); err != nil {
			c.report(n.Right, codePattern, "", "%v", err)
		}
	}
}

// arithmetic judges + - * / % ** and .., and returns the type of the result.
func (c *checker) arithmetic(n *ast.BinaryNode, left, right *Type) *Type {
	lk, rk := left.kind(), right.kind()
	if t := resultType(n.Operator, lk, rk); t != nil {
		return t
	}
	if lk == TypeAny && couldFit(n.Operator, rk) || rk == TypeAny && couldFit(n.Operator, lk) {
		return anyType
	}
	hint := ""
	if n.Operator == "+" && (lk == TypeString || rk == TypeString) {
		hint = "make a text of the other side with string()"
	}
	if n.Operator == "+" && (lk == TypeList || rk == TypeList) {
		hint = "join lists with concat()"
	}
	c.report(n, codeOperand, hint, "%s cannot be used with %s and %s", n.Operator, left.withoutEnum(), right.withoutEnum())
	return anyType
}

// resultType returns the type of an operation on two known kinds, nil when
// they do not fit.
func resultType(op string, left, right TypeKind) *Type {
	if isNumeric(left) && isNumeric(right) {
		switch {
		case op == "..":
			return &Type{Kind: TypeList, Elem: intType}
		case op == "%":
			return intType
		case op == "/", op == "**", op == "^":
			return numberType
		case left == TypeInt && right == TypeInt:
			return intType
		}
		return numberType
	}
	if family(left) == TypeNumber && family(right) == TypeNumber {
		switch op {
		case "+", "-", "*", "/":
			return decimalType
		}
		return nil
	}
	switch [2]TypeKind{left, right} {
	case [2]TypeKind{TypeString, TypeString}:
		if op == "+" {
			return stringType
		}
	case [2]TypeKind{TypeDuration, TypeDuration}:
		switch op {
		case "+", "-":
			return durationType
		case "/":
			return numberType
		}
	case [2]TypeKind{TypeTime, TypeTime}:
		if op == "-" {
			return durationType
		}
	case [2]TypeKind{TypeTime, TypeDuration}:
		if op == "+" || op == "-" {
			return timeType
		}
	case [2]TypeKind{TypeDuration, TypeTime}:
		if op == "+" {
			return timeType
		}
	}
	switch {
	case left == TypeDuration && isNumeric(right) && (op == "*" || op == "/"),
		right == TypeDuration && isNumeric(left) && op == "*":
		return durationType
	}
	return nil
}

// couldFit tells whether an operation takes the kind with some other one.
func couldFit(op string, k TypeKind) bool {
	switch k {
	case TypeAny, TypeInt, TypeNumber:
		return true
	case TypeString:
		return op == "+"
	case TypeDecimal:
		return op == "+" || op == "-" || op == "*" || op == "/"
	case TypeDuration:
		return op == "+" || op == "-" || op == "*" || op == "/"
	case TypeTime:
		return op == "+" || op == "-"
	default:
		return false
	}
}

func (c *checker) slice(n *ast.SliceNode) *Type {
	t := c.operand(n.Node)
	for _, place := range []ast.Node{n.From, n.To} {
		if place == nil {
			continue
		}
		if p := c.operand(place); p.kind() != TypeAny && !isNumeric(p.kind()) {
			c.report(place, codeOperand, "", "a place in [:] is an integer, this is %s", p)
		}
	}
	switch t.kind() {
	case TypeList, TypeAny:
		return t
	case TypeString:
		return stringType
	case TypeSecret:
		c.secretUse(n)
	default:
		c.report(n, codeOperand, "", "[:] needs a list or a string, this is %s", t)
	}
	return anyType
}
