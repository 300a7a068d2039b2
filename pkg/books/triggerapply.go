package books

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/fact"
)

// Apply folds one recorded event.
func (b *Firings) Apply(e fact.Event) error {
	if err := b.clock.follows("trigger", e); err != nil {
		return err
	}
	switch f := e.Fact.(type) {
	case *TriggerChanged:
		b.changed(e.Time, f)
	case *TriggerPaused:
		b.paused, b.why = true, f.Why
	case *TriggerResumed:
		b.paused, b.why = false, ""
		b.see(e.Time)
	case *Fired:
		b.fired(e.Time, f)
	case *FiringQueued:
		w := firing{f.Due, f.Manual, f.Event, f.Element}
		b.waiting = append(b.waiting, w)
		b.remember(e.Time, &f.Element, b.runOf(w))
		mark(b.running, f.Cancels)
		b.seeFiring(f.Due, w.untimed())
	case *FiringSkipped:
		b.skipped(f)
	case *FiringCancels:
		mark(b.running, f.Run)
	case *FiringEnded:
		b.running = without(b.running, f.Run)
	case *FiringRefused:
		b.refused(f)
	default:
		return fmt.Errorf("trigger: event %d is a %T", e.Seq, f)
	}
	b.clock.applied(e)
	return nil
}

// changed takes over what a workflow says of its trigger. Another schedule
// begins now; what fell due under the old one is past.
func (b *Firings) changed(at time.Time, f *TriggerChanged) {
	was := b.set
	b.set = f.Set
	b.plan, b.invalid = planOf(&f.Set)
	b.failure = FiringRefused{}
	if b.invalid != "" {
		b.failure = FiringRefused{Code: "ScheduleInvalid", Message: b.invalid}
	}
	if was.Cron != f.Set.Cron || was.Every != f.Set.Every || was.Zone != f.Set.Zone {
		b.see(at)
	}
	if f.Set.Event == "" && !b.timed() {
		for _, w := range b.waiting {
			b.keys.forget(b.runOf(w))
		}
		b.waiting = nil
	}
}

func (b *Firings) fired(at time.Time, f *Fired) {
	if f.Request == nil && len(b.waiting) > 0 { // it is what waited longest
		b.waiting = slices.Delete(b.waiting, 0, 1)
	}
	b.last, b.failure = Fired{Due: f.Due, Run: f.Run, Manual: f.Manual}, FiringRefused{}
	if f.Event != nil {
		b.last.Event = &fact.CloudEvent{ID: f.Event.ID, Source: f.Event.Source}
	}
	if f.Waits {
		b.running = append(b.running, place{run: f.Run})
	}
	b.remember(at, &f.Element, f.Run)
	b.rate.count(f.Rate)
	b.seeFiring(f.Due, f.Manual > 0 || f.Event != nil || f.Request != nil)
}

// remember keeps the key of a firing that waits or starts.
func (b *Firings) remember(at time.Time, e *Element, run string) {
	if e.Key != "" && b.keys.run(e.Key, at) != run {
		b.keys.add(e.Key, run, e.Until, at)
	}
}

func (b *Firings) skipped(f *FiringSkipped) {
	n := uint64(max(f.Count, 1))
	switch f.Reason {
	case skippedReplaced:
		b.keys.forget(b.runOf(b.waiting[0]))
		b.waiting = slices.Delete(b.waiting, 0, 1)
	case skippedDuplicate:
		b.duplicates += n
	case skippedFiltered:
		b.filtered += n
	}
	b.seeFiring(f.Due, f.Untimed)
}

// refused takes over that a firing came to nothing. Its key counts no more: the
// same may come again and be right.
func (b *Firings) refused(f *FiringRefused) {
	if f.Run == "" {
		b.seeFiring(f.Due, f.Untimed)
	} else {
		b.running = without(b.running, f.Run)
		b.keys.forget(f.Run)
	}
	b.failure = FiringRefused{Run: f.Run, Code: f.Code, Message: f.Message}
}

// seeFiring moves on what was seen, unless the firing came out of turn.
func (b *Firings) seeFiring(due time.Time, untimed bool) {
	if !untimed {
		b.see(due)
	}
}

func (b *Firings) see(at time.Time) {
	if at.After(b.seen) {
		b.seen = at
	}
}

