package interpreter

import (
	"fmt"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// settle goes on from the outcome of a step's body or handler.
func (m *Machine) settle(s *step) (fact.Fact, error) {
	r, err := m.outcome(s)
	if err != nil {
		return m.evalFailed(s, err)
	}
	return m.leave(s, r)
}

// outcome returns the outcome of the phase that a step is in.
func (m *Machine) outcome(s *step) (result, error) {
	switch s.phase {
	case inFinally:
		r := *s.res
		if status, err := m.blockStatus(s.current()); status != graph.Succeeded && r.status == graph.Succeeded {
			return result{status: graph.Failed, err: err}, nil
		}
		r.out = nil // it is recorded, and outcomeCell finds it
		return r, nil
	case inCatch, inOnTimeout:
		if s.stopped {
			return result{status: graph.Cancelled, err: s.fail}, nil
		}
		status, err := m.blockStatus(s.current())
		return result{status: status, err: err}, nil
	case idle, inBody, retrying, done:
	}
	switch {
	case s.child != "":
		return m.childOutcome(s)
	case s.res != nil:
		r := *s.res
		r.out = nil
		if s.stopped && r.status == graph.Failed && r.err.Lost {
			r.status = graph.Cancelled // no answer, whether it says so or not
		}
		return r, nil
	case s.stopped:
		return result{status: graph.Cancelled}, nil
	case s.halt == stopTimeout:
		return result{status: graph.TimedOut, err: s.fail}, nil
	case s.loop != nil:
		return m.loopOutcome(s), nil
	case s.winner != nil:
		return result{status: graph.Succeeded}, nil
	case s.node.Kind == graph.Rollback:
		return m.rollbackOutcome(s)
	}
	return m.bodyOutcome(s)
}

// bodyOutcome returns the outcome of a block that ran to its end.
func (m *Machine) bodyOutcome(s *step) (result, error) {
	f := s.current()
	status, err := m.blockStatus(f)
	if s.node.Kind == graph.Parallel && s.node.OnError == graph.Ignore {
		out, e := m.ignored(f)
		return result{status: graph.Succeeded, out: out}, e
	}
	if status != graph.Succeeded {
		return result{status: status, err: err}, nil
	}
	if s.node.Kind == graph.Scope && s.node.Output != nil {
		v, err := m.value(s.node.Output, m.envIn(f))
		return result{status: graph.Succeeded, out: &cell{v: v}}, err
	}
	return result{status: graph.Succeeded}, nil
}

// ignored returns the output of a parallel that ignores failures.
func (m *Machine) ignored(f *frame) (*cell, error) {
	failed := []any{}
	for _, s := range f.steps {
		if s.status == graph.Failed || s.status == graph.TimedOut {
			e, err := m.failureObject(s.fail)
			if err != nil {
				return nil, err
			}
			failed = append(failed, map[string]any{"step": s.node.ID, "error": e})
		}
	}
	v, err := m.packAny(map[string]any{"failed": failed})
	return &cell{v: v}, err
}

// blockStatus returns how a frame whose steps have ended ended, and the error
// of its first unhandled failure as recorded.
func (m *Machine) blockStatus(f *frame) (graph.Status, *graph.Failure) {
	status, failed := graph.BlockStatus(f.block, func(pos int) graph.Status { return f.steps[pos].status })
	var first *step
	for _, pos := range failed {
		first = earlier(first, f.steps[pos])
	}
	if first == nil {
		return status, nil
	}
	return status, first.fail
}

// firstFailed returns the step of a frame that failed first, and its error.
func (m *Machine) firstFailed(f *frame) (first *step, err *graph.Failure) {
	for _, s := range f.steps {
		if s.phase == done && (s.status == graph.Failed || s.status == graph.TimedOut) {
			first = earlier(first, s)
			err = first.fail
		}
	}
	return first, err
}

// earlier returns the one of two steps that ended first.
func earlier(a, b *step) *step {
	if a == nil || b.ended < a.ended {
		return b
	}
	return a
}

// leave returns the fact by which a step goes on from the outcome of the
// phase that it is in: another attempt, a handler, or its end.
func (m *Machine) leave(s *step, r result) (fact.Fact, error) {
	n := s.node
	failed := r.status == graph.Failed || r.status == graph.TimedOut
	body := s.phase == idle || s.phase == inBody || s.phase == retrying
	if body && failed && !s.stopped && r.status == graph.Failed {
		f, failure, err := m.retry(s, r.err)
		if f != nil || err != nil {
			return f, err
		}
		r.err = failure
	}
	if body {
		r.err = uncertain(s, r.err)
	}
	if body && !s.stopped && s.struck && r.status == graph.TimedOut && n.OnTimeout != nil {
		return &handlerEntered{Path: s.path, Handler: onTimeout, Status: r.status, Error: r.err}, nil
	}
	if failed && !s.stopped && (body || s.phase == inOnTimeout) {
		i, err := m.catches(s, r.err)
		if err != nil {
			f, lack := m.evalFailure(s, err)
			if lack != nil {
				return nil, lack
			}
			r = result{status: graph.Failed, err: f}
		} else if i >= 0 {
			return &handlerEntered{Path: s.path, Handler: catching, Index: i, Status: r.status, Error: r.err}, nil
		}
	}
	var out expression.Value
	if r.out != nil {
		out = r.out.v
	}
	if s.phase != inFinally && n.Finally != nil {
		return &handlerEntered{Path: s.path, Handler: finally, Status: r.status, Output: out, Error: r.err}, nil
	}
	f := &stepEnded{Path: s.path, Status: r.status, Output: out, Error: r.err}
	var err error
	f.Track, err = m.tracks(s, r)
	return f, err
}

// uncertain names the error of a call whose last attempt got no answer. Safe
// calls may have had their effect as well, but sending them again is safe.
func uncertain(s *step, err *graph.Failure) *graph.Failure {
	if err == nil || !err.Lost || s.node.Kind != graph.Action || s.repeat == graph.Safe || s.struck || err.Code == CodeUncertain {
		return err
	}
	u := *err
	u.Code, u.Message = CodeUncertain, fmt.Sprintf("whether the call had an effect is not known: %s: %s", err.Code, err.Message)
	return &u
}

// catches returns the first handler that matches, -1 when none does.
func (m *Machine) catches(s *step, err *graph.Failure) (int, error) {
	for i, c := range s.node.Catch {
		if c.When == nil {
			return i, nil
		}
		env := m.env(s)
		env.err = err
		ok, e := m.truth(c.When, env)
		if e != nil {
			return -1, e
		}
		if ok {
			return i, nil
		}
	}
	return -1, nil
}

// stop returns the fact that stops a step's body, or the run whose timeout
// struck.
func (m *Machine) stop(s *step) fact.Fact {
	due := m.at.Add(m.wf.CancelGrace)
	if s == nil {
		return &stopBegan{Reason: stopTimeout, Due: due, Error: &graph.Failure{
			Code: CodeRunTimeout, Message: "the run took longer than its timeout",
		}}
	}
	f := &stopBegan{Path: s.path, Reason: stopTimeout, Due: due}
	if s.halt == stopLost {
		f.Reason = stopLost
		return f
	}
	if s.halt == stopOnError {
		f.Reason = stopOnError
		if s.loop != nil {
			f.Error = s.loop.first
		} else {
			_, f.Error = m.firstFailed(s.current())
		}
		return f
	}
	f.Error = m.failure(s, CodeTimeout, fmt.Sprintf("step %q took longer than its timeout", s.node.ID))
	return f
}

// finish ends the run.
func (m *Machine) finish() (fact.Fact, error) {
	switch m.st.ending {
	case stopCancel:
		return &runEnded{Status: graph.Cancelled}, nil
	case stopTimeout:
		return &runEnded{Status: graph.TimedOut, Error: m.st.endFail}, nil
	case stopReturn:
		return &runEnded{Status: graph.Succeeded, Output: m.st.endOutput.v}, nil
	case stopOnError, stopLost:
	}
	status, err := m.blockStatus(m.st.root)
	if status != graph.Succeeded {
		return &runEnded{Status: status, Error: err}, nil
	}
	v, e := m.value(m.wf.Output, m.envIn(m.st.root))
	if e != nil {
		f, lack := m.evalFailure(nil, e)
		if lack != nil {
			return nil, lack
		}
		return &runEnded{Status: graph.Failed, Error: f}, nil
	}
	return &runEnded{Status: graph.Succeeded, Output: v}, nil
}
