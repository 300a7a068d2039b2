package books

import (
	"slices"
	"strconv"
	"time"

	"github.com/keelstep/keelstep/pkg/fact"
)

// The bounds of the dead letters. Beyond them the oldest go.
const (
	MaxDeadLetters     = 1000
	MaxDeadLetterBytes = 16 << 20 // of data that stands in the record itself
)

// DeadLettersFull is the code of a dead letter that went because newer ones
// came.
const DeadLettersFull = "DeadLettersFull"

// DeadLetter is an event that matched a trigger and started nothing. It is kept
// until somebody has it tried again or drops it.
type DeadLetter struct {
	ID      uint64
	At      time.Time
	Trigger string // the stream of its book
	Run     string // that was started and not admitted; empty: none was
	// Ruled tells that the rules of the trigger were applied already: the event
	// is what one run starts with.
	Ruled         bool
	Code, Message string
	Event         fact.CloudEvent
}

// Redeliver has a dead letter tried again. It is one no longer then, unless it
// fails again.
type Redeliver struct{ ID uint64 }

// Discard drops a dead letter.
type Discard struct{ ID uint64 }

// IsInput marks an input.
func (Redeliver) IsInput() {}

// IsInput marks an input.
func (Discard) IsInput() {}

// deadLetters is the dead letters, oldest first.
type deadLetters struct {
	all   []DeadLetter
	bytes int
	lost  uint64 // that went because newer ones came
}

func weigh(e *fact.CloudEvent) int { return len(e.Data.Inline()) }

func (d *deadLetters) find(id uint64) *DeadLetter {
	if i := slices.IndexFunc(d.all, func(x DeadLetter) bool { return x.ID == id }); i >= 0 {
		return &d.all[i]
	}
	return nil
}

func (d *deadLetters) add(x DeadLetter) {
	d.all = append(d.all, x)
	d.bytes += weigh(&x.Event)
}

func (d *deadLetters) remove(id uint64) {
	d.all = slices.DeleteFunc(d.all, func(x DeadLetter) bool {
		if x.ID == id {
			d.bytes -= weigh(&x.Event)
		}
		return x.ID == id
	})
}

func (d *deadLetters) full() bool {
	return len(d.all) > 1 && (len(d.all) > MaxDeadLetters || d.bytes > MaxDeadLetterBytes)
}

// DeadLetters returns the dead letters, oldest first, and how many went because
// newer ones came.
func (b *Events) DeadLetters() (all []DeadLetter, lost uint64) {
	return slices.Clone(b.dead.all), b.dead.lost
}

// bury records a dead letter. What is too much goes.
func (b *Events) bury(t *turn, x *fact.DeadLetter) {
	t.record(&DeadLettered{
		Trigger: x.Trigger, Run: x.Run, Ruled: x.Ruled, Code: x.Code, Message: x.Message, Event: x.Event,
	})
	for b.dead.full() {
		t.record(&DeadDropped{ID: b.dead.all[0].ID, Code: DeadLettersFull})
	}
}

// redelivered returns what a dead letter that is tried again becomes: the event
// for the trigger to look at, or the start of a run where it has.
func redelivered(e fact.Event, f *DeadRetried) fact.Message {
	if !f.letter.Ruled {
		return fact.Message{To: f.letter.Trigger, Seq: e.Seq, Body: fact.Emitted{Event: f.letter.Event}}
	}
	run := derivedRun(e.Time, "dead letter\x00"+strconv.FormatUint(f.ID, 10))
	start := eventStart(f.letter.Trigger, run, e.Time, &f.letter.Event)
	start.ParentPath, start.Detached = e.Time.Format(time.RFC3339Nano), true
	return fact.Message{To: run, Seq: e.Seq, Body: start}
}

func (d *deadLetters) fields(c *fact.Coder, tag uint64) {
	present := true
	c.Sub(tag, "dead", &present, func(c *fact.Coder) {
		c.Uint(1, "lost", &d.lost)
		fact.List(c, 2, "letters", &d.all, letterFields)
	})
	if c.Reading() {
		d.bytes = 0
		for i := range d.all {
			d.bytes += weigh(&d.all[i].Event)
		}
	}
}

func letterFields(c *fact.Coder, x *DeadLetter) {
	c.Uint(1, "id", &x.ID)
	c.Time(2, "at", &x.At)
	c.String(3, "trigger", &x.Trigger)
	c.String(4, "run", &x.Run)
	c.Bool(5, "ruled", &x.Ruled)
	c.String(6, "code", &x.Code)
	c.String(7, "message", &x.Message)
	present := true
	c.Sub(8, "event", &present, x.Event.Fields)
}
