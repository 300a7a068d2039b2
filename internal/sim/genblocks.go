package sim

import (
	"fmt"
	"slices"
)

// branch makes an if or a switch.
func (g *generator) branch(at place) doc {
	in := at.inner()
	in.branch = true
	if g.chance(60) {
		s := doc{{"id", g.id("if")}, {"if", g.truth(at)}, {"then", g.block(in, 1+g.n(2))}}
		if g.chance(60) && g.left > 0 {
			s = s.with("else", g.block(in, 1+g.n(2)))
		}
		return g.wrap(at, s)
	}
	subject, cases := "input.tier", doc{{"gold", g.block(in, 1+g.n(2))}}
	if g.chance(50) {
		subject, cases = g.number(at, 1), doc{{`"1"`, g.block(in, 1)}, {`"2"`, []doc{}}}
	}
	s := doc{{"id", g.id("switch")}, {"switch", subject}, {"cases", cases}}
	if g.chance(60) && g.left > 0 {
		s = s.with("default", g.block(in, 1))
	}
	return g.wrap(at, s)
}

// each makes a foreach.
func (g *generator) each(at place) (doc, string) {
	id, item := g.id("each"), g.id("item")
	in := at.inner()
	in.index, in.item = true, item
	list := one(g.dice, "input.items", fmt.Sprintf("[%d, %d, %d]", g.n(9), g.n(9), g.n(9)), "[4, 5]", "1..3")
	width := one(g.dice, 1, 1, 2, 3, 10)
	rule := one(g.dice, "stop", "settle", "ignore", "cancel")
	in.mayEnd = in.mayEnd && (width == 1 || g.p.Racy)
	if width > 1 {
		in.concurrent = true
		in.undoable = g.undoableBeside(in)
		if !g.p.Racy {
			in.mayFail = false
			if rule == "cancel" || rule == "stop" {
				rule = "settle"
			}
		}
	}
	if rule != "ignore" && !at.mayFail {
		in.mayFail = false
	}
	body := g.block(in, 1+g.n(2))
	if width > 1 && (at.mayFail || rule == "ignore") && !anyHopeless(body) && g.chance(50) {
		body = append(body, g.onePassFails())
	}
	s := doc{{"id", id}, {"foreach", list}, {"as", word(item)}, {"do", body}, {"concurrency", width}, {"onError", word(rule)}}
	if g.chance(60) {
		s = s.with("output", "${ "+item+" * 2 }")
	}
	read := "steps." + id + ".output.count"
	s = g.wrap(at, s)
	if has(s, "catch", "onTimeout") {
		read = ""
	}
	return s, read
}

// onePassFails makes a call that fails in exactly one pass of a loop, so that
// the order of passes does not matter.
func (g *generator) onePassFails() doc {
	g.left--
	with := doc{{"do", `${ index == 1 ? "refuse" : "ok" }`}}
	if g.p.Racy {
		with = doc{{"do", `${ index == 0 ? "refuse" : "slow" }`}}
	}
	return doc{{"id", g.id("act")}, {"action", "test.keyed"}, {"with", with}}
}

// repeat makes a while or an until.
func (g *generator) repeat(at place) doc {
	in := at.inner()
	in.index = true
	if g.chance(50) || at.concurrent {
		n := g.n(3)
		s := doc{{"id", g.id("until")}, {"until", fmt.Sprintf("index >= %d", n)}, {"do", g.block(in, 1+g.n(2))}}
		if at.mayFail && g.chance(15) {
			s = s.with("maxPasses", max(n, 1))
		}
		return g.wrap(at, s)
	}
	name := g.loop()
	g.left--
	body := append([]doc{{{"id", g.id("inc")}, {"increment", doc{{name, 1}}}}}, g.block(in, 1+g.n(2))...)
	s := doc{{"id", g.id("while")}, {"while", fmt.Sprintf("vars.%s < %d", name, 1+g.n(3))}, {"do", body}}
	if g.chance(50) {
		s = s.with("output", g.value(place{index: true}))
	}
	return g.wrap(at, s)
}

