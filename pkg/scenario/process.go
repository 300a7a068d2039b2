package scenario

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/keelstep/keelstep/pkg/connectors"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// process is one run under way, with what a process would hold of it.
type process struct {
	b       *bare
	id      string
	flow    *graph.Workflow
	m       *interpreter.Machine
	pending []interpreter.Input
	again   bool        // Decide has more to say without an input
	reissue bool        // it was read from its record, and what is outstanding not yet issued
	records [][]byte    // one of each turn, where the scenario kills
	actions map[int]int // of pending: index of the input to index of the action
	calls   map[attempt]*call
	timers  map[string]*timer
	history []Event
}

type attempt struct {
	path string
	n    int
}

// call is one attempt of an operation.
type call struct {
	cmd      interpreter.Call
	answered bool
}

type timer struct{ due time.Time }

// begin starts a run.
func (b *bare) begin(start fact.Start) *process {
	flow := b.c.Flows[start.Workflow]
	p := &process{
		b: b, id: start.Run, flow: flow, m: interpreter.New(flow), pending: []interpreter.Input{start},
		actions: map[int]int{}, calls: map[attempt]*call{}, timers: map[string]*timer{},
	}
	b.runs[p.id] = p
	b.order = append(b.order, p)
	return p
}

// turn takes one turn, as an engine does whose log never fails.
func (p *process) turn() {
	b := p.b
	b.turns++
	in := p.pending
	p.pending, p.again = nil, false
	t := p.m.Decide(b.now, in...)
	b.keep(t.Payloads)
	for _, e := range t.Events {
		p.history = append(p.history, Event{Seq: e.Seq, Time: e.Time, Type: fact.NameOf(e.Fact), Data: fact.ShowFields(e.Fact)})
	}
	if b.kills && len(t.Events) > 0 {
		p.records = append(p.records, fact.EncodeTurn(t.Events))
	}
	refused := map[int]bool{}
	for _, r := range t.Refused {
		refused[r.Index] = true
		if a, ok := p.actions[r.Index]; ok {
			b.refused[a] = r.Error()
		}
	}
	b.deliver(p.m.Sends(t.Events))
	p.again = t.More
	p.issue(p.m.Commands(t.Events))
	for i, x := range in[:t.Taken] {
		if s, ok := x.(interpreter.CallStarted); ok && !refused[i] {
			p.submit(p.calls[attempt{s.Path, s.Attempt}])
		}
	}
	p.rest(in, t.Taken)
	if p.reissue {
		p.reissue = false
		p.issue(p.spared(p.m.Outstanding()))
	}
	for _, h := range t.Wants {
		raw, ok := b.payloads[h]
		if !ok {
			b.err = fmt.Errorf("the run wants stored bytes that were never stored")
			return
		}
		p.m.Provide(h, raw)
		p.again = true
	}
}

// rest puts the inputs that were not taken before those that came since.
func (p *process) rest(in []interpreter.Input, taken int) {
	actions := map[int]int{}
	for i, a := range p.actions {
		if i >= taken {
			actions[i-taken] = a
		}
	}
	p.actions = actions
	p.pending = append(append([]interpreter.Input(nil), in[taken:]...), p.pending...)
}

// offer puts an action before the run.
func (p *process) offer(in interpreter.Input, action int) {
	p.actions[len(p.pending)] = action
	p.pending = append(p.pending, in)
}

// issue carries out commands.
func (p *process) issue(commands []interpreter.Command) {
	for _, c := range commands {
		switch c := c.(type) {
		case interpreter.Call:
			p.call(c)
		case interpreter.CancelCall:
			p.stop(p.calls[attempt{c.Path, c.Attempt}], context.Canceled)
		case interpreter.SetTimer:
			p.setTimer(c)
		case interpreter.ClearTimer:
			delete(p.timers, c.Timer)
		case interpreter.AnswerCaller: // stands in the view
		default:
			panic(fmt.Sprintf("scenario: unhandled %T", c))
		}
	}
}

func (p *process) setTimer(c interpreter.SetTimer) {
	t := &timer{c.Due}
	p.timers[c.Timer] = t
	p.b.at(c.Due, func() {
		if p.timers[c.Timer] == t {
			delete(p.timers, c.Timer)
			p.pending = append(p.pending, interpreter.TimerFired{Timer: c.Timer})
		}
	})
}

// call makes a call. One that is never repeated goes out once its start is
// recorded.
func (p *process) call(cmd interpreter.Call) {
	id := attempt{cmd.Path, cmd.Attempt}
	if p.calls[id] != nil {
		return
	}
	c := &call{cmd: cmd}
	p.calls[id] = c
	if cmd.Repeat == graph.Never && cmd.Reissued {
		c.answered = true
		p.pending = append(p.pending, interpreter.LostCall(cmd))
		return
	}
	if cmd.Repeat == graph.Never {
		p.pending = append(p.pending, interpreter.CallStarted{Path: cmd.Path, Attempt: cmd.Attempt})
		return
	}
	p.submit(c)
}

// submit lets a call reach the world, and arranges for its answer.
func (p *process) submit(c *call) {
	if c == nil || c.answered {
		return
	}
	b := p.b
	raw, err := b.whole(c.cmd.Input)
	if err == nil {
		raw, err = b.c.open(raw)
	}
	if err != nil {
		b.err = err
		return
	}
	r := b.c.World.Call(Request{
		Run: p.id, Path: c.cmd.Path, Operation: c.cmd.Operation, Key: c.cmd.Key, Attempt: c.cmd.Attempt, Input: raw,
	})
	if c.cmd.Timeout > 0 {
		b.at(b.now.Add(c.cmd.Timeout), func() { p.stop(c, context.DeadlineExceeded) })
	}
	if !r.Silent {
		b.at(b.now.Add(r.Delay), func() { p.answer(c, r.Output, r.Error) })
	}
}

// answer gives a call its only answer.
func (p *process) answer(c *call, output json.RawMessage, err *graph.Failure) {
	if c.answered {
		return
	}
	c.answered = true
	if err != nil {
		f, bad := p.b.c.recordedFailure(*err)
		if bad != nil {
			p.b.err = fmt.Errorf("the error of %s: %w", c.cmd.Path, bad)
			return
		}
		f.Attempt = c.cmd.Attempt
		p.pending = append(p.pending, interpreter.FailedCall(c.cmd, f))
		return
	}
	raw, bad := p.b.c.recorded(output)
	if bad != nil {
		p.b.err = fmt.Errorf("the answer of %s: %w", c.cmd.Path, bad)
		return
	}
	p.pending = append(p.pending, interpreter.CallResult{Path: c.cmd.Path, Attempt: c.cmd.Attempt, Output: raw})
}

// stop ends a call as a connector does whose context ended.
func (p *process) stop(c *call, cause error) {
	if c == nil || c.answered {
		return
	}
	f := &graph.Failure{Code: connectors.CodeCancelled, Message: "the call was cancelled before an answer came", Lost: true}
	if errors.Is(cause, context.DeadlineExceeded) {
		f.Code, f.Message = connectors.CodeTimeout, "the time for the call ran out"
	}
	p.answer(c, nil, f)
}

// whole returns the JSON of a value.
func (b *bare) whole(v expression.Value) (json.RawMessage, error) {
	raw, err := expression.Bytes(v, b.fetch)
	if err != nil {
		return nil, fmt.Errorf("a value: %w", err)
	}
	return raw, nil
}
