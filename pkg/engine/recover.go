package engine

import (
	"context"
	"errors"
	"slices"
	"sync"
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
	var group []string
	var suspects []eventlog.Summary
	for s, err := range e.store.List(ctx, eventlog.Filter{Open: true, Oldest: true, Brief: true}) {
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
			if err := e.found(ctx, s.Stream); err != nil {
				return err
			}
		}
		switch {
		case sleeps(s, now):
			if !s.WakeAt.IsZero() {
				e.timers.set(s.Stream, wake, s.WakeAt)
			}
		case s.Attempts > 0:
			suspects = append(suspects, eventlog.Summary{Stream: s.Stream, Attempts: s.Attempts})
		default:
			group = append(group, s.Stream)
		}
	}
	if len(group)+len(suspects) == 0 {
		return nil
	}
	slices.SortStableFunc(suspects, func(a, b eventlog.Summary) int { return a.Attempts - b.Attempts })
	alone := make([]string, len(suspects))
	for i, s := range suspects {
		alone[i] = s.Stream
	}
	e.untried.add(group, alone)
	e.crew.run(jobFunc(func() { e.takeUp(group, alone) }))
	return nil
}

// maxResumed is how many of the runs that Open found unfinished are remembered.
const maxResumed = 1000

// found counts a run that is unfinished, and remembers the first ones.
func (e *Engine) found(ctx context.Context, run string) error {
	e.unfinished++
	if len(e.resumed) >= maxResumed {
		return nil
	}
	s, _, err := e.store.Head(ctx, run)
	if errors.Is(err, eventlog.ErrCorrupt) {
		s, err = eventlog.Summary{Stream: run, Status: stuckStatus, Reason: ReasonCorrupt}, nil
	}
	e.resumed = append(e.resumed, rowOf(s))
	return err
}

// untried is the runs that recovery has found and not tried yet. Whoever loads
// one of them counts the attempt, asked or not; those that are to be loaded
// alone wait for recovery.
type untried struct {
	mu   sync.Mutex
	runs map[string]bool // suspects are true
}

func (u *untried) add(group, suspects []string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.runs = make(map[string]bool)
	for _, id := range group {
		u.runs[id] = false
	}
	for _, id := range suspects {
		u.runs[id] = true
	}
}

func (u *untried) has(id string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	_, ok := u.runs[id]
	return ok
}

func (u *untried) suspects(id string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.runs[id]
}

func (u *untried) drop(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.runs, id)
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
		if !e.attempt(ids, false) {
			return
		}
	}
	for ids := range slices.Chunk(suspects, 1) {
		if !e.attempt(ids, true) {
			return
		}
	}
}

// How long a suspect has the engine for itself: at most, and while calls of
// its run, which may take any time.
const (
	aloneFor      = 5 * time.Second
	aloneForCalls = 200 * time.Millisecond
)

// attempt has runs loaded and waits until each has taken its first turn; a
// suspect's first turn with events, if that comes soon. It returns false when
// the engine stops.
func (e *Engine) attempt(ids []string, alone bool) bool {
	settled := make(chan struct{}, len(ids))
	for _, id := range ids {
		if !e.runs.deliver(id, mail{recover: settled, alone: alone}) {
			return false
		}
	}
	var late chan struct{}
	if alone {
		late = make(chan struct{})
		stop := e.clock.AfterFunc(aloneFor, func() { close(late) })
		defer stop()
	}
	for range ids {
		select {
		case <-settled:
		case <-late:
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

func heard(all []chan<- struct{}) {
	for _, c := range all {
		c <- struct{}{} // it has room for each
	}
}

// due tells whether a timer of the run falls due any moment.
func (r *run) due() bool {
	at := r.machine.WakeAt()
	return !at.IsZero() && !at.After(r.e.clock.Now().Add(aloneForCalls))
}

// acquit takes the count of attempts back.
func (r *run) acquit() {
	sum := r.summary
	sum.Stream, sum.Attempts = r.id, 0
	if err := r.mark(&sum); err != nil {
		r.uncommitted(err)
	}
}

// countAgain notes that a recovered run is about to take a turn. In its first
// it may have found nothing to do, with a timer due or a call to be answered,
// and what ends the process may be what it makes of that. A turn with events
// takes the count back.
func (r *run) countAgain() error {
	if r.tries == 0 || r.summary.Attempts >= r.tries {
		return nil
	}
	sum := r.summary
	sum.Stream, sum.Attempts = r.id, r.tries
	return r.mark(&sum)
}

// settle tells whoever recovers the run that it has taken its first turn, and
// takes the count of attempts back.
func (r *run) settle() {
	if len(r.settled) == 0 {
		if r.tries > 0 && r.summary.Attempts > 0 {
			r.acquit() // the turn had no events
		}
		return
	}
	if r.machine != nil && r.summary.Attempts > 0 {
		r.tries = r.summary.Attempts
		r.acquit()
	}
	r.e.untried.drop(r.id)
	tell := r.settled
	switch {
	case !r.alone || r.tries == 0 || r.machine == nil || r.machine.Ended():
	case r.due():
		return // a turn is to come at once
	case len(r.calls) > 0:
		r.settled = nil
		r.e.clock.AfterFunc(aloneForCalls, func() { heard(tell) })
		return
	}
	r.settled = nil
	heard(tell)
}
