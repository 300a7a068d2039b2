package main

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"strings"

	"github.com/keelstep/keelstep/cmd/engine/internal/screen"
	"github.com/keelstep/keelstep/pkg/api/client"
	"github.com/keelstep/keelstep/pkg/graph"
)

// remote speaks with an engine through its API, be it another process or an
// engine that this one opened. All commands about runs use it, so they do the
// same in both cases.
type remote struct {
	*client.Client
	still bool // a log that was opened to look at: nothing runs
	close func()
}

// explain turns an error of the API into one line that says what to do.
func explain(err error) error {
	var p *client.ProblemError
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case !errors.As(err, &p):
		return failf(`is it running? "`+self()+` serve" starts one`, "%w", err)
	}
	f := &failure{code: exitFailed, msg: p.Error(), err: p}
	if len(p.Problems) > 0 {
		f.msg, _, _ = strings.Cut(f.msg, "; see problems") // they follow here
	}
	for i, x := range p.Problems {
		if i == 0 {
			f.msg += ":"
		} else {
			f.msg += ";"
		}
		f.msg += " " + inputPlace(x.Path) + " " + x.Message
	}
	switch {
	case p.Status == http.StatusUnauthorized:
		f.hint = "give the server's key with --key-file, or in ENGINE_KEY"
	case p.Code == "UnknownRun":
		f.hint = `"` + self() + ` runs list" shows the runs there are`
	}
	return f
}

// inputPlace names the place of a problem in an input.
func inputPlace(pointer string) string {
	if pointer == "" {
		return "the input"
	}
	return pointer
}

// outline returns the steps of a version of a workflow; nil when it cannot be
// had, because a tree can be shown without.
func (r *remote) outline(ctx context.Context, workflow, version string) []screen.Outline {
	d, err := r.Definition(ctx, workflow, version)
	if err != nil {
		return nil
	}
	return screen.OutlineOf(d.Document)
}

// events yields the events of a run, recorded ones first, until it ended.
func (r *remote) events(ctx context.Context, run string) iter.Seq2[screen.Event, error] {
	return func(yield func(screen.Event, error) bool) {
		for e, err := range r.Watch(ctx, run, 0) {
			ev := screen.Event{Seq: e.Seq, Time: e.Time, Type: e.Type, Data: e.Data}
			if !yield(ev, explain(err)) {
				return
			}
		}
	}
}

// view returns a run as the screen shows it.
func (r *remote) view(ctx context.Context, run string) (screen.Run, error) {
	v, err := r.Run(ctx, run)
	if err != nil {
		return screen.Run{ID: run}, explain(err)
	}
	return shown(v), nil
}

// shown turns a run of the API into one of the screen.
func shown(r client.Run) screen.Run {
	s := screen.Run{
		ID: r.Run, Workflow: r.Workflow, Version: r.Version,
		Status: status(string(r.Status)), Cancelling: r.Cancelling,
		StartedAt: r.StartedAt, EndedAt: r.EndedAt,
		Error: shownError(r.Error), Output: r.Output,
	}
	for _, st := range r.Steps {
		s.Steps = append(s.Steps, screen.Step{
			Path: st.Path, Kind: st.Kind, Operation: st.Operation,
			Status: status(string(st.Status)), Reason: st.Reason, Attempt: st.Attempt,
			StartedAt: st.StartedAt, EndedAt: st.EndedAt, Due: st.Due, WaitsFor: st.WaitsFor,
			Error: shownError(st.Error),
		})
	}
	return s
}

func shownError(f *client.Failure) *screen.Error {
	if f == nil {
		return nil
	}
	return &screen.Error{Code: f.Code, Message: f.Message, Step: f.Step}
}

func status(name string) graph.Status {
	s, _ := graph.ParseStatus(name)
	return s
}
