package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/memlog"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

const bounded = `workflow: bounded
version: "1"
steps:
  - { id: ask, approval: { to: [a@x.example], title: Well, form: { type: object } } }
  - { id: go, await: { signal: go } }
`

// text returns a JSON text of n bytes, its quotes counted.
func text(n int) []byte { return []byte(`"` + strings.Repeat("x", n-2) + `"`) }

// member returns a JSON object of n bytes.
func member(n int) []byte { return []byte(`{"x":` + string(text(n-6)) + `}`) }

// bound is a limit of what comes from outside: what n of it gives.
type bound struct {
	name  string
	limit int
	try   func(e *engine.Engine, run string, n int) error
	want  error // above the limit; nil: an *InputError
}

func bounds(t *testing.T) []bound {
	ctx := context.WithoutCancel(t.Context()) // it is of no bubble
	letters := func(n int) string { return strings.Repeat("x", n) }
	answer := func(a engine.AnswerRequest) func(*engine.Engine, string, int) error {
		return func(e *engine.Engine, run string, n int) error {
			one := a
			for _, s := range []*string{&one.ID, &one.By} {
				if *s == "n" {
					*s = letters(n)
				}
			}
			if one.Form != nil {
				one.Form = member(n)
			}
			return e.AnswerTask(ctx, run, one)
		}
	}
	event := func(set func(e *engine.CloudEvent, n int)) func(*engine.Engine, string, int) error {
		return func(e *engine.Engine, _ string, n int) error {
			ev := engine.CloudEvent{ID: fmt.Sprint(n), Type: "x", Source: "/t"}
			set(&ev, n)
			return e.Publish(ctx, ev)
		}
	}
	return []bound{
		{"bytes of an input", engine.MaxInput, func(e *engine.Engine, _ string, n int) error {
			_, err := e.Start(ctx, engine.StartRequest{Workflow: "bounded", Input: text(n)})
			return err
		}, nil},
		{"bytes of what started a run", engine.MaxInput, func(e *engine.Engine, _ string, n int) error {
			_, err := e.Start(ctx, engine.StartRequest{Workflow: "bounded", Trigger: text(n)})
			return err
		}, nil},
		{"bytes of a signal", engine.MaxInput, func(e *engine.Engine, run string, n int) error {
			return e.Signal(ctx, run, "", "x", text(n))
		}, engine.ErrBadSignal},
		{"name of a signal", 256, func(e *engine.Engine, run string, n int) error {
			return e.Signal(ctx, run, "", letters(n), nil)
		}, engine.ErrBadSignal},
		{"id of a signal", 256, func(e *engine.Engine, run string, n int) error {
			return e.Signal(ctx, run, letters(n), "x", nil)
		}, engine.ErrBadSignal},
		{"bytes of an event", engine.MaxInput, event(func(e *engine.CloudEvent, n int) { e.Data = text(n) }), engine.ErrBadEvent},
		{"id of an event", 1024, event(func(e *engine.CloudEvent, n int) { e.ID = letters(n) }), engine.ErrBadEvent},
		{"type of an event", 1024, event(func(e *engine.CloudEvent, n int) { e.Type = letters(n) }), engine.ErrBadEvent},
		{"source of an event", 1024, event(func(e *engine.CloudEvent, n int) { e.Source = letters(n) }), engine.ErrBadEvent},
		{"subject of an event", 1024, event(func(e *engine.CloudEvent, n int) { e.Subject = letters(n) }), engine.ErrBadEvent},
		{"who answers", 256, answer(engine.AnswerRequest{Path: "ask", Outcome: "approve", By: "n"}), engine.ErrBadAnswer},
		{"id of an answer", 256, answer(engine.AnswerRequest{Path: "ask", Outcome: "approve", ID: "n"}), engine.ErrBadAnswer},
		{"form of an answer", expression.MaxInline, answer(engine.AnswerRequest{Path: "ask", Outcome: "approve", Form: []byte("n")}), engine.ErrBadAnswer},
		{"people of a task", expression.MaxInline, func(e *engine.Engine, run string, n int) error {
			return e.ReassignTask(ctx, run, "ask", text(n), "ann")
		}, engine.ErrBadAnswer},
	}
}

