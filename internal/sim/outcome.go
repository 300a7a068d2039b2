package sim

import (
	"fmt"
	"sort"
	"strings"

	"github.com/keelstep/keelstep/pkg/graph"
)

// outcome is what a run came to.
type outcome struct {
	status   graph.Status
	output   string
	code     string // of the error
	answer   string
	effects  map[string]string // by key
	children map[string]string // how they ended, by run
	stops    []string
	by       string
	diverged string // why it need not be the calm run's
	cancels  int
	turns    int
	shown    int // the turn that reached the cell which the program is made to have
}

// finish checks the end of all runs and returns what the first came to.
func (s *shell) finish() *outcome {
	o := s.runs[0].finish()
	o.effects = s.world.effects()
	o.children = map[string]string{}
	for _, r := range s.runs[1:] {
		c := r.finish()
		o.children[r.id] = fmt.Sprintf("%s %s %s %s", r.p.Name, c.status, c.code, c.output)
	}
	for _, b := range s.books {
		b.checkEmpty()
	}
	o.diverged, o.cancels, o.turns, o.shown = s.diverged, s.cancels, s.turns, s.shown
	s.report.end(o, s.struck)
	return o
}

// finish checks the end of a run and returns what it came to.
func (s *run) finish() *outcome {
	s.load()
	v := s.m.View(s.fetch)
	s.history.checkView(v)
	if len(s.m.Outstanding()) > 0 {
		fail("the run has ended and still waits for %s", show(s.m.Outstanding()))
	}
	if t := s.m.Decide(s.wall()); len(t.Events) > 0 {
		fail("the run has ended and still decides: %s", lineOf(t.Events, 0))
	}
	o := &outcome{status: v.Status, output: string(s.bytes(v.Output)), stops: s.history.stops, by: s.history.by}
	if v.Error != nil {
		o.code = v.Error.Code
	}
	if r := v.Response; r != nil {
		o.answer = fmt.Sprintf("%d %s", r.Status, s.bytes(r.Body))
	}
	s.checkRestarted(v)
	s.checkCancelled(o)
	s.checkUndone(o)
	return o
}

// against compares an outcome with the calm run's, as far as they must agree:
//
//	the workflow is racy                  nothing is compared
//	it is cancelled                       nothing (checkCancelled does)
//	a call's answer is lost for good      nothing
//	timers move and the workflow is timed nothing
//	everything else                       status, error code, output, answer, effects
func (o *outcome) against(calm *outcome, p *Program, r *Report) string {
	switch {
	case p.Racy:
		r.skipped["racy"]++
		return ""
	case o.cancels > 0:
		r.skipped["cancelled"]++
		return ""
	case o.diverged != "":
		r.skipped["lost for good, or timed"]++
		return ""
	}
	r.compared++
	var b strings.Builder
	differ := func(what string, got, want any) {
		if got != want {
			fmt.Fprintf(&b, "\n%s is %v, in the calm run %v", what, got, want)
		}
	}
	differ("the status", o.status, calm.status)
	differ("the error", o.code, calm.code)
	differ("the output", o.output, calm.output)
	differ("the answer", o.answer, calm.answer)
	for _, path := range missing(calm.effects, o.effects) {
		fmt.Fprintf(&b, "\n%s had an effect in the calm run only", path)
	}
	for _, path := range missing(o.effects, calm.effects) {
		fmt.Fprintf(&b, "\n%s had no effect in the calm run", path)
	}
	for id, child := range calm.children {
		differ("child "+id, o.children[id], child)
	}
	differ("the number of children", len(o.children), len(calm.children))
	if b.Len() == 0 {
		return ""
	}
	return "the outcome is not the calm run's:" + b.String()
}

// missing returns the paths of what is in a and not in b.
func missing(a, b map[string]string) []string {
	var paths []string
	for key, path := range a {
		if _, ok := b[key]; !ok {
			paths = append(paths, path)
		}
	}
	sort.Strings(paths)
	return paths
}

// checkCancelled: a run that took a cancel ends cancelled, unless a terminate
// in one of its handlers said otherwise.
func (s *run) checkCancelled(o *outcome) {
	for i, why := range o.stops {
		if why == "cancel" && o.by == "" && o.status != graph.Cancelled {
			fail("the run was cancelled and ends %s; it was stopped for %s", o.status, strings.Join(o.stops[i:], ", "))
		}
	}
	if s.cancelled == 0 && o.by == "" && o.status == graph.Cancelled && (o.code == "" || o.code == "Cancelled") {
		fail("the run ends cancelled, and nobody cancelled it")
	}
}

// checkUndone: what a scope undoes in its finally is undone however the run
// ends, but for a terminate and a second cancel.
func (s *run) checkUndone(o *outcome) {
	cancelled := 0
	for _, why := range o.stops {
		if why == "cancel" {
			cancelled++
		}
	}
	if o.by != "" || s.cancelled > 1 {
		return
	}
	for _, a := range s.world.list {
		undo, ok := s.p.Undo[idOf(a.path)]
		if !ok || a.effects == 0 || a.run != s.id {
			continue
		}
		done := false
		for _, b := range s.world.list {
			done = done || b.effects > 0 && b.run == s.id && strings.HasPrefix(b.path, a.path+".compensate") && idOf(b.path) == undo
		}
		if !done {
			fail("%s had an effect that nothing undid (the run ended %s, cancelled %d times)", a.path, o.status, cancelled)
		}
		s.report.undone++
	}
}
