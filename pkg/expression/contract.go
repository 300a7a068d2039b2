// Package expression is the value model and the expression language of
// workflows: it compiles expr-lang sources against static types, evaluates
// them under bounds, and holds the functions that authors can call. It is
// pure: no clock, no I/O, no randomness; the time and the identity of what is
// evaluated arrive through Env.
package expression

import (
	"time"
)

// Root is the first name of what an expression reads.
type Root uint8

// The roots. A loop's own name for its item and the bare name index are
// resolved to RootLoops when the expression is compiled.
const (
	RootInput   Root = iota // input
	RootTrigger             // trigger
	RootParams              // params.NAME
	RootVars                // vars.NAME
	RootSteps               // steps.NAME.FIELD, FIELD one of output status error
	RootLoops               // loops.NAME.FIELD, FIELD one of item index
	RootError               // error
	RootTask                // task
	RootEvent               // event
	RootRun                 // run.FIELD
	RootSecrets             // secrets.NAME
)

// Read is one slot that an expression reads: the shortest chain that names a
// value of its own. Members behind it are the expression's business.
type Read struct {
	Root  Root
	Name  string // of the step, variable, parameter, loop or secret
	Field string // of a step, a loop or run
}

// Env is what an expression is evaluated against. Values are decoded JSON
// (nil, bool, int, float64, string, []any, map[string]any) and are never
// changed by an evaluation.
type Env interface {
	// Read returns the value of a slot, nil where it is absent. It returns a
	// *Lack when the value's bytes are not at hand.
	Read(r Read) (any, error)
	// Now is the time of the fact that is being handled.
	Now() time.Time
	// Seed identifies the evaluation (run and step path): uuid() and random()
	// derive from it.
	Seed() string
}

// Error is a failed evaluation. Code is one of ExpressionError (a wrong
// operand, a missing member, division by zero, overflow) and ExpressionLimit
// (steps, size or memory). Source is the expression's text.
type Error struct {
	Code, Message, Source string
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// The codes of a failed evaluation.
const (
	CodeExpressionError = "ExpressionError"
	CodeExpressionLimit = "ExpressionLimit"
)

// Problem is something wrong with an expression's source. Offset and Length
// count bytes of the source and lie inside it; Length is at least 1 unless
// the source is empty. Warning findings do not stop the expression.
type Problem struct {
	Code           string // the diag code
	Offset, Length int
	Message, Hint  string
	Warning        bool
}
