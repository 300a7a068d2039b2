package engine

import (
	"context"
	"fmt"

	"github.com/keelstep/keelstep/pkg/books"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// RefusedError is a run that was started and not admitted: its workflow has a
// limit. Code is books.ConcurrencyLimit, QueueFull or Skipped.
type RefusedError struct{ Run, Code, Message string }

func (e *RefusedError) Error() string { return e.Message }

// Refusal returns why a run was not admitted, nil when that is not how it
// ended.
func Refusal(v *RunView) *RefusedError {
	if v.Status != graph.Cancelled || v.Error == nil {
		return nil
	}
	switch v.Error.Code {
	case books.ConcurrencyLimit, books.QueueFull, books.Skipped:
		return &RefusedError{v.Run, v.Error.Code, v.Error.Message}
	}
	return nil
}

// Admission waits until it is decided whether a run that was started may run,
// or wait for its slot, and returns nil if so. The error is a *RefusedError
// when the limit of its workflow does not let it.
func (e *Engine) Admission(ctx context.Context, run string) error {
	sub := e.subs.add(run, wantsAll)
	defer e.subs.remove(run, sub)
	for {
		v, err := e.Get(ctx, run)
		switch {
		case err != nil:
			return err
		case v.Status != graph.Queued:
			if no := Refusal(&v); no != nil {
				return no
			}
			return nil
		}
		known := false
		wf, err := e.defs.compiled(ctx, v.Digest)
		if err != nil {
			return fmt.Errorf("load version %s of workflow %s: %w", v.Version, v.Workflow, err)
		}
		err = e.shelf.ask(ctx, interpreter.LimitBook(wf), func(m bookMachine) {
			known = m.(*books.Limit).Knows(run)
		})
		if err != nil || known {
			return err
		}
		select {
		case <-sub.bell:
		case <-ctx.Done():
			return ctx.Err()
		case <-e.ctx.Done():
			return e.stopped()
		}
	}
}

// Limit returns the runs of a workflow that hold a slot under a key, oldest
// first, and those that wait for one, the next first. Where the workflow
// shares a limit they are those of all that share it.
func (e *Engine) Limit(ctx context.Context, workflow, key string) (holders, waiting []string, err error) {
	wf, err := e.Workflow(ctx, workflow, "")
	if err != nil {
		return nil, nil, err
	}
	var l struct{ holders, waiting []string }
	err = e.shelf.ask(ctx, interpreter.LimitBook(wf), func(m bookMachine) {
		limit := m.(*books.Limit)
		l.holders, l.waiting = limit.Holders(key), limit.Waiting(key)
	})
	if err != nil {
		return nil, nil, err
	}
	return l.holders, l.waiting, nil
}
