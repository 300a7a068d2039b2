// Package engine drives the pure machines: it owns the log, issues calls,
// keeps timers, delivers messages and recovers what a crash left behind. It
// decides nothing about a run; pkg/interpreter does.
package engine

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// The errors that callers branch on.
var (
	ErrNoWorkflow   = errors.New("no such workflow")
	ErrNoRun        = errors.New("no such run")
	ErrRunEnded     = errors.New("the run has ended")
	ErrRunStuck     = errors.New("the run is stuck")
	ErrVersionTaken = errors.New("this version has another meaning")
	ErrKeyReused    = errors.New("the idempotency key was used for another start")
	ErrInboxFull    = errors.New("too many messages wait for the run")
	ErrStorageFull  = errors.New("the disk is full")
	ErrNoLimit      = errors.New("the environment has no such limit")
	ErrStopping     = errors.New("the engine is stopping")
)

// InvalidError is a document that was not accepted, with all findings.
type InvalidError struct{ Diagnostics diag.List }

func (e *InvalidError) Error() string { return "the document is not valid" }

// InputError is an input that does not fit the workflow's schema.
type InputError struct {
	Workflow string
	Problems []InputProblem
}

// InputProblem is one thing wrong with an input. Path is a JSON Pointer.
type InputProblem struct {
	Path    string `json:"path"`
	Message string `json:"message"`
}

func (e *InputError) Error() string { return "the input does not fit the schema of " + e.Workflow }

// Definition is an accepted version of a workflow.
type Definition struct {
	Workflow   string          `json:"workflow"`
	Version    string          `json:"version"`
	Digest     string          `json:"digest"`
	DeployedAt time.Time       `json:"deployedAt"`
	Active     bool            `json:"active"`
	Document   json.RawMessage `json:"document,omitempty"`
	Triggers   []TriggerInfo   `json:"triggers"`
}

// TriggerInfo is an http trigger as the gateway routes it.
type TriggerInfo struct {
	ID       string        `json:"id"`
	Method   string        `json:"method,omitempty"`
	Path     string        `json:"path,omitempty"`
	Respond  bool          `json:"respond"`
	Deadline time.Duration `json:"-"`
}

// StartRequest starts a run of the active version of Workflow, or of Version
// where it is given.
type StartRequest struct {
	Workflow, Version string
	Input             json.RawMessage // nil: {}
	// IdempotencyKey makes a repeat find the same run: the run's ID is derived
	// from it. Empty: every start is a new run.
	IdempotencyKey string
	Trigger        json.RawMessage // what started it
	TriggerID      string
	WantsAnswer    bool
}

// Started is the answer to a start that is in the log.
type Started struct {
	Run      string
	Workflow string
	Version  string
	Existing bool // the idempotency key found a run that was there
	// Limited tells that the run waits for one of its workflow's slots, or may
	// be refused one: Admission says so.
	Limited bool
}

// RunSummary is one row of a list of runs.
type RunSummary struct {
	Run        string            `json:"run"`
	Workflow   string            `json:"workflow"`
	Version    string            `json:"version"`
	Status     string            `json:"status"`
	StartedAt  time.Time         `json:"startedAt"`
	EndedAt    *time.Time        `json:"endedAt,omitempty"`
	WakeAt     *time.Time        `json:"wakeAt,omitempty"`
	Error      string            `json:"error,omitempty"`
	Reason     string            `json:"reason,omitempty"`
	Parent     string            `json:"parent,omitempty"`    // the run that called it
	RestartOf  string            `json:"restartOf,omitempty"` // the run that it repeats
	Attributes map[string]string `json:"attributes,omitempty"`
}

// RunFilter says which runs List returns; the zero value means all, newest
// first.
type RunFilter struct {
	Workflow string
	Parent   string // the run, or the stream of the trigger, that started them
	Statuses []string
	Cursor   string // of the last page
	Limit    int    // 0: 50; at most 1,000
}

// HistoryEvent is one recorded event as the API shows it. Seq is the event's
// number within the run.
type HistoryEvent struct {
	Seq  uint64          `json:"seq"`
	Time time.Time       `json:"time"`
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

// Answer is what a caller of a synchronous trigger gets.
type Answer struct {
	Status  int
	Headers map[string]string
	Body    json.RawMessage
}

// RunView is a run in whole.
type RunView = interpreter.View
