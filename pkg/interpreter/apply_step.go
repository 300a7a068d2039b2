package interpreter

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

func timerID(kind timerKind, s *step) string {
	return string(appendTimerID(nil, kind, s))
}

func appendTimerID(to []byte, kind timerKind, s *step) []byte {
	to = append(append(to, kind.String()...), ':')
	if s != nil {
		to = append(to, s.path...)
	}
	return to
}

func (m *Machine) setTimer(kind timerKind, s *step, due time.Time) {
	id := timerID(kind, s)
	m.touch(id)
	m.st.timers.add(id, timer{id: id, kind: kind, step: s, due: due})
}

func (m *Machine) clearTimer(kind timerKind, s *step) {
	var room [64]byte // most are not set, and cost no memory
	if m.st.timers.has(appendTimerID(room[:0], kind, s)) {
		id := timerID(kind, s)
		m.st.timers.remove(id)
		m.touch(id)
	}
}

func (m *Machine) clearTimers(s *step) {
	if m.st.timers.len() == 0 {
		return
	}
	m.clearTimer(timerWait, s)
	m.clearTimer(timerRetry, s)
	m.clearTimer(timerDeadline, s)
	m.clearTimer(timerGrace, s)
	m.clearTimer(timerRemind, s)
}

// setDeadline opens the timer of a step's own timeout.
func (m *Machine) setDeadline(s *step, due time.Time) {
	if !due.IsZero() {
		m.setTimer(timerDeadline, s, due)
	}
}

func (m *Machine) applyScheduled(e fact.Event, s *step, f *stepScheduled) {
	m.enter(e, s, graph.Running)
	s.attempt, s.issued = f.Attempt, false
	if f.Attempt == 1 {
		s.input, s.repeat = f.Input, f.Repeat
		m.setDeadline(s, f.Deadline)
	}
	m.st.calls.add(s.path, s)
}

func (m *Machine) applyCallStarted(f *callStarted) error {
	s, ok := m.st.calls.get(f.Path)
	if !ok || s.attempt != f.Attempt {
		return fmt.Errorf("no call of %q is open", f.Path)
	}
	s.issued = true
	return nil
}

func (m *Machine) applyCallEnded(_ fact.Event, f *callEnded) error {
	s, ok := m.st.calls.get(f.Path)
	if !ok || s.attempt != f.Attempt {
		return fmt.Errorf("no call of %q is open", f.Path)
	}
	m.st.calls.remove(f.Path)
	s.res = &result{status: graph.Succeeded, out: &cell{v: f.Output}}
	if f.Error != nil {
		s.res = &result{status: graph.Failed, err: f.Error}
	}
	m.settleLater(s)
	return nil
}

func (m *Machine) settleLater(s *step) { m.st.agenda.push(task{kind: taskSettle, step: s}) }

func (m *Machine) applyTimer(_ fact.Event, f *timerFired) error {
	t, ok := m.st.timers.get(f.Timer)
	if !ok {
		return fmt.Errorf("no timer %q is open", f.Timer)
	}
	m.st.timers.remove(f.Timer)
	s := t.step
	switch t.kind {
	case timerWait:
		s.res = &result{status: graph.Succeeded}
		m.settleLater(s)
	case timerRetry:
		m.st.agenda.push(task{kind: taskAttempt, step: s})
	case timerDeadline:
		if s == nil {
			m.st.agenda.push(task{kind: taskStop})
			return nil
		}
		m.strike(s)
	case timerGrace:
		m.giveUp(s)
	case timerRemind:
		m.st.agenda.push(task{kind: taskNotify, step: s})
	}
	return nil
}

// strike ends the body of a step whose own timeout fell due: a leaf at once,
// a block after its steps were stopped.
func (m *Machine) strike(s *step) {
	if m.dueFor(s, taskSettle) {
		return // it has its outcome
	}
	s.struck = true
	if s.child != "" || s.current() != nil || s.loop != nil && s.phase == inBody || s.undoingAny() {
		m.st.agenda.push(task{kind: taskStop, step: s})
		return
	}
	err := &graph.Failure{Code: CodeTimeout, Message: fmt.Sprintf("step %q took longer than its timeout", s.node.ID), Step: s.node.ID, Attempt: s.attempt}
	if _, open := m.st.calls.get(s.path); open {
		err.Lost = s.repeat != graph.Never || s.issued
		m.st.calls.remove(s.path)
		put(&m.struck, s.path, s.attempt)
	}
	if s.phase == retrying && s.fail != nil {
		err.Lost = s.fail.Lost
	}
	m.dropTasks(s)
	m.st.awaits.remove(s.path)
	m.closeTask(s, false)
	m.clearTimers(s)
	s.res = &result{status: graph.TimedOut, err: err}
	m.settleLater(s)
}

func (s *step) undoingAny() bool { return s.node.Kind == graph.Rollback && s.phase == inBody }

// dropTasks takes a step's tasks from the agenda.
func (m *Machine) dropTasks(s *step) {
	m.st.agenda.drop(func(t task) bool { return t.step == s })
}

