package interpreter

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// Codes of refused inputs.
const (
	RefusedEnded    = "RunEnded"        // the run has ended
	RefusedNotOpen  = "NotOpen"         // no such timer or call is open
	RefusedReceived = "AlreadyReceived" // the signal's ID was seen before
	RefusedFull     = "TooManySignals"  // too many wait for a step to take them
	RefusedStarted  = "AlreadyStarted"  // the run has begun
	RefusedPending  = "NotStarted"      // the run has not begun

	RefusedSuspended = "AlreadySuspended" // the run is suspended
	RefusedNoTask    = "NoSuchTask"       // there never was such a task
	RefusedAnswered  = "AlreadyAnswered"  // the task, or this person's part of it, is answered
	RefusedClosed    = "TaskClosed"       // the task expired or was cancelled
	RefusedOutcome   = "BadOutcome"       // the task has no such option
	RefusedForm      = "BadForm"          // the form does not fit
)

// take returns the fact that records an input, or why it is refused.
func (m *Machine) take(in Input) (fact.Fact, fact.Refusal) {
	refuse := func(code, format string, args ...any) (fact.Fact, fact.Refusal) {
		return nil, fact.Refusal{Code: code, Why: fmt.Sprintf(format, args...)}
	}
	if r, ok := in.(CallResult); ok && m.st.status != graph.Pending {
		return m.takeResult(r), fact.Refusal{}
	}
	if _, ok := in.(Carry); ok && m.st.status != graph.Pending {
		return m.carry(), fact.Refusal{}
	}
	start, starting := in.(Start)
	switch {
	case starting && m.st.status == graph.Pending:
		return m.takeStart(start), fact.Refusal{}
	case starting:
		return refuse(RefusedStarted, "run %s has begun", m.st.run.Run)
	case m.st.status == graph.Pending:
		return refuse(RefusedPending, "the run has not begun")
	case m.Ended():
		switch in := in.(type) {
		case Answer:
			return nil, m.noTask(in.Path)
		case Reassign:
			return nil, m.noTask(in.Path)
		}
		return refuse(RefusedEnded, "run %s has ended", m.st.run.Run)
	}
	switch in := in.(type) {
	case CallStarted:
		if s, ok := m.st.calls.get(in.Path); ok && s.attempt == in.Attempt && !s.issued {
			return &callStarted{Path: in.Path, Attempt: in.Attempt}, fact.Refusal{}
		}
		return refuse(RefusedNotOpen, "no call of %q is about to be issued", in.Path)
	case TimerFired:
		if _, ok := m.st.timers.get(in.Timer); ok {
			return &timerFired{Timer: in.Timer}, fact.Refusal{}
		}
		return refuse(RefusedNotOpen, "no timer %q is open", in.Timer)
	case ChildEnded, EventArrived, SlotGranted, SlotRefused, Suspend, Resume:
		return m.takeMessage(in)
	case Answer:
		return m.takeAnswer(in)
	case Reassign:
		if _, ok := m.st.tasks.get(in.Path); !ok {
			return nil, m.noTask(in.Path)
		}
		return &taskReassigned{Path: in.Path, To: m.packRaw(in.To), By: in.By}, fact.Refusal{}
	case Signal:
		if in.ID != "" && m.received[in.ID] {
			return refuse(RefusedReceived, "signal %q was received before", in.ID)
		}
		if why := m.room(false); why != "" {
			return refuse(RefusedFull, "%s", why)
		}
		return &signalReceived{ID: in.ID, Signal: in.Name, Data: m.packRaw(in.Data)}, fact.Refusal{}
	case Cancel:
		if m.st.ending == stopCancel {
			return &runEnded{Status: graph.Cancelled}, fact.Refusal{}
		}
		return &stopBegan{Reason: stopCancel, Why: in.Reason, Due: m.at.Add(m.wf.CancelGrace)}, fact.Refusal{}
	default:
		panic(fmt.Sprintf("interpreter: unhandled %T", in))
	}
}

