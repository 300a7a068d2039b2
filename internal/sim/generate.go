package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// maxSteps and maxDepth bound a generated workflow.
const (
	maxSteps = 28
	maxDepth = 4
)

// Generate returns a workflow of the seed. It type-checks; some of its
// expressions fail when they run. Unless it is racy, its outcome depends
// neither on the order of answers nor on how long things take: what runs at
// the same time only increments variables, and at most one of it can fail.
func Generate(seed uint64) *Program {
	d := newDice(seed, "workflow")
	g := &generator{
		dice: d, left: 8 + d.n(maxSteps-8),
		undos: map[string]bool{},
		p: &Program{
			Name: fmt.Sprintf("generated-%d", seed), Seed: seed, Undo: map[string]string{},
			Racy: d.chance(25), Input: fmt.Appendf(nil, `{"n":%d,"items":[%s],"tier":%q}`, d.n(9), items(d), one(d, "gold", "plain", "other")),
		},
	}
	c, chosen := shown(seed)
	g.extremes()
	if chosen {
		g.p.shows = &c
		g.extreme(c, seed/every/uint64(len(possible)))
	}
	g.p.Racy = g.p.Racy || chosen && (c.forcesRace() || c.ends() && d.chance(40) || d.chance(15))
	g.p.again = g.chance(8)
	g.kids()
	g.source()
	g.listen()
	var steps []doc
	if chosen {
		steps = g.show(c)
	} else {
		steps = g.block(place{mayFail: d.chance(60), mayEnd: true}, 3+d.n(4))
	}
	g.p.Source = g.document(steps)
	return g.p
}

// extremes makes a few workflows meet what hardly ever happens: turns that end
// at their bound, bytes that are not at hand, and too many parents.
func (g *generator) extremes() {
	if g.chance(12) {
		g.p.bound = 1 + g.n(12)
	}
	if g.chance(6) {
		g.many = true
	}
	if g.chance(6) {
		g.deep()
	}
}

// deep gives the workflow nearly as many parents as a run may have.
func (g *generator) deep() { g.p.Racy, g.p.depth = true, interpreter.MaxDepth-g.n(2) }

// extreme makes every few of the workflows that show a cell meet one of them.
func (g *generator) extreme(c cell, nth uint64) {
	switch nth % 7 {
	case 1:
		g.p.bound = one(g.dice, 1, 1, 2, 3)
	case 3:
		g.many = true
	case 5:
		if c.verb == graph.CallWorkflow {
			g.deep()
			g.p.depth = interpreter.MaxDepth
			if c.in == inChild {
				g.p.depth--
			}
		}
	}
}

// items returns the elements of the input's list.
func items(d dice) string {
	list := make([]string, d.n(5))
	for i := range list {
		list[i] = itoa(d.n(20))
	}
	return strings.Join(list, ",")
}

// generator makes one workflow.
type generator struct {
	dice
	p               *Program
	left            int // steps that may still be made
	ids             int
	loops           int // while steps, each with a variable of its own
	large           bool
	many            bool // a variable has a text that is stored by its hash
	events, listens []string
	undos           map[string]bool // steps with a compensation of their own or inside
}

// place is where a step is generated.
type place struct {
	depth      int
	concurrent bool // others run at the same time, passes of the same step too
	beside     bool // others run at the same time
	mayFail    bool // its steps may fail
	mayEnd     bool // return, respond and terminate may stand here
	index      bool // inside of a loop
	item       string
	err        string   // what reads the error's code, if there may be one
	sees       []seen   // steps whose output can be read
	saga       bool     // inside of a scope that undoes its steps in its finally
	branch     bool     // in a branch or handler, which may end without a condition
	ids        []string // steps whose status can be read
	undoable   []string // steps around or before with something to undo
}

// seen is a step with an integer for its output.
type seen struct {
	expr string // that reads it
}

func (at place) inner() place {
	at.depth++
	at.branch = false
	return at
}

func (g *generator) id(prefix string) string {
	g.ids++
	return prefix + itoa(g.ids)
}

// document wraps the steps.
func (g *generator) document(steps []doc) []byte {
	variables := doc{{"a", 1}, {"b", 2}, {"sum", 0}, {"list", word("[]")}, {"text", "none"}}
	if g.many {
		variables = variables.with("many", "")
		steps = append([]doc{{{"id", g.id("many")}, {"set", doc{{"many", `${ repeat("x", 66000) }`}}}}}, steps...)
	}
	for i := range g.loops {
		variables = variables.with("loop"+itoa(i), 0)
	}
	d := doc{
		{"workflow", g.p.Name},
		{"version", "1.0.0"},
		{"input", doc{
			{"type", "object"},
			{"required", []string{"n", "items", "tier"}},
			{"properties", doc{
				{"n", doc{{"type", "integer"}}},
				{"items", doc{{"type", "array"}, {"items", doc{{"type", "integer"}}}}},
				{"tier", doc{{"type", "string"}, {"default", "plain"}}},
			}},
		}},
		{"variables", variables},
		{"cancelGrace", one(g.dice, "10s", "1s", "2m")},
	}
	if g.p.Racy && g.chance(10) {
		d = d.with("timeout", one(g.dice, "3s", "20s", "1m"))
		g.p.Timed = true
	}
	d = g.limited(d, steps)
	d = d.with("triggers", []doc{{{"id", "calls"}, {"http", doc{{"path", "/calls"}}}}})
	d = d.with("steps", steps)
	d = d.with("output", doc{
		{"a", "${ vars.a }"},
		{"b", "${ vars.b }"},
		{"sum", "${ vars.sum }"},
		{"list", "${ vars.list }"},
		{"text", "${ vars.text }"},
	})
	var b strings.Builder
	d.write(&b, "")
	return []byte(b.String())
}

