package fact

import (
	"fmt"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
)

// Input is what a machine is told. Each kind of machine takes its own.
type Input interface{ IsInput() }

// Mail is an input that can travel between streams as a message and wait in
// an inbox.
type Mail interface {
	Input
	mail() (kind byte, fields func(*Coder))
}

// Message is what the event Seq of one stream says to another. It belongs to
// the batch of the turn that it comes from.
type Message struct {
	To   string
	Seq  uint64
	Body Mail
}

// Param is the value of a parameter. A secret one has no value here.
type Param struct {
	Name   string
	Value  expression.Value
	Secret bool
}

// Fields names the parts of a parameter.
func (p *Param) Fields(c *Coder) {
	c.String(1, "name", &p.Name)
	c.Value(2, "value", &p.Value)
	c.Bool(3, "secret", &p.Secret)
}

// Start begins a run. It is the first input and comes once. One that a machine
// sends has Packed in place of Value and leaves Version, Digest and Params to
// the shell, which fills them in before the message is stored.
type Start struct {
	Run         string // its ID
	Workflow    string
	Version     string
	Digest      string
	Value       []byte  // the run's input as JSON, already filled in and checked
	Trigger     []byte  // what started it, as JSON; nil: nothing to say
	TriggerID   string  // empty: started by name
	Params      []Param // values of the deployment, sorted by name
	WantsAnswer bool    // a caller waits for a respond step
	Parent      string  // the run that called it; empty: none
	ParentPath  string
	Depth       int    // how many parents it has
	Detached    bool   // the parent does not wait for it
	RestartOf   string // the run that it repeats; empty: none
	Packed      expression.Value
}

// ChildEnded tells a parent how its child ended. Status is one of succeeded
// failed timedOut cancelled.
type ChildEnded struct {
	Path   string
	Child  string
	Status string
	Output expression.Value
	// Code, Message and Details are of the error that the child ended with.
	Code, Message string
	Details       expression.Value
}

// Signal is a signal sent to a run. ID tells repeats apart.
type Signal struct {
	ID   string
	Name string
	Data []byte // JSON; nil: null
}

// Cancel asks a run to stop; a second one stops it at once.
type Cancel struct{ Reason string }

// Suspend keeps the consequences of a run waiting until Resume.
type Suspend struct{ Reason string }

// Resume ends a suspension.
type Resume struct{}

// Answer is what somebody says to an open task of a run.
type Answer struct {
	Path    string
	ID      string // tells repeats apart
	By      string
	Outcome string
	Form    []byte // JSON; nil: null
}

// Reassign gives an open task to other people.
type Reassign struct {
	Path string
	To   []byte // JSON
	By   string
}

// CloudEvent is an event as CloudEvents 1.0 describes it.
type CloudEvent struct {
	ID, Type, Source, Subject string
	Time                      time.Time
	Data                      expression.Value
}

// Emitted publishes an event to the book of events.
type Emitted struct{ Event CloudEvent }

// EventArrived brings an event to a run that waits for it. Path is that of the
// await, or "listen:" and the name of a listen.
type EventArrived struct {
	Path  string
	Event CloudEvent
}

// Match is one condition of a wait: the event's member at Path has this value.
type Match struct {
	Path  string
	Value expression.Value
}

// MatchOpened has the book of events send what matches to a run.
type MatchOpened struct {
	Run, Path, Type string
	Match           []Match
}

// MatchClosed ends it; an empty Path ends all of the run's.
type MatchClosed struct{ Run, Path string }

// SlotWanted asks the book of a limit for a slot under a key.
type SlotWanted struct {
	Run, Key     string
	Limit, Queue int
	OnLimit      uint8
}

// SlotGranted admits a run.
type SlotGranted struct{}

// SlotRefused tells a run that it cannot start. Code says why.
type SlotRefused struct{ Code, Message string }

// SlotFreed gives a slot back, or leaves the queue.
type SlotFreed struct{ Run, Key string }

// IsInput marks an input.
func (Start) IsInput() {}

// IsInput marks an input.
func (ChildEnded) IsInput() {}

// IsInput marks an input.
func (Signal) IsInput() {}

// IsInput marks an input.
func (Cancel) IsInput() {}

// IsInput marks an input.
func (Suspend) IsInput() {}

// IsInput marks an input.
func (Resume) IsInput() {}

// IsInput marks an input.
func (Answer) IsInput() {}

// IsInput marks an input.
func (Reassign) IsInput() {}

// IsInput marks an input.
func (Emitted) IsInput() {}

// IsInput marks an input.
func (EventArrived) IsInput() {}

// IsInput marks an input.
func (MatchOpened) IsInput() {}

// IsInput marks an input.
func (MatchClosed) IsInput() {}

// IsInput marks an input.
func (SlotWanted) IsInput() {}

// IsInput marks an input.
func (SlotGranted) IsInput() {}

// IsInput marks an input.
func (SlotRefused) IsInput() {}

// IsInput marks an input.
func (SlotFreed) IsInput() {}

// EncodeMail returns the bytes of a message's body.
func EncodeMail(m Mail) []byte {
	kind, fields := m.mail()
	return append([]byte{kind}, Write(fields)...)
}

// DecodeMail returns the message of EncodeMail; it keeps parts of b. The error
// wraps ErrFormat.
func DecodeMail(b []byte) (Mail, error) {
	if len(b) == 0 {
		return nil, fmt.Errorf("%w: an empty message", ErrFormat)
	}
	read, ok := mails[b[0]]
	if !ok {
		return nil, fmt.Errorf("%w: a message of the unknown kind %d: it may come from a newer version", ErrFormat, b[0])
	}
	return read(b[1:])
}
