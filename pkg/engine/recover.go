package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/graph"
)

// recoverGroup is how many runs share the two writes around loading them.
const recoverGroup = 64

// recover finds what is open in the log: runs, those among them that nobody
// has begun and whose start waits in their inbox, and books that have mail or
// something that falls due. Runs that only wait get their wake
// time; the others are loaded in the background, those first that have never
// been tried. The count of attempts stands in the log before a run is loaded
// and is taken back behind it: a run that ends the process each time is stuck
// after the third. Runs that were being loaded when the process ended are
// loaded alone, so that none suffers for another.
func (e *Engine) recover(ctx context.Context) error {
	now := e.clock.Now()
	var group, suspects []string
	for s, err := range e.store.List(ctx, eventlog.Filter{Open: true, Oldest: true}) {
		switch {
		case err == nil && !isRunID(s.Stream):
			e.recoverBook(s, now)
			continue
		case errors.Is(err, eventlog.ErrCorrupt):
			e.log.Error("run cannot be recovered", "run", s.Stream, "error", err)
			continue
		case err != nil:
			return err
		case s.Status == stuckStatus:
			continue
		}
		if !s.Ended && s.Records > 0 {
			e.resumed = append(e.resumed, rowOf(s))
		}
		switch {
		case sleeps(s, now):
			if !s.WakeAt.IsZero() {
				e.timers.set(s.Stream, wake, s.WakeAt)
			}
		case s.Attempts > 0:
			suspects = append(suspects, s.Stream)
		default:
			group = append(group, s.Stream)
		}
	}
	if len(group)+len(suspects) > 0 {
		e.crew.run(func() { e.takeUp(group, suspects) })
	}
	return nil
}

// recoverBook has a book look that something waits for.
func (e *Engine) recoverBook(s eventlog.Summary, now time.Time) {
	switch {
	case s.Inbox > 0:
		e.notify(s.Stream)
	case s.WakeAt.IsZero():
	case s.WakeAt.After(now):
		e.timers.set(s.Stream, wake, s.WakeAt)
	default:
		e.timerFired(s.Stream, wake)
	}
}

// sleeps tells whether nothing is to be done for a run before its wake time or
// a message.
func sleeps(s eventlog.Summary, now time.Time) bool {
	return s.Status == graph.Waiting.String() && s.Inbox == 0 && (s.WakeAt.IsZero() || s.WakeAt.After(now))
}

// takeUp loads runs: those of group some at a time, then the suspects alone.
func (e *Engine) takeUp(group, suspects []string) {
	for ids := range slices.Chunk(group, recoverGroup) {
		if !e.attempt(ids) {
			return
		}
	}
	for ids := range slices.Chunk(suspects, 1) {
		if !e.attempt(ids) {
			return
		}
	}
}

// attempt has runs loaded and waits until each has taken its first turn. It
// returns false when the engine stops.
func (e *Engine) attempt(ids []string) bool {
	settled := make(chan struct{}, len(ids))
	for _, id := range ids {
		if !e.runs.deliver(id, mail{recover: settled}) {
			return false
		}
	}
	for range ids {
		select {
		case <-settled:
		case <-e.ctx.Done():
			return false
		}
	}
	return true
}

// countAttempt notes in the log that a run is about to be loaded. The error is
// ErrRunStuck when it was tried often enough.
func (r *run) countAttempt() error {
	sum := r.summary
	sum.Attempts++
	stuck := sum.Attempts > maxAttempts
	if stuck {
		sum.Status, sum.Reason, sum.WakeAt = stuckStatus, ReasonPanic, time.Time{}
	}
	if err := r.mark(&sum); err != nil {
		return err
	}
	if stuck {
		r.e.log.Error("run is stuck", "run", r.id, "workflow", sum.Workflow, "reason", sum.Reason)
		return ErrRunStuck
	}
	return nil
}

// settle tells whoever recovers the run that it has taken its first turn, and
// takes the count of attempts back.
func (r *run) settle() {
	if len(r.settled) == 0 {
		return
	}
	if r.machine != nil && r.summary.Attempts > 0 {
		sum := r.summary
		sum.Attempts = 0
		if err := r.mark(&sum); err != nil {
			r.uncommitted(err)
		}
	}
	for _, c := range r.settled {
		c <- struct{}{}
	}
	r.settled = nil
}
