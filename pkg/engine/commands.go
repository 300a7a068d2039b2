package engine

import (
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// callID names one attempt of one execution of a step.
type callID struct {
	path    string
	attempt int
}

// issue carries out commands whose turn is in the log. A command that is
// carried out already is left alone, so it may come again after a reload.
func (r *run) issue(commands []interpreter.Command) {
	for _, c := range commands {
		switch c := c.(type) {
		case interpreter.Call:
			r.call(c)
		case interpreter.CancelCall:
			if open := r.calls[callID{c.Path, c.Attempt}]; open != nil {
				open.ctx.cancel(errStopCall)
			}
		case interpreter.SetTimer:
			r.e.timers.set(r.id, c.Timer, c.Due)
		case interpreter.ClearTimer:
			r.e.timers.clear(r.id, c.Timer)
		case interpreter.AnswerCaller: // whoever waits was told of the turn
		}
	}
}

// call issues a call. One that is never repeated goes out once its start is in
// the log; one that may have gone out before the restart is not sent again.
func (r *run) call(c interpreter.Call) {
	id := callID{c.Path, c.Attempt}
	if r.calls[id] != nil || r.e.draining.Load() {
		return
	}
	if r.calls == nil {
		r.calls = make(map[callID]*call)
	}
	open := r.e.calls.prepare(r, id, c)
	r.calls[id] = open
	switch {
	case c.Repeat == graph.Never && c.Reissued:
		r.pending = append(r.pending, mail{in: interpreter.LostCall(c), call: open})
	case !r.e.calls.admit(open): // it waits
	case c.Repeat == graph.Never:
		r.pending = append(r.pending, mail{in: interpreter.CallStarted{Path: c.Path, Attempt: c.Attempt}, call: open})
	default:
		r.e.calls.begin(open, r.hand)
	}
}
