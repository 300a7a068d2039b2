package dsl

import (
	"fmt"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// attribute is the first place that sets an attribute, and as what.
type attribute struct {
	kind string
	key  *node
}

// buildTrack builds the searchable attributes that a step sets at its end. It
// sees the step itself, whatever became of it.
func (c *compiler) buildTrack(s *step) {
	list := s.get("track")
	if list == nil {
		return
	}
	at := place{placed: placed{s: s, self: true, ended: true}}
	for _, i := range sortedKeys(list) {
		k, n := list.keys[i], list.items[i]
		if n.bad {
			continue
		}
		prog, t := c.bare(n, at)
		if prog == nil {
			continue
		}
		s.g.Track = append(s.g.Track, graph.Tracked{Name: k.text, Value: prog})
		c.checkAttribute(k, n, t)
	}
}

// checkAttribute reports an attribute that cannot be searched for, or that
// another step sets as something else.
func (c *compiler) checkAttribute(k, n *node, t *expression.Type) {
	kind := attributeKind(t)
	switch kind {
	case "":
		c.at(codeWrongType, n, fmt.Sprintf("an attribute is a text, a number or a boolean, this is %s", t), "take one of its members")
		return
	case "any", "null":
		return
	}
	first, ok := c.attributes[k.text]
	if !ok {
		if c.attributes == nil {
			c.attributes = map[string]attribute{}
		}
		c.attributes[k.text] = attribute{kind: kind, key: k}
		return
	}
	if first.kind != kind {
		d := c.report(codeAttribute, n, k.start, k.end, fmt.Sprintf("the attribute %q is %s here and %s elsewhere", k.text, kind, first.kind),
			"take another name for one of them, or convert it")
		d.Related = []diag.Related{{Span: c.tree.lines.span(first.key.start, first.key.end), Message: "the other one is here"}}
	}
}

// attributeKind is what an attribute of that type is searched as; empty for
// what it cannot be.
func attributeKind(t *expression.Type) string {
	switch t.Kind {
	case expression.TypeAny:
		return "any"
	case expression.TypeNull:
		return "null"
	case expression.TypeBool:
		return "a boolean"
	case expression.TypeInt, expression.TypeNumber:
		return "a number"
	case expression.TypeString, expression.TypeTime, expression.TypeDuration:
		return "a text"
	default:
		return ""
	}
}
