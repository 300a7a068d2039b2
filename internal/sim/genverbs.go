package sim

import "fmt"

// step makes one step of any verb. read is the expression that reads its
// output as an integer behind it, empty when it has none.
func (g *generator) step(at place) (s doc, read string) {
	g.left--
	s, read = g.verb(at)
	s = g.tracked(g.timed(s))
	if g.undoesInside(s) {
		g.undos[idIn(s)] = true
	}
	return s, read
}

// undoesInside tells that a step has something to undo, of its own or inside.
func (g *generator) undoesInside(s doc) bool {
	for _, e := range s {
		switch v := e.value.(type) {
		case []doc:
			if e.key == "compensate" {
				return true
			}
			for _, d := range v {
				if g.undoesInside(d) {
					return true
				}
			}
		case doc:
			if g.undoesInside(v) {
				return true
			}
		}
	}
	return false
}

func (g *generator) verb(at place) (doc, string) {
	nests := at.depth < maxDepth && g.left > 1
	switch {
	case len(at.undoable) > 0 && g.chance(16):
		return g.rollback(at), ""
	case at.mayEnd && (at.err != "" || at.beside || at.index) && g.chance(14):
		return g.end(at), ""
	case g.chance(16):
		return g.between(at)
	}
	for {
		switch g.n(28) {
		case 0, 1, 2, 3:
			return g.action(at, "")
		case 4:
			return g.compose(at)
		case 5:
			return g.assign(at), ""
		case 6:
			return g.wait(at), ""
		case 7:
			return g.await(at)
		case 8:
			if at.mayEnd {
				return g.respond(at), ""
			}
		case 9:
			if at.mayEnd {
				return g.end(at), ""
			}
		case 10:
			if at.mayFail {
				return g.raise(at), ""
			}
		case 11, 12:
			if nests {
				return g.branch(at), ""
			}
		case 13, 14, 15:
			if nests {
				return g.each(at)
			}
		case 16:
			if nests {
				return g.repeat(at), ""
			}
		case 17, 18, 19:
			if nests {
				return g.parallel(at), ""
			}
		case 20, 21:
			if nests {
				return g.scope(at), ""
			}
		case 22, 23:
			if nests {
				return g.race(at), ""
			}
		case 24, 25:
			if nests && g.left > 3 {
				return g.saga(at), ""
			}
		default:
			if nests && g.left > 4 {
				return g.diamond(at), ""
			}
		}
	}
}

// action makes a call. do is what the world does, empty for any.
func (g *generator) action(at place, do string) (doc, string) {
	id := g.id("act")
	repeat := one(g.dice, "keyed", "keyed", "safe", "never")
	with := doc{{"do", "ok"}, {"v", g.value(at)}}
	infallible := []string{"ok", "ok", "flaky"}
	if do == "" {
		do = one(g.dice, infallible...)
		if at.mayFail {
			do = one(g.dice, "ok", "ok", "flaky", "dice", "dice", "refuse", "bad", "unsure", "murky", "hang", "slow")
		}
	}
	with[0].value = do
	s := doc{{"id", id}, {"action", "test." + repeat}}
	sure := do == "ok"
	switch do {
	case "flaky":
		with = with.with("n", 1+g.n(2))
		s = s.with("retry", doc{{"attempts", 3 + g.n(2)}, {"delay", one(g.dice, "100ms", "2s")}})
		sure = true
	case "unsure":
		with = with.with("n", 1+g.n(2))
		if g.p.Racy && g.chance(50) { // its time runs out between two attempts
			g.p.Timed = true
			s = s.with("retry", doc{{"attempts", 3}, {"delay", "1m"}}).with("timeout", "20s")
		}
	case "murky":
		s = s.with("retry", doc{{"attempts", 2 + g.n(2)}, {"delay", "1s"}})
	case "hang":
		s = g.hanging(at, s, &with)
	case "slow":
		// It takes a minute and is waited for.
	default:
		if g.chance(20) {
			s = s.with("retry", g.retry(at))
		}
	}
	s = s.with("with", with)
	if at.mayFail && at.err == "" && do != "hang" && g.chance(20) {
		s = s.with("catch", g.catches(at))
		sure = false
	}
	read := "steps." + id + ".output.n"
	if !sure {
		read = "(steps." + id + ".output?.n ?? 3)"
	}
	if do == "bad" || g.chance(50) {
		s = s.with("returns", doc{{"type", "object"}, {"required", []string{"n"}}, {"properties", doc{{"n", doc{{"type", "integer"}}}}}})
	} else {
		read = "" // nothing is known of its type
	}
	if !at.saga && repeat != "never" && g.chance(20) {
		s = s.with("compensate", g.undo(at, id))
	}
	if !at.saga && g.left > 0 && g.chance(8) {
		s = s.with("finally", g.block(g.handler(at), 1))
	}
	if g.chance(4) {
		with[1].value = "${ secrets.TOKEN }"
	}
	if g.chance(8) {
		s = s.with("secure", word(one(g.dice, "[input]", "[output]", "[input, output]")))
	}
	return s, read
}

