package sim

import (
	"time"

	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// issue carries out commands whose turn is in the log.
func (s *run) issue(commands []interpreter.Command) {
	for _, c := range commands {
		switch c := c.(type) {
		case interpreter.Call:
			s.call(c)
		case interpreter.CancelCall:
			s.stopCall(callID{c.Path, c.Attempt})
		case interpreter.SetTimer:
			s.setTimer(c.Timer, c.Due)
		case interpreter.ClearTimer:
			delete(s.timers, c.Timer)
			s.strays.timers = append(s.strays.timers, c.Timer)
		case interpreter.AnswerCaller:
			s.report.answers++
		}
	}
}

// setTimer arms a timer; one that is armed for the same time stays as it is.
func (s *run) setTimer(id string, due time.Time) {
	if t := s.timers[id]; t != nil && t.due.Equal(due) {
		return
	}
	s.planned++
	t := &timer{due: due, gen: s.planned}
	s.timers[id] = t
	in := max(due.Sub(s.wall()), 0)
	if s.strikes(LateTimer) {
		in += time.Duration(1+s.faults.dice.n(7200)) * time.Second
		if s.p.Timed {
			s.mayDiverge("a late timer")
		}
	}
	s.mine(in, func() {
		if s.timers[id] != t {
			return
		}
		delete(s.timers, id)
		s.strays.timers = append(s.strays.timers, id)
		s.offer(interpreter.TimerFired{Timer: id})
	})
}

// offer puts an input at the end of those that wait, twice by a fault.
func (s *run) offer(in interpreter.Input) {
	s.pending = append(s.pending, in)
	if !s.strikes(Duplicate) {
		return
	}
	if s.faults.dice.chance(50) {
		s.pending = append(s.pending, in)
		return
	}
	s.after(time.Duration(s.faults.dice.n(5000))*time.Millisecond, func() { // by way of another process too
		if _, fired := in.(interpreter.TimerFired); !s.down && len(s.record) > 0 && !fired {
			s.pending = append(s.pending, in)
		}
	})
}

// call issues a call. One that is never repeated goes out once its start is
// in the log; one that may have gone out before the restart is not sent again.
func (s *run) call(cmd interpreter.Call) {
	id := callID{cmd.Path, cmd.Attempt}
	if s.calls[id] != nil {
		return
	}
	c := &call{id: id, cmd: cmd}
	s.calls[id] = c
	switch {
	case cmd.Repeat != graph.Never:
		s.submit(c)
	case cmd.Reissued:
		if !s.history.started[id] {
			fail("call %s@%d is given up as lost and was never sent", id.path, id.attempt)
		}
		s.mayDiverge("the answer of " + cmd.Path + " was lost")
		c.submitted, c.answered = true, true
		s.offer(interpreter.LostCall(cmd))
	case s.faults.percent[Reorder] > 0 && s.faults.dice.chance(10) && s.strikes(Reorder): // its start waits, perhaps beyond a grace
		s.mayDiverge("call " + cmd.Path + " starts late")
		s.mine(time.Duration(s.faults.dice.n(180))*time.Second, func() {
			if s.calls[id] == c {
				s.pending = append(s.pending, interpreter.CallStarted{Path: cmd.Path, Attempt: cmd.Attempt})
			}
		})
	default:
		s.pending = append(s.pending, interpreter.CallStarted{Path: cmd.Path, Attempt: cmd.Attempt})
	}
}

// submit sends a call off.
func (s *run) submit(c *call) {
	c.submitted = true
	s.report.calls++
	if c.stopped {
		s.answer(c, notSent())
		return
	}
	input := s.bytes(c.cmd.Input)
	n := s.p.nodes[idOf(c.cmd.Path)]
	again := n.Retry != nil && n.Retry.If != nil
	if c.cmd.Timeout > 0 {
		s.mine(c.cmd.Timeout, func() { s.answer(c, lostError("Timeout", "the time for the call ran out")) })
	}
	epoch := s.epoch
	survives := s.faults.dice.chance(50) // a request on its way survives the process
	s.after(time.Duration(c.cmd.Attempt%3)*time.Millisecond, func() {
		if c.stopped || s.epoch != epoch && !survives {
			return
		}
		c.arrived = true
		c.reply = s.world.arrive(s.id, c.cmd, input, again)
		if s.epoch == epoch && !c.reply.silent {
			s.mine(c.reply.takes, func() { s.reply(c, n) })
		}
	})
}

// reply brings the world's answer back, unless a fault loses it.
func (s *run) reply(c *call, n *graph.Node) {
	err := c.reply.err
	if !c.answered && !c.stopped && s.strikes(LostAnswer) {
		if r := n.Retry; c.cmd.Repeat == graph.Never || r == nil || r.If != nil || c.cmd.Attempt >= r.Attempts || s.p.Timed {
			s.mayDiverge("the answer of " + c.cmd.Path + " was lost")
		}
		err = lostError("Reset", "the connection was reset")
	}
	s.answer(c, err)
}

// answer gives a call its only answer.
func (s *run) answer(c *call, err *graph.Failure) {
	if c.answered {
		return
	}
	c.answered = true
	if err != nil {
		if n := s.p.nodes[idOf(c.id.path)]; err.Certain && (n.Retry == nil || c.id.attempt >= n.Retry.Attempts) {
			s.mayDiverge("whether " + c.id.path + " had an effect before is not known")
		}
		s.offer(interpreter.FailedCall(c.cmd, *err))
		return
	}
	s.offer(interpreter.CallResult{Path: c.id.path, Attempt: c.id.attempt, Output: c.reply.output})
}

// stopCall ends the context of a running call.
func (s *run) stopCall(id callID) {
	c := s.calls[id]
	if c == nil || c.answered || c.stopped {
		return
	}
	c.stopped = true
	switch {
	case !c.submitted: // it is not sent once its start is in the log
	case !c.arrived:
		s.answer(c, notSent())
	case c.reply.stopped == answersLost:
		s.mine(50*time.Millisecond, func() { s.answer(c, lostError("Cancelled", "the call was cancelled before an answer came")) })
	case c.reply.stopped == answersNever:
		c.answered = true
	}
}

// notSent is the error of a call that was stopped before it was sent.
func notSent() *graph.Failure {
	return &graph.Failure{Code: "Cancelled", Message: "the call was cancelled", Certain: true}
}
