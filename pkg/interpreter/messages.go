package interpreter

import (
	"fmt"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// The streams of the books that runs talk to.
const (
	EventsBook  = "events"
	LimitPrefix = "limit/" // and the workflow's name
	PoolPrefix  = "pool/"  // and the name of a limit that workflows share
)

// LimitBook returns the stream of the book that admits the runs of a workflow
// with a limit.
func LimitBook(wf *graph.Workflow) string {
	if c := wf.Concurrency; c != nil && c.Named != "" {
		return PoolPrefix + c.Named
	}
	return LimitPrefix + wf.Name
}

// EncodeInput returns the bytes of an input that waits in an inbox. Inputs
// that never do (CallResult, CallStarted, TimerFired, Carry) panic.
func EncodeInput(in Input) []byte {
	m, ok := in.(fact.Mail)
	if !ok {
		panic(fmt.Sprintf("interpreter: %T is no message", in))
	}
	return fact.EncodeMail(m)
}

// DecodeInput returns the input of EncodeInput; it keeps parts of b. The error
// wraps fact.ErrFormat.
func DecodeInput(b []byte) (Input, error) { return fact.DecodeMail(b) }

// jsonOf returns the JSON of a value made of texts and numbers.
func jsonOf(x any) []byte {
	b, err := expression.Encode(x)
	if err != nil {
		return []byte("null")
	}
	return b
}
