package books

import (
	"time"

	"github.com/keelstep/keelstep/pkg/fact"
)

// TriggerFacts is the facts of the book of a trigger.
var TriggerFacts = fact.NewFamily("trigger",
	func() fact.Fact { return new(TriggerChanged) },
	func() fact.Fact { return new(TriggerPaused) },
	func() fact.Fact { return new(TriggerResumed) },
	func() fact.Fact { return new(Fired) },
	func() fact.Fact { return new(FiringQueued) },
	func() fact.Fact { return new(FiringSkipped) },
	func() fact.Fact { return new(FiringEnded) },
	func() fact.Fact { return new(FiringRefused) },
)

// TriggerChanged is what the active version of the workflow says.
type TriggerChanged struct{ Set fact.TriggerSet }

// TriggerPaused ends the firing until TriggerResumed.
type TriggerPaused struct{ Why string }

// TriggerResumed has it fire again; what fell due in between is past.
type TriggerResumed struct{}

// Fired starts the run of a firing. Manual is not 0 when somebody asked for
// it; Waits tells that the book waits for the run's end.
type Fired struct {
	Due    time.Time
	Run    string
	Manual uint64
	Event  *fact.CloudEvent
	Waits  bool
}

// FiringQueued has a firing wait until the run before it has ended; Cancels is
// the run that is told to.
type FiringQueued struct {
	Due     time.Time
	Manual  uint64
	Event   *fact.CloudEvent
	Cancels string
}

// FiringSkipped is a firing that starts nothing, or all of them from Since to
// Due. Reason is one of missed overlap replaced full.
type FiringSkipped struct {
	Due, Since time.Time
	Reason     string
	Untimed    bool
}

// FiringEnded is the end of a run that was waited for.
type FiringEnded struct{ Run, Status string }

// FiringRefused tells that the run of a firing could not be started.
type FiringRefused struct{ Run, Code, Message string }

// Kind returns the fact's number.
func (*TriggerChanged) Kind() fact.Kind { return 1 }

// Kind returns the fact's number.
func (*TriggerPaused) Kind() fact.Kind { return 2 }

// Kind returns the fact's number.
func (*TriggerResumed) Kind() fact.Kind { return 3 }

// Kind returns the fact's number.
func (*Fired) Kind() fact.Kind { return 4 }

// Kind returns the fact's number.
func (*FiringQueued) Kind() fact.Kind { return 5 }

// Kind returns the fact's number.
func (*FiringSkipped) Kind() fact.Kind { return 6 }

// Kind returns the fact's number.
func (*FiringEnded) Kind() fact.Kind { return 7 }

// Kind returns the fact's number.
func (*FiringRefused) Kind() fact.Kind { return 8 }

// Name returns the fact's name.
func (*TriggerChanged) Name() string { return "TriggerChanged" }

// Name returns the fact's name.
func (*TriggerPaused) Name() string { return "TriggerPaused" }

// Name returns the fact's name.
func (*TriggerResumed) Name() string { return "TriggerResumed" }

// Name returns the fact's name.
func (*Fired) Name() string { return "Fired" }

// Name returns the fact's name.
func (*FiringQueued) Name() string { return "FiringQueued" }

// Name returns the fact's name.
func (*FiringSkipped) Name() string { return "FiringSkipped" }

// Name returns the fact's name.
func (*FiringEnded) Name() string { return "FiringEnded" }

// Name returns the fact's name.
func (*FiringRefused) Name() string { return "FiringRefused" }

// Fields carries the fact.
func (f *TriggerChanged) Fields(c *fact.Coder) {
	present := true
	c.Sub(1, "set", &present, f.Set.Fields)
}

// Fields carries the fact.
func (f *TriggerPaused) Fields(c *fact.Coder) { c.String(1, "why", &f.Why) }

// Fields carries the fact.
func (*TriggerResumed) Fields(*fact.Coder) {}

// Fields carries the fact.
func (f *Fired) Fields(c *fact.Coder) {
	firingFields(c, &f.Due, &f.Manual, &f.Event)
	c.String(4, "run", &f.Run)
	c.Bool(5, "waits", &f.Waits)
}

// Fields carries the fact.
func (f *FiringQueued) Fields(c *fact.Coder) {
	firingFields(c, &f.Due, &f.Manual, &f.Event)
	c.String(4, "cancels", &f.Cancels)
}

// Fields carries the fact.
func (f *FiringSkipped) Fields(c *fact.Coder) {
	c.Time(1, "due", &f.Due)
	c.Time(2, "since", &f.Since)
	c.String(3, "reason", &f.Reason)
	c.Bool(4, "untimed", &f.Untimed)
}

// Fields carries the fact.
func (f *FiringEnded) Fields(c *fact.Coder) {
	c.String(1, "run", &f.Run)
	c.String(2, "status", &f.Status)
}

// Fields carries the fact.
func (f *FiringRefused) Fields(c *fact.Coder) {
	c.String(1, "run", &f.Run)
	c.String(2, "code", &f.Code)
	c.String(3, "message", &f.Message)
}

func firingFields(c *fact.Coder, due *time.Time, manual *uint64, event **fact.CloudEvent) {
	c.Time(1, "due", due)
	c.Uint(2, "manual", manual)
	present := *event != nil
	e := *event
	if e == nil {
		e = new(fact.CloudEvent)
	}
	c.Sub(3, "event", &present, e.Fields)
	if present {
		*event = e
	}
}
