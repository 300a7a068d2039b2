package books

import (
	"encoding/json"
	"fmt"
	"slices"
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
		b.fired(f)
	case *FiringQueued:
		b.waiting = append(b.waiting, firing{f.Due, f.Manual, f.Event})
		mark(b.running, f.Cancels)
		b.seeFiring(f.Due, f.Manual > 0 || f.Event != nil)
	case *FiringSkipped:
		if f.Reason == skippedReplaced {
			b.unqueue(f.Due)
		}
		b.seeFiring(f.Due, f.Untimed)
	case *FiringEnded:
		b.running = without(b.running, f.Run)
	case *FiringRefused:
		b.running = without(b.running, f.Run)
		if f.Code != Filtered {
			b.failure = *f
		}
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
	if f.Set.Cron == "" && f.Set.Every == 0 && f.Set.Event == "" {
		b.waiting = nil
	}
}

func (b *Firings) fired(f *Fired) {
	b.unqueue(f.Due)
	b.last, b.failure = Fired{Due: f.Due, Run: f.Run}, FiringRefused{}
	if f.Waits {
		b.running = append(b.running, place{run: f.Run})
	}
	b.seeFiring(f.Due, f.Manual > 0 || f.Event != nil)
}

func (b *Firings) unqueue(due time.Time) {
	if i := slices.IndexFunc(b.waiting, func(w firing) bool { return w.due.Equal(due) }); i >= 0 {
		b.waiting = slices.Delete(b.waiting, i, i+1)
	}
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
				all = append(all, fact.Message{To: f.Cancels, Seq: e.Seq, Body: fact.Cancel{Reason: "the trigger fired again"}})
			}
		}
	}
	return all
}

// startOf returns the start of a firing's run. The engine makes the run's
// input out of it: Packed is the event's data.
func (b *Firings) startOf(at time.Time, f *Fired) fact.Start {
	trigger := map[string]any{
		"id": b.set.ID, "kind": "schedule", "time": at.Format(time.RFC3339Nano), "due": f.Due.Format(time.RFC3339Nano),
	}
	s := fact.Start{
		Run: f.Run, Workflow: b.set.Workflow, TriggerID: b.set.ID,
		Parent: b.stream, ParentPath: f.Due.Format(time.RFC3339Nano), Detached: !f.Waits,
	}
	if f.Event != nil {
		event := map[string]any{
			"id": f.Event.ID, "type": f.Event.Type, "source": f.Event.Source, "subject": f.Event.Subject,
			"time": f.Event.Time.Format(time.RFC3339Nano),
		}
		trigger = map[string]any{"id": b.set.ID, "kind": "event", "time": at.Format(time.RFC3339Nano), "event": event}
		s.Packed = f.Event.Data
	}
	raw, err := json.Marshal(trigger)
	if err != nil {
		panic("books: " + err.Error()) // texts only
	}
	s.Trigger = raw
	return s
}

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
	})
}
