package expression

import (
	"fmt"
	"slices"

	"github.com/expr-lang/expr/ast"
)

// chain returns the type of a name or a chain of members behind one. safe
// tells that null anywhere in it is fine, as in front of ??.
func (c *checker) chain(n ast.Node, safe bool) *Type {
	p, isPath := pathOf(n, c.isLocal)
	if isPath && len(p.names) < p.want && (wholeFields[p.root] == nil || len(p.names)+1 != p.want) {
		c.incomplete(n, p)
		return anyType
	}
	t, cut := c.access(n, safe)
	if cut {
		t = t.withNull()
	}
	if t.kind() == TypeSecret && !c.scope.Secrets {
		c.report(n, codeSecret, "secrets may stand in with, in connection settings and in the auth of triggers", "%s would be recorded here", c.text(n))
		return anyType
	}
	return t
}

// incomplete reports a name that only holds others.
func (c *checker) incomplete(n ast.Node, p path) {
	base := baseOf(n)
	known, ok := c.scope.Names[base]
	switch {
	case ok && known.Denied != "":
		c.report(n, codeDenied, known.Hint, "%s", known.Denied)
	case !ok:
		c.unknownName(n, base)
	default:
		hint := ""
		if t := fieldsOf(known.Type, p.names); t != nil {
			hint = hintFor("", t.fieldNames())
		}
		c.report(n, codeSlotName, hint, "%s needs a name behind it", c.text(n))
	}
}

// fieldsOf follows names through object types.
func fieldsOf(t *Type, names []string) *Type {
	for _, name := range names {
		f, ok := t.field(name)
		if !ok {
			return nil
		}
		t = f.Type
	}
	return t
}

// baseOf returns the first name of a chain.
func baseOf(n ast.Node) string {
	for {
		switch v := n.(type) {
		case *ast.ChainNode:
			n = v.Node
		case *ast.MemberNode:
			n = v.Node
		case *ast.IdentifierNode:
			return v.Value
		default:
			return ""
		}
	}
}

// access returns the type of a chain and whether an optional member may have
// cut it short.
func (c *checker) access(n ast.Node, safe bool) (t *Type, cut bool) {
	switch v := n.(type) {
	case *ast.ChainNode:
		return c.access(v.Node, safe)
	case *ast.IdentifierNode:
		return c.identifier(v), false
	case *ast.MemberNode:
		if c.slotNameMissing(v) {
			return anyType, false
		}
		base, cut := c.access(v.Node, safe)
		if base.nullable() {
			if v.Optional || safe {
				cut, base = true, base.withoutNull()
				if base.kind() == TypeNull {
					base = anyType
				}
			} else {
				base = c.nullBase(v, base)
			}
		}
		return c.member(v, base), cut
	}
	return c.value(n), false
}

// nullBase reports that a member is read of a value that may be null.
func (c *checker) nullBase(n *ast.MemberNode, base *Type) *Type {
	if base.kind() == TypeNull {
		c.report(n, codeAbsent, "", "%s is always null", c.text(n.Node))
		return anyType
	}
	c.report(n, codeAbsent, hintAbsent, "%s may be null or absent", c.text(n.Node))
	return base.withoutNull()
}

// slotNameMissing reports a computed name where a constant one is needed, as
// in vars[x].
func (c *checker) slotNameMissing(n *ast.MemberNode) bool {
	if _, ok := n.Property.(*ast.StringNode); ok {
		return false
	}
	p, ok := pathOf(n.Node, c.isLocal)
	if !ok || len(p.names) >= p.want {
		return false
	}
	c.report(n, codeSlotName, "write the name itself", "the name behind %s must be constant", c.text(n.Node))
	return true
}

func (c *checker) identifier(n *ast.IdentifierNode) *Type {
	if n.Value == "null" {
		return nullType
	}
	if t, ok := c.local(n.Value); ok {
		return c.narrow(n, t, false)
	}
	known, ok := c.scope.Names[n.Value]
	switch {
	case !ok:
		c.unknownName(n, n.Value)
		return anyType
	case known.Denied != "":
		c.report(n, codeDenied, known.Hint, "%s", known.Denied)
		return anyType
	}
	return c.narrow(n, known.Type, false)
}

