// Package interpreter decides what a run does next. It is a pure core: inputs
// in, events out, commands derived from events. It has no clock, I/O,
// goroutine, lock or randomness; a machine that is folded from the record of a
// run decides as the one that wrote it.
package interpreter

import (
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// Semantics is the number of the rules by which this build decides new runs.
// Whatever changes what Decide emits takes a new number; runs that started
// under an old one go on deciding as they did.
const Semantics = 1

// Input is what a run is told.
type Input = fact.Input

// Start begins the run.
type Start = fact.Start

// Param is the value of a parameter.
type Param = fact.Param

// ChildEnded tells how a child ended.
type ChildEnded = fact.ChildEnded

// Signal is a signal sent to the run.
type Signal = fact.Signal

// Cancel asks the run to stop.
type Cancel = fact.Cancel

// Suspend keeps what follows waiting.
type Suspend = fact.Suspend

// Resume ends a suspension.
type Resume = fact.Resume

// Answer is what somebody says to an open task.
type Answer = fact.Answer

// Reassign gives an open task to others.
type Reassign = fact.Reassign

// EventArrived brings an event that the run waits for.
type EventArrived = fact.EventArrived

// SlotGranted admits the run.
type SlotGranted = fact.SlotGranted

// SlotRefused ends a run that may not start.
type SlotRefused = fact.SlotRefused

// Message is what a run says to another stream; it goes into the batch of
// the turn that it belongs to.
type Message = fact.Message

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

// Carry asks for a record of the machine's whole state.
type Carry struct{}

// IsInput marks an input.
func (Carry) IsInput() {}

// IsInput marks an input.
func (CallResult) IsInput() {}

// IsInput marks an input.
func (CallStarted) IsInput() {}

// IsInput marks an input.
func (TimerFired) IsInput() {}

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

// View is what a run looks like from outside.
type View struct {
	Run, Workflow, Version, Digest string
	Semantics                      int
	TriggerID                      string
	Parent                         string // the stream that started it; empty: nobody inside did
	RestartOf                      string // the run that it repeats; empty: none
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
	Child     string // the run that a call waits for, or waited for
	Status    graph.Status
	Reason    string // of skipped: dependency, condition
	Attempt   int
	StartedAt time.Time
	EndedAt   time.Time
	Input     expression.Value
	Output    expression.Value
	Error     *graph.Failure
	Due       time.Time // of the retry or wait it is in; zero: none
	// WaitsFor is what the call of the step waits for before it is sent; empty
	// when it does not. A machine does not know it, the shell fills it in.
	WaitsFor string
}
