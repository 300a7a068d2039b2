package sim

import (
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// The kinds of facts that the checks look into, and the tags of their fields.
// They are part of the format of the log and never change.
const (
	kindStarted       fact.Kind = 1
	kindRunEnded      fact.Kind = 2
	kindStepSkipped   fact.Kind = 3
	kindStepScheduled fact.Kind = 4
	kindStepEnded     fact.Kind = 5
	kindCallStarted   fact.Kind = 6
	kindCallEnded     fact.Kind = 7
	kindLateResult    fact.Kind = 8
	kindTimerFired    fact.Kind = 10
	kindRetry         fact.Kind = 11
	kindHandler       fact.Kind = 15
	kindStopBegan     fact.Kind = 18
	kindUndo          fact.Kind = 19
	kindSignal        fact.Kind = 21
	kindCarried       fact.Kind = 24
	kindChildEnded    fact.Kind = 26
	kindArrived       fact.Kind = 28
	kindSuspended     fact.Kind = 29
	kindResumed       fact.Kind = 30
	kindAsked         fact.Kind = 31
	kindAdmitted      fact.Kind = 32
	kindTaskOpened    fact.Kind = 33
	kindTaskAnswered  fact.Kind = 35
	kindReassigned    fact.Kind = 36
	kindListen        fact.Kind = 37
	kindPage          fact.Kind = 38
	lastKind                    = kindPage
)

// history checks the events of a run as they are recorded.
type history struct {
	p       *Program
	seq     uint64
	now     time.Time
	ended   map[string]graph.Status // by path
	inputs  map[string]string       // recorded input of a call, by path
	open    map[string]cell         // steps that run, by path
	left    map[string]uint64       // event by which a step left its body, by path
	started map[callID]bool         // calls that are never repeated and may have been sent
	undoing map[string]undoing      // by the path of the rollback
	status  graph.Status            // of the run, once it ended
	by      string                  // the terminate that ended it
	stops   []string                // reasons for which the run was stopped
	carries int

	suspended, asked, admitted bool
}

// undoing is how far a rollback is.
type undoing struct {
	began uint64 // its first compensation
	last  uint64 // when the step that it undid last had left its body
}

func newHistory(p *Program) *history {
	return &history{
		p: p, ended: map[string]graph.Status{}, inputs: map[string]string{}, open: map[string]cell{},
		left: map[string]uint64{}, started: map[callID]bool{}, undoing: map[string]undoing{},
	}
}

// openCells returns the cells of the steps that run.
func (h *history) openCells() (all cells) {
	for _, c := range h.open {
		all.add(c)
	}
	return all
}

// fields are those of a fact that the checks need.
type fields struct {
	path, by string
	id       string // of an answer
	code     string // of the error that a step ended with
	outcome  string
	status   graph.Status
	attempt  int
	reason   string
	input    expression.Value
}

// look reads the fields of a fact from its bytes.
func look(f fact.Fact) (x fields) {
	b := fact.Write(f.Fields)
	err := fact.ReadFields(b, func(c *fact.Coder) {
		switch f.Kind() {
		case kindRunEnded:
			fact.Enum(c, 1, "", &x.status)
			c.String(4, "", &x.by)
		case kindStepEnded:
			c.String(1, "", &x.path)
			fact.Enum(c, 2, "", &x.status)
			present := false
			c.Sub(4, "", &present, func(c *fact.Coder) { c.String(1, "", &x.code) })
		case kindStepScheduled:
			c.String(1, "", &x.path)
			c.Int(2, "", &x.attempt)
			c.Value(3, "", &x.input)
		case kindCallStarted, kindCallEnded, kindLateResult:
			c.String(1, "", &x.path)
			c.Int(2, "", &x.attempt)
		case kindStopBegan:
			c.String(1, "", &x.path)
			var reason uint8
			fact.Enum(c, 2, "", &reason)
			x.reason = [...]string{"", "cancel", "timeout", "onError", "return", "lost"}[min(reason, 5)]
			c.String(3, "", &x.by)
		case kindUndo:
			c.String(1, "", &x.path)
			c.String(2, "", &x.by)
		case kindTimerFired:
			c.String(1, "", &x.path) // such as wait:PATH
		case kindTaskOpened:
			c.String(1, "", &x.path)
			c.Value(3, "", &x.input)
		case kindTaskAnswered:
			c.String(1, "", &x.path)
			c.String(2, "", &x.id)
			c.String(3, "", &x.by)
			c.String(4, "", &x.outcome)
		case kindReassigned:
			c.String(1, "", &x.path)
			c.Value(2, "", &x.input)
		case kindStarted, kindSignal, kindCarried, kindSuspended, kindResumed, kindAsked, kindAdmitted, kindListen:
		default:
			c.String(1, "", &x.path)
		}
	})
	if err != nil {
		fail("the fields of %s cannot be read: %v", fact.NameOf(f), err)
	}
	return x
}

// checkTaken: each input that was taken is recorded or refused.
func (s *run) checkTaken(t *fact.Turn) {
	inputs, ends := 0, 0
	for i, e := range t.Events {
		switch e.Fact.Kind() {
		case kindStarted, kindCallStarted, kindCallEnded, kindLateResult, kindTimerFired, kindSignal, kindCarried, kindChildEnded,
			kindArrived, kindSuspended, kindResumed, kindAdmitted, kindTaskAnswered, kindReassigned:
			inputs++
		case kindStopBegan:
			if f := s.looked[i]; f.path == "" && f.reason == "cancel" {
				inputs++
			}
		case kindRunEnded: // by itself, or by a second cancel or a slot that was refused
			ends++
		}
	}
	if n := t.Taken - len(t.Refused); n < inputs || n > inputs+ends {
		fail("%d inputs were taken and %d refused, and %d are recorded", t.Taken, len(t.Refused), inputs)
	}
}

// take checks the events of a turn that was appended.
func (h *history) take(events []fact.Event, s *run) {
	for i, e := range events {
		name := fact.NameOf(e.Fact)
		if e.Seq != h.seq+1 {
			fail("event %d %s follows event %d", e.Seq, name, h.seq)
		}
		if e.Time.Before(h.now) {
			fail("event %d %s goes back in time, from %s to %s", e.Seq, name, h.now, e.Time)
		}
		kind := e.Fact.Kind()
		if h.status != 0 && kind != kindLateResult && kind != kindCarried {
			fail("event %d %s comes after the end of the run", e.Seq, name)
		}
		if e.Seq > maxEvents {
			fail("the run has more than %d events", maxEvents)
		}
		h.seq, h.now = e.Seq, e.Time
		s.report.kinds[kind]++
		f := s.looked[i]
		if kind == kindCarried {
			h.carries++
			if len(s.record) > 1 {
				s.cut = cutAt{turn: len(s.record) - 1, event: i, on: true}
			}
		}
		if kind == kindCallEnded {
			s.strays.calls = append(s.strays.calls, callID{f.path, f.attempt})
		}
		if c, ok := h.p.cellOf(f.path); ok {
			h.open[f.path] = c
		}
		if h.left[f.path] == 0 && (kind == kindStepEnded || kind == kindHandler) {
			h.left[f.path] = e.Seq
		}
		h.check(e, kind, f, s)
	}
}

// checkOrder: a rollback undoes in reverse order of completion what was there
// when it began.
func (h *history) checkOrder(seq uint64, f fields) {
	u, left := h.undoing[f.by], h.left[f.path]
	switch {
	case left == 0:
		fail("event %d undoes %s, which has not ended", seq, f.path)
	case u.began == 0:
		u.began, u.last = seq, left
	case left > u.last && left < u.began:
		fail("event %d undoes %s (event %d) behind one that ended before it (event %d)", seq, f.path, left, u.last)
	}
	u.last = min(u.last, left)
	h.undoing[f.by] = u
}

func (h *history) check(e fact.Event, kind fact.Kind, f fields, s *run) {
	h.checkAdmission(e, kind)
	s.follow(kind, f)
	switch kind {
	case kindRunEnded:
		h.status, h.by = f.status, f.by
		if f.by != "" {
			h.ended[f.by] = graph.Succeeded
		}
	case kindStepEnded, kindStepSkipped:
		if kind == kindStepSkipped {
			f.status = graph.Skipped
		}
		if was, twice := h.ended[f.path]; twice {
			fail("event %d ends step %s, which ended %s before", e.Seq, f.path, was)
		}
		h.ended[f.path] = f.status
		delete(h.open, f.path)
		if f.code == interpreter.CodeDepthReached {
			s.hit(Depth)
		}
	case kindStepScheduled:
		switch {
		case f.attempt > 1 && !f.input.IsAbsent():
			fail("event %d: attempt %d of %s holds an input of its own", e.Seq, f.attempt, f.path)
		case f.attempt == 1:
			if was, ok := h.inputs[f.path]; ok {
				fail("event %d schedules %s again, with a new input: its key carried %s", e.Seq, f.path, was)
			}
			h.inputs[f.path] = string(s.bytes(f.input))
		}
	case kindCallStarted:
		h.started[callID{f.path, f.attempt}] = true
	case kindUndo:
		h.checkOrder(e.Seq, f)
	case kindStopBegan:
		if f.path == "" {
			h.stops = append(h.stops, f.reason)
		}
	}
}

// checkAdmission: what asks for a slot starts nothing before it has one, and
// what is suspended decides nothing.
func (h *history) checkAdmission(e fact.Event, kind fact.Kind) {
	switch kind {
	case kindAsked:
		h.asked = true
	case kindAdmitted:
		if h.admitted || !h.asked {
			fail("event %d admits the run, asked %t, admitted %t", e.Seq, h.asked, h.admitted)
		}
		h.admitted = true
	case kindStepScheduled, kindTaskOpened:
		if h.asked && !h.admitted {
			fail("event %d %s comes before the run was admitted", e.Seq, fact.NameOf(e.Fact))
		}
		if h.suspended {
			fail("event %d %s is decided while the run is suspended", e.Seq, fact.NameOf(e.Fact))
		}
	case kindSuspended:
		h.suspended = true
	case kindResumed, kindStopBegan: // a cancel ends it
		h.suspended = false
	}
}

// checkView compares what a run looks like with what was recorded.
func (h *history) checkView(v interpreter.View) {
	if v.Status.Ended() != (h.status != 0) || h.status != 0 && v.Status != h.status {
		fail("the run looks %s and was recorded as %s", v.Status, h.status)
	}
	seen := map[string]bool{}
	for _, x := range v.Steps {
		if seen[x.Path] {
			fail("step %s is seen twice", x.Path)
		}
		seen[x.Path] = true
		status, ended := h.ended[x.Path]
		if !ended && h.status != 0 { // a second cancel and a terminate wait for nobody
			status, ended = graph.Cancelled, true
		}
		if x.Status.Ended() != ended || ended && x.Status != status {
			fail("step %s looks %s and was recorded as %s (ended %t)", x.Path, x.Status, status, ended)
		}
		if ended == x.EndedAt.IsZero() {
			fail("step %s has ended %t and an end at %s", x.Path, ended, x.EndedAt)
		}
	}
}
