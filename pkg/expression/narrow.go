package expression

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/expr-lang/expr/ast"
)

// fact is what a condition tells about a value: that it is there, that it is
// also not null, or that it is what its step gives when it succeeds.
type fact struct {
	key       string
	notNull   bool
	succeeded bool
}

// narrow returns the type of a node whose declared type is t, given the facts
// that hold here. optional tells that the value may be absent.
func (c *checker) narrow(n ast.Node, t *Type, optional bool) *Type {
	if t == nil {
		t = anyType
	}
	if !optional && !t.nullable() {
		return t
	}
	if key := c.key(n); key != "" {
		known := c.known(key)
		switch {
		case known.notNull && t.kind() != TypeNull:
			return t.withoutNull()
		case known.key != "":
			optional = false
		}
	}
	if optional {
		return t.withNull()
	}
	return t
}

// known returns what is known here of the value of that key; its own key is
// empty when nothing is.
func (c *checker) known(key string) fact {
	all := fact{}
	add := func(f fact) {
		all.key = key
		all.notNull = all.notNull || f.notNull
		all.succeeded = all.succeeded || f.succeeded
	}
	for _, f := range c.facts {
		if f.key == key {
			add(f)
		}
	}
	if c.isLocal(rootOf(key)) {
		return all
	}
	for _, given := range c.scope.Given {
		if f, ok := given.known[key]; ok {
			add(f)
		}
	}
	return all
}

// key returns the text of a chain of constant members, the same for all ways
// to write it, empty when n is no such chain.
func (c *checker) key(n ast.Node) string {
	switch v := n.(type) {
	case *ast.ChainNode:
		return c.key(v.Node)
	case *ast.IdentifierNode:
		return v.Value
	case *ast.PointerNode:
		if v.Name != "" {
			return ""
		}
		return strings.Repeat("#", len(c.loops))
	case *ast.MemberNode:
		base := c.key(v.Node)
		if base == "" {
			return ""
		}
		switch p := v.Property.(type) {
		case *ast.StringNode:
			return memberKey(base, p.Value)
		case *ast.IntegerNode:
			return base + "[" + strconv.Itoa(p.Value) + "]"
		}
	}
	return ""
}

// memberKey is the key of a member. A name that is no plain one is quoted, so
// that it is not taken for a chain of them.
func memberKey(base, name string) string {
	if plainName(name) {
		return base + "." + name
	}
	return base + "[" + strconv.Quote(name) + "]"
}

// isBelow tells whether a key is base or that of a member of it.
func isBelow(key, base string) bool {
	rest, ok := strings.CutPrefix(key, base)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// rootOf returns the name that a key begins with.
func rootOf(key string) string {
	if i := strings.IndexAny(key, ".["); i >= 0 {
		return key[:i]
	}
	return key
}

func plainName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r != '_' && r != '$' && r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// narrowed is the type of what facts hold for, whose key is base.
func narrowed(t *Type, facts []fact, base string) *Type {
	known := slices.ContainsFunc(facts, func(f fact) bool { return isBelow(f.key, base) })
	if t.kind() == TypeNull || !known {
		return t
	}
	if slices.Contains(facts, fact{key: base, notNull: true}) {
		t = t.withoutNull()
	}
	if t.kind() != TypeObject {
		return t
	}
	u := *t
	u.Fields = slices.Clone(t.Fields)
	for i, f := range u.Fields {
		key := memberKey(base, f.Name)
		there := slices.ContainsFunc(facts, func(g fact) bool { return g.key == key })
		u.Fields[i].Optional, u.Fields[i].Type = f.Optional && !there, narrowed(f.Type, facts, key)
	}
	return &u
}

func isNull(n ast.Node) bool {
	switch v := n.(type) {
	case *ast.NilNode:
		return true
	case *ast.IdentifierNode:
		return v.Value == "null"
	}
	return false
}

// isConstant tells whether n is written out: null, a boolean, a number or a
// text.
func isConstant(n ast.Node) bool {
	switch n.(type) {
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.StringNode:
		return true
	}
	return isNull(n)
}
