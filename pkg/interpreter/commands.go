package interpreter

import (
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// Commands returns what the shell shall do after the commit of a turn that
// has just been decided or applied. What the turn itself closed again is left
// out. A command is the shadow of an event and is never stored.
func (m *Machine) Commands(turn []fact.Event) []Command {
	var cs []Command
	for _, e := range turn {
		switch f := e.Fact.(type) {
		case *stepScheduled:
			if s, ok := m.st.calls.get(f.Path); ok && s.attempt == f.Attempt && !m.Ended() {
				cs = append(cs, m.call(s))
			}
		case *responded:
			if !f.Ignored {
				cs = append(cs, *m.st.answer)
			}
		case *stopBegan:
			cs = append(cs, m.cancelStopped(f.Path)...)
		case *timerFired:
			if path, ok := strings.CutPrefix(f.Timer, timerDeadline.String()+":"); ok {
				cs = append(cs, m.cancelStruck(path)...)
			}
		case *runEnded:
			for _, s := range m.st.calls.all() {
				cs = append(cs, CancelCall{Path: s.path, Attempt: s.attempt})
			}
		default:
		}
	}
	return append(cs, m.timerCommands()...)
}

// cancelStopped cancels the calls inside a stopped body.
func (m *Machine) cancelStopped(path string) []Command {
	var cs []Command
	for _, s := range m.stoppedCalls(nil) {
		if path == "" || strings.HasPrefix(s.path, path) && len(s.path) > len(path) && strings.ContainsRune(".[#", rune(s.path[len(path)])) {
			cs = append(cs, CancelCall{Path: s.path, Attempt: s.attempt})
		}
	}
	return cs
}

// cancelStruck cancels the call of a step whose timeout struck.
func (m *Machine) cancelStruck(path string) []Command {
	attempt, ok := m.struck[path]
	if !ok {
		return nil
	}
	delete(m.struck, path)
	return []Command{CancelCall{Path: path, Attempt: attempt}}
}

// timerCommands returns what changed with the timers since it was asked last.
func (m *Machine) timerCommands() []Command {
	var cs []Command
	for _, id := range m.touched {
		if t, open := m.st.timers.get(id); open && !m.Ended() {
			cs = append(cs, t.command())
		} else {
			cs = append(cs, ClearTimer{Timer: id})
		}
	}
	m.forgetTouched()
	return cs
}

func (t timer) command() SetTimer {
	return SetTimer{Timer: t.id, Due: t.due, Deadline: t.kind == timerDeadline}
}

func (m *Machine) forgetTouched() {
	m.touched = m.touched[:0]
	clear(m.isTouched)
}

func (m *Machine) call(s *step) Call {
	c := s.node.Call
	return Call{
		Path: s.path, Attempt: s.attempt, Key: Key(m.st.run.Run, s.path),
		Operation: c.Operation, Connection: c.Connection,
		Input: s.input, Timeout: s.node.AttemptTimeout, Repeat: s.repeat,
		Secure: s.node.SecureInput,
	}
}

// Outstanding returns the commands that a machine which was folded from its
// record still waits for. A call that may have been sent before is Reissued;
// one that is never repeated and was started is not sent again but answered
// with LostCall.
func (m *Machine) Outstanding() []Command {
	m.forgetTouched()
	clear(m.struck)
	clear(m.childStops)
	if m.Ended() {
		return nil
	}
	var cs []Command
	for _, s := range m.st.calls.all() {
		c := m.call(s)
		c.Reissued = s.repeat != graph.Never || s.issued
		cs = append(cs, c)
		if s.stopped { // as before the restart: it may answer, and need not
			cs = append(cs, CancelCall{Path: s.path, Attempt: s.attempt})
		}
	}
	for _, t := range m.st.timers.all() {
		cs = append(cs, t.command())
	}
	return cs
}

// LostCall is the answer of a call that was started before a restart and must
// not be repeated.
func LostCall(c Call) CallResult {
	return CallResult{Path: c.Path, Attempt: c.Attempt, Err: &graph.Failure{
		Code: CodeUncertain, Lost: true, Final: true,
		Message: "the call was sent before a restart and its answer was lost: whether it had an effect is not known",
	}}
}

// FailedCall is the answer of a call that failed. That a call which was issued
// again had no effect this time says nothing about the time before the
// restart: what was certain becomes lost.
func FailedCall(c Call, err graph.Failure) CallResult {
	if c.Reissued && err.Certain {
		err.Certain, err.Lost = false, true
	}
	return CallResult{Path: c.Path, Attempt: c.Attempt, Err: &err}
}

// WakeAt returns when the earliest open timer falls due, zero when none is
// open.
func (m *Machine) WakeAt() time.Time {
	var at time.Time
	for _, t := range m.st.timers.all() {
		if at.IsZero() || t.due.Before(at) {
			at = t.due
		}
	}
	return at
}

// touch notes that a timer was set or cleared.
func (m *Machine) touch(id string) {
	if !m.isTouched[id] {
		put(&m.isTouched, id, true)
		m.touched = append(m.touched, id)
	}
}
