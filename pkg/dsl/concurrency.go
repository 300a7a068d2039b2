package dsl

import (
	"fmt"
	"maps"
	"slices"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// defaultQueue is how many starts wait where a workflow does not say.
const defaultQueue = 1000

var onLimits = map[string]graph.OnLimit{
	"queue": graph.Queue, "reject": graph.Reject, "cancelRunning": graph.CancelRunning, "skip": graph.Skip,
}

// buildConcurrency builds the bound of runs that have one key.
func (c *compiler) buildConcurrency() {
	n := c.doc.get("concurrency")
	if n == nil {
		return
	}
	g := &graph.Concurrency{Limit: 1, Queue: defaultQueue}
	c.graph.Concurrency = g
	if v := usable(n.get("limit")); v != nil {
		if v.kind == kindString {
			g.Named = v.text
		} else {
			g.Limit, _ = v.value.(int)
		}
	}
	if v := usable(n.get("onLimit")); v != nil {
		g.OnLimit = onLimits[v.text]
	}
	if v := usable(n.get("queue")); v != nil {
		g.Queue, _ = v.value.(int)
		if on := n.get("onLimit"); on != nil && !on.bad && g.OnLimit != graph.Queue {
			c.atKey(codeIneffective, v, fmt.Sprintf("queue has no effect with onLimit: %s, nothing waits", on.text), "leave it out, or write onLimit: queue")
		}
	}
	if v := usable(n.get("key")); v != nil {
		g.Key = c.key(v, place{start: true})
	}
	if g.Named != "" {
		c.checkNamedLimit(n, g)
	}
}

// checkNamedLimit checks what a workflow that shares a limit may say: the
// limit's runs are those of other workflows too, and are counted in one.
func (c *compiler) checkNamedLimit(n *node, g *graph.Concurrency) {
	if v := usable(n.get("key")); v != nil {
		c.atKey(codeIneffective, v, fmt.Sprintf("key has no effect: all that share the limit %q are counted together", g.Named),
			"leave it out, or write limit: with a number")
		g.Key = nil
	}
	if v := usable(n.get("onLimit")); v != nil && g.OnLimit == graph.CancelRunning {
		c.at(codeValue, v, fmt.Sprintf("onLimit: cancelRunning would cancel runs of other workflows that share the limit %q", g.Named),
			"write queue, reject or skip, or write limit: with a number")
	}
	known, ok := c.catalog.(Limits)
	if !ok || known.Limits() == nil {
		return
	}
	limits, at := known.Limits(), usable(n.get("limit"))
	parallel, ok := limits[g.Named]
	switch {
	case !ok:
		hint := didYouMean(g.Named, slices.Sorted(maps.Keys(limits)))
		if hint == "" {
			hint = "add it to the environment, under limits"
		}
		c.at(codeNoLimit, at, fmt.Sprintf("the environment has no limit %q", g.Named), hint)
	case parallel == 0:
		c.at(codeValue, at, fmt.Sprintf("the limit %q of the environment does not say how many run at once", g.Named),
			"add parallel to it, or write limit: with a number")
	}
}

// key compiles a bare expression whose value tells things apart.
func (c *compiler) key(n *node, p place) *expression.Program {
	prog, t := c.bare(n, p)
	switch {
	case t.Kind == expression.TypeObject || t.Kind == expression.TypeList:
		c.at(codeWrongType, n, fmt.Sprintf("a key is a text, a number or a boolean, this is %s", t), "take one of its members, or toJSON(…)")
	case t.Kind == expression.TypeNull || t.Nullable:
		c.at(codeWrongType, n, "a key may not be null, this may be", fmt.Sprintf("write %s: %s ?? 'none'", n.key.text, n.text))
	}
	return prog
}

// buildListens builds the matches that open when a run starts.
func (c *compiler) buildListens() {
	list := c.doc.get("listen")
	if list == nil {
		return
	}
	for _, i := range sortedKeys(list) {
		n := list.items[i]
		if n.bad {
			continue
		}
		l := graph.Listen{Name: list.keys[i].text}
		l.Type, _ = usable(n.get("event")).str()
		if v := usable(n.get("match")); v != nil {
			l.Match = c.match(v, place{start: true})
		}
		c.graph.Listens = append(c.graph.Listens, l)
	}
}

// declareListens remembers the names of the listens, for the awaits that take
// from them.
func (c *compiler) declareListens() {
	c.listens = map[string]bool{}
	if list := c.doc.n.get("listen"); list != nil {
		for _, k := range list.keys {
			c.listens[k.text] = true
		}
	}
}

// checkListens reports a listen that nothing takes from.
func (c *compiler) checkListens() {
	list := c.doc.get("listen")
	if list == nil {
		return
	}
	taken := map[string]bool{}
	for _, s := range c.doc.steps {
		if s.verb == "await" {
			name, _ := s.get("await").get("signal").str()
			taken[name] = true
		}
		if s.broken {
			return // it may be the one
		}
	}
	for i, k := range list.keys {
		if !taken[k.text] && !list.items[i].bad && len(c.tree.gaps) == 0 {
			c.report(codeIneffective, list.items[i], k.start, k.end, fmt.Sprintf("no step awaits %q, so what comes is kept for nobody", k.text),
				fmt.Sprintf("add a step with await: { signal: %s }, or leave it out", k.text))
		}
	}
}
