package interpreter

import (
	"fmt"

	"github.com/keelstep/keelstep/pkg/fact"
)

// The kinds of inputs that travel as messages. Numbers are never reused.
const (
	messageStart      = 1
	messageCallResult = 2
	messageTimerFired = 3
	messageSignal     = 4
	messageCancel     = 5
)

// EncodeInput returns the bytes of an input that waits in an inbox. Inputs
// that never do (CallStarted, Carry) panic.
func EncodeInput(in Input) []byte {
	kind, fields := inputFields(in)
	return append([]byte{kind}, fact.Write(fields)...)
}

func inputFields(in Input) (kind byte, fields func(*fact.Coder)) {
	switch in := in.(type) {
	case Start:
		return messageStart, func(c *fact.Coder) { startFields(c, &in) }
	case CallResult:
		return messageCallResult, func(c *fact.Coder) { resultFields(c, &in) }
	case TimerFired:
		return messageTimerFired, func(c *fact.Coder) { c.String(1, "timer", &in.Timer) }
	case Signal:
		return messageSignal, func(c *fact.Coder) { signalFields(c, &in) }
	case Cancel:
		return messageCancel, func(c *fact.Coder) { c.String(1, "reason", &in.Reason) }
	default:
		panic(fmt.Sprintf("interpreter: %T is no message", in))
	}
}

// DecodeInput returns the input of EncodeInput; it keeps parts of b. The error
// wraps fact.ErrFormat.
func DecodeInput(b []byte) (Input, error) {
	if len(b) == 0 {
		return nil, fmt.Errorf("%w: an empty message", fact.ErrFormat)
	}
	rest := b[1:]
	switch b[0] {
	case messageStart:
		var in Start
		err := fact.ReadFields(rest, func(c *fact.Coder) { startFields(c, &in) })
		return in, err
	case messageCallResult:
		var in CallResult
		err := fact.ReadFields(rest, func(c *fact.Coder) { resultFields(c, &in) })
		return in, err
	case messageTimerFired:
		var in TimerFired
		err := fact.ReadFields(rest, func(c *fact.Coder) { c.String(1, "timer", &in.Timer) })
		return in, err
	case messageSignal:
		var in Signal
		err := fact.ReadFields(rest, func(c *fact.Coder) { signalFields(c, &in) })
		return in, err
	case messageCancel:
		var in Cancel
		err := fact.ReadFields(rest, func(c *fact.Coder) { c.String(1, "reason", &in.Reason) })
		return in, err
	}
	return nil, fmt.Errorf("%w: a message of the unknown kind %d", fact.ErrFormat, b[0])
}

func startFields(c *fact.Coder, in *Start) {
	c.String(1, "run", &in.Run)
	c.String(2, "workflow", &in.Workflow)
	c.String(3, "version", &in.Version)
	c.String(4, "digest", &in.Digest)
	c.Bytes(5, &in.Value)
	c.Bytes(6, &in.Trigger)
	c.String(7, "triggerId", &in.TriggerID)
	fact.List(c, 8, "params", &in.Params, paramFields)
	c.Bool(9, "wantsAnswer", &in.WantsAnswer)
	c.String(10, "parent", &in.Parent)
	c.String(11, "parentPath", &in.ParentPath)
}

func resultFields(c *fact.Coder, in *CallResult) {
	c.String(1, "path", &in.Path)
	c.Int(2, "attempt", &in.Attempt)
	c.Bytes(3, &in.Output)
	failureField(c, 4, "error", &in.Err)
}

func signalFields(c *fact.Coder, in *Signal) {
	c.String(1, "id", &in.ID)
	c.String(2, "name", &in.Name)
	c.Bytes(3, &in.Data)
}
