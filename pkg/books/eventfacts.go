package books

import "github.com/keelstep/keelstep/pkg/fact"

// EventFacts is the facts of the book of events.
var EventFacts = fact.NewFamily("events",
	func() fact.Fact { return new(MatchAdded) },
	func() fact.Fact { return new(MatchDropped) },
	func() fact.Fact { return new(EventTaken) },
	func() fact.Fact { return new(EventSpread) },
	func() fact.Fact { return new(TriggerSubscribed) },
	func() fact.Fact { return new(DeadLettered) },
	func() fact.Fact { return new(DeadRetried) },
	func() fact.Fact { return new(DeadDropped) },
)

// MatchAdded opens a match of a run.
type MatchAdded struct {
	Run, Path, Type string
	Match           []fact.Match
}

// MatchDropped closes a match of a run; no path means all of them.
type MatchDropped struct{ Run, Path string }

// EventTaken is an event that came, with the members that matches look at. It
// goes to the triggers at once. One that nobody waits for is kept without its
// data, so that it is known when it comes again.
type EventTaken struct {
	Event    fact.CloudEvent
	Facets   []fact.Match
	Triggers []string
	Ignored  bool
}

// EventSpread brings the event that the book's event Of recorded to some of
// those who wait. Shape and After say how far it has come.
type EventSpread struct {
	Of    uint64
	Event fact.CloudEvent
	To    []Receiver
	Shape int
	After uint64
	Done  bool
}

// Receiver is a run that waits, and where in it.
type Receiver struct {
	Run, Path string
	seq       uint64
}

// TriggerSubscribed has a trigger get the events of a type; no type ends it.
type TriggerSubscribed struct{ Trigger, Type string }

// Kind returns the fact's number.
func (*MatchAdded) Kind() fact.Kind { return 1 }

// Kind returns the fact's number.
func (*MatchDropped) Kind() fact.Kind { return 2 }

// Kind returns the fact's number.
func (*EventTaken) Kind() fact.Kind { return 3 }

// Kind returns the fact's number.
func (*EventSpread) Kind() fact.Kind { return 4 }

// Kind returns the fact's number.
func (*TriggerSubscribed) Kind() fact.Kind { return 5 }

// Name returns the fact's name.
func (*MatchAdded) Name() string { return "MatchAdded" }

// Name returns the fact's name.
func (*MatchDropped) Name() string { return "MatchDropped" }

// Name returns the fact's name.
func (*EventTaken) Name() string { return "EventTaken" }

// Name returns the fact's name.
func (*EventSpread) Name() string { return "EventSpread" }

// Name returns the fact's name.
func (*TriggerSubscribed) Name() string { return "TriggerSubscribed" }

// Fields carries the fact.
func (f *MatchAdded) Fields(c *fact.Coder) {
	c.String(1, "run", &f.Run)
	c.String(2, "path", &f.Path)
	c.String(3, "type", &f.Type)
	fact.List(c, 4, "match", &f.Match, func(c *fact.Coder, m *fact.Match) { m.Fields(c) })
}

// Fields carries the fact.
func (f *MatchDropped) Fields(c *fact.Coder) {
	c.String(1, "run", &f.Run)
	c.String(2, "path", &f.Path)
}

// Fields carries the fact.
func (f *EventTaken) Fields(c *fact.Coder) {
	present := true
	c.Sub(1, "event", &present, f.Event.Fields)
	fact.List(c, 2, "facets", &f.Facets, func(c *fact.Coder, m *fact.Match) { m.Fields(c) })
	names := make([]named, len(f.Triggers))
	for i, t := range f.Triggers {
		names[i] = named{t}
	}
	fact.List(c, 3, "triggers", &names, namedFields)
	if c.Reading() {
		for _, n := range names {
			f.Triggers = append(f.Triggers, n.name)
		}
	}
	c.Bool(4, "ignored", &f.Ignored)
}

// Fields carries the fact.
func (f *EventSpread) Fields(c *fact.Coder) {
	c.Uint(1, "of", &f.Of)
	present := true
	c.Sub(2, "event", &present, f.Event.Fields)
	fact.List(c, 3, "to", &f.To, func(c *fact.Coder, r *Receiver) {
		c.String(1, "run", &r.Run)
		c.String(2, "path", &r.Path)
	})
	c.Int(4, "shape", &f.Shape)
	c.Uint(5, "after", &f.After)
	c.Bool(6, "done", &f.Done)
}

// Fields carries the fact.
func (f *TriggerSubscribed) Fields(c *fact.Coder) {
	c.String(1, "trigger", &f.Trigger)
	c.String(2, "type", &f.Type)
}
