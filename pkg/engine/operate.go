package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// CodeTerminated is the code of a run that was stuck and was given up.
const CodeTerminated = "Terminated"

// ErrNotStuck means that only a run which is stuck can be tried again.
var ErrNotStuck = errors.New("the run is not stuck")

// goingOn returns the head of a run that has not ended. The error is ErrNoRun,
// ErrRunEnded, or that of reading it.
func (e *Engine) goingOn(ctx context.Context, run string) (eventlog.Summary, error) {
	if !isRunID(run) {
		return eventlog.Summary{}, ErrNoRun
	}
	head, ok, err := e.store.Head(ctx, run)
	switch {
	case err != nil:
		return head, fmt.Errorf("read the head of run %s: %w", run, err)
	case !ok:
		return head, ErrNoRun
	case head.Ended:
		return head, ErrRunEnded
	}
	return head, nil
}

// tell has a run take an input and waits until its turn is in the log. The
// error is ErrNoRun, ErrRunEnded, ErrRunStuck, ErrStorageFull, or a
// fact.Refusal when the run did not take it.
func (e *Engine) tell(ctx context.Context, run string, in interpreter.Input) error {
	if err := e.ready(); err != nil {
		return err
	}
	if _, err := e.goingOn(ctx, run); err != nil {
		return err
	}
	done := make(chan error, 1)
	if !e.runs.deliver(run, mail{in: in, started: done}) {
		return e.stopped()
	}
	err := e.answered(ctx, done)
	var no fact.Refusal
	if errors.As(err, &no) && no.Code == interpreter.RefusedEnded {
		return ErrRunEnded
	}
	return err
}

// Suspend has nothing new happen in a run until it is resumed: what comes for
// it is recorded, and calls under way may answer. One that is suspended
// already stays so.
func (e *Engine) Suspend(ctx context.Context, run, reason string) error {
	return settled(e.tell(ctx, run, interpreter.Suspend{Reason: clip(reason, maxMessage)}))
}

// Resume has a run that is suspended go on.
func (e *Engine) Resume(ctx context.Context, run string) error {
	return settled(e.tell(ctx, run, interpreter.Resume{}))
}

// settled takes a refusal for success: the run is as it was asked to be.
func settled(err error) error {
	var no fact.Refusal
	if errors.As(err, &no) {
		return nil
	}
	return err
}

// Terminate ends a run at once: no call is waited for, nothing is handled or
// undone. A run that is stuck is given up: its slot is free and its parent
// hears of it.
func (e *Engine) Terminate(ctx context.Context, run, reason string) error {
	in := interpreter.Cancel{Reason: clip(reason, maxMessage)}
	err := e.tell(ctx, run, in)
	switch {
	case errors.Is(err, ErrRunStuck):
		return e.giveUp(ctx, run)
	case err != nil:
		return err
	}
	if err := e.tell(ctx, run, in); !errors.Is(err, ErrRunEnded) { // it ended with the first
		return err
	}
	return nil
}

// Retry has a run that is stuck tried again. The error is ErrNotStuck when it
// is not.
func (e *Engine) Retry(ctx context.Context, id string) error {
	if err := e.ready(); err != nil {
		return err
	}
	return e.ask(ctx, id, func(r *run, err error) error {
		switch {
		case err == nil:
			return ErrNotStuck
		case !errors.Is(err, ErrRunStuck):
			return err
		case r.summary.Ended:
			return ErrRunEnded
		}
		sum := r.summary
		sum.Stream, sum.Status, sum.Reason, sum.Attempts = r.id, graph.Running.String(), "", 0
		if err := r.mark(&sum); err != nil {
			return e.appendErr(err)
		}
		r.again = true
		return nil
	})
}

