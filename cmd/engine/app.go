package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/charmbracelet/colorprofile"
	"golang.org/x/term"

	"github.com/keelstep/keelstep/pkg/engine"
)

// app is what a command works with: the three streams, the environment and
// the clock. Commands write to out and errs only.
type app struct {
	in      io.Reader
	stdout  io.Writer // as it was given: for terminal questions and raw bytes
	out     io.Writer // styled text, toned down to what stdout can show
	errs    io.Writer // the same for stderr
	environ []string
	clock   engine.Clock
	noColor bool
}

func newApp(in io.Reader, stdout, stderr io.Writer, environ []string) *app {
	return &app{
		in: in, stdout: stdout, environ: environ, clock: engine.SystemClock(),
		out:  colorprofile.NewWriter(stdout, environ),
		errs: colorprofile.NewWriter(stderr, environ),
	}
}

// applyColor takes colours away when the user said --no-color. NO_COLOR and
// streams that are no terminal are seen to by the writers themselves.
func (a *app) applyColor() {
	if !a.noColor {
		return
	}
	for _, w := range []io.Writer{a.out, a.errs} {
		if c, ok := w.(*colorprofile.Writer); ok {
			c.Profile = min(c.Profile, colorprofile.ASCII)
		}
	}
}

// getenv returns a variable of the environment that the command was given.
func (a *app) getenv(name string) string {
	for _, kv := range slices.Backward(a.environ) {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			return v
		}
	}
	return ""
}

// terminal returns the size of the terminal that stdout is; ok is false when
// it is none.
func (a *app) terminal() (width, height int, ok bool) {
	f, isFile := a.stdout.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) || a.getenv("TERM") == "dumb" {
		return 0, 0, false
	}
	width, height, err := term.GetSize(int(f.Fd()))
	return width, height, err == nil && width > 20 && height > 4
}

// interruptible returns a context that ends at the first SIGINT or SIGTERM. A
// second one ends the process at once.
func (a *app) interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	ch := make(chan os.Signal, 2)
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		for range 2 {
			select {
			case s := <-ch:
				if ctx.Err() != nil {
					os.Exit(exitInterrupted)
				}
				cancel(interrupted{s})
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(ch)
		close(done)
		cancel(context.Canceled)
	}
}

// interrupted is the cause of a context that a signal ended.
type interrupted struct{ os.Signal }

func (i interrupted) Error() string { return i.String() }