func (c *checker) unknownName(n ast.Node, name string) {
	switch {
	case IsFunction(name):
		c.report(n, codeName, fmt.Sprintf("call it: %s(...)", name), "%s is a function", name)
		return
	case IsRoot(name):
		c.report(n, codeDenied, "", "%s is not available here", name)
		return
	}
	var names []string
	for known, x := range c.scope.Names { // order does not show: sorted below
		if x.Denied == "" {
			names = append(names, known)
		}
	}
	for _, l := range c.lets {
		names = append(names, l.name)
	}
	slices.Sort(names)
	hint := hintFor(name, names)
	if Nearest(name, names) == "" && len(c.loops) > 0 {
		hint = fmt.Sprintf("a member of the element is written .%s", name)
	}
	c.report(n, codeName, hint, "the name %q is not known here", name)
}

// member returns the type of a member of a value that is there.
func (c *checker) member(n *ast.MemberNode, base *Type) *Type {
	name, ok := n.Property.(*ast.StringNode)
	if !ok {
		return c.index(n, base)
	}
	switch base.kind() {
	case TypeAny:
		return c.narrow(n, anyType, false)
	case TypeObject:
		return c.field(n, base, name.Value)
	case TypeSecret:
		c.secretUse(n)
	case TypeList:
		c.report(n, codeField, fmt.Sprintf("of all elements: map(%s, .%s)", c.text(n.Node), name.Value), "a list has no field %q", name.Value)
	default:
		c.report(n, codeField, "", "%s has no fields, so there is no %q", base, name.Value)
	}
	return anyType
}

func (c *checker) field(n *ast.MemberNode, base *Type, name string) *Type {
	f, ok := base.field(name)
	switch {
	case ok && f.Denied != "":
		c.report(n, codeDenied, f.Hint, "%s", f.Denied)
		return anyType
	case ok && f.Succeeded != nil && c.known(c.key(n)).succeeded:
		return c.narrow(n, f.Succeeded, false)
	case ok:
		return c.narrow(n, f.Type, f.Optional)
	case base.Open:
		if p, ok := pathOf(n, c.isLocal); ok && p.root == RootSecrets {
			return secretType
		}
		return c.narrow(n, base.elem(), base.elem().kind() != TypeAny)
	}
	hint := hintFor(name, base.fieldNames())
	if p, ok := pathOf(n, c.isLocal); ok && len(p.names) == 1 && thingsOf[p.root] != "" {
		c.report(n, codeField, hint, "there is no %s %q", thingsOf[p.root], name)
		return anyType
	}
	what := "this object"
	if key := c.key(n.Node); key != "" {
		what = key
	}
	c.report(n, codeField, hint, "%s has no field %q", what, name)
	return anyType
}

// thingsOf says what the names behind a root are names of.
var thingsOf = map[Root]string{
	RootParams: "parameter", RootVars: "variable", RootSteps: "step", RootLoops: "loop", RootSecrets: "secret",
}

// index returns the type of base[x].
func (c *checker) index(n *ast.MemberNode, base *Type) *Type {
	key := c.operand(n.Property)
	switch base.kind() {
	case TypeList:
		if k := key.kind(); k != TypeAny && !isNumeric(k) {
			c.report(n.Property, codeOperand, "", "a place in a list is an integer, this is %s", key)
		}
		return c.narrow(n, base.elem(), false)
	case TypeObject:
		if k := key.kind(); k != TypeAny && k != TypeString {
			c.report(n.Property, codeOperand, "", "the name of a member is a string, this is %s", key)
		}
		if len(base.Fields) == 0 && base.elem().kind() != TypeAny {
			return c.narrow(n, base.elem(), true)
		}
	case TypeSecret:
		c.secretUse(n)
	case TypeAny:
	case TypeString:
		c.report(n, codeOperand, "write x[0:1] for the first character", "[ ] reads an element of a list or a member of an object, this is a string")
	default:
		c.report(n, codeOperand, "", "[ ] reads an element of a list or a member of an object, this is %s", base)
	}
	return anyType
}

const hintSecret = "a secret can stand alone, in a text, or inside of hmacSha256(), basicAuth(), bearer() and base64()"

// secretUse reports that something is computed with a secret.
func (c *checker) secretUse(n ast.Node) {
	c.report(n, codeSecret, hintSecret, "nothing can be computed with a secret")
}
