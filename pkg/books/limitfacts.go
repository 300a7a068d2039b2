package books

import "github.com/keelstep/keelstep/pkg/fact"

// LimitFacts is the facts of the book of a limit.
var LimitFacts = fact.NewFamily("limit",
	func() fact.Fact { return new(SlotGiven) },
	func() fact.Fact { return new(SlotQueued) },
	func() fact.Fact { return new(SlotDenied) },
	func() fact.Fact { return new(SlotReturned) },
	func() fact.Fact { return new(Displaced) },
)

// SlotGiven gives a run a slot of its key. Limit is how many the key has.
type SlotGiven struct {
	Run, Key string
	Limit    int
}

// SlotQueued has a run wait for a slot of its key.
type SlotQueued struct {
	Run, Key string
	Limit    int
}

// SlotDenied refuses a run a slot.
type SlotDenied struct{ Run, Key, Code, Message string }

// SlotReturned takes a run from its slot, or from those who wait.
type SlotReturned struct{ Run, Key string }

// Displaced has a run make room for a newer one. It keeps its place until it
// has ended.
type Displaced struct{ Run, Key string }

// Kind returns the fact's number.
func (*SlotGiven) Kind() fact.Kind { return 1 }

// Kind returns the fact's number.
func (*SlotQueued) Kind() fact.Kind { return 2 }

// Kind returns the fact's number.
func (*SlotDenied) Kind() fact.Kind { return 3 }

// Kind returns the fact's number.
func (*SlotReturned) Kind() fact.Kind { return 4 }

// Kind returns the fact's number.
func (*Displaced) Kind() fact.Kind { return 5 }

// Name returns the fact's name.
func (*SlotGiven) Name() string { return "SlotGiven" }

// Name returns the fact's name.
func (*SlotQueued) Name() string { return "SlotQueued" }

// Name returns the fact's name.
func (*SlotDenied) Name() string { return "SlotDenied" }

// Name returns the fact's name.
func (*SlotReturned) Name() string { return "SlotReturned" }

// Name returns the fact's name.
func (*Displaced) Name() string { return "Displaced" }

// Fields carries the fact.
func (f *SlotGiven) Fields(c *fact.Coder) {
	slotFields(c, &f.Run, &f.Key)
	c.Int(3, "limit", &f.Limit)
}

// Fields carries the fact.
func (f *SlotQueued) Fields(c *fact.Coder) {
	slotFields(c, &f.Run, &f.Key)
	c.Int(3, "limit", &f.Limit)
}

// Fields carries the fact.
func (f *SlotDenied) Fields(c *fact.Coder) {
	slotFields(c, &f.Run, &f.Key)
	c.String(3, "code", &f.Code)
	c.String(4, "message", &f.Message)
}

// Fields carries the fact.
func (f *SlotReturned) Fields(c *fact.Coder) { slotFields(c, &f.Run, &f.Key) }

// Fields carries the fact.
func (f *Displaced) Fields(c *fact.Coder) { slotFields(c, &f.Run, &f.Key) }

func slotFields(c *fact.Coder, run, key *string) {
	c.String(1, "run", run)
	c.String(2, "key", key)
}
