package expression

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/expr-lang/expr/ast"
)

// fact is what a condition tells about a value: that it is there, or that it
// is also not null.
type fact struct {
	key     string
	notNull bool
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
	key := c.key(n)
	if key != "" {
		for _, f := range c.facts {
			switch {
			case f.key != key:
			case f.notNull && t.kind() != TypeNull:
				return t.withoutNull()
			default:
				optional = false
			}
		}
	}
	if optional {
		return t.withNull()
	}
	return t
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

// learn returns the facts that hold when the condition n is true, or when it
// is false.
func (c *checker) learn(n ast.Node, truth bool) []fact {
	switch v := n.(type) {
	case *ast.UnaryNode:
		if v.Operator == "!" || v.Operator == "not" {
			return c.learn(v.Node, !truth)
		}
	case *ast.BinaryNode:
		switch v.Operator {
		case "and", "&&":
			if truth {
				return append(c.learn(v.Left, true), c.learn(v.Right, true)...)
			}
		case "or", "||":
			if !truth {
				return append(c.learn(v.Left, false), c.learn(v.Right, false)...)
			}
		case "==":
			return c.learnEqual(v.Left, v.Right, truth)
		case "!=":
			return c.learnEqual(v.Left, v.Right, !truth)
		case "in":
			if truth {
				return c.learnIn(v.Left, v.Right)
			}
		case "matches", "contains", "startsWith", "endsWith":
			if truth {
				return c.there(v.Left)
			}
		}
	}
	return nil
}

// learnEqual learns from left == right.
func (c *checker) learnEqual(left, right ast.Node, equal bool) []fact {
	if isConstant(left) {
		left, right = right, left
	}
	switch {
	case isNull(right):
		if !equal {
			return c.there(left)
		}
	case equal && isConstant(right):
		facts := c.there(left)
		if text, ok := right.(*ast.StringNode); ok {
			facts = append(facts, c.learnStatus(left, []string{text.Value})...)
		}
		return facts
	}
	return nil
}

// learnIn learns from left in right.
func (c *checker) learnIn(left, right ast.Node) []fact {
	if name, ok := left.(*ast.StringNode); ok {
		if base := c.key(right); base != "" {
			return append(c.there(right), fact{key: memberKey(base, name.Value)})
		}
		return nil
	}
	list, ok := right.(*ast.ArrayNode)
	if !ok {
		return nil
	}
	var texts []string
	for _, elem := range list.Nodes {
		if !isConstant(elem) || isNull(elem) {
			return nil
		}
		if text, ok := elem.(*ast.StringNode); ok {
			texts = append(texts, text.Value)
		}
	}
	facts := c.there(left)
	if len(texts) == len(list.Nodes) {
		facts = append(facts, c.learnStatus(left, texts)...)
	}
	return facts
}

// learnStatus learns from the status of a step what else of it is there.
func (c *checker) learnStatus(n ast.Node, statuses []string) []fact {
	p, ok := pathOf(n, c.isLocal)
	if !ok || p.root != RootSteps || len(p.names) != 2 || p.names[1] != "status" || len(statuses) == 0 {
		return nil
	}
	succeeded, failed := true, true
	for _, status := range statuses {
		succeeded = succeeded && status == "succeeded"
		failed = failed && (status == "failed" || status == "timedOut")
	}
	base := "steps." + p.names[0]
	switch {
	case succeeded:
		return []fact{{key: base + ".output"}}
	case failed:
		return []fact{{key: base + ".error", notNull: true}}
	}
	return nil
}

// there returns that n and all that it is a member of are not null.
func (c *checker) there(n ast.Node) []fact {
	var facts []fact
	for {
		key := c.key(n)
		if key == "" {
			return facts
		}
		facts = append(facts, fact{key: key, notNull: true})
		for {
			chain, ok := n.(*ast.ChainNode)
			if !ok {
				break
			}
			n = chain.Node
		}
		m, ok := n.(*ast.MemberNode)
		if !ok {
			return facts
		}
		n = m.Node
	}
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
