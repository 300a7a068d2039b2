package books

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
)

// Bounds of the book of events.
const (
	// SeenFor is how long an event is recognised by its source and ID.
	SeenFor = 24 * time.Hour
	// MaxSeen is how many events are recognised.
	MaxSeen = 100_000
	// maxSpread is how many receivers one fact has, maxSpreadBytes how much
	// the messages of one turn hold.
	maxSpread      = 1000
	maxSpreadBytes = 4 << 20
)

// Events is the book of what waits for events: the open matches of runs, and
// the triggers that an event fires. An event costs what it matches, however
// much waits. It reaches everything that was open when it was recorded and is
// open when its turn comes. One goroutine at a time may use a book.
type Events struct {
	clock clock
	index matchIndex
	seen  seen
	jobs  []*job // events that have not reached everybody yet, oldest first
	dead  deadLetters
	blobs map[expression.Hash][]byte
}

// job is an event on its way. Everything before its shape, and up to its
// match there, was reached.
type job struct {
	seq    uint64 // of the event that recorded it
	event  fact.CloudEvent
	facets []fact.Match
	shape  int
	after  uint64
}

// NewEvents returns the empty book.
func NewEvents() *Events {
	return &Events{index: newMatchIndex(), seen: newSeen(), blobs: make(map[expression.Hash][]byte)}
}

// Seq returns the number of the last event.
func (b *Events) Seq() uint64 { return b.clock.seq }

// WakeAt returns the zero time: the book waits for messages only.
func (b *Events) WakeAt() time.Time { return time.Time{} }

// Size is how many entries the book's state has.
func (b *Events) Size() int { return b.index.count + len(b.seen.order) + len(b.dead.all) }

// Open returns how many matches are open.
func (b *Events) Open() int { return b.index.count }

// Provide gives the book bytes that a turn wanted.
func (b *Events) Provide(h expression.Hash, bytes []byte) { b.blobs[h] = bytes }

// Decide spreads the events that are on their way, then takes the inputs in
// order: fact.Emitted, MatchOpened, MatchClosed, Subscribed and DeadLetter,
// Redeliver and Discard.
func (b *Events) Decide(at time.Time, in ...fact.Input) fact.Turn {
	t := turn{at: at, clock: &b.clock, apply: b.Apply}
	size := 0
	b.spread(&t, &size)
	for !t.More && t.Taken < len(in) {
		var lack *expression.Lack
		if err := b.take(&t, in[t.Taken]); errors.As(err, &lack) {
			t.Wants = lack.Hashes
			break
		}
		clear(b.blobs)
		t.Taken++
		b.spread(&t, &size)
	}
	return t.Turn
}

func (b *Events) take(t *turn, in fact.Input) error {
	switch x := in.(type) {
	case fact.MatchOpened:
		if b.index.find(x.Run, x.Path) != nil {
			t.refuse(Repeated, "run %s waits at %s already", x.Run, x.Path)
			return nil
		}
		t.record(&MatchAdded{Run: x.Run, Path: x.Path, Type: x.Type, Match: x.Match})
	case fact.MatchClosed:
		if b.index.runs[x.Run] == nil || x.Path != "" && b.index.find(x.Run, x.Path) == nil {
			t.refuse(NotKnown, "run %s does not wait there", x.Run)
			return nil
		}
		t.record(&MatchDropped{Run: x.Run, Path: x.Path})
	case fact.Subscribed:
		if b.index.subscribed(x.Trigger) == x.Type {
			t.refuse(Repeated, "trigger %s is subscribed like that", x.Trigger)
			return nil
		}
		t.record(&TriggerSubscribed{Trigger: x.Trigger, Type: x.Type})
	case fact.Emitted:
		return b.emitted(t, x.Event)
	case fact.DeadLetter:
		b.bury(t, &x)
	case Redeliver:
		if letter := b.dead.find(x.ID); letter != nil {
			t.record(&DeadRetried{ID: x.ID, letter: *letter})
			return nil
		}
		t.refuse(NotKnown, "there is no dead letter %d", x.ID)
	case Discard:
		if b.dead.find(x.ID) != nil {
			t.record(&DeadDropped{ID: x.ID})
			return nil
		}
		t.refuse(NotKnown, "there is no dead letter %d", x.ID)
	default:
		t.refuse(NotUnderstood, "the book of events takes no %T", x)
	}
	return nil
}

// emitted records an event, with what of it is compared.
func (b *Events) emitted(t *turn, e fact.CloudEvent) error {
	if b.seen.has(seenKey(e.Source, e.ID)) {
		t.refuse(Repeated, "event %q of %s was taken before", e.ID, e.Source)
		return nil
	}
	f := &EventTaken{Event: e}
	kind := b.index.types[e.Type]
	if kind != nil {
		paths := kind.paths()
		if len(paths) > 0 {
			var err error
			if f.Facets, err = facetsOf(&e, paths, b.fetch); err != nil {
				return err
			}
		}
		f.Triggers = slices.Clone(kind.triggers)
	}
	if len(f.Triggers) == 0 && !b.index.matches(e.Type, f.Facets) {
		f.Event.Data, f.Facets, f.Ignored = expression.Value{}, nil, true
	}
	t.record(f)
	return nil
}

