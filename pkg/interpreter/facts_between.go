package interpreter

import (
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// The facts of what lies between runs, and of people.
type (
	// childStarted sends the start of a child with the turn.
	childStarted struct {
		Path            string
		Attempt         int
		Child, Workflow string
		Input           expression.Value
		Detached        bool
		Deadline        time.Time
	}
	// childEnded is the end of a child that was waited for.
	childEnded struct {
		Path, Child string
		Status      graph.Status
		Output      expression.Value
		Error       *graph.Failure
	}
	// emitted sends an event to the book of events with the turn.
	emitted struct {
		Path  string
		Event fact.CloudEvent
	}
	// eventArrived keeps an event until the await at Path, or an await of the
	// listen, takes it.
	eventArrived struct {
		Path  string
		Event fact.CloudEvent
	}
	// listenOpened opens the match of a listen.
	listenOpened struct {
		Listen string
		Match  []fact.Match
	}
	// suspended keeps consequences waiting.
	suspended struct{ Why string }
	// resumed ends a suspension.
	resumed struct{}
	// admissionAsked asks the limit's book for a slot with the turn.
	admissionAsked struct{ Key string }
	// admitted lets the run's first steps start.
	admitted struct{}
	// taskOpened opens a task for people.
	taskOpened struct {
		Path      string
		Attempt   int
		To, Title expression.Value
		Remind    time.Time
		Deadline  time.Time
	}
	// taskNotified tells the people, the first time and at each reminder.
	taskNotified struct {
		Path   string
		Number int
		Remind time.Time // the next one
	}
	// taskAnswered is what one of them said.
	taskAnswered struct {
		Path, ID, By, Outcome string
		Form                  expression.Value
	}
	// taskReassigned gives the task to others.
	taskReassigned struct {
		Path string
		To   expression.Value
		By   string
	}
)

func (*childStarted) Kind() fact.Kind   { return 25 }
func (*childEnded) Kind() fact.Kind     { return 26 }
func (*emitted) Kind() fact.Kind        { return 27 }
func (*eventArrived) Kind() fact.Kind   { return 28 }
func (*suspended) Kind() fact.Kind      { return 29 }
func (*resumed) Kind() fact.Kind        { return 30 }
func (*admissionAsked) Kind() fact.Kind { return 31 }
func (*admitted) Kind() fact.Kind       { return 32 }
func (*taskOpened) Kind() fact.Kind     { return 33 }
func (*taskNotified) Kind() fact.Kind   { return 34 }
func (*taskAnswered) Kind() fact.Kind   { return 35 }
func (*taskReassigned) Kind() fact.Kind { return 36 }
func (*listenOpened) Kind() fact.Kind   { return 37 }

func (*childStarted) Name() string   { return "ChildStarted" }
func (*childEnded) Name() string     { return "ChildEnded" }
func (*emitted) Name() string        { return "Emitted" }
func (*eventArrived) Name() string   { return "EventArrived" }
func (*suspended) Name() string      { return "Suspended" }
func (*resumed) Name() string        { return "Resumed" }
func (*admissionAsked) Name() string { return "AdmissionAsked" }
func (*admitted) Name() string       { return "Admitted" }
func (*taskOpened) Name() string     { return "TaskOpened" }
func (*taskNotified) Name() string   { return "TaskNotified" }
func (*taskAnswered) Name() string   { return "TaskAnswered" }
func (*taskReassigned) Name() string { return "TaskReassigned" }
func (*listenOpened) Name() string   { return "ListenOpened" }

func (f *childStarted) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	c.Int(2, "attempt", &f.Attempt)
	c.String(3, "child", &f.Child)
	c.String(4, "workflow", &f.Workflow)
	c.Value(5, "input", &f.Input)
	c.Bool(6, "detached", &f.Detached)
	c.Time(7, "deadline", &f.Deadline)
}

func (f *childEnded) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	c.String(2, "child", &f.Child)
	fact.Enum(c, 3, "status", &f.Status)
	c.Value(4, "output", &f.Output)
	failureField(c, 5, "error", &f.Error)
}

func eventField(c *fact.Coder, tag uint64, e *fact.CloudEvent) {
	present := true
	c.Sub(tag, "event", &present, e.Fields)
}

func (f *emitted) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	eventField(c, 2, &f.Event)
}

func (f *eventArrived) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	eventField(c, 2, &f.Event)
}

func (f *listenOpened) Fields(c *fact.Coder) {
	c.String(1, "listen", &f.Listen)
	fact.List(c, 2, "match", &f.Match, func(c *fact.Coder, m *fact.Match) { m.Fields(c) })
}

func (f *suspended) Fields(c *fact.Coder)      { c.String(1, "why", &f.Why) }
func (f *resumed) Fields(*fact.Coder)          {}
func (f *admissionAsked) Fields(c *fact.Coder) { c.String(1, "key", &f.Key) }
func (f *admitted) Fields(*fact.Coder)         {}

func (f *taskOpened) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	c.Int(2, "attempt", &f.Attempt)
	c.Value(3, "to", &f.To)
	c.Value(4, "title", &f.Title)
	c.Time(5, "remind", &f.Remind)
	c.Time(6, "deadline", &f.Deadline)
}

func (f *taskNotified) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	c.Index(2, "number", &f.Number)
	c.Time(3, "remind", &f.Remind)
}

func (f *taskAnswered) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	c.String(2, "id", &f.ID)
	c.String(3, "by", &f.By)
	c.String(4, "outcome", &f.Outcome)
	c.Value(5, "form", &f.Form)
}

func (f *taskReassigned) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	c.Value(2, "to", &f.To)
	c.String(3, "by", &f.By)
}