func (m *Machine) applyRetry(e fact.Event, s *step, f *retryScheduled) {
	s.phase, s.status, s.fail, s.res, s.due = retrying, graph.Waiting, f.Error, nil, f.Due
	if s.order == 0 {
		s.order, s.started = e.Seq, e.Time
	}
	s.attempt = f.Attempt
	if s.loop != nil {
		s.frames = append(s.frames, s.loop.kept...)
	}
	s.halt, s.loop, s.winner, s.child, s.task = 0, nil, nil, "", nil
	s.frames = slices.DeleteFunc(s.frames, func(f *frame) bool {
		if !f.keep {
			m.forsake(f)
		}
		return !f.keep
	})
	m.setTimer(timerRetry, s, f.Due)
}

// forsake gives up what is still open in a frame that is dropped: notifications
// that nobody waits for. Their answers come late.
func (m *Machine) forsake(f *frame) {
	m.eachStep(f, func(s *step) {
		if s.phase == done {
			return
		}
		m.st.calls.remove(s.path)
		m.dropTasks(s)
		m.clearTimers(s)
	})
}

// leftBody registers the compensation of a step whose body has had its
// outcome: it succeeded, or nobody knows.
func (m *Machine) leftBody(s *step, status graph.Status, err *graph.Failure) {
	if s.phase != idle && s.phase != inBody && s.phase != retrying {
		return
	}
	m.clearTimer(timerDeadline, s)
	m.clearTimer(timerGrace, s)
	if s.node.Compensate == nil {
		return
	}
	if status == graph.Succeeded || err != nil && (err.Lost || err.Code == CodeUncertain) {
		s.undo = undoReady
		m.st.undos = append(m.st.undos, s)
		for f := s.in; f != nil && !f.keep; f = parent(f) {
			f.keep = true
		}
	}
}

// parent returns the frame around a frame.
func parent(f *frame) *frame {
	if f.owner == nil {
		return nil
	}
	return f.owner.in
}

func (m *Machine) applyStepEnded(e fact.Event, s *step, f *stepEnded) {
	out := m.outcomeCell(s, f.Status, f.Output)
	m.leftBody(s, f.Status, f.Error)
	s.fail = f.Error
	for _, t := range f.Track {
		m.track(t)
	}
	if f.Status == graph.Succeeded {
		s.out = out
	}
	m.end(e, s, f.Status)
}

// outcomeCell returns where the output of the phase that ends stands: in the
// fact, or where it was recorded before.
func (m *Machine) outcomeCell(s *step, status graph.Status, v expression.Value) *cell {
	switch {
	case !v.IsAbsent():
		return &cell{v: v}
	case status != graph.Succeeded:
		return nil
	case s.phase == inCatch || s.phase == inOnTimeout:
		f := s.current()
		if n := len(f.steps); n > 0 {
			return f.steps[n-1].out
		}
		return nil
	case s.res != nil:
		return s.res.out
	case s.phase == inBody && (s.loop != nil || s.winner != nil):
		return &cell{of: s} // put together from what was recorded
	}
	return nil
}

func (m *Machine) applyHandler(e fact.Event, s *step, f *handlerEntered) error {
	out := m.outcomeCell(s, f.Status, f.Output)
	m.leftBody(s, f.Status, f.Error)
	if s.order == 0 {
		s.order, s.started = e.Seq, e.Time
	}
	n := s.node
	h := &frame{owner: s, index: f.Index, caught: f.Error}
	switch {
	case f.Handler == onTimeout && n.OnTimeout != nil:
		h.kind, h.block, s.phase = onTimeoutFrame, n.OnTimeout, inOnTimeout
	case f.Handler == catching && f.Index < len(n.Catch):
		h.kind, h.block, s.phase = catchFrame, n.Catch[f.Index].Do, inCatch
	case f.Handler == finally && n.Finally != nil:
		h.kind, h.block, s.phase = finallyFrame, n.Finally, inFinally
	default:
		return errors.New("the step has no such handler")
	}
	s.status, s.fail, s.due = graph.Running, f.Error, time.Time{}
	s.halt = 0
	s.res = nil
	if s.phase == inFinally {
		s.res = &result{status: f.Status, out: out, err: f.Error}
	}
	s.frames = append(s.frames, h)
	m.open(h)
	return nil
}

func (m *Machine) applyVars(e fact.Event, s *step, f *varsSet) error {
	m.enter(e, s, graph.Running)
	for _, v := range f.Vars {
		i, ok := m.look.Vars[v.Name]
		if !ok {
			return fmt.Errorf("there is no variable %q", v.Name)
		}
		m.st.vars[i] = &cell{v: v.Value}
	}
	s.res = &result{status: graph.Succeeded}
	m.settleLater(s)
	return nil
}

func (m *Machine) applyResponded(e fact.Event, s *step, f *responded) {
	m.enter(e, s, graph.Running)
	if !f.Ignored {
		m.st.answer = &AnswerCaller{Status: f.Status, Headers: f.Headers, Body: f.Body}
	}
	s.res = &result{status: graph.Succeeded}
	m.settleLater(s)
}
