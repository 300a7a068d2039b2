// Package connectors is what a connector is: a named set of operations that
// reach the outside, each with typed input and output, a rule of repetition
// and errors with codes. Connectors are values that main registers; they do
// not retry, log or remember: the engine does. Their Go structs yield the
// schema, the reference page, the checks at authoring time and the decoding.
package connectors

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"
)

// Repeat says whether a call may be sent again when its outcome is unknown.
type Repeat uint8

// The rules of repetition.
const (
	Never Repeat = iota // its outcome stays unknown
	Keyed               // with the same Call.Key
	Safe                // as often as one likes
)

// Settings is the settings of a connection as its environment gives them,
// decoded JSON with secrets opened.
type Settings map[string]any

// RepeatFunc gives the rule for one call. It must be pure. The input may hold
// sealed secrets in place of strings.
type RepeatFunc[In any] func(s Settings, in In) Repeat

// Call is one attempt of an operation.
type Call struct {
	// Key is the same over all attempts and crashes of one execution of a
	// step: the idempotency key.
	Key     string
	Attempt int // counts from 1
	Conn    Connection
	Input   json.RawMessage
}

// Connection is what the environment binds a workflow's connection name to.
type Connection struct {
	Name     string
	Settings Settings
	// Shared holds what the connector keeps open for this connection (an HTTP
	// client, a directory handle); see Connector.Open.
	Shared any
}

// Error is a failed call as a workflow sees it. Final means that a retry
// cannot help; Certain that the call certainly had no effect, so that even a
// call that is never repeated may be sent again. A call without either whose
// answer was lost has Code Uncertain.
type Error struct {
	Code, Message string
	Status        int // of HTTP; 0: none
	Final         bool
	Certain       bool
	Lost          bool // no answer came: whether the call had an effect is not known
	RetryAfter    time.Duration
	Details       any
	Err           error
}

// Error returns code and message.
func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Code, e.Message) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Secret is a string that does not print. Settings that hold credentials use
// it.
type Secret string

// String returns asterisks.
func (Secret) String() string { return "***" }

// GoString returns asterisks.
func (Secret) GoString() string { return "***" }

// MarshalJSON writes asterisks.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"***"`), nil }

// LogValue returns asterisks.
func (Secret) LogValue() slog.Value { return slog.StringValue("***") }

// Runner performs one attempt of an operation on raw JSON. A non-nil error is
// always an *Error.
type Runner func(ctx context.Context, c Call) (json.RawMessage, error)
