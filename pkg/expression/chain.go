package expression

import (
	"github.com/expr-lang/expr/ast"
)

// link is one member of a chain: what is read of the value before it.
type link struct {
	name     string // constant
	key      code   // computed, when not nil
	optional bool   // null before it ends the chain with null
}

// access makes the code of a chain of members. An optional member of null ends
// the whole chain with null; safe makes all members optional.
func (g *generator) access(n ast.Node, safe bool) code {
	var links []link
	for {
		switch v := n.(type) {
		case *ast.ChainNode:
			n = v.Node
			continue
		case *ast.MemberNode:
			if p, ok := pathOf(v, g.isLocal); ok {
				return follow(g.path(p), links)
			}
			if base, ok := pathOf(v.Node, g.isLocal); ok && len(base.names) < base.want && wholeFields[base.root] == nil {
				return g.fail("a constant name is needed here")
			}
			l := link{optional: v.Optional || safe}
			if name, ok := v.Property.(*ast.StringNode); ok {
				l.name = name.Value
			} else {
				l.key = g.node(v.Property)
			}
			links = append([]link{l}, links...)
			n = v.Node
			continue
		}
		return follow(g.node(n), links)
	}
}

// follow makes the code that reads links behind base.
func follow(base code, links []link) code {
	if len(links) == 0 {
		return base
	}
	if len(links) == 1 && links[0].key == nil && !links[0].optional {
		name := links[0].name
		return func(m *machine) (any, error) {
			x, err := base(m)
			if err != nil {
				return nil, err
			}
			return named(x, name)
		}
	}
	return func(m *machine) (any, error) {
		x, err := base(m)
		if err != nil {
			return nil, err
		}
		for i := range links {
			if x == nil && links[i].optional {
				return nil, nil
			}
			if x, err = links[i].read(m, x); err != nil {
				return nil, err
			}
		}
		return x, nil
	}
}

// named returns the member of an object whose name is constant.
func named(x any, name string) (any, error) {
	if object, ok := x.(map[string]any); ok {
		return object[name], nil
	}
	return member(x, name)
}

// read returns what the link reads of x.
func (l *link) read(m *machine, x any) (any, error) {
	if l.key == nil {
		return named(x, l.name)
	}
	key, err := l.key(m)
	if err != nil {
		return nil, err
	}
	if name, ok := key.(string); ok {
		if err := m.ev.chargeText(len(name)); err != nil {
			return nil, err
		}
	}
	return member(x, key)
}
