package interpreter

import (
	"fmt"
	"slices"

	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// applyStop begins to stop the body of a step, or the run.
func (m *Machine) applyStop(e fact.Event, s *step, f *stopBegan) {
	if f.Path == "" {
		if f.Reason == stopReturn {
			m.returned(e, s)
		}
		m.stopRun(e, f)
		return
	}
	if s.halt == 0 {
		s.halt = f.Reason
	}
	s.fail = f.Error
	m.stopChild(s)
	m.stopBody(s)
	if len(m.stoppedCalls(s)) > 0 {
		m.setTimer(timerGrace, s, f.Due)
	}
}

// returned gives a return step its outcome before everything stops.
func (m *Machine) returned(e fact.Event, s *step) {
	m.enter(e, s, graph.Running)
	s.res = &result{status: graph.Succeeded}
	m.settleLater(s)
}

// stopRun stops everything that runs; what comes after is the end of the run.
func (m *Machine) stopRun(_ fact.Event, f *stopBegan) {
	if f.Reason == stopReturn && m.st.ending != 0 && m.st.ending != stopReturn {
		return // a handler returns while the run is cancelled or timed out: it stays that
	}
	m.st.ending, m.st.endFail = f.Reason, f.Error
	if f.Reason == stopReturn {
		m.st.endOutput = &cell{v: f.Output}
	}
	m.clearTimer(timerDeadline, nil)
	m.st.agenda.drop(func(t task) bool { return t.kind == taskStop })
	if m.st.root == nil { // it has not been admitted
		m.st.agenda.drop(func(task) bool { return true })
		m.st.agenda.push(task{kind: taskEndRun})
		return
	}
	if m.dueFor(nil, taskEndRun) {
		return // nothing is left to stop
	}
	m.stopFrame(m.st.root)
	if len(m.stoppedCalls(nil)) > 0 {
		m.setTimer(timerGrace, nil, f.Due)
	}
}

// stoppedCalls returns the open calls inside a step (nil: the run) that were
// asked to stop, in order.
func (m *Machine) stoppedCalls(s *step) []*step {
	var calls []*step
	for _, c := range m.st.calls.all() {
		if c.stopped && (s == nil || inside(c, s)) {
			calls = append(calls, c)
		}
	}
	return calls
}

// stopBody stops what the body of a step runs.
func (m *Machine) stopBody(s *step) {
	m.st.agenda.drop(func(t task) bool { return t.step == s && t.kind == taskStop })
	if s.loop != nil && s.phase == inBody {
		m.stopPasses(s)
		live := slices.Clone(s.loop.live)
		for _, h := range live {
			m.stopFrame(h)
		}
		if s.loop.active == 0 && !m.dueFor(s, taskSettle) {
			m.settleLater(s)
		}
		return
	}
	if h := s.current(); h != nil {
		m.stopFrame(h)
	}
}

// due tells whether a decision on the step itself is on the agenda.
func (m *Machine) due(s *step) bool {
	return slices.ContainsFunc(m.st.agenda.all(), func(t task) bool { return t.step == s })
}

// dueFor tells whether a decision of that kind is on the agenda.
func (m *Machine) dueFor(s *step, kind taskKind) bool {
	return slices.ContainsFunc(m.st.agenda.all(), func(t task) bool { return t.step == s && t.kind == kind })
}

// stopFrame ends the steps of a frame: those that have not started are
// skipped, those that run are stopped.
func (m *Machine) stopFrame(f *frame) {
	if f.stopping {
		return
	}
	f.stopping = true
	if f.open == 0 {
		if f.kind == rootFrame {
			m.closed(f)
		}
		return // its end is on the agenda
	}
	m.st.agenda.drop(func(t task) bool { return t.kind == taskStart && t.step.in == f })
	for _, s := range f.steps {
		switch {
		case s.phase == idle:
			s.phase, s.status, s.reason = done, graph.Skipped, reasonStopped
			f.open--
		case s.phase != done:
			m.stopStep(s)
		}
	}
	if f.open == 0 {
		m.closed(f)
	}
}

// stopStep stops one step that runs. Finally blocks and compensations are not
// stopped: they are what stopping is for.
func (m *Machine) stopStep(s *step) {
	if s.stopped {
		return
	}
	s.stopped = true
	switch {
	case s.phase == inFinally, s.undoingAny(), s.res != nil && s.child == "":
		return
	case s.phase == retrying:
		m.dropTasks(s)
		m.clearTimers(s)
		s.res = &result{status: graph.Cancelled, err: s.fail}
		m.settleLater(s)
		return
	case s.current() != nil, s.loop != nil && s.phase == inBody:
		m.clearTimer(timerDeadline, s)
		m.stopBody(s)
		return
	}
	if s.halt == 0 { // else it has been told
		m.stopChild(s)
	}
	if _, open := m.st.calls.get(s.path); open || s.child != "" {
		m.clearTimer(timerDeadline, s)
		return // it may still answer, until the grace ends; a child always does
	}
	m.st.awaits.remove(s.path)
	m.closeTask(s, false)
	m.dropTasks(s)
	m.clearTimers(s)
	s.res = &result{status: graph.Cancelled}
	m.settleLater(s)
}

// stopChild notes that the event under way stops the child that a step waits
// for, so that Sends tells it, once.
func (m *Machine) stopChild(s *step) {
	if _, open := m.st.children.get(s.path); open {
		seq := m.st.seq + 1
		put(&m.childStops, seq, append(m.childStops[seq], s.child))
	}
}

// giveUp ends the calls that did not answer within the grace of a stop.
func (m *Machine) giveUp(s *step) {
	for _, c := range m.stoppedCalls(s) {
		m.st.calls.remove(c.path)
		r := &result{status: graph.Cancelled}
		if c.repeat == graph.Never && !c.issued {
			c.res = r
			m.settleLater(c)
			continue
		}
		r.err = &graph.Failure{Code: CodeCancelled, Message: fmt.Sprintf("step %q was stopped and its call did not answer", c.node.ID), Step: c.node.ID, Attempt: c.attempt, Lost: true}
		if c.repeat != graph.Safe {
			r.err.Code = CodeUncertain
		}
		c.res = r
		m.settleLater(c)
	}
}

// inside tells whether a step is s or runs inside of it.
func inside(c, s *step) bool {
	for c != nil {
		if c == s {
			return true
		}
		c = c.in.owner
	}
	return false
}