// loop makes a variable of a loop's own.
func (g *generator) loop() string {
	g.loops++
	return "loop" + itoa(g.loops-1)
}

// parallel makes branches that run at the same time. Unless the workflow may
// be racy, at most one of them can fail.
func (g *generator) parallel(at place) doc {
	in := at.inner()
	in.beside = true
	in.undoable = g.undoableBeside(in)
	in.mayEnd = in.mayEnd && g.p.Racy && g.chance(60)
	n := 2 + g.n(2)
	failing := g.n(n)
	rule := one(g.dice, "settle", "settle", "ignore", "cancel")
	if !g.p.Racy && rule == "cancel" {
		rule = "settle"
	}
	var steps []doc
	for i := range n {
		b := in
		b.mayFail = (at.mayFail || rule == "ignore") && (g.p.Racy || i == failing)
		var s doc
		if g.left > 2 && g.chance(50) {
			g.left--
			s = doc{{"id", g.id("seq")}, {"do", g.block(b.inner(), 2)}}
		} else {
			s, _ = g.step(b)
			if has(s, "return", "terminate", "fail") {
				s = second(s, entry{"if", g.truth(b)})
			}
		}
		steps = append(steps, s)
	}
	return g.wrap(at, doc{{"id", g.id("par")}, {"parallel", steps}, {"onError", word(rule)}})
}

// undoableBeside returns what may be rolled back while others run: what they
// do may be inside of it, so nothing unless the workflow may be racy.
func (g *generator) undoableBeside(at place) []string {
	if g.p.Racy {
		return at.undoable
	}
	return nil
}

// race makes branches of which the first that succeeds wins. Unless the
// workflow may be racy, it is always the same one: the others never answer.
func (g *generator) race(at place) doc {
	in := at.inner()
	in.beside, in.mayEnd = true, false
	in.undoable = g.undoableBeside(in)
	n := 2 + g.n(2)
	winner := g.n(n)
	var steps []doc
	for i := range n {
		b := in
		b.mayFail = g.p.Racy // if the winner failed, it would be for the others to time out
		var s doc
		if i == winner || g.p.Racy && g.chance(70) {
			s, _ = g.step(b)
			if !g.p.Racy && guarded(s) { // passed over, it would leave a race that nobody wins
				s = slices.DeleteFunc(slices.Clone(s), func(e entry) bool { return e.key == "if" })
			}
		} else {
			g.left--
			s = doc{
				{"id", g.id("act")},
				{"action", "test." + one(g.dice, "keyed", "safe", "never")},
				{"with", doc{{"do", "hang"}, {"v", g.value(b)}}},
				{"retry", doc{{"attempts", 1}}},
				{"timeout", never},
			}
		}
		if has(s, "fail") {
			s = second(s, entry{"if", g.truth(b)})
		}
		steps = append(steps, s)
	}
	return g.wrap(at, doc{{"id", g.id("race")}, {"race", steps}})
}

// scope makes a do, which may be attempted again as a whole.
func (g *generator) scope(at place) doc {
	in := at.inner()
	s := doc{{"id", g.id("do")}, {"do", g.block(in, 1+g.n(3))}}
	if g.chance(40) {
		s = s.with("output", g.value(place{index: at.index}))
	}
	if g.chance(30) {
		s = s.with("retry", doc{{"attempts", 2 + g.n(2)}, {"delay", one(g.dice, "100ms", "10s")}})
	}
	return g.wrap(at, s)
}

