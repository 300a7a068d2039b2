package connectors

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
)

// The codes that every connector shares. Authors branch on them as
// error.code; a connector's own codes stand in its package.
const (
	// CodeInvalidInput: the input does not fit the operation. Nothing was done.
	CodeInvalidInput = "InvalidInput"
	// CodeInvalidSettings: the settings do not fit the connector.
	CodeInvalidSettings = "InvalidSettings"
	// CodeCancelled: the call was told to stop before its answer came.
	CodeCancelled = "Cancelled"
	// CodeTimeout: the time for the call ran out before its answer came.
	CodeTimeout = "Timeout"
	// CodeConnectorPanic: the connector has a fault.
	CodeConnectorPanic = "ConnectorPanic"
	// CodeConnectorError: the connector failed without saying how.
	CodeConnectorError = "ConnectorError"
	// CodeInvalidOutput: the call was made, its result is not JSON.
	CodeInvalidOutput = "InvalidOutput"
)

// Problem is one thing wrong with an input or with settings. Path is a JSON
// Pointer, empty for the whole.
type Problem struct {
	Path    string `json:"path"`
	Message string `json:"message"`
}

// String returns the path, where there is one, and the message.
func (p Problem) String() string {
	if p.Path == "" {
		return p.Message
	}
	return p.Path + " " + p.Message
}

// Invalid returns the error of a call that was refused before anything was
// done, with CodeInvalidInput.
func Invalid(problems ...Problem) *Error { return invalid(CodeInvalidInput, problems) }

func invalid(code string, problems []Problem) *Error {
	texts := make([]string, len(problems))
	for i, p := range problems {
		texts[i] = p.String()
	}
	return &Error{
		Code: code, Message: strings.Join(texts, "; "),
		Final: true, Certain: true, Details: problems,
	}
}

// Stopped returns the error of a call whose context ended: Cancelled or
// Timeout. sent tells whether anything may have reached the other side.
func Stopped(ctx context.Context, sent bool) *Error {
	e := &Error{Code: CodeCancelled, Message: "the call was cancelled", Certain: !sent, Lost: sent}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		e.Code, e.Message = CodeTimeout, "the time for the call ran out"
	}
	if sent {
		e.Message += " before an answer came"
	}
	e.Err = ctx.Err()
	return e
}

// typed makes an *Error of what an operation returned. An error without a
// type says nothing about the effect, so its outcome counts as unknown.
func typed(ctx context.Context, id string, err error) *Error {
	var e *Error
	switch ok := errors.As(err, &e); {
	case ok && e != nil:
		return e
	case ok:
		err = errors.New("an error without content")
		return &Error{Code: CodeConnectorError, Message: id + ": " + err.Error(), Lost: true, Err: err}
	case ctx.Err() != nil:
		return Stopped(ctx, true)
	default:
		return &Error{Code: CodeConnectorError, Message: id + ": " + err.Error(), Lost: true, Err: err}
	}
}

// PanicError is the cause of an error with CodeConnectorPanic.
type PanicError struct {
	Value any
	Stack []byte
}

// Error returns the value of the panic.
func (p *PanicError) Error() string { return fmt.Sprintf("panic: %v", p.Value) }

// panicked makes an *Error of a panic in an operation.
func panicked(id string, value any) *Error {
	return &Error{
		Code: CodeConnectorPanic, Message: fmt.Sprintf("%s has a fault: %v", id, value),
		Final: true, Lost: true, Err: &PanicError{Value: value, Stack: debug.Stack()},
	}
}
