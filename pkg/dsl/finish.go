package dsl

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// finish builds the triggers and the output, and seals the graph with its
// document.
func (c *compiler) finish() {
	c.buildTriggers()
	c.graph.OutputType = nullType
	if n := c.doc.get("output"); n != nil {
		c.graph.Output, c.graph.OutputType = c.template(n, place{})
		c.graph.OutputType = c.graph.OutputType.Recorded()
	}
	c.graph.Document = Canonical(c.tree)
	c.graph.Digest = digestOf(c.graph.Document)
}

var pathParameter = regexp.MustCompile(`\{[A-Za-z_][A-Za-z0-9_]*\}`)

func (c *compiler) buildTriggers() {
	list := c.doc.get("triggers")
	if list == nil {
		return
	}
	for _, n := range list.items {
		h := n.get("http")
		if n.bad || h == nil || h.bad {
			continue
		}
		t := graph.Trigger{HTTP: &graph.HTTPTrigger{Method: method(h), Deadline: defaultDeadline, Respond: c.graph.HasRespond}}
		t.ID, _ = n.get("id").str()
		t.HTTP.Path, _ = h.get("path").str()
		if v := usable(h.get("answer")); v != nil {
			t.HTTP.Respond = v.text == "respond"
		}
		if v := usable(h.get("deadline")); v != nil {
			t.HTTP.Deadline = c.duration(v)
		}
		if v := usable(n.get("input")); v != nil {
			t.Input = c.triggerInput(v, place{trigger: triggerType(c.pathType(h))})
		}
		c.graph.Triggers = append(c.graph.Triggers, t)
	}
}

// triggerInput builds what a trigger makes the input of, and holds it against
// the schema of the input.
func (c *compiler) triggerInput(n *node, p place) *expression.Template {
	c.types = map[*node]*expression.Type{}
	t, _ := c.template(n, p)
	if c.graph.Input != nil && c.judging {
		c.checkArgument(n, expression.TypeOfArgument(c.graph.Input.Raw()), "the input of the workflow")
	}
	c.types = nil
	return t
}

// pathType is trigger.path of an http trigger: a text for each {name} of its
// path.
func (c *compiler) pathType(h *node) *expression.Type {
	t := object()
	p := h.get("path")
	text, _ := p.str()
	seen := map[string]bool{}
	for _, m := range pathParameter.FindAllString(text, -1) {
		name := strings.Trim(m, "{}")
		if seen[name] {
			c.at(codeDuplicate, p, fmt.Sprintf("the path holds %s twice", m), "give each part its own name")
			continue
		}
		seen[name] = true
		t.Fields = append(t.Fields, field(name, stringType))
	}
	return t
}