func (m *Machine) takeStart(in Start) fact.Fact {
	f := &runStarted{
		Run: in.Run, Workflow: in.Workflow, Version: in.Version, Digest: in.Digest, Semantics: Semantics,
		TriggerID: in.TriggerID, Params: in.Params,
		WantsAnswer: in.WantsAnswer, Parent: in.Parent, ParentPath: in.ParentPath, Depth: in.Depth, Detached: in.Detached,
		RestartOf: in.RestartOf,
	}
	if f.Input = in.Packed; in.Packed.IsAbsent() {
		f.Input = m.packRaw(in.Value)
	}
	if in.Trigger != nil {
		f.Trigger = m.packRaw(in.Trigger)
	}
	if m.wf.Timeout > 0 {
		f.Deadline = m.at.Add(m.wf.Timeout)
	}
	return f
}

// packRaw packs JSON that came from outside; what is no JSON becomes null.
func (m *Machine) packRaw(raw []byte) expression.Value {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil || b.Len() == 0 {
		return expression.Raw([]byte("null"))
	}
	return m.pack(b.Bytes())
}

// takeResult records the answer of a call: as its end when it is waited for,
// as a late result when it is not.
func (m *Machine) takeResult(in CallResult) fact.Fact {
	s, open := m.st.calls.get(in.Path)
	if !open || s.attempt != in.Attempt || m.Ended() {
		f := &lateResult{Path: in.Path, Attempt: in.Attempt, Error: in.Err}
		if in.Err == nil {
			f.Output = m.packRaw(in.Output)
		}
		return f
	}
	f := &callEnded{Path: in.Path, Attempt: in.Attempt}
	if in.Err == nil {
		if f.Error = m.checkOutput(s, in.Output); f.Error == nil {
			f.Output = m.packRaw(in.Output)
			return f
		}
	} else {
		err := *in.Err
		if err.Certain && s.fail != nil && s.fail.Lost {
			err.Certain, err.Lost = false, true // this attempt did nothing, an earlier one may have
		}
		f.Error = &err
	}
	f.Error.Step, f.Error.Attempt = s.node.ID, in.Attempt
	return f
}

// checkOutput tells what is wrong with the output of a call.
func (m *Machine) checkOutput(s *step, raw []byte) *graph.Failure {
	x, err := expression.DecodeRaw(raw)
	if err != nil {
		return &graph.Failure{Code: CodeOutputInvalid, Message: "the output is no JSON: " + err.Error(), Final: true}
	}
	call := s.node.Call
	if call.Returns == nil {
		return nil
	}
	if call.ReturnsOf != "" {
		o, _ := x.(map[string]any)
		x = o[call.ReturnsOf]
	}
	return invalid(call.Returns, x)
}

// invalid returns the failure of a value that does not fit a returns.
func invalid(schema *expression.Schema, x any) *graph.Failure {
	vs := schema.Validate(x)
	if len(vs) == 0 {
		return nil
	}
	f := &graph.Failure{Code: CodeOutputInvalid, Message: "the output does not fit returns: " + vs[0].Message, Final: true}
	if vs[0].Path != "" {
		f.Message = "the output does not fit returns: " + vs[0].Path + ": " + vs[0].Message
	}
	return f
}

// check offers the next signal to an await.
func (m *Machine) check(s *step) (fact.Fact, error) {
	g := m.candidate(s)
	f := &signalChecked{Path: s.path, Seq: g.seq, Taken: true}
	a := s.node.Await
	data, err := m.decode(g.data)
	if err != nil {
		return m.checkFailed(s, f, err)
	}
	if a.Where != nil {
		env := m.env(s)
		env.event = map[string]any{
			"data": data, "id": g.id, "time": formatTime(g.at), "name": g.name,
			"type": g.etype, "source": g.source, "subject": g.subject,
		}
		if f.Taken, err = m.truth(a.Where, env); err != nil {
			return m.checkFailed(s, f, err)
		}
	}
	if f.Taken && a.Returns != nil {
		if f.Error = invalid(a.Returns, data); f.Error != nil {
			f.Error.Step, f.Error.Attempt = s.node.ID, max(s.attempt, 1)
		}
	}
	return f, nil
}

func (m *Machine) checkFailed(s *step, f *signalChecked, err error) (fact.Fact, error) {
	failed, lack := m.evalFailure(s, err)
	if lack != nil {
		return nil, lack
	}
	f.Taken, f.Error = false, failed
	return f, nil
}
