package sim

import (
	"fmt"
	"strings"

	"github.com/keelstep/keelstep/pkg/graph"
)

// kids makes the workflows that the one under way calls. Each may call those
// after it.
func (g *generator) kids() {
	n := one(g.dice, 0, 1, 1, 2)
	if c := g.p.shows; c != nil && c.verb == graph.CallWorkflow {
		n = max(n, 1)
	}
	for i := n - 1; i >= 0; i-- {
		k := &generator{
			dice: g.dice, left: 3 + g.n(5), undos: map[string]bool{}, many: g.many,
			p: &Program{
				Name: fmt.Sprintf("kid-%d-%d", g.p.Seed, i), Seed: g.p.Seed, Undo: map[string]string{},
				Racy: g.p.Racy, Kids: g.p.Kids, fails: g.chance(40),
			},
		}
		k.listen()
		k.p.Source = k.document(k.block(place{depth: 1, mayFail: k.p.fails, mayEnd: k.p.fails}, 2+g.n(2)))
		g.p.Timed = g.p.Timed || k.p.Timed
		k.p.Kids = nil
		g.p.Kids = append(g.p.Kids, k.p)
	}
}

// call makes a call of another workflow, nil when there is none that may
// stand here.
func (g *generator) call(at place) (doc, string) {
	if at.mayFail && g.chance(5) {
		return doc{{"id", g.id("kid")}, {"call", "nowhere"}}, ""
	}
	var names []string
	for _, k := range g.p.Kids {
		if at.mayFail || !k.fails {
			names = append(names, k.Name)
		}
	}
	if len(names) == 0 {
		return nil, ""
	}
	id := g.id("kid")
	with := doc{{"n", g.value(at)}, {"items", "${ [1, 2] }"}, {"tier", one(g.dice, "gold", "plain")}}
	if g.chance(20) {
		with = with[:2] // the tier has a default
	}
	if at.mayFail && g.chance(5) {
		with = doc{{"n", "${ fromJSON('\"none\"') }"}} // it does not fit
	}
	s := doc{{"id", id}, {"call", one(g.dice, names...)}, {"with", with}}
	if g.chance(25) {
		return s.with("detach", true), ""
	}
	read := "(steps." + id + ".output?.a ?? 2)"
	s = s.with("returns", doc{{"type", "object"}, {"required", []string{"a"}}, {"properties", doc{{"a", doc{{"type", "integer"}}}}}})
	if !at.mayFail {
		return s[:3], ""
	}
	if g.chance(25) {
		s = s.with("retry", doc{{"attempts", 2}, {"delay", "1s"}})
	}
	if g.p.Racy && g.chance(30) {
		s = s.with("timeout", one(g.dice, "100ms", "1m"))
		g.p.Timed = true
	}
	if at.err == "" && g.left > 0 && g.chance(30) {
		s = s.with("catch", g.catches(at))
	}
	return s, read
}

// emit makes a step that publishes an event, which may be one that another
// step waits for.
func (g *generator) emit(at place) doc {
	spec := doc{{"type", "sim.other"}, {"data", doc{{"n", g.value(at)}}}}
	if len(g.events) > 0 && g.chance(75) {
		spec = doc{{"type", one(g.dice, g.events...)}, {"data", doc{{"n", one(g.dice, 7, 7, 6)}, {"ok", g.chance(70)}}}}
	}
	if g.chance(20) {
		spec = spec.with("subject", g.text(at))
	}
	return doc{{"id", g.id("emit")}, {"emit", spec}}
}

// match is what the events that are waited for must have.
var match = doc{{"data.n", "${ 3 + 4 }"}}

// event makes a step that waits for an event, by itself or by a listen.
func (g *generator) event() doc {
	if len(g.listens) > 0 && g.chance(50) {
		name := one(g.dice, g.listens...)
		s := doc{{"id", g.id("heard")}, {"await", doc{{"signal", name}}}}
		if g.chance(50) {
			g.signals(name)
		}
		return s
	}
	id := g.id("evt")
	kind := "sim." + id
	g.events = append(g.events, kind)
	spec := doc{{"event", kind}, {"match", match}}
	if g.chance(40) {
		spec = spec.with("where", "event.data.ok ?? false")
	}
	s := doc{{"id", id}, {"await", spec}}
	if g.chance(50) {
		g.signals(id)
	}
	if g.chance(30) {
		s = s.with("returns", doc{{"type", "object"}, {"required", []string{"n"}}, {"properties", doc{{"n", doc{{"type", "integer"}}}, {"ok", doc{{"type", "boolean"}}}}}})
	}
	if g.p.Racy && g.chance(30) {
		s = s.with("timeout", one(g.dice, "1s", "1h"))
		g.p.Timed = true
	}
	return s
}

