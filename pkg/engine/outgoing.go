package engine

import (
	"errors"
	"fmt"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// The codes of a start that the engine refuses a machine.
const (
	CodeNoWorkflow   = "NoWorkflow"   // no version of it is active
	CodeInputInvalid = "InputInvalid" // the input does not fit its schema
	CodeNoParameter  = "NoParameter"  // a parameter has no valid value
)

// outgoing returns what a machine sends as the log keeps it, and the payloads
// that must be stored before. A start is completed here: the version that is
// active now, its defaults and its parameters go into the message, so that the
// receiver needs nobody's word when it takes it. One that cannot be becomes a
// message to whom it matters.
func (e *Engine) outgoing(sender string, ms []fact.Message) ([]eventlog.Message, []expression.Payload, error) {
	var out []eventlog.Message
	var payloads []expression.Payload
	for _, m := range ms {
		if start, ok := m.Body.(fact.Start); ok {
			p, err := e.complete(&start)
			var no *startRefused
			switch {
			case errors.As(err, &no):
				if letter, ok := e.deadStart(m.Body, no); ok {
					out = append(out, letter.from(sender, m.Seq))
				}
				if m.To, m.Body = e.refused(&start, no); m.Body == nil {
					continue
				}
			case err != nil:
				return nil, nil, err
			default:
				m.Body = start
			}
			payloads = append(payloads, p...)
		}
		out = append(out, eventlog.Message{
			ID:   eventlog.MessageID{Sender: sender, Seq: m.Seq, Receiver: m.To},
			Body: fact.EncodeMail(m.Body),
		})
	}
	return out, payloads, nil
}

// startRefused is why a run cannot be started.
type startRefused struct{ code, message string }

func (s *startRefused) Error() string { return s.code + ": " + s.message }

// complete fills in what a machine leaves to the engine.
func (e *Engine) complete(s *fact.Start) ([]expression.Payload, error) {
	def, err := e.defs.find(s.Workflow, s.Version) // a trigger may have looked at a version
	if err != nil {
		return nil, &startRefused{CodeNoWorkflow, fmt.Sprintf("there is no workflow %q; deploy it", s.Workflow)}
	}
	wf, err := e.defs.compiled(e.ctx, def.Digest)
	if err != nil {
		if e.ctx.Err() != nil {
			return nil, err
		}
		return nil, &startRefused{CodeNoWorkflow, fmt.Sprintf("version %s of workflow %s cannot be loaded: %v", def.Version, def.Workflow, err)}
	}
	if s.TriggerID != "" && !isRunID(s.Parent) {
		if err := e.fire(wf, s); err != nil {
			return nil, err
		}
	}
	if err := e.checkLimit(wf); err != nil {
		return nil, &startRefused{CodeNoLimit, err.Error()}
	}
	input, err := e.filledIn(wf, s)
	if err != nil {
		return nil, err
	}
	s.Version, s.Digest = def.Version, def.Digest
	if s.Params, err = e.params(wf); errors.Is(err, ErrNoParameter) {
		return nil, &startRefused{CodeNoParameter, err.Error()}
	} else if err != nil {
		return nil, err
	}
	var payloads []expression.Payload
	s.Packed, payloads = expression.Pack(input)
	return payloads, nil
}

// filledIn returns the input of a start: checked, defaults filled in.
func (e *Engine) filledIn(wf *graph.Workflow, s *fact.Start) ([]byte, error) {
	raw, err := e.startBytes(s)
	if err != nil {
		return nil, err
	}
	in, err := checkRecorded(wf, raw)
	var wrong *InputError
	if errors.As(err, &wrong) {
		return nil, inputRefused(wrong)
	}
	return in, err
}

// startBytes returns the JSON that a start carries. Bytes that are lost are the
// start's trouble, not that of who sends it.
func (e *Engine) startBytes(s *fact.Start) ([]byte, error) {
	raw, err := e.whole(s.Packed)
	return raw, unread(err)
}

// unread refuses a start whose bytes are lost.
func unread(err error) error {
	if errors.Is(err, eventlog.ErrNotFound) || errors.Is(err, eventlog.ErrCorrupt) {
		return &startRefused{CodeInputInvalid, "the input cannot be read: " + err.Error()}
	}
	return err
}

func inputRefused(err *InputError) error {
	return &startRefused{CodeInputInvalid, fmt.Sprintf("%v: %s", err, inputProblems(err))}
}

func inputProblems(err *InputError) string {
	p := err.Problems[0]
	if p.Path == "" {
		return p.Message
	}
	return p.Path + ": " + p.Message
}

// refused returns who hears of a start that cannot be: the parent, as of a
// child that failed, or the trigger. Nobody waits for a detached child.
func (e *Engine) refused(s *fact.Start, no *startRefused) (to string, body fact.Mail) {
	switch {
	case isRunID(s.Parent) && !s.Detached:
		return s.Parent, fact.ChildEnded{
			Path: s.ParentPath, Child: s.Run, Status: graph.Failed.String(), Code: no.code, Message: no.message,
		}
	case s.Parent != "" && !isRunID(s.Parent):
		return s.Parent, fact.FiringFailed{Run: s.Run, Code: no.code, Message: no.message}
	}
	e.log.Warn("start refused", "run", s.Run, "workflow", s.Workflow, "parent", s.Parent, "code", no.code)
	return "", nil
}
