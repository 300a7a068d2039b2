// Package fact is what the machines of every kind share: events, turns,
// refusals and the codec of facts. It is pure.
package fact

import (
	"fmt"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
)

// Kind is the stable number of a fact's type within its family. Numbers are
// never reused.
type Kind uint16

// Fact is something that happened. A fact describes its own fields once, to
// a Coder that writes, reads or shows them.
type Fact interface {
	Kind() Kind
	Fields(c *Coder)
}

// Event is a fact with its number and its time. Seq counts the events of a
// stream from 1 without gaps; Time never goes back within a stream.
type Event struct {
	Seq  uint64
	Time time.Time
	Fact Fact
}

// Refusal is an input that no longer mattered. Index is its position among
// the inputs that Decide was given.
type Refusal struct {
	Index int
	Code  string // such as RunEnded, NoSuchTask, AlreadyAnswered
	Why   string
}

// Error returns code and reason.
func (r Refusal) Error() string { return fmt.Sprintf("%s: %s", r.Code, r.Why) }

// Turn is what one Decide yields. The shell stores Payloads, then appends
// Events as one record; the events are already applied to the machine.
type Turn struct {
	Events []Event
	// Taken is how many of the inputs were consumed; the shell offers the
	// rest again.
	Taken    int
	Refused  []Refusal
	Payloads []expression.Payload
	// Wants is not empty when Decide stopped because it lacks stored bytes:
	// the shell appends the turn, provides them and calls Decide again.
	Wants []expression.Hash
	// More tells that the turn ended at its bound: the shell appends it, looks
	// into the inbox and calls Decide again.
	More bool
}