// giveUp ends a run that is stuck by its summary alone; its record stays as it
// is.
func (e *Engine) giveUp(ctx context.Context, id string) error {
	children, err := e.children(ctx, id)
	if err != nil {
		return err
	}
	return e.ask(ctx, id, func(r *run, err error) error {
		switch {
		case err != nil && !errors.Is(err, ErrRunStuck):
			return err
		case r.summary.Ended:
			return ErrRunEnded
		}
		sum := r.summary
		sum.Stream, sum.Status, sum.Ended = r.id, graph.Cancelled.String(), true
		sum.EndedAt, sum.WakeAt, sum.Error = e.clock.Now(), time.Time{}, CodeTerminated
		sends := parting(&sum, children)
		if err := e.store.Append(e.ctx, eventlog.Batch{Stream: r.id, Summary: &sum, Send: sends}); err != nil {
			return e.appendErr(err)
		}
		r.summary = sum
		e.timers.forget(r.id)
		e.subs.tell(r.id, news{ended: true, view: func() (RunView, error) { return stuckView(sum), nil }})
		for _, m := range sends {
			e.notify(m.ID.Receiver)
		}
		return nil
	})
}

func (e *Engine) children(ctx context.Context, run string) (open []string, err error) {
	for s, err := range e.store.List(ctx, eventlog.Filter{Kind: kindRun, Key: parentKey + run, Open: true}) {
		if err != nil && !errors.Is(err, eventlog.ErrCorrupt) {
			return nil, err
		}
		if err == nil && !s.Ended && slices.ContainsFunc(s.Keys, func(k string) bool { return strings.HasPrefix(k, waitsKey) }) {
			open = append(open, s.Stream)
		}
	}
	return open, nil
}

// parting returns what a run that cannot speak for itself leaves to others.
func parting(s *eventlog.Summary, children []string) []eventlog.Message {
	var all []eventlog.Message
	send := func(to string, body fact.Mail) {
		all = append(all, eventlog.Message{
			ID: eventlog.MessageID{Sender: s.Stream + "/parting", Seq: 1, Receiver: to}, Body: fact.EncodeMail(body),
		})
	}
	limit := interpreter.LimitPrefix + s.Workflow
	for _, k := range s.Keys {
		if name, ok := strings.CutPrefix(k, poolKey); ok {
			limit = interpreter.PoolPrefix + name
		}
	}
	send(limit, fact.SlotFreed{Run: s.Stream})
	send(interpreter.EventsBook, fact.MatchClosed{Run: s.Stream})
	for _, c := range children {
		send(c, fact.Cancel{Reason: "the run that called it was terminated"})
	}
	parent, path, waits := "", "", false
	for _, k := range s.Keys {
		if p, ok := strings.CutPrefix(k, parentKey); ok {
			parent = p
		}
		if p, ok := strings.CutPrefix(k, waitsKey); ok {
			path, waits = p, true
		}
	}
	if waits {
		send(parent, fact.ChildEnded{
			Path: path, Child: s.Stream, Status: graph.Cancelled.String(), Code: CodeTerminated,
			Message: "the child was stuck and was terminated",
		})
	}
	return all
}

// Restart starts a new run of the same version with the same input, as what
// started the old one did. The new run says which one it repeats; the old one
// stays as it is.
func (e *Engine) Restart(ctx context.Context, run string) (Started, error) {
	if err := e.Ready(); err != nil {
		return Started{}, err
	}
	if !isRunID(run) {
		return Started{}, ErrNoRun
	}
	head, ok, err := e.store.Head(ctx, run)
	switch {
	case err != nil:
		return Started{}, fmt.Errorf("read the head of run %s: %w", run, err)
	case !ok || head.Records == 0:
		return Started{}, ErrNoRun
	}
	wf, err := e.defs.compiled(ctx, head.Digest)
	if err != nil {
		return Started{}, fmt.Errorf("load version %s of workflow %s: %w", head.Version, head.Workflow, err)
	}
	in := interpreter.Start{
		Run: e.ids.next(e.clock.Now()), Workflow: head.Workflow, Version: head.Version, Digest: head.Digest,
		RestartOf: run,
	}
	m, err := e.firstEvent(ctx, run, wf)
	if err != nil {
		return Started{}, err
	}
	v := m.View(nil)
	in.Packed, in.TriggerID = v.Input, v.TriggerID
	if trigger := m.Trigger(); !trigger.IsAbsent() {
		if in.Trigger, err = e.whole(trigger); err != nil {
			return Started{}, err
		}
	}
	if in.Params, err = e.params(wf); err != nil {
		return Started{}, err
	}
	if err := e.begin(ctx, in.Run, wf, in); err != nil {
		return Started{}, err
	}
	return Started{Run: in.Run, Workflow: head.Workflow, Version: head.Version, Limited: wf.Concurrency != nil}, nil
}
