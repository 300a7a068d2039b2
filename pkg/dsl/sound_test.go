package dsl_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

var (
	soundSeed = flag.Uint64("sound.seed", 4711, "of the first workflow that is generated")
	soundN    = flag.Int("sound.n", 60, "how many workflows are generated")
	soundRuns = flag.Int("sound.runs", 8, "how many runs of each")
)

// What the compiler lets through as certainly there is there: workflows that
// read each other's steps from everywhere are compiled, the reads that are
// refused or of which nothing is known are taken out, and no run of the rest, whatever fails in it and in
// whatever order, meets an expression that fails.
func TestSound(t *testing.T) {
	total := soundCount{}
	for i := range uint64(*soundN) {
		seed := *soundSeed + i
		g := &soundGen{r: rand.New(rand.NewPCG(seed, 1))}
		src, w, kept := g.accepted(t)
		if w == nil {
			total.refused++
			continue
		}
		total.kept += kept
		total.reads += len(g.spots)
		for run := range uint64(*soundRuns) {
			p := newSoundRun(w, rand.New(rand.NewPCG(seed, 2+run)))
			p.play()
			total.runs++
			total.events += p.events
			if p.broken != "" {
				t.Fatalf("seed %d, run %d: an accepted expression fails: %s\n%s\n%s\n(rerun with -sound.seed=%d -sound.n=1)",
					seed, run, p.broken, src, strings.Join(p.trace, "\n"), seed)
			}
		}
	}
	t.Logf("%+v", total)
	if total.kept == 0 || total.refused > *soundN/2 {
		t.Errorf("the workflows say too little: %+v", total)
	}
}

type soundCount struct{ refused, reads, kept, runs, events int }

