// Package graph is the compiled workflow: the contract between the compilers
// that build it and the interpreter that runs it. It holds no state of a run;
// a Workflow is immutable and may be shared between goroutines.
package graph

import (
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
)

// Workflow is one compiled version of a workflow.
type Workflow struct {
	Name, Version, Description string
	Document                   []byte // canonical JSON of the source document
	Digest                     string // SHA-256 of Document, lower-case hex

	Input       *expression.Schema // nil: any JSON
	Params      []Param
	Vars        []Var
	Connections []Connection
	Triggers    []Trigger
	Timeout     time.Duration        // of a whole run; 0: none
	CancelGrace time.Duration        // how long running calls may answer while their block stops
	Root        *Block               // the top-level steps
	Output      *expression.Template // nil: null
	OutputType  *expression.Type     // static type of Output, for callers
	HasRespond  bool                 // some step is a respond
	Concurrency *Concurrency         // nil: no bound
	Listens     []Listen
	Nodes       []*Node // every step, in source order; Node.Index indexes it

	lookup *Lookup // nil: not sealed
}

// Param is a value given per deployment. A secret one is never recorded.
type Param struct {
	Name    string
	Schema  *expression.Schema // nil: any JSON
	Default expression.Value   // absent: the deployment must give one
	Secret  bool
}

// Var is a declared variable and its first value.
type Var struct {
	Name    string
	Initial expression.Value
}

// Connection is a name that steps call operations through.
type Connection struct {
	Name, Connector string
}

// Trigger makes inputs out of what happens outside. Exactly one of its kinds
// is set.
type Trigger struct {
	ID       string
	HTTP     *HTTPTrigger
	Schedule *ScheduleTrigger
	Event    *EventTrigger
	Policy   TriggerPolicy
	Input    *expression.Template // nil: the body, or the event's data, is the input
}

// HTTPTrigger starts a run by a request to its own path.
type HTTPTrigger struct {
	Method, Path string
	Respond      bool          // the caller waits for a respond step
	Deadline     time.Duration // how long the caller waits
}

// Block is a list of steps that run under one parent. In a parallel block no
// step has an edge.
type Block struct {
	Owner *Node // the step whose body, branch or handler it is; nil: the workflow itself
	Nodes []*Node
}

// Kind is the verb of a step.
type Kind uint8

// The verbs.
const (
	Action Kind = iota
	Compose
	Set
	If
	Switch
	Foreach
	While
	Until
	Parallel
	Race
	Scope
	Wait
	Await
	Approval
	CallWorkflow
	Emit
	Respond
	Return
	Fail
	Terminate
	Rollback
)

// Node is one step. Exactly the fields that belong to its Kind are set.
type Node struct {
	Index int    // in Workflow.Nodes
	Pos   int    // in its Block's Nodes
	ID    string // unique in the workflow
	Kind  Kind
	Block *Block // the block that it stands in

	// When it runs.
	After []Edge              // all must be met; empty: starts with its block
	If    *expression.Program // nil: always

	// What wraps it, inside out.
	AttemptTimeout time.Duration // of one attempt; 0: none
	Retry          *Retry        // nil: one attempt
	Timeout        time.Duration // of the step as a whole; 0: none
	OnTimeout      *Block        // nil: none
	Catch          []Catch
	Compensate     *Block // nil: none
	Finally        *Block // nil: none
	SecureInput    bool
	SecureOutput   bool
	Track          []Tracked

	// What it does.
	Call        *Call                // Action
	Value       *expression.Template // Compose, Return; Fail and Terminate: the details
	Sets        []Assignment         // Set
	Cond        *expression.Program  // If, While, Until
	Subject     *expression.Program  // Switch
	Branches    []Branch             // If (then, else), Switch (cases, default last)
	Items       *expression.Program  // Foreach
	Parallelism int                  // Foreach: passes that run at once
	OnError     OnError              // Foreach, Parallel
	MaxPasses   int                  // While, Until
	PageLen     int                  // loops: passes whose results are recorded in one place; 0: expression.PageLen
	Body        *Block               // Foreach, While, Until, Parallel, Race, Scope
	Output      *expression.Template // Foreach, While, Until: of each pass; Scope: of the step; nil: null
	Wait        *WaitSpec            // Wait
	Await       *AwaitSpec           // Await
	Response    *ResponseSpec        // Respond
	Error       *ErrorSpec           // Fail, Terminate
	Child       *ChildSpec           // CallWorkflow
	Emit        *EmitSpec            // Emit
	Approval    *ApprovalSpec        // Approval
	Target      *Node                // Rollback: the step whose compensations run
}