// hanging makes a call that does not answer end by a timeout, whatever
// happens.
func (g *generator) hanging(at place, s doc, with *doc) doc {
	if g.chance(50) {
		*with = with.with("n", 1)
		return s.with("retry", doc{{"attempts", 2}, {"delay", "1s"}, {"attemptTimeout", "5s"}})
	}
	s = s.with("timeout", one(g.dice, "2s", "30s"))
	if g.chance(50) {
		s = s.with("onTimeout", g.block(g.handler(at), 1))
	}
	return s
}

// handler returns the place of a handler of a step at a place.
func (g *generator) handler(at place) place {
	at = at.inner()
	at.sees, at.ids = nil, nil
	at.err = "error?.code"
	at.mayEnd, at.branch = at.mayEnd && g.chance(65), true
	if !g.p.Racy && (at.concurrent || at.beside) {
		at.mayFail = false
	}
	return at
}

func (g *generator) retry(at place) doc {
	r := doc{{"attempts", 1 + g.n(4)}, {"delay", one(g.dice, "50ms", "1s", "1m")}}
	if g.chance(30) {
		r = r.with("backoff", word("fixed"))
	}
	if g.chance(30) {
		r = r.with("jitter", g.chance(70))
	}
	if g.chance(20) {
		r = r.with("maxDelay", one(g.dice, "60ms", "2s"))
	}
	if g.chance(30) && at.mayFail {
		r = r.with("if", one(g.dice, "error.status == 503", `error.code != "Refused"`))
	}
	return r
}

func (g *generator) catches(at place) []doc {
	var cs []doc
	if g.chance(50) {
		cs = append(cs, doc{{"when", `error.code == "` + one(g.dice, "Refused", "Timeout", "Uncertain", "Planned") + `"`}, {"do", g.block(g.handler(at), 1)}})
	}
	return append(cs, doc{{"do", g.block(g.handler(at), 1)}})
}

// undo makes the compensation of a step.
func (g *generator) undo(at place, id string) []doc {
	g.left--
	if g.left > 2 && g.chance(30) {
		h := g.handler(at)
		h.mayEnd = false
		return g.block(h, 1+g.n(2))
	}
	do := "ok"
	if at.mayFail {
		do = one(g.dice, "ok", "ok", "ok", "refuse", "dice")
	}
	v := "${ steps." + id + ".status }"
	if g.many {
		v = g.value(place{})
	}
	return []doc{{
		{"id", g.id("undo")},
		{"action", "test." + one(g.dice, "keyed", "safe")},
		{"with", doc{{"do", do}, {"v", v}}},
	}}
}

// rollback undoes what was done in a step around or before.
func (g *generator) rollback(at place) doc {
	return doc{{"id", g.id("roll")}, {"rollback", word(one(g.dice, at.undoable...))}}
}

