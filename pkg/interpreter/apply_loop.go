package interpreter

import (
	"errors"
	"slices"

	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// keptPasses is how many ended passes of one loop can still be looked at.
const keptPasses = 50

func (m *Machine) applyEntered(e fact.Event, s *step, f *blockEntered) error {
	m.enter(e, s, graph.Running)
	s.attempt = f.Attempt
	if f.Attempt == 1 {
		m.setDeadline(s, f.Deadline)
	}
	n := s.node
	switch n.Kind {
	case graph.Foreach, graph.While, graph.Until:
		s.loop = &loop{items: &cell{v: f.Items}, count: f.Count}
		if n.Kind == graph.Foreach {
			for range min(max(n.Parallelism, 1), f.Count) {
				m.nextPass(s)
			}
		} else {
			m.nextPass(s)
		}
		if s.loop.active == 0 {
			m.settleLater(s)
		}
		return nil
	case graph.If, graph.Switch:
		if f.Branch > len(n.Branches) {
			return errors.New("the step has no such branch")
		}
		block := &graph.Block{Owner: n}
		if f.Branch > 0 {
			block = n.Branches[f.Branch-1].Body
		}
		s.frames = append(s.frames, &frame{kind: bodyFrame, block: block, owner: s, index: f.Branch})
	default:
		if n.Body == nil {
			return errors.New("the step has no body")
		}
		s.frames = append(s.frames, &frame{kind: bodyFrame, block: n.Body, owner: s})
	}
	m.open(s.frames[len(s.frames)-1])
	return nil
}

// nextPass makes the decision on one more pass due.
func (m *Machine) nextPass(s *step) {
	s.loop.active++
	s.loop.queued++
	m.st.agenda.push(task{kind: taskPass, step: s})
}

func (m *Machine) applyPassEntered(s *step, f *passEntered) {
	l := s.loop
	l.queued--
	l.next = f.Pass + 1
	h := &frame{kind: passFrame, block: s.node.Body, owner: s, pass: f.Pass}
	l.live = append(l.live, h)
	m.open(h)
}

func (m *Machine) applyPassEnded(_ fact.Event, s *step, f *passEnded) {
	l := s.loop
	i := slices.IndexFunc(l.live, func(h *frame) bool { return h.pass == f.Pass })
	h := l.live[i]
	l.live = slices.Delete(l.live, i, i+1)
	if h.keep || len(l.kept) < keptPasses || s.node.Kind != graph.Foreach {
		l.kept = append(l.kept, h)
	} else {
		m.forsake(h)
	}
	if n := len(l.kept); s.node.Kind != graph.Foreach && n > keptPasses && !l.kept[n-2].keep {
		m.forsake(l.kept[n-2])
		l.kept = slices.Delete(l.kept, n-2, n-1) // the last pass stays: until reads it
	}
	m.keepResult(s, f)
	l.active--
	if f.Status != graph.Succeeded && f.Status != graph.Cancelled {
		m.passFailed(s, f.Error)
	}
	m.goOn(s)
}

// passFailed applies the loop's onError to its other passes.
func (m *Machine) passFailed(s *step, err *graph.Failure) {
	l := s.loop
	l.failed++
	if l.first == nil {
		l.first = err
	}
	switch {
	case s.node.Kind != graph.Foreach, s.node.OnError == graph.Stop:
		m.stopPasses(s)
	case s.node.OnError == graph.Cancel:
		m.stopPasses(s)
		if l.active > 0 && s.halt == 0 && !s.stopped {
			s.halt = stopOnError
			m.st.agenda.push(task{kind: taskStop, step: s})
		}
	}
}

// stopPasses lets no further pass start.
func (m *Machine) stopPasses(s *step) {
	l := s.loop
	l.stop = true
	if l.queued > 0 {
		m.st.agenda.drop(func(t task) bool { return t.kind == taskPass && t.step == s })
		l.active -= l.queued
		l.queued = 0
	}
}

// goOn enters the next pass of a loop, or settles it when none is left.
func (m *Machine) goOn(s *step) {
	l := s.loop
	more := !l.stop && !s.stopped && s.halt == 0
	if s.node.Kind == graph.Foreach {
		more = more && l.next+l.queued < l.count
	}
	if more {
		m.nextPass(s)
		return
	}
	if l.active == 0 {
		m.settleLater(s)
	}
}