// Edge is one predecessor of a step and the statuses of it that let the step
// run. PassedOver lets a predecessor that its own false if passed over count
// as succeeded.
type Edge struct {
	From       *Node
	Statuses   StatusSet
	PassedOver bool
}

// Retry is when and how often a step is attempted again.
type Retry struct {
	Attempts    int // the first counts
	Delay       time.Duration
	Exponential bool
	MaxDelay    time.Duration // 0: no bound
	Jitter      bool
	If          *expression.Program // nil: transient errors
}

// Catch is one handler of failures. A nil When matches all.
type Catch struct {
	When *expression.Program
	Do   *Block
}

// Call is what an Action step calls.
type Call struct {
	Operation  string // connector.operation
	Connector  string
	Connection string // empty: the operation needs none
	With       *expression.Template
	Returns    *expression.Schema // nil: unchecked
	ReturnsOf  string             // the member of the output that Returns describes, empty: the output itself
	// Repeat says whether the call with this (decoded) input may be sent again
	// when its outcome is unknown.
	Repeat func(input any) Repeat
}

// Repeat says whether a call may be sent again when its outcome is unknown.
type Repeat uint8

// The rules of repetition.
const (
	Never Repeat = iota // its outcome stays unknown
	Keyed               // with the same idempotency key
	Safe                // as often as one likes
)

// String returns never, keyed or safe.
func (r Repeat) String() string { return [...]string{"never", "keyed", "safe"}[r] }

// AssignOp is how a variable changes.
type AssignOp uint8

// The assignments.
const (
	Assign AssignOp = iota
	Append
	Increment
)

// Assignment changes one variable.
type Assignment struct {
	Op    AssignOp
	Var   string
	Value *expression.Template
}

// Branch is one alternative of an If or a Switch. Default marks the one that
// runs when no other matches (else, default).
type Branch struct {
	Name    string // then, else, default, or the case's text as written
	Default bool
	Body    *Block
}

// OnError is what a failed pass or branch means for the others.
type OnError uint8

// The rules of onError.
const (
	Stop   OnError = iota // nothing new starts, running ones end, fails
	Cancel                // running ones are cancelled, fails
	Settle                // all run, then fails if any failed
	Ignore                // all run, succeeds
)

// WaitSpec is how long to wait: For, or Until a time.
type WaitSpec struct {
	For   *expression.Template // a duration
	Until *expression.Template // a time
}

// AwaitSpec is the signal, or the CloudEvent, that an Await takes.
type AwaitSpec struct {
	Signal  string              // of the run, or of a listen
	Event   string              // type of a CloudEvent; then Signal is empty
	Match   []MatchField        // of Event
	Where   *expression.Program // over event (the signal's data as event.data); nil: any
	Returns *expression.Schema
}

// ResponseSpec is the answer to the caller of the http trigger.
type ResponseSpec struct {
	Status  *expression.Template // nil: 200
	Headers *expression.Template // nil: none
	Body    *expression.Template // nil: none
}

// ErrorSpec is what a Fail raises and a Terminate ends with.
type ErrorSpec struct {
	Code    string               // empty: Failed
	Message *expression.Template // text
	Details *expression.Template // nil: none
	Status  Status               // Terminate: how the run ends
}
