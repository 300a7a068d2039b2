package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/secrets"
)

// ErrNoAnswer means that the run ended without answering its caller.
var ErrNoAnswer = errors.New("the run ended without an answer")

// Get returns a run as its last turn left it. The values of steps that are
// marked secure, and what is sealed, are masked.
func (e *Engine) Get(ctx context.Context, id string) (RunView, error) {
	if v, ok := e.ended(ctx, id); ok {
		return v, nil
	}
	var v RunView
	err := e.ask(ctx, id, func(r *run, err error) error {
		var stuck *stuckError
		switch {
		case errors.Is(err, ErrRunStuck):
			v = stuckView(r.summary)
			return nil
		case errors.As(err, &stuck):
			sum := r.summary
			sum.Status, sum.Reason = stuckStatus, stuck.reason
			v = stuckView(sum)
			return nil
		case err != nil:
			return err
		}
		v, err = r.view()
		if err == nil && v.Status.Ended() {
			e.views.put(id, endedView{v, r.records}, 10+len(v.Steps))
		}
		return err
	})
	if err != nil { // the run may still be about to answer
		return RunView{}, err
	}
	return v, nil
}

// endedView is a run that has ended, as of so many records: an answer that
// comes late adds one.
type endedView struct {
	view    RunView
	records uint64
}

// ended returns the view of a run that has ended and was looked at before.
func (e *Engine) ended(ctx context.Context, id string) (RunView, bool) {
	c, ok := e.views.get(id)
	if !ok || e.Err() != nil {
		return RunView{}, false
	}
	head, ok, err := e.store.Head(ctx, id)
	if err != nil || !ok || head.Records != c.records {
		return RunView{}, false
	}
	v := c.view
	v.Steps = slices.Clone(v.Steps)
	return v, true
}

// view returns the run as committed.
func (r *run) view() (v RunView, err error) {
	err = guard(func() error { v = r.machine.View(r.e.fetch); return nil })
	if err != nil {
		return v, err
	}
	secured := secureSteps(r.flow)
	for i := range v.Steps {
		maskStep(secured[v.Steps[i].Step], &v.Steps[i])
	}
	v.Input, v.Output = maskSealed(v.Input), maskSealed(v.Output)
	r.waits(&v)
	return v, nil
}

// said returns what of the view says how the caller was answered.
func (r *run) said() RunView {
	m := r.machine
	return RunView{Run: r.id, Workflow: r.flow.Name, Version: r.flow.Version, Status: m.Status(), Response: m.Answer()}
}

// waits fills in what the calls of the run wait for.
func (r *run) waits(v *RunView) {
	if len(r.calls) == 0 {
		return
	}
	for i := range v.Steps {
		s := &v.Steps[i]
		if c := r.calls[callID{s.Path, s.Attempt}]; c != nil {
			s.WaitsFor = r.e.calls.waitsFor(c)
		}
	}
}

var masked = expression.Raw([]byte(`"` + secrets.Mask + `"`))

// maskSealed returns an inline value with what is sealed masked.
func maskSealed(v expression.Value) expression.Value {
	raw, err := shown(v.Inline())
	if err != nil {
		return masked
	}
	if raw == nil {
		return v
	}
	return expression.Raw(raw)
}

// stuckView is what can be said of a run that cannot be read.
func stuckView(s eventlog.Summary) RunView {
	if s.Ended && s.Status != stuckStatus { // else it had ended well before it was damaged
		return RunView{
			Run: s.Stream, Workflow: s.Workflow, Version: s.Version, Digest: s.Digest,
			Status: graph.Cancelled, StartedAt: s.StartedAt, EndedAt: s.EndedAt,
			Error: &graph.Failure{Code: CodeTerminated, Message: "the run was stuck and was terminated: " + stuckMessage(s.Reason)},
		}
	}
	return RunView{
		Run: s.Stream, Workflow: s.Workflow, Version: s.Version, Digest: s.Digest,
		Status: graph.Stuck, StartedAt: s.StartedAt,
		Error: &graph.Failure{Code: "Stuck", Message: stuckMessage(s.Reason)},
	}
}

func stuckMessage(reason string) string {
	switch reason {
	case ReasonPanic:
		return fmt.Sprintf("the engine failed on this run %d times; its history is whole, see the engine's log", maxAttempts)
	case ReasonLimit:
		return "the run has reached the limit of what a run may hold"
	default:
		return "the run's history cannot be read; run engine check"
	}
}

