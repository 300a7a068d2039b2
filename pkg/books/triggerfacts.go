package books

import (
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
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
	func() fact.Fact { return new(FiringCancels) },
)

// TriggerChanged is what the active version of the workflow says.
type TriggerChanged struct{ Set fact.TriggerSet }

// TriggerPaused ends the firing until TriggerResumed.
type TriggerPaused struct{ Why string }

// TriggerResumed has it fire again; what fell due in between is past.
type TriggerResumed struct{}

// Fired starts the run of a firing. Manual is not 0 when somebody asked for
// it; Waits tells that the book waits for the run's end. Rate is when the
// window began in which it counts, zero without a rate limit. Request is what
// came, when a request fired.
type Fired struct {
	Due     time.Time
	Run     string
	Manual  uint64
	Event   *fact.CloudEvent
	Waits   bool
	Element Element
	Rate    time.Time
	Request *Origin
}

// Element is one element of the list that splitOn yields, from 1; number 0 is
// a firing that is not split. Data is the element of a schedule, and the body
// of a request. Key stands for the key of dedupe, which counts until Until.
type Element struct {
	Number int
	Data   expression.Value
	Key    string
	Until  time.Time
}

// Origin is the request that fired: what its trigger gives but the body, and
// the version that took it.
type Origin struct {
	Trigger expression.Value
	Version string
	Answer  bool // somebody waits for a respond step
}

// FiringQueued has a firing wait until the run before it has ended, or until
// the rate limit lets it start; Cancels is a run that is told to end.
type FiringQueued struct {
	Due     time.Time
	Manual  uint64
	Event   *fact.CloudEvent
	Cancels string
	Element Element
}

// FiringSkipped is a firing that starts nothing, or all of them from Since to
// Due. Reason is one of missed overlap replaced full filtered empty duplicate.
// Run is the run that a duplicate repeats, For the one that it asked for; Count
// is how many elements it stands for, 0 for one.
type FiringSkipped struct {
	Due, Since time.Time
	Reason     string
	Untimed    bool
	Run, For   string
	Count      int
}

// FiringEnded is the end of a run that was waited for.
type FiringEnded struct{ Run, Status string }

// FiringRefused tells that a firing starts nothing because something is wrong:
// its run could not be started, or, without Run, the rules of the trigger could
// not be applied to what came.
type FiringRefused struct {
	Run, Code, Message string
	Due                time.Time
	Untimed            bool
	Event              *fact.CloudEvent
}

// FiringCancels tells a run of the firing before to end.
type FiringCancels struct{ Run string }

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

// Kind returns the fact's number.
func (*FiringCancels) Kind() fact.Kind { return 9 }

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

// Name returns the fact's name.
func (*FiringCancels) Name() string { return "FiringCancels" }

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
	f.Element.fields(c, 6)
	c.Time(7, "rate", &f.Rate)
	present := f.Request != nil
	o := f.Request
	if o == nil {
		o = new(Origin)
	}
	c.Sub(8, "request", &present, o.fields)
	if present {
		f.Request = o
	}
}

func (o *Origin) fields(c *fact.Coder) {
	c.Value(1, "trigger", &o.Trigger)
	c.String(2, "version", &o.Version)
	c.Bool(3, "answer", &o.Answer)
}

func (e *Element) fields(c *fact.Coder, tag uint64) {
	present := e.Number != 0 || !e.Data.IsAbsent() || e.Key != ""
	c.Sub(tag, "element", &present, func(c *fact.Coder) {
		c.Int(1, "number", &e.Number)
		c.Value(2, "data", &e.Data)
		c.String(3, "key", &e.Key)
		c.Time(4, "until", &e.Until)
	})
}

// Fields carries the fact.
func (f *FiringQueued) Fields(c *fact.Coder) {
	firingFields(c, &f.Due, &f.Manual, &f.Event)
	c.String(4, "cancels", &f.Cancels)
	f.Element.fields(c, 5)
}

// Fields carries the fact.
func (f *FiringSkipped) Fields(c *fact.Coder) {
	c.Time(1, "due", &f.Due)
	c.Time(2, "since", &f.Since)
	c.String(3, "reason", &f.Reason)
	c.Bool(4, "untimed", &f.Untimed)
	c.String(5, "run", &f.Run)
	c.String(6, "for", &f.For)
	c.Int(7, "count", &f.Count)
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
	c.Time(4, "due", &f.Due)
	c.Bool(5, "untimed", &f.Untimed)
	eventField(c, 6, &f.Event)
}

// Fields carries the fact.
func (f *FiringCancels) Fields(c *fact.Coder) { c.String(1, "run", &f.Run) }

func firingFields(c *fact.Coder, due *time.Time, manual *uint64, event **fact.CloudEvent) {
	c.Time(1, "due", due)
	c.Uint(2, "manual", manual)
	eventField(c, 3, event)
}

func eventField(c *fact.Coder, tag uint64, event **fact.CloudEvent) {
	present := *event != nil
	e := *event
	if e == nil {
		e = new(fact.CloudEvent)
	}
	c.Sub(tag, "event", &present, e.Fields)
	if present {
		*event = e
	}
}