func (g *generator) compose(at place) (doc, string) {
	id := g.id("val")
	switch {
	case at.mayFail && g.chance(12):
		s := doc{{"id", id}, {"compose", g.failing(at)}}
		if g.chance(50) {
			s = s.with("catch", []doc{{{"do", word("[]")}}})
		}
		return s, ""
	case g.chance(20):
		return doc{{"id", id}, {"compose", doc{{"text", g.text(at)}, {"n", g.value(at)}}}}, "steps." + id + ".output.n"
	case g.chance(15):
		s := doc{{"id", id}, {"if", g.truth(at)}, {"compose", g.value(at)}}
		return s, "(steps." + id + ".output ?? 5)"
	case !g.large && g.chance(8):
		g.large = true
		return doc{{"id", id}, {"compose", fmt.Sprintf(`${ map(1..1200, "item " + string(# + %d) + " of a list that is too long for an event of its own") }`, g.n(9))}},
			"len(steps." + id + ".output)"
	}
	return doc{{"id", id}, {"compose", g.value(at)}}, "steps." + id + ".output"
}

// assign sets variables; what runs beside others only increments.
func (g *generator) assign(at place) doc {
	id := g.id("set")
	if at.concurrent || at.beside {
		return doc{{"id", id}, {"increment", doc{{"sum", g.value(at)}}}}
	}
	switch g.n(3) {
	case 0:
		return doc{{"id", id}, {"set", doc{{"a", g.value(at)}, {"b", g.value(at)}}}}
	case 1:
		return doc{{"id", id}, {"append", doc{{"list", g.value(at)}}}}
	default:
		return doc{{"id", id}, {"set", doc{{"text", g.text(at)}}}}
	}
}

func (g *generator) wait(at place) doc {
	id := g.id("wait")
	if g.chance(25) {
		return doc{{"id", id}, {"wait", doc{{"until", one(g.dice, "2026-03-01T00:00:05Z", "2020-01-01T00:00:00Z", "2026-03-02T00:00:00Z")}}}}
	}
	s := doc{{"id", id}, {"wait", one(g.dice, "10ms", "3s", "1m", "2h")}}
	if at.mayFail && g.chance(20) {
		s[1].value = never
		s = s.with("timeout", "1s")
	}
	return s
}

func (g *generator) await(at place) (doc, string) {
	id := g.id("sig")
	if at.mayFail && g.chance(30) {
		s := doc{{"id", id}, {"await", doc{{"signal", silent + id}}}, {"timeout", one(g.dice, "1s", "1h")}}
		if g.chance(60) {
			s = s.with("onTimeout", g.block(g.handler(at), 1))
		}
		return s, ""
	}
	spec := doc{{"signal", "go_" + id}}
	if g.chance(50) {
		spec = spec.with("where", "event.data.ok")
		g.signals("go_" + id)
	}
	s := doc{{"id", id}, {"await", spec}}
	if g.p.Racy && g.chance(30) {
		s = s.with("timeout", "3s")
		g.p.Timed = true
	}
	return s, ""
}

func (g *generator) respond(at place) doc {
	return doc{{"id", g.id("say")}, {"respond", doc{{"status", 200 + g.n(3)}, {"body", doc{{"v", g.value(at)}}}}}}
}

// end makes a step that ends the run.
func (g *generator) end(at place) doc {
	if g.chance(35) {
		return doc{{"id", g.id("back")}, {"return", doc{{"v", g.value(at)}}}}
	}
	return doc{{"id", g.id("stop")}, {"terminate", doc{{"status", word(one(g.dice, "succeeded", "failed", "cancelled"))}, {"message", g.text(at)}}}}
}

func (g *generator) raise(at place) doc {
	return doc{{"id", g.id("fail")}, {"fail", doc{{"code", word(one(g.dice, "Planned", "Refused"))}, {"message", g.text(at)}}}}
}