func (b *Events) fetch(h expression.Hash) ([]byte, bool) {
	bytes, ok := b.blobs[h]
	return bytes, ok
}

// spread brings events to those who wait, until all are reached or the turn
// holds enough.
func (b *Events) spread(t *turn, size *int) {
	for len(b.jobs) > 0 {
		if *size >= maxSpreadBytes {
			t.More = true
			return
		}
		j := b.jobs[0]
		weight := 300 + len(j.event.Data.Inline())
		most := min(max((maxSpreadBytes-*size)/weight, 1), maxSpread)
		f := &EventSpread{Of: j.seq, Event: j.event}
		f.Shape, f.To, f.Done = b.index.chunk(j, most)
		if len(f.To) > 0 {
			f.After = f.To[len(f.To)-1].seq
		} else {
			f.Event = fact.CloudEvent{ID: j.event.ID}
		}
		*size += len(f.To) * weight
		t.record(f)
	}
}

// Apply folds one recorded event.
func (b *Events) Apply(e fact.Event) error {
	if err := b.clock.follows("events", e); err != nil {
		return err
	}
	switch f := e.Fact.(type) {
	case *MatchAdded:
		b.index.add(e.Seq, f)
	case *MatchDropped:
		b.index.drop(f.Run, f.Path)
	case *TriggerSubscribed:
		b.index.subscribe(f.Trigger, f.Type)
	case *EventTaken:
		b.seen.add(seenKey(f.Event.Source, f.Event.ID), e.Time)
		if !f.Ignored && b.index.types[f.Event.Type] != nil && len(b.index.types[f.Event.Type].shapes) > 0 {
			b.jobs = append(b.jobs, &job{seq: e.Seq, event: f.Event, facets: f.Facets})
		}
	case *EventSpread:
		if len(b.jobs) == 0 || b.jobs[0].seq != f.Of {
			return fmt.Errorf("events: event %d goes on with %d, which is not under way", e.Seq, f.Of)
		}
		b.jobs[0].shape, b.jobs[0].after = f.Shape, f.After
		if f.Done {
			b.jobs = slices.Delete(b.jobs, 0, 1)
		}
	case *DeadLettered:
		b.dead.add(DeadLetter{
			ID: e.Seq, At: e.Time, Trigger: f.Trigger, Run: f.Run, Ruled: f.Ruled, Code: f.Code, Message: f.Message, Event: f.Event,
		})
	case *DeadRetried:
		b.dead.remove(f.ID)
	case *DeadDropped:
		b.dead.remove(f.ID)
		if f.Code != "" {
			b.dead.lost++
		}
	default:
		return fmt.Errorf("events: event %d is a %T", e.Seq, f)
	}
	b.clock.applied(e)
	return nil
}

// Sends returns the messages that belong to a turn.
func (b *Events) Sends(events []fact.Event) []fact.Message {
	var all []fact.Message
	for _, e := range events {
		switch f := e.Fact.(type) {
		case *EventTaken:
			for _, to := range f.Triggers {
				all = append(all, fact.Message{To: to, Seq: e.Seq, Body: fact.Emitted{Event: f.Event}})
			}
		case *EventSpread:
			for _, to := range f.To {
				all = append(all, fact.Message{To: to.Run, Seq: e.Seq, Body: fact.EventArrived{Path: to.Path, Event: f.Event}})
			}
		case *DeadRetried:
			all = append(all, redelivered(e, f))
		}
	}
	return all
}

// State returns the book's state, for Restore.
func (b *Events) State() []byte { return fact.Write(b.fields) }

// Restore makes the book that State described.
func (b *Events) Restore(state []byte) error {
	n := NewEvents()
	if err := fact.ReadFields(state, n.fields); err != nil {
		return err
	}
	*b = *n
	return nil
}

func (b *Events) fields(c *fact.Coder) {
	b.clock.state(c)
	b.index.fields(c, 2)
	b.seen.fields(c, 3)
	fact.List(c, 4, "jobs", &b.jobs, func(c *fact.Coder, p **job) {
		if *p == nil {
			*p = new(job)
		}
		j, present := *p, true
		c.Uint(1, "seq", &j.seq)
		c.Sub(2, "event", &present, j.event.Fields)
		fact.List(c, 3, "facets", &j.facets, func(c *fact.Coder, m *fact.Match) { m.Fields(c) })
		c.Int(4, "shape", &j.shape)
		c.Uint(5, "after", &j.after)
	})
	b.dead.fields(c, 5)
}