// Everything from outside is taken up to its limit and refused above it, as
// the caller's mistake; the run goes on.
func TestBounds(t *testing.T) {
	for _, b := range bounds(t) {
		t.Run(b.name, func(t *testing.T) {
			for _, n := range []int{b.limit - 1, b.limit, b.limit + 1} {
				synctest.Test(t, func(t *testing.T) {
					e := open(t, engine.Options{}, bounded)
					run := start(t, e, "bounded")
					err := b.try(e, run, n)
					var input *engine.InputError
					switch {
					case n <= b.limit && err != nil:
						t.Errorf("%d, limit %d: %v", n, b.limit, err)
					case n > b.limit && b.want == nil && !errors.As(err, &input):
						t.Errorf("%d, limit %d: got %v, want an InputError", n, b.limit, err)
					case n > b.limit && b.want != nil && !errors.Is(err, b.want):
						t.Errorf("%d, limit %d: got %v, want %v", n, b.limit, err, b.want)
					}
					synctest.Wait()
					if v, err := e.Get(t.Context(), run); err != nil || v.Status != graph.Waiting {
						t.Errorf("%d, limit %d: the run is %s, %v", n, b.limit, v.Status, err)
					}
				})
			}
		})
	}
}

// An inbox takes so many messages from outside and no more. The run takes all
// of them when it goes on; while it keeps them, no more are taken in.
func TestFullInbox(t *testing.T) {
	if testing.Short() {
		t.Skip("short: it sends 10,000 signals")
	}
	synctest.Test(t, func(t *testing.T) {
		log, w := memlog.New(), newWorld()
		e := open(t, engine.Options{Store: log, Registry: w.registry()}, bounded)
		run := start(t, e, "bounded")
		e.Kill()
		still := open(t, engine.Options{Store: log, Registry: w.registry(), Still: true})
		for i := range eventlog.MaxInbox {
			if err := still.Signal(t.Context(), run, "", "x", nil); err != nil {
				t.Fatalf("signal %d of %d: %v", i+1, eventlog.MaxInbox, err)
			}
		}
		if err := still.Signal(t.Context(), run, "", "x", nil); !errors.Is(err, engine.ErrInboxFull) {
			t.Errorf("one signal more: got %v, want %v", err, engine.ErrInboxFull)
		}
		still.Kill()
		e = open(t, engine.Options{Store: log, Registry: w.registry()})
		synctest.Wait()
		if err := e.Signal(t.Context(), run, "", "x", nil); !errors.Is(err, engine.ErrInboxFull) {
			t.Errorf("a signal to a run that keeps so many: got %v, want %v", err, engine.ErrInboxFull)
		}
		if err := e.Cancel(t.Context(), run, ""); err != nil {
			t.Errorf("a cancel beside them: %v", err)
		}
	})
}

// The limits of what a run may do are errors of its steps, which it can
// handle, at the first value above them.
func TestBoundsOfRuns(t *testing.T) {
	for _, c := range []struct {
		name, document, code string
		limit                int
	}{
		{"children below each other", `workflow: down
version: "1"
input: { type: object, required: [n], properties: { n: { type: integer } } }
steps:
  - { id: next, if: input.n > 0, call: down, with: { n: "${ input.n - 1 }" } }
`, interpreter.CodeDepthReached, interpreter.MaxDepth},
		{"passes", `workflow: down
version: "1"
input: { type: object, required: [n], properties: { n: { type: integer } } }
variables: { n: 0 }
steps:
  - { id: loop, while: vars.n < input.n, maxPasses: 30, do: [{ id: more, increment: { n: 1 } }] }
`, interpreter.CodeLimitReached, 30},
		{"bytes of a value", `workflow: down
version: "1"
input: { type: object, required: [n], properties: { n: { type: integer } } }
steps:
  - { id: make, compose: "${ repeat('x', input.n - 2) }" }
`, expression.CodeExpressionLimit, expression.MaxResult},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, n := range []int{c.limit - 1, c.limit, c.limit + 1} {
				synctest.Test(t, func(t *testing.T) {
					e := open(t, engine.Options{}, c.document)
					s, err := e.Start(t.Context(), engine.StartRequest{Workflow: "down", Input: fmt.Appendf(nil, `{"n":%d}`, n)})
					if err != nil {
						t.Fatal(err)
					}
					v, err := e.Wait(t.Context(), s.Run)
					switch {
					case err != nil:
						t.Error(err)
					case n <= c.limit && v.Status != graph.Succeeded:
						t.Errorf("%d, limit %d: %s %v", n, c.limit, v.Status, v.Error)
					case n > c.limit && (v.Status != graph.Failed || v.Error.Code != c.code):
						t.Errorf("%d, limit %d: %s %v, want %s", n, c.limit, v.Status, v.Error, c.code)
					}
				})
			}
		})
	}
}