// accepted fills in reads at all places and takes out those that the compiler
// refuses. The workflow is nil when something else is wrong with it.
func (g *soundGen) accepted(t *testing.T) (src []byte, w *graph.Workflow, kept int) {
	t.Helper()
	doc := g.document()
	for _, s := range g.spots {
		g.fillSpot(s)
	}
	for range 6 {
		src, err := json.MarshalIndent(doc, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		w, found := dsl.CompileWith(dsl.Options{WarnAny: true}, "x.json", src, soundCatalog{})
		if w != nil && len(found) == 0 {
			return src, w, g.kept()
		}
		changed := false
		for _, d := range found {
			changed = g.takeOut(doc, d.Path) || changed
		}
		if !changed {
			return src, nil, 0
		}
	}
	return nil, nil, 0
}

// forms is the ways to read a step: STEP stands for it, MEMBER for the member
// of its output.
var forms = []string{
	"STEP.output.MEMBER", "STEP.output.MEMBER", "STEP.output.MEMBER == 1 ? 1 : 2", "len(string(STEP.output.MEMBER))",
	"STEP.output?.MEMBER ?? 0", "STEP.output", "STEP.status", "STEP", "STEP.error", "STEP.error?.code ?? ''",
	"len(STEP.error.code)", "STEP.error.status + 1",
	"STEP.status == 'succeeded' ? len(string(STEP.output.MEMBER)) : 0",
	"STEP.status != 'succeeded' ? 0 : len(string(STEP.output.MEMBER))",
	"STEP.status in ['succeeded'] and string(STEP.output.MEMBER) == '1'",
	"STEP.status in ['succeeded', 'skipped'] and string(STEP.output.MEMBER) == '1'",
	"not (STEP.status == 'succeeded') or string(STEP.output.MEMBER) == '1'",
	"STEP.status == 'failed' ? STEP.error.status + 1 : 0",
	"STEP.status in ['failed', 'timedOut'] ? len(STEP.error.code) : 0",
	"STEP.status == 'cancelled' ? len(STEP.error.code) : 0",
	"STEP.status == 'skipped' ? '' : string(STEP.output.MEMBER)",
	"STEP.output != nil and string(STEP.output.MEMBER) == '1'",
	"STEP.output == nil or string(STEP.output.MEMBER) == '1'",
	"STEP.error == nil ? 0 : STEP.error.status + 1",
	"STEP.error == nil ? string(STEP.output.MEMBER) : ''",
	"let x = STEP.output.MEMBER; string(x)", "map([1], string(STEP.output.MEMBER))",
	"STEP?.output?.MEMBER", "[STEP.output?.MEMBER, STEP.error?.code]",
	"loops.ID.index + 1", "len(error.code)", "len(error?.code ?? '')", "index + 1",
}

func (g *soundGen) expression(of target) string {
	src := forms[g.r.IntN(len(forms))]
	if g.chance(35) {
		src = guardedForms[g.r.IntN(len(guardedForms))]
	}
	return of.fill(src)
}

// fill puts the target into a form.
func (of target) fill(src string) string {
	return strings.NewReplacer("STEP", "steps."+of.id, "MEMBER", of.member, "ID", of.id).Replace(src)
}

func (g *soundGen) fillSpot(s *spot) {
	if len(g.steps) == 0 {
		return
	}
	if s.bare != "" {
		e := g.expression(g.steps[g.r.IntN(len(g.steps))])
		switch {
		case s.key == "switch":
			e = g.steps[g.r.IntN(len(g.steps))].fill(g.pick("STEP.status", "input.kind", "input.kind ?? 'skipped'", "error.code"))
		case s.key != "t" && g.chance(60):
			e = g.guard(s.bare)
		case s.key != "t":
			e = "(" + e + ") == 1 or " + s.bare
		}
		s.node[s.key] = e
		return
	}
	var list []any
	for range min(8, len(g.steps)) {
		list = append(list, "${ "+g.expression(g.steps[g.r.IntN(len(g.steps))])+" }")
	}
	s.node[s.key] = list
}

// kept counts the reads that stand.
func (g *soundGen) kept() int {
	n := 0
	for _, s := range g.spots {
		if list, ok := s.node[s.key].([]any); ok {
			n += len(list) - len(slices.DeleteFunc(slices.Clone(list), func(x any) bool { return x != nil }))
		} else if s.node[s.key] != s.bare {
			n++
		}
	}
	return n
}

// takeOut takes out the read at a place.
func (g *soundGen) takeOut(doc any, pointer string) bool {
	parts := strings.Split(pointer, "/")[1:]
	at := doc
	for i, part := range parts {
		switch v := at.(type) {
		case map[string]any:
			for _, s := range g.spots {
				if fmt.Sprintf("%p", s.node) == fmt.Sprintf("%p", v) && s.key == part && i == len(parts)-1 && s.bare != "" && v[part] != s.bare {
					v[part] = s.bare
					return true
				}
			}
			at = v[part]
		case []any:
			n, err := strconv.Atoi(part)
			if err != nil || n >= len(v) {
				return false
			}
			if text, ok := v[n].(string); ok && strings.HasPrefix(text, "${") {
				v[n] = nil
				return true
			}
			at = v[n]
		}
	}
	return false
}

// soundCatalog offers test.safe.
type soundCatalog struct{}

func (soundCatalog) Operation(id string) (dsl.Operation, bool) {
	return dsl.Operation{ID: id, Connector: "test", Summary: "A call.", Repeat: func(map[string]any, any) graph.Repeat { return graph.Safe }}, id == "test.safe"
}
func (soundCatalog) Operations() []string                   { return []string{"test.safe"} }
func (soundCatalog) Connections() map[string]dsl.Connection { return nil }

// soundRun plays one run with outcomes by its dice.
type soundRun struct {
	r      *rand.Rand
	m      *interpreter.Machine
	now    time.Time
	calls  []interpreter.Call
	timers []interpreter.SetTimer
	blobs  map[expression.Hash][]byte
	events int
	trace  []string
	broken string
}

func newSoundRun(w *graph.Workflow, r *rand.Rand) *soundRun {
	return &soundRun{r: r, m: interpreter.New(w), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), blobs: map[expression.Hash][]byte{}}
}

func (p *soundRun) play() {
	flags := make([]bool, 8)
	for i := range flags {
		flags[i] = p.r.IntN(2) == 0
	}
	in, err := json.Marshal(p.input(flags))
	if err != nil {
		panic(err)
	}
	p.turn(interpreter.Start{Run: "r", Workflow: "x", Version: "1", Digest: "d", Value: in})
	for i := 0; i < 400 && p.broken == "" && !p.m.Ended(); i++ {
		p.turn(p.next()...)
	}
}