// Wait returns the run once it has ended or is stuck.
func (e *Engine) Wait(ctx context.Context, run string) (RunView, error) {
	return e.wait(ctx, run, wantsEnd)
}

// Await returns what the run answers the caller of its trigger. The error is
// ErrNoAnswer, with the run's view, when it ended or is stuck without.
func (e *Engine) Await(ctx context.Context, run string) (Answer, RunView, error) {
	v, err := e.wait(ctx, run, wantsAnswer)
	if err != nil {
		return Answer{}, v, err
	}
	if v.Response == nil {
		return Answer{}, v, ErrNoAnswer
	}
	a := Answer{Status: v.Response.Status}
	if a.Body, err = e.Value(ctx, v.Response.Body); err != nil {
		return Answer{}, v, err
	}
	if a.Headers, err = e.headers(v.Response.Headers); err != nil {
		return Answer{}, v, err
	}
	return a, v, nil
}

// headers returns the headers of an answer. Values that are no text are
// written as JSON.
func (e *Engine) headers(v expression.Value) (map[string]string, error) {
	raw, err := e.whole(v)
	if err != nil {
		return nil, err
	}
	x, err := expression.DecodeRaw(raw)
	if err != nil {
		return nil, err
	}
	object, ok := x.(map[string]any)
	if !ok {
		return nil, nil
	}
	out := make(map[string]string, len(object))
	for k, v := range object {
		if s, ok := v.(string); ok {
			out[k] = s
			continue
		}
		b, err := expression.Encode(v)
		if err != nil {
			return nil, err
		}
		out[k] = string(b)
	}
	return out, nil
}

// wait returns the first view of the run that is what is wanted. One that goes
// on in memory is not asked: it tells.
func (e *Engine) wait(ctx context.Context, run string, wants wish) (v RunView, err error) {
	sub := e.subs.add(run, wants)
	defer e.subs.remove(run, sub)
	if !e.runs.going(run) {
		if v, err = e.Get(ctx, run); err != nil || wants.granted(&v) {
			return v, err
		}
	}
	for {
		select {
		case <-sub.bell:
			if last := sub.take(); last != nil {
				return last.view, last.err
			}
		case <-ctx.Done():
			return v, ctx.Err()
		case <-e.ctx.Done():
			return v, e.stopped()
		}
	}
}

// granted tells whether a run is as it is waited for.
func (w wish) granted(v *RunView) bool {
	return w == wantsAnswer && v.Response != nil || v.Status.Ended() || v.Status == graph.Stuck
}

// List returns a page of runs, newest first, and the cursor of the next page,
// empty at the end. A child stands beside its parent; runs whose ID follows from
// an idempotency key stand where their ID sorts.
func (e *Engine) List(ctx context.Context, f RunFilter) (rows []RunSummary, next string, err error) {
	limit := f.Limit
	switch {
	case limit <= 0:
		limit = 50
	case limit > 1000:
		limit = 1000
	}
	key := ""
	if f.Parent != "" {
		key = parentKey + f.Parent
	}
	filter := eventlog.Filter{Key: key, Kind: kindRun, Workflow: f.Workflow, Statuses: f.Statuses, Before: f.Cursor, Limit: limit + 1}
	for s, err := range e.store.List(ctx, filter) {
		switch {
		case errors.Is(err, eventlog.ErrCorrupt):
			s.Status, s.Reason = stuckStatus, ReasonCorrupt
		case err != nil:
			return nil, "", err
		}
		if len(rows) == limit {
			return rows, rows[limit-1].Run, nil
		}
		rows = append(rows, rowOf(s))
	}
	return rows, "", nil
}

func rowOf(s eventlog.Summary) RunSummary {
	row := RunSummary{
		Run: s.Stream, Workflow: s.Workflow, Version: s.Version, Status: s.Status, StartedAt: s.StartedAt,
		EndedAt: timeOf(s.EndedAt), WakeAt: timeOf(s.WakeAt), Error: s.Error, Reason: s.Reason,
	}
	for _, k := range s.Keys {
		if parent, ok := strings.CutPrefix(k, parentKey); ok && isRunID(parent) {
			row.Parent = parent
		}
		if of, ok := strings.CutPrefix(k, againKey); ok {
			row.RestartOf = of
		}
	}
	if len(s.Attributes) > 0 {
		row.Attributes = make(map[string]string, len(s.Attributes))
		for _, a := range s.Attributes {
			row.Attributes[a.Name] = a.Value
		}
	}
	return row
}

func timeOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
