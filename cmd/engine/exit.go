package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/keelstep/keelstep/pkg/graph"
)

// The exit codes.
const (
	exitOK          = 0   // the run succeeded, the files are valid
	exitFailed      = 1   // the run failed, there were findings, the command could not do it
	exitUsage       = 2   // the command line or a file it names is wrong
	exitCancelled   = 3   // the run was cancelled
	exitTimedOut    = 4   // the run timed out
	exitStuck       = 5   // the run is stuck, or the engine or its store failed
	exitInterrupted = 130 // Ctrl-C: the run goes on later
)

// exitHelp is what the help of the commands that run something says.
const exitHelp = `Exit codes: 0 succeeded, 1 failed, 2 wrong usage or invalid file, 3 cancelled,
4 timed out, 5 stuck or a failure of the engine, 130 interrupted.`

// failure is an error with an exit code and, where there is something to do
// about it, a hint. A quiet one has been told already.
type failure struct {
	code  int
	msg   string
	hint  string
	quiet bool
	err   error
}

func (f *failure) Error() string { return f.msg }
func (f *failure) Unwrap() error { return f.err }

// usagef is a wrong command line.
func usagef(hint, format string, args ...any) error {
	return &failure{code: exitUsage, msg: fmt.Sprintf(format, args...), hint: hint}
}

// failf is something that could not be done.
func failf(hint, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &failure{code: exitFailed, msg: err.Error(), hint: hint, err: errors.Unwrap(err)}
}

// brokenf is a failure of the engine or its store.
func brokenf(hint, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &failure{code: exitStuck, msg: err.Error(), hint: hint, err: errors.Unwrap(err)}
}

// exitWith ends the command with a code after everything was said.
func exitWith(code int) error {
	if code == exitOK {
		return nil
	}
	return &failure{code: code, quiet: true}
}

// report prints err as one line, with its hint on a second one, and returns
// the exit code.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{code: exitFailed, msg: err.Error()}
		if errors.Is(err, context.Canceled) {
			f.code = exitInterrupted
		}
	}
	if f.quiet {
		return f.code
	}
	writef(w, "%s %s\n", styleBad.Render("engine:"), oneLine(f.msg))
	if f.hint != "" {
		writef(w, "  %s %s\n", styleDim.Render("→"), f.hint)
	}
	return f.code
}

// oneLine keeps an error on one line and its control characters harmless.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r < ' ' || r == 0x7f:
			return '�'
		}
		return r
	}, strings.TrimSpace(s))
}

// codeOf is the exit code of a run's outcome.
func codeOf(status graph.Status) int {
	switch status {
	case graph.Succeeded:
		return exitOK
	case graph.Cancelled:
		return exitCancelled
	case graph.TimedOut:
		return exitTimedOut
	case graph.Stuck:
		return exitStuck
	default:
		return exitFailed
	}
}

// writef writes text for people. What cannot be written to a closed pipe is
// of no use to anybody, so the error is dropped here and nowhere else.
func writef(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

// self is the command as the user would type it again.
func self() string {
	exe, err := os.Executable()
	if err == nil && strings.Contains(exe, "go-build") {
		if _, err := os.Stat("cmd/engine"); err == nil {
			return "go run ./cmd/engine"
		}
	}
	return "engine"
}
