package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/books"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// The errors of dead letters.
var (
	ErrNoDeadLetter  = errors.New("no such dead letter")
	ErrTriggerPaused = errors.New("the trigger is paused")
)

// DeadLetter is an event that matched a trigger and started nothing.
type DeadLetter struct {
	ID                string
	At                time.Time
	Workflow, Trigger string
	Run               string // that was started and not admitted; empty: none was
	Code, Message     string // why it started nothing
	Event             CloudEvent
}

// DeadLetters returns the dead letters, oldest first, and how many went because
// newer ones came: books.MaxDeadLetters are kept. Large data of an event is
// named by its hash.
func (e *Engine) DeadLetters(ctx context.Context) (all []DeadLetter, lost uint64, err error) {
	var l struct {
		all  []books.DeadLetter
		lost uint64
	}
	err = e.shelf.ask(ctx, interpreter.EventsBook, func(m bookMachine) { l.all, l.lost = m.(*books.Events).DeadLetters() })
	if err != nil {
		return nil, 0, err
	}
	all = make([]DeadLetter, len(l.all))
	for i, x := range l.all {
		var data json.RawMessage
		if !x.Event.Data.IsAbsent() {
			if data, err = json.Marshal(x.Event.Data); err != nil {
				return nil, 0, fmt.Errorf("dead letter %d: %w", x.ID, err)
			}
		}
		all[i] = DeadLetter{
			ID: strconv.FormatUint(x.ID, 10), At: x.At, Run: x.Run, Code: x.Code, Message: x.Message,
			Event: CloudEvent{
				ID: x.Event.ID, Type: x.Event.Type, Source: x.Event.Source, Subject: x.Event.Subject, Time: x.Event.Time, Data: data,
			},
		}
		all[i].Workflow, all[i].Trigger, _ = strings.Cut(strings.TrimPrefix(x.Trigger, triggerPrefix), "/")
	}
	return all, l.lost, nil
}

// RetryDeadLetter has the trigger take a dead letter again, with the workflow's
// active version. One that fails again is a dead letter anew. The error is
// ErrNoDeadLetter, or wraps ErrNoTrigger or ErrTriggerPaused.
func (e *Engine) RetryDeadLetter(ctx context.Context, id string) error {
	if err := e.ready(); err != nil {
		return err
	}
	all, _, err := e.DeadLetters(ctx)
	if err != nil {
		return err
	}
	for _, x := range all {
		if x.ID != id {
			continue
		}
		t, err := e.Trigger(ctx, x.Workflow, x.Trigger)
		if err != nil {
			return err
		}
		if t.Status == "paused" {
			return fmt.Errorf("%w: %s of workflow %s", ErrTriggerPaused, x.Trigger, x.Workflow)
		}
	}
	return e.tellDead(ctx, id, func(n uint64) fact.Input { return books.Redeliver{ID: n} })
}

// DropDeadLetter drops a dead letter. The error is ErrNoDeadLetter when there
// is none of that ID.
func (e *Engine) DropDeadLetter(ctx context.Context, id string) error {
	if err := e.ready(); err != nil {
		return err
	}
	return e.tellDead(ctx, id, func(n uint64) fact.Input { return books.Discard{ID: n} })
}

func (e *Engine) tellDead(ctx context.Context, id string, in func(uint64) fact.Input) error {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return ErrNoDeadLetter
	}
	err = e.shelf.tell(ctx, interpreter.EventsBook, in(n))
	var no fact.Refusal
	if errors.As(err, &no) {
		return ErrNoDeadLetter
	}
	return err
}

// deadLetter is a message to the book of events about one that started nothing.
type deadLetter fact.DeadLetter

func (l deadLetter) from(sender string, seq uint64) eventlog.Message {
	return eventlog.Message{
		ID:   eventlog.MessageID{Sender: sender, Seq: seq, Receiver: interpreter.EventsBook},
		Body: fact.EncodeMail(fact.DeadLetter(l)),
	}
}

// deadStart returns the dead letter of a start that an event made and that
// cannot be.
func (e *Engine) deadStart(body fact.Mail, no *startRefused) (l deadLetter, ok bool) {
	s, isStart := body.(fact.Start)
	if !isStart || !strings.HasPrefix(s.Parent, triggerPrefix) {
		return l, false
	}
	event, ok := eventOf(s.Trigger)
	if !ok {
		return l, false
	}
	event.Data = s.Packed
	return deadLetter{Trigger: s.Parent, Ruled: true, Code: no.code, Message: clip(no.message, maxMessage), Event: event}, true
}

// notAdmitted returns the dead letter of a run that an event started and that
// its workflow's limit refused. One that the workflow skips is no failure.
func (r *run) notAdmitted(t *turn, in []interpreter.Input) ([]fact.Message, error) {
	parent, _, _ := r.machine.Parent()
	if len(t.Events) == 0 || !r.machine.Ended() || !strings.HasPrefix(parent, triggerPrefix) {
		return nil, nil
	}
	for _, x := range in[:min(t.Taken, len(in))] {
		no, ok := x.(interpreter.SlotRefused)
		if !ok || no.Code == books.Skipped {
			continue
		}
		raw, err := r.e.whole(r.machine.Trigger())
		if err != nil {
			return nil, err
		}
		event, ok := eventOf(raw)
		if !ok {
			return nil, nil
		}
		if data := event.Data.Inline(); data != nil {
			var payloads []expression.Payload
			event.Data, payloads = expression.Pack(data)
			t.Payloads = append(t.Payloads, payloads...)
		}
		return []fact.Message{{To: interpreter.EventsBook, Seq: t.Events[len(t.Events)-1].Seq, Body: fact.DeadLetter{
			Trigger: parent, Run: r.id, Ruled: true, Code: no.Code, Message: no.Message, Event: event,
		}}}, nil
	}
	return nil, nil
}

// eventOf returns the event in what a run knows of its trigger; ok is false
// when no event started it.
func eventOf(trigger []byte) (event fact.CloudEvent, ok bool) {
	var t struct {
		Kind  string `json:"kind"`
		Event struct {
			ID, Type, Source, Subject string
			Time                      time.Time
			Data                      json.RawMessage
		} `json:"event"`
	}
	if err := json.Unmarshal(trigger, &t); err != nil || t.Kind != "event" {
		return event, false
	}
	x := t.Event
	event = fact.CloudEvent{ID: x.ID, Type: x.Type, Source: x.Source, Subject: x.Subject, Time: x.Time}
	if len(x.Data) > 0 {
		event.Data = expression.Raw(x.Data)
	}
	return event, true
}
