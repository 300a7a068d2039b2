// Package books is what an engine remembers that is no run: each book is a
// stream of facts folded by a machine of its own. A book is pure: it takes
// inputs and the time, yields events and refusals, and changes only by
// applying events. It stores nothing; the engine appends its turns to the log.
package books

import (
	"fmt"
	"time"

	"github.com/keelstep/keelstep/pkg/fact"
)

// The codes of refusals.
const (
	// VersionTaken: the version's label stands for another document.
	VersionTaken = "VersionTaken"
	// RouteTaken: another workflow has an http trigger of that method and path.
	RouteTaken = "RouteTaken"
	// NotUnderstood: the book takes no inputs of that kind.
	NotUnderstood = "NotUnderstood"
	// Repeated: the book has recorded that before.
	Repeated = "Repeated"
	// NotKnown: the book has nothing of that name.
	NotKnown = "NotKnown"
)

// clock numbers and dates the events of a book: numbers without gaps, a time
// that never goes back.
type clock struct {
	seq  uint64
	last time.Time
}

func (c *clock) event(at time.Time, f fact.Fact) fact.Event {
	at = at.Round(0).UTC()
	if at.Before(c.last) {
		at = c.last
	}
	return fact.Event{Seq: c.seq + 1, Time: at, Fact: f}
}

func (c *clock) applied(e fact.Event) { c.seq, c.last = e.Seq, e.Time }

// follows returns an error unless e is the next event of a book.
func (c *clock) follows(book string, e fact.Event) error {
	if e.Seq != c.seq+1 {
		return fmt.Errorf("%s: event %d follows event %d", book, e.Seq, c.seq)
	}
	return nil
}

// state carries the clock within the state of its book.
func (c *clock) state(k *fact.Coder) {
	present := true
	k.Sub(1, "clock", &present, func(k *fact.Coder) {
		k.Uint(1, "seq", &c.seq)
		k.Time(2, "last", &c.last)
	})
}

// turn is a turn that is being decided. Its events are applied as they come.
type turn struct {
	fact.Turn
	at    time.Time
	clock *clock
	apply func(fact.Event) error
}

// record adds an event to the turn.
func (t *turn) record(f fact.Fact) {
	e := t.clock.event(t.at, f)
	if err := t.apply(e); err != nil {
		panic("books: decided what cannot follow: " + err.Error())
	}
	t.Events = append(t.Events, e)
}

// refuse says why the input that is being taken changes nothing.
func (t *turn) refuse(code, format string, args ...any) {
	t.Refused = append(t.Refused, fact.Refusal{Index: t.Taken, Code: code, Why: fmt.Sprintf(format, args...)})
}