// approval makes a task for people.
func (g *generator) approval(at place) (doc, string) {
	id := g.id("ask")
	to := []string{"a@x.example", "b@x.example", "c@x.example"}[:1+g.n(3)]
	silentTask := at.mayFail && g.chance(20)
	if silentTask {
		to = []string{nobody}
	}
	spec := doc{{"to", to}, {"title", g.text(at)}, {"require", word(one(g.dice, "first", "all", "all", itoa(len(to))))}}
	yes := "approve"
	if g.chance(20) {
		yes = "yes"
		spec = spec.with("options", []string{"yes", "no", "later"})
	}
	if g.chance(40) {
		spec = spec.with("form", doc{{"type", "object"}, {"properties", doc{{"note", doc{{"type", "string"}}}}}})
	}
	if g.chance(50) {
		spec = spec.with("notify", doc{{"action", "test.keyed"}, {"with", doc{
			{"do", one(g.dice, "ok", "slow")}, {"to", "${ task.to }"}, {"text", "${ task.title }: ${ task.link }"}, {"n", "${ task.reminder }"},
		}}})
	}
	if has(spec, "notify") && g.chance(60) {
		spec = spec.with("remind", doc{{"every", one(g.dice, "10m", "1h")}, {"max", 1 + g.n(2)}})
	}
	s := doc{{"id", id}, {"approval", spec}}
	switch {
	case silentTask:
		s = s.with("timeout", one(g.dice, "1s", "3h"))
		if g.chance(60) {
			s = s.with("onTimeout", g.block(g.handler(at), 1))
		}
		return s, ""
	case g.p.Racy && g.chance(40):
		g.p.Timed = true
		return s.with("timeout", one(g.dice, "1h", "2h")), ""
	}
	return s, `(steps.` + id + `.output.outcome == "` + yes + `" ? 4 : 1)`
}

// between makes what has to do with others.
func (g *generator) between(at place) (doc, string) {
	switch g.n(8) {
	case 0, 1, 2:
		if s, read := g.call(at); s != nil {
			return s, read
		}
		return g.emit(at), ""
	case 3:
		return g.emit(at), ""
	case 4, 5:
		return g.event(), ""
	}
	return g.approval(at)
}

// limited adds what the workflow as a whole has to do with others.
func (g *generator) limited(d doc, steps []doc) doc {
	var b strings.Builder
	doc{{"steps", steps}}.write(&b, "")
	var all doc
	for _, name := range g.listens {
		if strings.Contains(b.String(), fmt.Sprintf("signal: %q", name)) {
			all = all.with(name, doc{{"event", "sim." + name}, {"match", match}})
		}
	}
	if len(all) > 0 {
		d = d.with("listen", all)
	}
	if !g.chance(35) {
		return d
	}
	// What waits for a run of the same limit could fill it and wait for ever.
	if !strings.Contains(b.String(), "call: ") && g.chance(40) {
		rule := "queue"
		if g.p.Racy {
			rule = one(g.dice, "queue", "queue", "reject", "skip")
		}
		return d.with("concurrency", doc{{"limit", poolName}, {"onLimit", word(rule)}})
	}
	c := doc{{"limit", 1 + g.n(2)}}
	if g.chance(60) {
		c = c.with("key", "input.tier")
	}
	rule := "queue"
	if g.p.Racy {
		rule = one(g.dice, "queue", "queue", "reject", "cancelRunning", "skip")
	}
	return d.with("concurrency", c.with("onLimit", word(rule)))
}

// listen makes the names under which the run listens for events.
func (g *generator) listen() {
	for range one(g.dice, 0, 0, 1, 2) {
		name := g.id("paid")
		g.listens = append(g.listens, name)
		g.events = append(g.events, "sim."+name)
	}
}

// timed adds a timeout to a step that has none: one that never strikes, or
// hardly ever, where time makes no difference.
func (g *generator) timed(s doc) doc {
	if !g.chance(5) || has(s, "timeout", "return", "terminate", "fail", "respond", "emit", "compose", "set", "append", "increment") {
		return s
	}
	if !g.p.Racy {
		return s.with("timeout", never)
	}
	g.p.Timed = true
	return s.with("timeout", one(g.dice, "200ms", "5s", "1h"))
}

// tracked adds an attribute of the run to a step.
func (g *generator) tracked(s doc) doc {
	if !g.chance(6) {
		return s
	}
	id := idIn(s)
	return s.with("track", doc{{"state", "steps." + id + ".status"}, {"last_" + id, one(g.dice, "vars.b", "steps."+id+".error?.code", "vars.a / 0")}})
}
