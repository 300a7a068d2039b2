package sim

import (
	"fmt"

	"github.com/keelstep/keelstep/pkg/graph"
)

// possible are the cells that a workflow can have, those that last for a
// moment more often.
var possible = func() (all []cell) {
	for _, v := range ran {
		for _, in := range allContainers {
			c := cell{v.kind, in}
			if c.impossible() != "" {
				continue
			}
			all = append(all, c)
			if c.ends() || v.kind == graph.Respond { // hardly anything can strike it
				all = append(all, c, c, c)
			}
		}
	}
	return all
}()

// every is how many programs there are to one that is made to have a cell.
const every = 2

// shown returns the cell that a program is made to have; ok is false for a
// program that is left to chance.
func shown(seed uint64) (c cell, ok bool) {
	if seed%every != 0 {
		return c, false
	}
	return possible[seed/every%uint64(len(possible))], true
}

// ends tells that a verb ends what is around it.
func (c cell) ends() bool {
	switch c.verb {
	case graph.Return, graph.Terminate, graph.Fail:
		return true
	default:
		return false
	}
}

// forcesRace tells that a verb in a container makes the outcome depend on the
// order of answers.
func (c cell) forcesRace() bool {
	switch c.in {
	case inParallel, inRace:
	default:
		return false
	}
	return c.ends() || c.in == inRace || c.verb == graph.Respond || c.verb == graph.Rollback
}

// show makes steps of which one is the verb in the container.
func (g *generator) show(c cell) []doc {
	aside := (g.p.Racy || !c.ends()) && g.chance(40)
	at := place{depth: maxDepth - 2, mayFail: true, mayEnd: g.p.Racy || !aside}
	g.left = max(g.left, 8)
	first, _ := g.action(at, "ok")
	if !has(first, "compensate") {
		first = first.with("compensate", g.undo(at, idIn(first)))
	}
	g.undos[idIn(first)] = true
	at = at.behind(idIn(first), "", true)
	steps := []doc{first}
	var last doc
	switch c.in {
	case inChild:
		last = g.showChild(c.verb)
	case top:
		last = g.verbOf(c.verb, at)
	default:
		last = g.house(c, at)
	}
	if g.chance(60) {
		lead := g.lead()
		steps, last = append(steps, lead), anyway(last, lead)
	}
	steps = append(steps, last)
	if aside {
		steps = append([]doc{g.aside(at)}, steps...)
	}
	if g.p.Racy || !c.ends() {
		steps = g.beside(steps)
	}
	if has(last, "return", "terminate") || g.chance(30) {
		return steps
	}
	s, _ := g.action(place{mayFail: true}, "")
	return append(steps, anyway(s, last))
}

// beside lets others run while the steps do, where it matters how a turn is
// cut: they read a large text after a while, or make a turn longer.
func (g *generator) beside(steps []doc) []doc {
	if !g.many && g.p.bound == 0 {
		return steps
	}
	var others []doc
	for range 3 {
		read := "${ input.n }"
		if g.many {
			read = "${ len(vars.many) % 9 }"
		}
		others = append(others, g.call0("test.safe", one(g.dice, "ok", "ok", "slow")), doc{{"id", g.id("val")}, {"compose", read}})
	}
	return append([]doc{{{"id", g.id("read")}, {"runAfter", word("[]")}, {"do", others}}}, steps...)
}

// lead makes a call right before what is shown, which comes whatever became of
// it. So its answer can be lost, and its timer be late, in the turn before.
func (g *generator) lead() doc {
	return g.loose(g.call0("test."+one(g.dice, "keyed", "safe", "never"), one(g.dice, "ok", "ok", "slow", "refuse")))
}

// loose has most calls made once, and with a timer that never strikes.
func (g *generator) loose(s doc) doc {
	if g.chance(75) {
		s = s.with("retry", doc{{"attempts", 1}})
	}
	if g.chance(60) {
		s = s.with("timeout", never)
	}
	return s
}

// anyway makes a step come behind another, whatever became of that.
func anyway(s, before doc) doc {
	return second(s, entry{"runAfter", doc{{idIn(before), word("[succeeded, failed, timedOut, skipped, cancelled]")}}})
}

