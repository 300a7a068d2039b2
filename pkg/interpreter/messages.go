package interpreter

import (
	"fmt"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
)

// The streams of the books that runs talk to.
const (
	EventsBook  = "events"
	LimitPrefix = "limit/" // and the workflow's name
)

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
