package dsl

import (
	"fmt"
	"slices"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/expression"
)

// roots are the names that every expression knows.
var roots = []string{"input", "trigger", "params", "vars", "steps", "loops", "error", "task", "event", "run", "secrets", "index", "null", "nil", "true", "false"}

// checkNames holds the names of the document against each other.
func (c *compiler) checkNames() {
	first := map[string]*step{}
	for _, s := range c.doc.steps {
		if s.id == "" || s.block.role == roleNotify {
			continue
		}
		if f := first[s.id]; f != nil {
			id := s.n.get("id")
			if id.start == f.n.get("id").start {
				c.repeatedID(s, id)
				continue
			}
			d := c.at(codeDuplicate, id, fmt.Sprintf("the id %q is taken by another step", s.id), "ids are unique in the file, in all branches and loops")
			d.Related = []diag.Related{{Span: c.tree.spanOf(f.n.get("id")), Message: "the first one is here"}}
			continue
		}
		first[s.id] = s
	}
	for _, s := range c.doc.steps {
		if s.verb == "foreach" && !s.broken {
			c.checkItemName(s)
		}
	}
	c.checkTriggerNames()
}

// repeatedID reports a step whose id an alias repeats.
func (c *compiler) repeatedID(s *step, id *node) {
	n := id
	for n.alias == (span{}) && n.parent != nil {
		n = n.parent
	}
	d := c.report(codeDuplicate, id, n.alias.start, n.alias.end, fmt.Sprintf("the alias repeats the id %q", s.id), "write the step out, with an id of its own")
	d.Related = []diag.Related{{Span: c.tree.spanOf(id), Message: "the id is here"}}
}

// itemName returns the name of the loop's item in expressions.
func (s *step) itemName() string {
	if as, ok := s.get("as").str(); ok {
		return as
	}
	return "item"
}

func (c *compiler) checkItemName(s *step) {
	name, at := s.itemName(), s.get("as")
	if at == nil {
		at = s.get("foreach")
	}
	if at == nil {
		return
	}
	switch {
	case slices.Contains(roots, name):
		c.at(codeTaken, at, fmt.Sprintf("%q is a name of the language", name), "take another name for the item")
		return
	case c.functionName(name):
		c.at(codeTaken, at, fmt.Sprintf("%q is a function", name), "take another name for the item")
		return
	}
	for b := s.block; b.owner != nil; b = b.owner.block {
		if b.owner.verb == "foreach" && b.role == roleBody && b.owner.itemName() == name {
			d := c.at(codeTaken, at, fmt.Sprintf("%q is already the item of the loop around this one", name),
				"name the item of this loop with as:")
			d.Related = []diag.Related{{Span: c.tree.spanOf(b.owner.n.get("id")), Message: fmt.Sprintf("the loop around is %q", b.owner.id)}}
			return
		}
	}
}

func (c *compiler) functionName(name string) bool {
	if c.functions == nil {
		c.functions = map[string]bool{}
		for _, f := range expression.Functions() {
			c.functions[f.Name] = true
		}
	}
	return c.functions[name]
}

// checkTriggerNames finds ids and paths that two triggers share.
func (c *compiler) checkTriggerNames() {
	list := c.doc.get("triggers")
	if list == nil {
		return
	}
	ids, paths := map[string]*node{}, map[string]*node{}
	for _, t := range list.items {
		if t.bad || t.kind != kindMap {
			continue
		}
		if id, ok := t.get("id").str(); ok && !t.get("id").bad {
			c.firstOf(ids, id, t.get("id"), fmt.Sprintf("the id %q is taken by another trigger", id), "ids of triggers are unique in the file")
		}
		h := t.get("http")
		if h == nil || h.bad {
			continue
		}
		if p, ok := h.get("path").str(); ok && !h.get("path").bad {
			key := method(h) + " " + pathParameter.ReplaceAllString(p, "{}")
			c.firstOf(paths, key, h.get("path"), fmt.Sprintf("another trigger answers %s %s", method(h), p), "give each its own path or method")
		}
	}
}

func (c *compiler) firstOf(seen map[string]*node, key string, n *node, message, hint string) {
	if f := seen[key]; f != nil {
		d := c.at(codeDuplicate, n, message, hint)
		d.Related = []diag.Related{{Span: c.tree.spanOf(f), Message: "the first one is here"}}
		return
	}
	seen[key] = n
}

// method returns the method of an http trigger.
func method(http *node) string {
	if m, ok := http.get("method").str(); ok {
		return m
	}
	return "POST"
}

// eachOnce returns the entries of a list that can be used, of equal texts the
// first; it reports the others.
func (c *compiler) eachOnce(list *node) []*node {
	seen := map[string]bool{}
	var out []*node
	for _, n := range list.items {
		text, ok := n.str()
		switch {
		case n.bad:
		case ok && seen[text]:
			c.at(codeDuplicate, n, fmt.Sprintf("%q stands twice in %s", text, list.name()), "leave one out")
		default:
			seen[text] = seen[text] || ok
			out = append(out, n)
		}
	}
	return out
}
