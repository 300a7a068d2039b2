package dsl

import (
	"fmt"
	"strings"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/graph"
)

var onSuccess = graph.Statuses(graph.Succeeded)

// linkSteps gives each step its predecessors and finds cycles.
func (c *compiler) linkSteps() {
	for _, b := range c.doc.blocks {
		var line *step // the nearest step above that is not a handler
		for _, s := range b.steps {
			after := (*node)(nil)
			if !s.broken {
				after = s.n.get("runAfter")
			}
			switch {
			case after != nil && b.parallel():
				if !after.bad {
					c.atKey(codeInParallel, after, fmt.Sprintf("the steps of %s %q start all at once, runAfter has no place here", b.owner.verb, b.owner.id),
						"put a sequence into a do, and the do into "+b.owner.verb)
				}
			case after != nil:
				if !after.bad {
					c.readRunAfter(s, after)
				}
			case line != nil && !b.parallel():
				s.edges = []edge{{from: line, statuses: onSuccess, passedOver: true}}
			}
			for _, e := range s.edges {
				e.from.next = true
				s.handler = s.handler || !e.statuses.Has(graph.Succeeded)
			}
			if !s.handler {
				line = s
			}
		}
		c.findCycles(b)
		for _, s := range b.steps {
			if !s.next {
				b.leaves = append(b.leaves, s)
			}
		}
		chainUp(b)
	}
}

// readRunAfter reads runAfter, a list of ids or a mapping of ids to statuses.
func (c *compiler) readRunAfter(s *step, after *node) {
	seen := map[string]bool{}
	for i, n := range after.items {
		id, at, e := "", n, edge{statuses: onSuccess, passedOver: true}
		if after.kind == kindMap {
			id, at = after.keys[i].text, after.keys[i]
			e.passedOver, e.statuses = false, c.statuses(n)
		} else {
			id, _ = n.str()
		}
		if n.bad || seen[id] {
			if seen[id] {
				c.report(codeDuplicate, n, at.start, at.end, fmt.Sprintf("%q stands twice in runAfter", id), "leave one out")
			}
			continue
		}
		seen[id] = true
		e.n = at
		if e.from = c.sibling(s, id, n, at); e.from != nil {
			s.edges = append(s.edges, e)
		}
	}
}

func (c *compiler) statuses(n *node) graph.StatusSet {
	var set graph.StatusSet
	for _, item := range c.eachOnce(n) {
		text, _ := item.str()
		if st, ok := graph.ParseStatus(text); ok {
			set |= graph.Statuses(st)
		}
	}
	return set
}

// sibling returns the step of that id in the block of s; it reports when there
// is none.
func (c *compiler) sibling(s *step, id string, n, at *node) *step {
	other := c.doc.byID[id]
	switch {
	case other == nil && c.doc.lost[id]:
		return nil
	case other == nil:
		c.report(codeUnknownStep, n, at.start, at.end, fmt.Sprintf("%s waits for %q, which does not exist", s.label(), id),
			c.nearSibling(id, s))
		return nil
	case other == s:
		c.report(codeCycle, n, at.start, at.end, fmt.Sprintf("%s waits for itself", s.label()), "remove it from runAfter")
		return nil
	case other.block != s.block:
		d := c.report(codeNotSibling, n, at.start, at.end, fmt.Sprintf("%s waits for %q, which is not in the same list of steps", s.label(), id),
			"runAfter names siblings only; "+siblingHint(s, other))
		d.Related = []diag.Related{{Span: c.tree.spanOf(other.n.get("id")), Message: fmt.Sprintf("%q is here", id)}}
		return nil
	}
	return other
}

func (c *compiler) nearSibling(id string, s *step) string {
	if len(c.diags) > maxFindings {
		return ""
	}
	return didYouMean(id, siblings(s))
}

func siblings(s *step) []string {
	ids := make([]string, 0, min(len(s.block.steps), maxListed))
	for _, o := range s.block.steps {
		if o != s && o.id != "" && len(ids) < maxListed {
			ids = append(ids, o.id)
		}
	}
	return ids
}

// siblingHint names the step beside s that other is inside of.
func siblingHint(s, other *step) string {
	for b := other.block; b.owner != nil; b = b.owner.block {
		if b.owner.block == s.block && b.owner != s {
			return fmt.Sprintf("wait for %q, which it is inside of", b.owner.id)
		}
	}
	return "inside a block, steps start when the block does"
}

// DidYouMean returns the hint for a name that is not among the candidates: the
// nearest of them, else the few that there are, else nothing.
func DidYouMean(name string, candidates []string) string { return didYouMean(name, candidates) }

func didYouMean(name string, candidates []string) string {
	if near := nearest(name, candidates); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(candidates) > 0 && len(candidates) <= 8 {
		return "there is " + strings.Join(candidates, ", ")
	}
	return ""
}

// findCycles reports each cycle of a block once and cuts it, so that later
// stages see none.
func (c *compiler) findCycles(b *block) {
	state := make([]uint8, len(b.steps)) // 1: on the path, 2: done
	type frame struct {
		s    *step
		next int
	}
	for _, root := range b.steps {
		if state[root.pos] != 0 {
			continue
		}
		path := []frame{{s: root}}
		state[root.pos] = 1
		for len(path) > 0 {
			f := &path[len(path)-1]
			if f.next == len(f.s.edges) {
				state[f.s.pos] = 2
				path = path[:len(path)-1]
				continue
			}
			e := f.s.edges[f.next]
			switch state[e.from.pos] {
			case 0:
				f.next++
				state[e.from.pos] = 1
				path = append(path, frame{s: e.from})
			case 1:
				var ids []string
				for i := len(path) - 1; i >= 0 && len(c.diags) <= maxFindings; i-- {
					ids = append(ids, path[i].s.id)
					if path[i].s == e.from {
						break
					}
				}
				c.reportCycle(f.s, e, ids)
				f.s.edges = append(f.s.edges[:f.next:f.next], f.s.edges[f.next+1:]...)
			default:
				f.next++
			}
		}
	}
}

// reportCycle reports that s waits, over ids, for itself. ids go against the
// order of running.
func (c *compiler) reportCycle(s *step, e edge, ids []string) {
	// ids[0] is s; s waits for the last of them.
	if len(c.diags) > maxFindings {
		c.hasty = true // nobody would read it
		return
	}
	var b strings.Builder
	for i := 0; i < len(ids) && i < 10; i++ {
		b.WriteString(ids[len(ids)-1-i])
		b.WriteString(" waits for ")
	}
	if len(ids) > 10 {
		b.WriteString("… ")
	}
	message := "the steps wait for each other: " + b.String() + ids[len(ids)-1]
	if e.n != nil {
		c.report(codeCycle, s.n, e.n.start, e.n.end, message, "take one of them out of runAfter")
		return
	}
	start, end := s.n.focus()
	if id := s.n.get("id"); id != nil {
		start, end = id.start, id.end
	}
	c.report(codeCycle, s.n, start, end, message, fmt.Sprintf("%s follows the one above it; give it a runAfter of its own", s.label()))
}