// block makes up to n steps that follow one another. There is at least one.
func (g *generator) block(at place, n int) []doc {
	var steps []doc
	for i := range n {
		if i > 0 && g.left <= 0 {
			break
		}
		despite := i > 0 && at.mayFail && !at.beside && g.chance(8)
		if despite {
			at.sees = nil // what was before need not have succeeded
		}
		s, read := g.step(at)
		ends := has(s, "return", "terminate", "fail")
		if ends && at.branch && !despite && (i > 0 || n == 1) && g.chance(40) {
			return append(steps, s)
		}
		if !ends && hopeless(s) {
			if has(s, "then") {
				return append(steps, s) // nothing behind it would be reached
			}
			ends = true
		}
		if ends || !has(s, "if") && g.chance(8) {
			s, read = second(s, entry{"if", g.truth(at)}), ""
		}
		if despite {
			s, read = anyway(s, steps[i-1]), ""
		}
		steps = append(steps, s)
		at = at.behind(idIn(s), read, g.undos[idIn(s)])
	}
	if at.beside || !at.mayFail || !g.chance(12) || g.left < 3 || !g.p.Racy && endsInside(steps) {
		return steps
	}
	return append(steps, g.aside(at))
}

// hopeless tells that a step may never succeed, whatever happens in it: the
// compiler takes nothing behind it.
func hopeless(s doc) bool {
	closed := false // some branch is taken in any case
	for _, e := range s {
		switch v := e.value.(type) {
		case []doc:
			switch e.key {
			case "do", "parallel", "race":
				return anyHopeless(v)
			case "then", "else", "default":
				closed = closed || e.key != "then"
				if !anyHopeless(v) {
					return false
				}
			}
		case doc:
			if e.key != "cases" {
				continue
			}
			for _, c := range v {
				list, _ := c.value.([]doc)
				if !anyHopeless(list) {
					return false
				}
			}
		}
	}
	return closed || has(s, "return", "terminate", "fail")
}

// anyHopeless tells that a list has a step that ends it whatever happens.
func anyHopeless(steps []doc) bool {
	return slices.ContainsFunc(steps, func(d doc) bool { return !guarded(d) && hopeless(d) })
}

// guarded tells that a step has a condition; the if of an if is its verb.
func guarded(s doc) bool { return has(s, "if") && !has(s, "then") }

// endsInside tells that a step may end the run: what is beside of it may not
// come to be.
func endsInside(steps []doc) bool {
	for _, s := range steps {
		if has(s, "return", "terminate") {
			return true
		}
		for _, e := range s {
			switch v := e.value.(type) {
			case []doc:
				if endsInside(v) {
					return true
				}
			case doc:
				if endsInside([]doc{v}) {
					return true
				}
			}
		}
	}
	return false
}

// behind returns the place behind a step of the same list.
func (at place) behind(id, read string, undoable bool) place {
	at.ids = append(at.ids[:len(at.ids):len(at.ids)], id)
	if read != "" {
		at.sees = append(at.sees[:len(at.sees):len(at.sees)], seen{read})
	}
	if undoable {
		at.undoable = append(at.undoable[:len(at.undoable):len(at.undoable)], id)
	}
	return at
}

// idIn returns the id of a step.
func idIn(s doc) string { return s[0].value.(string) }

// second puts an entry behind the id of a step.
func second(s doc, e entry) doc { return append(doc{s[0], e}, s[1:]...) }

// aside makes a step that runs beside those before it.
func (g *generator) aside(at place) doc {
	g.left--
	alone := place{depth: at.depth, concurrent: true, beside: true, index: at.index, item: at.item}
	alone.saga = !g.p.Racy // a compensation of its own might come too late for a rollback, or not
	s, _ := g.action(alone, "ok")
	return second(s, entry{"runAfter", word("[]")})
}

func has(d doc, keys ...string) bool {
	for _, e := range d {
		for _, k := range keys {
			if e.key == k {
				return true
			}
		}
	}
	return false
}

// signals makes a signal of that name come while the run goes on.
func (g *generator) signals(name string) {
	for range g.n(3) {
		s := scripted{name: name, data: goodSignal, at: time.Duration(g.n(8000)) * time.Millisecond}
		if g.chance(30) {
			s.data = `{"n":7,"ok":false}`
		}
		g.p.Signals = append(g.p.Signals, s)
	}
}