// Sends returns the messages that belong to a turn.
func (b *Firings) Sends(events []fact.Event) []fact.Message {
	var all []fact.Message
	for _, e := range events {
		switch f := e.Fact.(type) {
		case *Fired:
			all = append(all, fact.Message{To: f.Run, Seq: e.Seq, Body: b.startOf(e.Time, f)})
		case *FiringQueued:
			if f.Cancels != "" {
				all = append(all, stopBy(f.Cancels, e.Seq))
			}
		case *FiringCancels:
			all = append(all, stopBy(f.Run, e.Seq))
		case *FiringRefused:
			if f.Event != nil {
				all = append(all, fact.Message{To: eventsBook, Seq: e.Seq, Body: fact.DeadLetter{
					Trigger: b.stream, Code: f.Code, Message: f.Message, Event: *f.Event,
				}})
			}
		}
	}
	return all
}

func stopBy(run string, seq uint64) fact.Message {
	return fact.Message{To: run, Seq: seq, Body: fact.Cancel{Reason: "the trigger fired again"}}
}

// startOf returns the start of a firing's run. The engine makes the run's
// input out of it: Packed is the event's data, the body, or the element.
func (b *Firings) startOf(at time.Time, f *Fired) fact.Start {
	if f.Request == nil && f.Event != nil {
		s := eventStart(b.stream, f.Run, at, f.Event)
		s.ParentPath, s.Detached = f.Due.Format(time.RFC3339Nano), !f.Waits
		return s
	}
	workflow, id, _ := strings.Cut(strings.TrimPrefix(b.stream, streamPrefix), "/")
	s := fact.Start{
		Run: f.Run, Workflow: workflow, TriggerID: id,
		Parent: b.stream, ParentPath: f.Due.Format(time.RFC3339Nano), Detached: !f.Waits, Packed: f.Element.Data,
	}
	if f.Request != nil {
		s.Version, s.WantsAnswer, s.Trigger = f.Request.Version, f.Request.Answer, f.Request.Trigger.Inline()
		return s
	}
	s.Trigger = textsOf(map[string]any{
		"id": id, "time": at.Format(time.RFC3339Nano), "kind": "schedule", "due": f.Due.Format(time.RFC3339Nano),
	})
	return s
}

// eventStart returns the start of the run that an event fires: Packed is the
// event's data.
func eventStart(stream, run string, at time.Time, event *fact.CloudEvent) fact.Start {
	workflow, id, _ := strings.Cut(strings.TrimPrefix(stream, streamPrefix), "/")
	return fact.Start{
		Run: run, Workflow: workflow, TriggerID: id, Parent: stream, Packed: event.Data,
		Trigger: textsOf(map[string]any{
			"id": id, "time": at.Format(time.RFC3339Nano), "kind": "event",
			"event": map[string]any{
				"id": event.ID, "type": event.Type, "source": event.Source, "subject": event.Subject,
				"time": event.Time.Format(time.RFC3339Nano),
			},
		}),
	}
}

func textsOf(x map[string]any) []byte {
	raw, err := json.Marshal(x)
	if err != nil {
		panic("books: " + err.Error()) // texts only
	}
	return raw
}

// eventsBook is the stream of the book of events.
const eventsBook = "events"

// streamPrefix stands before the workflow and the ID of a trigger in the name
// of its book.
const streamPrefix = "trigger/"

// State returns the book's state, for Restore.
func (b *Firings) State() []byte { return fact.Write(b.fields) }

// Restore makes the book that State described.
func (b *Firings) Restore(state []byte) error {
	n := NewFirings(b.stream)
	if err := fact.ReadFields(state, n.fields); err != nil {
		return err
	}
	n.plan, n.invalid = planOf(&n.set)
	*b = *n
	return nil
}

func (b *Firings) fields(c *fact.Coder) {
	b.clock.state(c)
	present := true
	c.Sub(2, "set", &present, b.set.Fields)
	c.Time(3, "seen", &b.seen)
	c.Bool(4, "paused", &b.paused)
	c.String(5, "why", &b.why)
	c.Sub(6, "failure", &present, b.failure.Fields)
	c.Sub(7, "last", &present, b.last.Fields)
	fact.List(c, 8, "running", &b.running, placeFields)
	fact.List(c, 9, "waiting", &b.waiting, func(c *fact.Coder, f *firing) {
		firingFields(c, &f.due, &f.manual, &f.event)
		f.element.fields(c, 4)
	})
	b.keys.fields(c, 10)
	b.rate.fields(c, 11)
	c.Uint(12, "duplicates", &b.duplicates)
	c.Uint(13, "filtered", &b.filtered)
}
