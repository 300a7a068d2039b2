package books

import "github.com/keelstep/keelstep/pkg/fact"

// DeadLettered keeps an event that matched a trigger and started nothing. Its
// number is the dead letter's ID.
type DeadLettered struct {
	Trigger, Run  string
	Ruled         bool
	Code, Message string
	Event         fact.CloudEvent
}

// DeadRetried has a dead letter tried again.
type DeadRetried struct {
	ID     uint64
	letter DeadLetter // known in the turn that decides it, for what it sends
}

// DeadDropped drops a dead letter. Code is DeadLettersFull where nobody asked
// for it.
type DeadDropped struct {
	ID   uint64
	Code string
}

// Kind returns the fact's number.
func (*DeadLettered) Kind() fact.Kind { return 6 }

// Kind returns the fact's number.
func (*DeadRetried) Kind() fact.Kind { return 7 }

// Kind returns the fact's number.
func (*DeadDropped) Kind() fact.Kind { return 8 }

// Name returns the fact's name.
func (*DeadLettered) Name() string { return "DeadLettered" }

// Name returns the fact's name.
func (*DeadRetried) Name() string { return "DeadRetried" }

// Name returns the fact's name.
func (*DeadDropped) Name() string { return "DeadDropped" }

// Fields carries the fact.
func (f *DeadLettered) Fields(c *fact.Coder) {
	c.String(1, "trigger", &f.Trigger)
	c.String(2, "run", &f.Run)
	c.Bool(3, "ruled", &f.Ruled)
	c.String(4, "code", &f.Code)
	c.String(5, "message", &f.Message)
	present := true
	c.Sub(6, "event", &present, f.Event.Fields)
}

// Fields carries the fact. The letter itself is with the fact that keeps it.
func (f *DeadRetried) Fields(c *fact.Coder) { c.Uint(1, "id", &f.ID) }

// Fields carries the fact.
func (f *DeadDropped) Fields(c *fact.Coder) {
	c.Uint(1, "id", &f.ID)
	c.String(2, "code", &f.Code)
}