// wrap adds handlers and a guard to a step that has steps inside.
func (g *generator) wrap(at place, s doc) doc {
	if at.depth+1 >= maxDepth || g.left <= 1 {
		return s
	}
	h := g.handler(at)
	if g.p.Racy && g.chance(20) {
		g.p.Timed = true
		s = s.with("timeout", one(g.dice, "300ms", "2s", "1m"))
		if g.chance(50) {
			s = s.with("onTimeout", g.block(h, 1))
		}
	}
	if !has(s, "retry") && g.chance(15) {
		s = s.with("retry", doc{{"attempts", 2 + g.n(2)}, {"delay", one(g.dice, "100ms", "10s")}})
	}
	if g.undoesInside(s) {
		h.undoable = append(h.undoable[:len(h.undoable):len(h.undoable)], idIn(s))
		at.undoable = h.undoable
	}
	if g.chance(25) {
		s = s.with("catch", g.catches(at))
	}
	if g.chance(25) {
		s = s.with("finally", g.block(h, 1+g.n(2)))
	}
	return s
}

// saga makes a scope that undoes what was done in it, however it ends.
func (g *generator) saga(at place) doc {
	id := g.id("saga")
	in := at.inner()
	in.saga = true
	verb := "do"
	if !at.beside && g.chance(40) {
		verb = "parallel"
		in.mayEnd = in.mayEnd && g.p.Racy // a return stops what is beside it
	}
	n := 2 + g.n(2)
	var steps []doc
	for i := range n {
		b := in
		b.mayFail = at.mayFail && i == n-1
		do := "ok"
		if b.mayFail {
			do = one(g.dice, "ok", "refuse", "hang", "unsure", "unsure", "murky", "dice")
		}
		s, _ := g.action(b, do)
		s[1].value = "test.keyed"
		name := g.id("undo")
		s = s.with("compensate", []doc{{{"id", name}, {"action", "test.keyed"}, {"with", doc{{"do", "ok"}}}}})
		g.p.Undo[s[0].value.(string)] = name
		steps = append(steps, s)
		g.left -= 2
	}
	over := doc{{verb, steps}}
	if !at.concurrent && g.chance(35) { // each pass does it all, and all passes are undone
		over = doc{{"foreach", "1..3"}, {"as", word(g.id("item"))}, {"do", steps}, {"onError", word(one(g.dice, "stop", "settle", "ignore"))}}
		if g.chance(40) {
			over = doc{{"until", "index >= 1"}, {"do", steps}}
		}
	}
	over = append(doc{{"id", id}}, over...)
	if g.chance(30) { // what an attempt did is undone with the last one's
		over = over.with("retry", doc{{"attempts", 2}, {"delay", "1s"}})
	}
	roll := doc{{"id", g.id("roll")}, {"rollback", word(id)}}
	if g.chance(50) {
		return over.with("finally", []doc{roll})
	}
	// A stop during this call must not keep the rollback from running.
	tell := doc{{"id", g.id("act")}, {"action", "test.safe"}, {"with", doc{{"do", one(g.dice, "ok", "slow")}}}}
	return over.with("finally", []doc{tell, anyway(roll, tell)})
}

// diamond makes a scope in which one step's end chooses between two others.
func (g *generator) diamond(at place) doc {
	in := at.inner()
	in.sees, in.ids, in.mayEnd = nil, nil, false
	first := in
	first.mayFail = !g.p.Racy || at.mayFail
	calm := in
	calm.mayFail = false
	a, b, c, e := g.id("act"), g.id("bad"), g.id("good"), g.id("join")
	g.left -= 4
	do := one(g.dice, "ok", "refuse", "dice")
	return doc{{"id", g.id("choice")}, {"do", []doc{
		{{"id", a}, {"action", "test.keyed"}, {"with", doc{{"do", do}, {"v", g.value(first)}}}},
		{{"id", b}, {"runAfter", doc{{a, word("[failed, timedOut]")}}}, {"compose", g.text(calm)}},
		{{"id", c}, {"runAfter", word("[" + a + "]")}, {"action", "test.safe"}, {"with", doc{{"do", "ok"}}}},
		{{"id", e}, {"runAfter", doc{{b, word("[succeeded, skipped]")}, {c, word("[succeeded, skipped]")}}}, {"compose", g.value(calm)}},
	}}}
}
