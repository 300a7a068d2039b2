package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// CloudEvent is an event as CloudEvents 1.0 describes it, in JSON.
type CloudEvent struct {
	ID, Type, Source, Subject string
	Time                      time.Time // zero: now
	Data                      json.RawMessage
}

// ErrBadEvent means that an event is not valid.
var ErrBadEvent = errors.New("the event is not valid")

// maxAttribute is how long the attributes of an event may be, in bytes.
const maxAttribute = 1024

// Publish brings an event to the runs that wait for it and to the triggers
// that it fires, and returns once it is in the log. An event that came before,
// by its source and ID, changes nothing. The error wraps ErrBadEvent, or is
// ErrStorageFull.
func (e *Engine) Publish(ctx context.Context, ev CloudEvent) error {
	if err := e.ready(); err != nil {
		return err
	}
	if ev.ID == "" || ev.Type == "" || ev.Source == "" {
		return fmt.Errorf("%w: it needs an id, a type and a source", ErrBadEvent)
	}
	for _, s := range []string{ev.ID, ev.Type, ev.Source, ev.Subject} {
		if len(s) > maxAttribute {
			return fmt.Errorf("%w: an attribute has %d bytes, at most %d are taken", ErrBadEvent, len(s), maxAttribute)
		}
	}
	if len(ev.Data) > MaxInput {
		return fmt.Errorf("%w: its data has %d bytes, at most %d are taken", ErrBadEvent, len(ev.Data), MaxInput)
	}
	if ev.Time.IsZero() {
		ev.Time = e.clock.Now()
	}
	f := fact.CloudEvent{ID: ev.ID, Type: ev.Type, Source: ev.Source, Subject: ev.Subject, Time: ev.Time.UTC().Round(0)}
	if len(ev.Data) > 0 {
		raw, err := expression.Import(ev.Data)
		if err != nil {
			return fmt.Errorf("%w: its data: %w", ErrBadEvent, err)
		}
		packed, payloads := expression.Pack(raw)
		if err := e.appendErr(e.putPayloads(payloads)); err != nil {
			return err
		}
		f.Data = packed
	}
	err := e.shelf.tell(ctx, interpreter.EventsBook, fact.Emitted{Event: f})
	var no fact.Refusal
	if errors.As(err, &no) { // it came before
		return nil
	}
	return err
}
