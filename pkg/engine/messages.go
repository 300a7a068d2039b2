package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// The senders of messages that come from outside.
const (
	senderSignal = "outside/signal/"
	senderCancel = "outside/cancel/"
)

// maxName is how long the ID and the name of a signal may be, in bytes.
const maxName = 256

// ErrBadSignal means that the name or the data of a signal is not valid.
var ErrBadSignal = errors.New("the signal is not valid")

// Signal sends a signal to a run and returns once it is in the log. A repeat
// with the same id is recognised and changes nothing; without an id each is a
// signal of its own. The error is ErrNoRun, ErrRunEnded, ErrRunStuck,
// ErrInboxFull (also when the run keeps as many signals as it may that no step
// has taken), ErrStorageFull or wraps ErrBadSignal.
func (e *Engine) Signal(ctx context.Context, run, id, name string, data json.RawMessage) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: it has no name", ErrBadSignal)
	case len(name) > maxName || len(id) > maxName:
		return fmt.Errorf("%w: its name or id has more than %d bytes", ErrBadSignal, maxName)
	case len(data) > MaxInput:
		return fmt.Errorf("%w: its data has %d bytes, at most %d are taken", ErrBadSignal, len(data), MaxInput)
	}
	var recorded []byte
	if len(data) > 0 {
		var err error
		if recorded, err = expression.Import(data); err != nil {
			return fmt.Errorf("%w: its data: %w", ErrBadSignal, err)
		}
	}
	if id == "" {
		id = e.ids.next(e.clock.Now())
	}
	in := interpreter.Signal{ID: id, Name: name, Data: recorded}
	if err := e.direct(ctx, run, in); !errors.Is(err, errIndirect) {
		return err
	}
	return e.send(ctx, run, senderSignal+id, in)
}

// direct has a run in memory take a signal in its next turn, and returns once
// that is in the log: one commit, where the way through the inbox takes two.
// The error is errIndirect when the run cannot take it now, and nothing came
// of it.
func (e *Engine) direct(ctx context.Context, run string, in interpreter.Signal) error {
	if err := e.ready(); err != nil {
		if e.opts.Still {
			return errIndirect
		}
		return err
	}
	done := make(chan error, 1)
	if !e.runs.offer(run, mail{in: in, started: done, direct: true}) {
		return errIndirect
	}
	err := e.answered(ctx, done)
	var no fact.Refusal
	switch {
	case errors.Is(err, eventlog.ErrConflict), errors.Is(err, ErrNoRun):
		return errIndirect
	case !errors.As(err, &no):
		return err
	}
	switch no.Code {
	case interpreter.RefusedReceived:
		return nil
	case interpreter.RefusedFull:
		return ErrInboxFull
	case interpreter.RefusedEnded:
		return ErrRunEnded
	}
	return errIndirect
}

// maxRead is how many bytes of messages one turn looks at, the message that
// passes it included.
const maxRead = 16 << 20

// missed logs the messages of the inbox that a turn refused because the run
// keeps too many of their kind; nobody else hears of it.
func (r *run) missed(t *turn, inputs []interpreter.Input) {
	for _, no := range t.Refused {
		if no.Code == interpreter.RefusedFull && no.Index < len(t.took) {
			r.e.log.Warn("a message was not kept", "run", r.id, "kind", fmt.Sprintf("%T", inputs[no.Index]), "code", no.Code, "reason", no.Why)
		}
	}
}

// Cancel asks a run to stop and returns once that is in the log. A second
// cancel stops it at once. The errors are those of Signal.
func (e *Engine) Cancel(ctx context.Context, run, reason string) error {
	return e.send(ctx, run, senderCancel+e.ids.next(e.clock.Now()), interpreter.Cancel{Reason: clip(reason, maxMessage)})
}

// send puts an input into the inbox of a run and has the run look.
func (e *Engine) send(ctx context.Context, run, sender string, in interpreter.Input) error {
	if err := e.ready(); err != nil && !e.opts.Still {
		return err
	}
	head, err := e.goingOn(ctx, run)
	switch {
	case err != nil:
		return err
	case head.Records == 0 && head.Inbox == 0: // one that has mail is about to begin
		return ErrNoRun
	case head.Status == stuckStatus:
		return ErrRunStuck
	case strings.HasPrefix(sender, senderSignal) && slices.Contains(head.Keys, fullKey):
		return ErrInboxFull
	}
	msg := eventlog.Message{
		ID:   eventlog.MessageID{Sender: sender, Seq: 1, Receiver: run},
		Body: interpreter.EncodeInput(in), Outside: true,
	}
	if err := e.appendErr(e.store.Append(ctx, eventlog.Batch{Stream: run, Send: []eventlog.Message{msg}})); err != nil {
		return err
	}
	e.runs.deliver(run, mail{inbox: true})
	return nil
}