// house makes a container with the verb in it.
func (g *generator) house(c cell, at place) doc {
	id := g.id("box")
	in, handler := at.inner(), g.handler(at)
	handler.mayFail, handler.mayEnd = true, at.mayEnd
	if c.in == inParallel || c.in == inRace {
		in.mayEnd = in.mayEnd && g.p.Racy
	}
	fine := func() doc { return g.call0("test.keyed", "ok") }
	switch c.in {
	case inParallel:
		in.beside = true
		rule := one(g.dice, "settle", "ignore", "cancel")
		if !g.p.Racy && rule == "cancel" {
			rule = "settle"
		}
		return doc{{"id", id}, {"parallel", []doc{g.verbOf(c.verb, in), fine()}}, {"onError", word(rule)}}
	case inForeach:
		in.index, in.item = true, g.id("item")
		width := 1
		if g.p.Racy {
			width = 2
		}
		in.concurrent = width > 1
		s := doc{{"id", id}, {"foreach", "[3, 4, 5]"}, {"as", word(in.item)}, {"do", []doc{g.verbOf(c.verb, in)}}, {"concurrency", width}}
		return s.with("onError", word(one(g.dice, "stop", "settle", "ignore", "cancel")))
	case inWhile:
		in.index = true
		name := g.loop()
		body := []doc{{{"id", g.id("inc")}, {"increment", doc{{name, 1}}}}, g.verbOf(c.verb, in)}
		return doc{{"id", id}, {"while", fmt.Sprintf("vars.%s < 2", name)}, {"do", body}}
	case inUntil:
		in.index = true
		return doc{{"id", id}, {"until", "index >= 1"}, {"do", []doc{g.verbOf(c.verb, in)}}}
	case inRace:
		in.beside = true
		return doc{{"id", id}, {"race", []doc{g.verbOf(c.verb, in), g.call0("test.safe", "slow")}}}
	case inBranch:
		if g.chance(50) {
			return doc{{"id", id}, {"if", "input.n >= 0"}, {"then", []doc{g.verbOf(c.verb, in)}}}
		}
		return doc{{"id", id}, {"switch", "input.n >= 0"}, {"cases", doc{{`"true"`, []doc{g.verbOf(c.verb, in)}}}}}
	case inCatch:
		s := g.loose(second(g.call0("test.keyed", "refuse"), entry{"description", "It fails."}))
		return s.with("catch", []doc{{{"do", []doc{g.verbOf(c.verb, handler)}}}})
	case inFinally:
		return doc{{"id", id}, {"do", []doc{g.loose(fine())}}, {"finally", []doc{g.verbOf(c.verb, handler)}}}
	case inCompensate:
		s := g.loose(fine())
		s = s.with("compensate", []doc{g.verbOf(c.verb, handler)})
		return doc{{"id", id}, {"do", []doc{s, anyway(doc{{"id", g.id("roll")}, {"rollback", word(idIn(s))}}, s)}}}
	case inOnTimeout:
		s := doc{{"id", id}, {"wait", never}, {"timeout", "1s"}, {"onTimeout", []doc{g.verbOf(c.verb, handler)}}}
		if !g.p.Racy {
			return s
		}
		return doc{{"id", g.id("par")}, {"parallel", []doc{s, g.call0("test.keyed", "ok")}}} // an answer comes with the timer
	case inNotify:
		s, _ := g.approval(place{})
		for !hasIn(s, "approval", "notify") {
			s, _ = g.approval(place{})
		}
		return s
	default:
		return doc{{"id", id}, {"do", []doc{g.verbOf(c.verb, in)}}}
	}
}

// call0 makes a call that does one thing.
func (g *generator) call0(operation, do string) doc {
	return doc{{"id", g.id("act")}, {"action", operation}, {"with", doc{{"do", do}}}}
}

// hasIn tells that a mapping in an entry has a key.
func hasIn(s doc, key, inner string) bool {
	for _, e := range s {
		if d, ok := e.value.(doc); ok && e.key == key {
			return has(d, inner)
		}
	}
	return false
}

// showChild makes a call of a workflow of its own with the verb at its top.
func (g *generator) showChild(verb graph.Kind) doc {
	k := &generator{
		dice: g.dice, left: 8, undos: map[string]bool{}, many: g.many,
		p: &Program{
			Name: fmt.Sprintf("shown-%d", g.p.Seed), Seed: g.p.Seed, Undo: map[string]string{},
			Racy: g.p.Racy, Kids: g.p.Kids, fails: true,
		},
	}
	at := place{depth: maxDepth - 2, mayFail: true, mayEnd: true}
	first := k.call0("test.keyed", "ok")
	first = first.with("compensate", k.undo(at, idIn(first)))
	k.undos[idIn(first)] = true
	first = k.loose(first)
	steps := []doc{first, anyway(k.verbOf(verb, at.behind(idIn(first), "", true)), first)}
	if k.p.bound = g.p.bound; g.p.Racy || verb != graph.Return && verb != graph.Terminate && verb != graph.Fail {
		steps = k.beside(steps)
	}
	k.p.Source = k.document(steps)
	g.p.Timed = g.p.Timed || k.p.Timed
	k.p.Kids = nil
	g.p.Kids = append(g.p.Kids, k.p)
	return doc{{"id", g.id("kid")}, {"call", k.p.Name}, {"with", doc{{"n", 1}, {"items", "${ [1, 2] }"}}}}
}

// verbOf makes a step of one verb.
func (g *generator) verbOf(verb graph.Kind, at place) (s doc) {
	g.left = max(g.left, 4)
	key := map[graph.Kind]string{
		graph.If: "then", graph.Switch: "switch", graph.While: "while", graph.Until: "until",
	}[verb]
	switch verb {
	case graph.Action:
		s, _ = g.action(at, "")
	case graph.Compose:
		s, _ = g.compose(at)
	case graph.Set:
		s = g.assign(at)
	case graph.If, graph.Switch:
		for s = g.branch(at); !has(s, key); {
			s = g.branch(at)
		}
	case graph.Foreach:
		s, _ = g.each(at)
	case graph.While, graph.Until:
		at.concurrent = false
		for s = g.repeat(at); !has(s, key); {
			s = g.repeat(at)
		}
	case graph.Parallel:
		s = g.parallel(at)
	case graph.Race:
		s = g.race(at)
	case graph.Scope:
		s = g.scope(at)
	case graph.Wait:
		s = g.wait(at)
	case graph.Await:
		if s, _ = g.await(at); g.chance(40) {
			s = g.event()
		}
	case graph.Approval:
		s, _ = g.approval(at)
	case graph.CallWorkflow:
		if s, _ = g.call(at); s == nil {
			s = doc{{"id", g.id("kid")}, {"call", "nowhere"}}
		}
	case graph.Emit:
		s = g.emit(at)
	case graph.Respond:
		s = g.respond(at)
	case graph.Return:
		s = doc{{"id", g.id("back")}, {"return", doc{{"v", g.value(at)}}}}
	case graph.Fail:
		s = g.raise(at)
	case graph.Terminate:
		s = doc{{"id", g.id("stop")}, {"terminate", doc{{"status", word(one(g.dice, "succeeded", "failed", "cancelled"))}, {"message", g.text(at)}}}}
	case graph.Rollback:
		s = g.rollback(at)
	}
	return g.tracked(g.timed(s))
}
