// Package interpreter decides what a run does next. It is a pure core: inputs
// in, events out, commands derived from events. It has no clock, I/O,
// goroutine, lock or randomness; a machine that is folded from the record of a
// run decides as the one that wrote it.
package interpreter

import (
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// Semantics is the number of the rules by which this build decides new runs.
// Whatever changes what Decide emits takes a new number; runs that started
// under an old one go on deciding as they did.
const Semantics = 1

// Input is what a run is told. The types below are all of them.
type Input interface{ input() }

// Start begins the run. It is the first input and comes once.
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
}

// Param is the value of a parameter. A secret one has no value here.
type Param struct {
	Name   string
	Value  expression.Value
	Secret bool
}

// CallResult is the outcome of a call: Output, or Err when it failed.
type CallResult struct {
	Path    string
	Attempt int
	Output  []byte // JSON
	Err     *graph.Failure
}

// CallStarted tells that a call that is never repeated is about to be issued.
// It is recorded before.
type CallStarted struct {
	Path    string
	Attempt int
}

// TimerFired tells that an open timer is due.
type TimerFired struct {
	Timer string
}

// Signal is a signal sent to the run. ID tells repeats apart.
type Signal struct {
	ID   string
	Name string
	Data []byte // JSON; nil: null
}

// Cancel asks the run to stop; a second one stops it at once.
type Cancel struct {
	Reason string
}

// Carry asks for a record of the machine's whole state.
type Carry struct{}

func (Start) input()       {}
func (Carry) input()       {}
func (CallResult) input()  {}
func (CallStarted) input() {}
func (TimerFired) input()  {}
func (Signal) input()      {}
func (Cancel) input()      {}

// Command is what the shell shall do after the commit. The types below are
// all of them.
type Command interface{ command() }

// Call issues an operation.
type Call struct {
	Path       string
	Attempt    int
	Key        string // the idempotency key: the same over attempts and crashes
	Operation  string
	Connection string
	Input      expression.Value // recorded once; sealed secrets are opened at the call
	Timeout    time.Duration    // of this attempt; 0: none
	Repeat     graph.Repeat
	Secure     bool
	// Reissued tells that the call may have been sent before a restart.
	Reissued bool
}

// CancelCall ends the context of a running call; its answer is still wanted.
type CancelCall struct {
	Path    string
	Attempt int
}

// SetTimer asks for TimerFired at Due (or as soon after as may be).
type SetTimer struct {
	Timer string
	Due   time.Time
	// Deadline tells that the timer is a timeout. After a restart it is not
	// fired before reissued calls had the workflow's CancelGrace to answer.
	Deadline bool
}

// ClearTimer takes back a SetTimer.
type ClearTimer struct {
	Timer string
}

// AnswerCaller answers whoever waits for the http trigger.
type AnswerCaller struct {
	Status  int
	Headers expression.Value
	Body    expression.Value
}

func (Call) command()         {}
func (CancelCall) command()   {}
func (SetTimer) command()     {}
func (ClearTimer) command()   {}
func (AnswerCaller) command() {}

// Message is what a run says to another stream; it goes into the batch of
// the turn that it belongs to.
type Message struct {
	To   string
	Seq  uint64 // of the event that says it
	Body Input
}

// View is what a run looks like from outside.
type View struct {
	Run, Workflow, Version, Digest string
	Semantics                      int
	TriggerID                      string
	Status                         graph.Status
	StartedAt, EndedAt             time.Time
	WakeAt                         time.Time // earliest open timer; zero: none
	Input, Output                  expression.Value
	Error                          *graph.Failure
	Response                       *AnswerCaller // what the respond step said
	Cancelling                     bool
	Steps                          []StepView // in order of their paths' first event
}

// StepView is one execution of a step.
type StepView struct {
	Path      string // key and path grammar of docs/reference
	Step      string // id in the workflow
	Kind      graph.Kind
	Operation string
	Status    graph.Status
	Reason    string // of skipped: dependency, condition
	Attempt   int
	StartedAt time.Time
	EndedAt   time.Time
	Input     expression.Value
	Output    expression.Value
	Error     *graph.Failure
	Due       time.Time // of the retry or wait it is in; zero: none
}
