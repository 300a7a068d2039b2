package interpreter

import (
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// Facts is the family of what runs record. Kinds and tags are never reused.
var Facts = fact.NewFamily("run",
	func() fact.Fact { return &runStarted{} },
	func() fact.Fact { return &runEnded{} },
	func() fact.Fact { return &stepSkipped{} },
	func() fact.Fact { return &stepScheduled{} },
	func() fact.Fact { return &stepEnded{} },
	func() fact.Fact { return &callStarted{} },
	func() fact.Fact { return &callEnded{} },
	func() fact.Fact { return &lateResult{} },
	func() fact.Fact { return &waitStarted{} },
	func() fact.Fact { return &timerFired{} },
	func() fact.Fact { return &retryScheduled{} },
	func() fact.Fact { return &blockEntered{} },
	func() fact.Fact { return &passEntered{} },
	func() fact.Fact { return &passEnded{} },
	func() fact.Fact { return &handlerEntered{} },
	func() fact.Fact { return &varsSet{} },
	func() fact.Fact { return &responded{} },
	func() fact.Fact { return &stopBegan{} },
	func() fact.Fact { return &compensationStarted{} },
	func() fact.Fact { return &compensationEnded{} },
	func() fact.Fact { return &signalReceived{} },
	func() fact.Fact { return &awaitStarted{} },
	func() fact.Fact { return &signalChecked{} },
	func() fact.Fact { return &carried{} },
	func() fact.Fact { return &childStarted{} },
	func() fact.Fact { return &childEnded{} },
	func() fact.Fact { return &emitted{} },
	func() fact.Fact { return &eventArrived{} },
	func() fact.Fact { return &suspended{} },
	func() fact.Fact { return &resumed{} },
	func() fact.Fact { return &admissionAsked{} },
	func() fact.Fact { return &admitted{} },
	func() fact.Fact { return &taskOpened{} },
	func() fact.Fact { return &taskNotified{} },
	func() fact.Fact { return &taskAnswered{} },
	func() fact.Fact { return &taskReassigned{} },
	func() fact.Fact { return &listenOpened{} },
	func() fact.Fact { return &pageRecorded{} },
)

// The facts. An input fact records what the run was told; every other is a
// decision that followed.
type (
	// runStarted is the first fact of a run.
	runStarted struct {
		Run, Workflow, Version, Digest string
		Semantics                      int
		Input, Trigger                 expression.Value
		TriggerID                      string
		Params                         []Param
		WantsAnswer                    bool
		Parent, ParentPath             string
		Deadline                       time.Time
		Depth                          int
		Detached                       bool
		RestartOf                      string
	}
	// runEnded is the last decision of a run.
	runEnded struct {
		Status graph.Status
		Output expression.Value
		Error  *graph.Failure
		By     string // the terminate step; empty: the last step ended, or a second cancel
	}
	// stepSkipped passes a step over.
	stepSkipped struct{ Path, Reason string }
	// stepScheduled is an attempt of an action. Only the first holds the input.
	stepScheduled struct {
		Path     string
		Attempt  int
		Input    expression.Value
		Repeat   graph.Repeat
		Deadline time.Time
	}
	// stepEnded is the end of one execution of a step.
	stepEnded struct {
		Path   string
		Status graph.Status
		Output expression.Value
		Error  *graph.Failure
		Track  []varValue
	}
	// callStarted stands before a call that is never repeated is issued.
	callStarted struct {
		Path    string
		Attempt int
	}
	// callEnded is the answer of a call that was waited for.
	callEnded struct {
		Path    string
		Attempt int
		Output  expression.Value
		Error   *graph.Failure
	}
	// lateResult is an answer that came when nobody waited any more.
	lateResult struct {
		Path    string
		Attempt int
		Output  expression.Value
		Error   *graph.Failure
	}
	// waitStarted opens a timer until Due.
	waitStarted struct {
		Path          string
		Due, Deadline time.Time
	}
	// timerFired is the end of an open timer.
	timerFired struct{ Timer string }
	// retryScheduled is the end of a failed attempt that has a next one.
	retryScheduled struct {
		Path    string
		Attempt int // the next one
		Due     time.Time
		Error   *graph.Failure
	}
	// blockEntered starts the body or one branch of a step, or a loop.
	blockEntered struct {
		Path     string
		Attempt  int
		Branch   int // of If and Switch: its position plus one; 0: none taken
		Items    expression.Value
		Count    int
		Deadline time.Time
	}
	// passEntered starts one pass of a loop.
	passEntered struct {
		Path string
		Pass int
	}
	// passEnded is the end of one pass.
	passEnded struct {
		Path   string
		Pass   int
		Status graph.Status
		Output expression.Value
		Error  *graph.Failure
	}
	// pageRecorded puts what a page of ended passes left in one place: the
	// list of their outputs, and the list of [pass, error] of those that
	// failed. Absent: there was none.
	pageRecorded struct {
		Path            string
		Page            int
		Results, Failed expression.Value
	}
	// handlerEntered leaves the body of a step, or a handler of it, with an
	// outcome that a handler goes on from.
	handlerEntered struct {
		Path    string
		Handler handler
		Index   int // of the catch
		Status  graph.Status
		Output  expression.Value
		Error   *graph.Failure
	}
	// varsSet assigns variables, all at once.
	varsSet struct {
		Path string
		Vars []varValue
	}
	// responded answers the caller of the trigger.
	responded struct {
		Path          string
		Status        int
		Headers, Body expression.Value
		Ignored       bool
	}
	// stopBegan stops the body of a step, or the run (an empty Path).
	stopBegan struct {
		Path   string
		Reason stopReason
		By     string // the return step
		Why    string // of a cancel: what the caller said
		Due    time.Time
		Output expression.Value
		Error  *graph.Failure
	}
	// compensationStarted undoes a step; By is the rollback.
	compensationStarted struct{ Path, By string }
	// compensationEnded is the end of it.
	compensationEnded struct {
		Path, By string
		Status   graph.Status
		Error    *graph.Failure
	}
	// signalReceived keeps a signal until an await takes it.
	signalReceived struct {
		ID, Signal string
		Data       expression.Value
	}
	// awaitStarted waits for a signal.
	awaitStarted struct {
		Path     string
		Deadline time.Time
		Match    []fact.Match // of an event, as evaluated
	}
	// signalChecked offers the signal of event Seq to an await.
	signalChecked struct {
		Path  string
		Seq   uint64
		Taken bool
		Error *graph.Failure // where could not be evaluated, or returns does not hold
	}
	// carried is the whole state of the machine.
	carried struct {
		Version int
		State   []byte
	}
	// varValue is the new value of a variable.
	varValue struct {
		Name  string
		Value expression.Value
	}
)

type handler uint8

const (
	onTimeout handler = iota + 1
	catching
	finally
)

// String returns the handler's segment in paths.
func (h handler) String() string { return [...]string{"", "onTimeout", "catch", "finally"}[h] }

type stopReason uint8

const (
	stopCancel stopReason = iota + 1
	stopTimeout
	stopOnError
	stopReturn
	stopLost // another branch of a race has won
)

// String returns the reason as histories show it.
func (r stopReason) String() string {
	return [...]string{"", "cancel", "timeout", "onError", "return", "lost"}[r]
}

func failureField(c *fact.Coder, tag uint64, name string, f **graph.Failure) {
	into, present := *f, *f != nil
	if !present && !c.Reading() {
		return
	}
	c.Sub(tag, name, &present, func(c *fact.Coder) {
		if into == nil {
			into = &graph.Failure{}
		}
		c.String(1, "code", &into.Code)
		c.String(2, "message", &into.Message)
		c.Int(3, "status", &into.Status)
		c.String(4, "step", &into.Step)
		c.Int(5, "attempt", &into.Attempt)
		c.Value(6, "details", &into.Details)
		c.Bool(7, "final", &into.Final)
		c.Bool(8, "certain", &into.Certain)
		c.Bool(9, "lost", &into.Lost)
		c.Duration(10, "retryAfter", &into.RetryAfter)
	})
	if c.Reading() && present {
		*f = into
	}
}