// input is flags and members that may be missing or null.
func (p *soundRun) input(flags []bool) map[string]any {
	in := map[string]any{"c": flags}
	some := func(m map[string]any, name string, value any) {
		if p.r.IntN(2) == 0 {
			m[name] = value
		}
	}
	thing := func() map[string]any {
		m := map[string]any{}
		some(m, "n", 1)
		return m
	}
	some(in, "note", "a note")
	some(in, "kind", []string{"succeeded", "failed", "skipped"}[p.r.IntN(3)])
	some(in, "deep", thing())
	in["null"] = nil
	some(in, "null", "text")
	some(in, "list", []any{thing(), thing()})
	in["items"] = []any{thing(), thing()}
	return in
}

// next is what happens next: a call answers, a timer fires, somebody decides,
// or the run is cancelled.
func (p *soundRun) next() []interpreter.Input {
	for {
		switch n := p.r.IntN(100); {
		case n < 1:
			return []interpreter.Input{interpreter.Cancel{Reason: "test"}}
		case n < 60 && len(p.calls) > 0:
			i := p.r.IntN(len(p.calls))
			c := p.calls[i]
			p.calls = slices.Delete(p.calls, i, i+1)
			out := interpreter.CallResult{Path: c.Path, Attempt: c.Attempt, Output: []byte(`{"a":1}`)}
			if p.r.IntN(3) == 0 {
				out.Output, out.Err = nil, &graph.Failure{Code: "Refused", Message: "no", Final: p.r.IntN(2) == 0, Lost: p.r.IntN(3) == 0}
			}
			return []interpreter.Input{out}
		case n < 75 && len(p.timers) > 0:
			i := p.r.IntN(len(p.timers))
			if due := p.timers[i].Due; due.After(p.now) {
				p.now = due
			}
			return []interpreter.Input{interpreter.TimerFired{Timer: p.timers[i].Timer}}
		case n >= 75:
			if n < 85 {
				return []interpreter.Input{interpreter.Signal{Name: "go", ID: strconv.Itoa(p.events), Data: []byte(`{"n":1}`)}}
			}
			for _, s := range p.m.View(nil).Steps {
				if s.Kind == graph.Approval && s.Status == graph.Waiting {
					return []interpreter.Input{interpreter.Answer{Path: s.Path, By: "a@x.example", Outcome: "approve", Form: []byte("null")}}
				}
			}
			if len(p.calls)+len(p.timers) == 0 {
				return []interpreter.Input{interpreter.Cancel{Reason: "nothing is open"}}
			}
		}
	}
}

func (p *soundRun) turn(in ...interpreter.Input) {
	for {
		t := p.m.Decide(p.now, in...)
		in = in[t.Taken:]
		for _, pl := range t.Payloads {
			p.blobs[pl.Hash] = pl.Bytes
		}
		for _, e := range t.Events {
			line := fmt.Sprintf("%d %s %s", e.Seq, fact.NameOf(e.Fact), fact.ShowFields(e.Fact))
			p.trace = append(p.trace, line)
			if strings.Contains(line, `"`+expression.CodeExpressionError+`"`) {
				p.broken = line
			}
		}
		p.events += len(t.Events)
		for _, c := range p.m.Commands(t.Events) {
			p.take(c)
		}
		for _, h := range t.Wants {
			p.m.Provide(h, p.blobs[h])
		}
		if len(t.Wants) == 0 && !t.More && len(in) == 0 || p.broken != "" {
			return
		}
	}
}

func (p *soundRun) take(c interpreter.Command) {
	switch c := c.(type) {
	case interpreter.Call:
		p.calls = append(p.calls, c)
	case interpreter.SetTimer:
		p.timers = append(slices.DeleteFunc(p.timers, func(t interpreter.SetTimer) bool { return t.Timer == c.Timer }), c)
	case interpreter.ClearTimer:
		p.timers = slices.DeleteFunc(p.timers, func(t interpreter.SetTimer) bool { return t.Timer == c.Timer })
	}
}
