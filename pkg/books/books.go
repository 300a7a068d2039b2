// Package books is what an engine remembers that is no run: each book is a
// stream of facts folded by a machine of its own. A book is pure: it takes
// inputs and the time, yields events and refusals, and changes only by
// applying events. It stores nothing; the engine appends its turns to the log.
package books

import (
	"time"

	"github.com/keelstep/keelstep/pkg/fact"
)

// The codes of refusals.
const (
	// VersionTaken: the version's label stands for another document.
	VersionTaken = "VersionTaken"
	// RouteTaken: another workflow has an http trigger of that method and path.
	RouteTaken = "RouteTaken"
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
