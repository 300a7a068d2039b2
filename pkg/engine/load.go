package engine

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// The reasons why a run is stuck.
const (
	ReasonPanic   = "panic"   // the machine failed on it three times
	ReasonLimit   = "limit"   // it has more events than a run may have
	ReasonCorrupt = "corrupt" // its history cannot be read
)

// maxAttempts is how often a run is tried that makes the machine fail.
const maxAttempts = 3

const (
	kindRun  = "run"
	kindBook = "book"
)

var stuckStatus = graph.Stuck.String()

// stuckError is why a run cannot go on.
type stuckError struct {
	reason string
	err    error
}

func (s *stuckError) Error() string { return s.reason + ": " + s.err.Error() }
func (s *stuckError) Unwrap() error { return s.err }

// panicError is a panic of the machine.
type panicError struct {
	value any
	stack []byte
}

func (p *panicError) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// guard calls f, which works with the machine, and makes an error of a panic.
func guard(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v, debug.Stack()}
		}
	}()
	return f()
}

// load reads the run from the log unless it is in memory. The error is
// ErrNoRun, ErrRunStuck, or why it cannot be read.
func (r *run) load() error {
	if r.machine != nil {
		return nil
	}
	e := r.e
	select {
	case e.loading <- struct{}{}:
		defer func() { <-e.loading }()
	case <-e.ctx.Done():
		return e.stopped()
	}
	sum, ok, err := e.store.Head(e.ctx, r.id)
	if err != nil {
		return fmt.Errorf("read the head of run %s: %w", r.id, err)
	}
	if !ok {
		return ErrNoRun
	}
	r.summary = sum
	switch {
	case sum.Status == stuckStatus, sum.Ended && sum.Reason != "":
		return ErrRunStuck
	case sum.Records == 0:
		return r.born()
	}
	if len(r.settled) > 0 || e.untried.has(r.id) {
		if err := r.countAttempt(); err != nil {
			return err
		}
	}
	r.flow, err = e.defs.compiled(e.ctx, sum.Digest)
	if err != nil {
		return &stuckError{ReasonCorrupt, fmt.Errorf("load version %s of workflow %s: %w", sum.Version, sum.Workflow, err)}
	}
	return r.replay()
}

// replay folds the run's records, from the state that was carried last on,
// where it is known where that stands.
func (r *run) replay() error {
	if after, state, err := r.e.store.Latest(r.e.ctx, r.id); err == nil {
		r.places = decodePlaces(state)
		if r.replayFrom(after) == nil {
			return nil
		}
	}
	r.places = nil
	return r.replayFrom(0)
}

func (r *run) replayFrom(after uint64) error {
	var m *interpreter.Machine
	records := after
	r.carried, r.carrying = 0, false
	err := guard(func() error {
		m = interpreter.New(r.flow)
		for rec, err := range r.e.store.Read(r.e.ctx, r.id, after) {
			if err != nil {
				return err
			}
			events, err := fact.DecodeTurn(rec.Data, interpreter.Facts)
			if err != nil {
				return fmt.Errorf("record %d: %w", rec.Seq, err)
			}
			for _, ev := range events {
				if err := m.Fold(ev); err != nil {
					return fmt.Errorf("record %d: %w", rec.Seq, err)
				}
				if interpreter.IsCarried(ev.Fact) {
					r.carried = ev.Seq
				}
			}
			r.placed(rec.Seq, events[0])
			records = rec.Seq
		}
		if records == 0 || after > 0 && r.carried == 0 {
			return fmt.Errorf("%w: nothing follows record %d", interpreter.ErrHistory, after)
		}
		return nil
	})
	switch {
	case err == nil:
	case errors.Is(err, eventlog.ErrCorrupt), errors.Is(err, fact.ErrFormat), errors.Is(err, interpreter.ErrHistory):
		return &stuckError{ReasonCorrupt, err}
	default:
		return err
	}
	r.machine, r.records = m, records
	r.again = !m.Ended() // it may have been in the middle of something
	r.reissue = r.again
	r.inbox = r.inbox || r.summary.Inbox > 0
	return nil
}

// fault deals with a run that the engine cannot work on: it is tried again
// where that may help, and is stuck where it does not. The count stands in the
// log before the next attempt, so that it survives the process.
func (r *run) fault(err error) (again bool) {
	if r.e.ctx.Err() != nil {
		return false
	}
	r.unload()
	r.redirect()
	if r.summary.Kind == "" { // it never began
		r.e.log.Error("start failed inside the engine", "run", r.id, "error", err)
		r.forget(err)
		return false
	}
	sum := r.summary
	sum.Stream, sum.Attempts = r.id, sum.Attempts+1
	var stuck *stuckError
	var panicked *panicError
	switch {
	case errors.As(err, &stuck):
		sum.Reason = stuck.reason
	case errors.As(err, &panicked):
		r.e.log.Error("run failed inside the engine", "run", r.id, "attempt", sum.Attempts, "error", err, "stack", string(panicked.stack))
		if sum.Attempts >= maxAttempts {
			sum.Reason = ReasonPanic
		}
	default: // the store cannot be read; it may be able to later
		_ = r.e.appendErr(err)
		return false
	}
	if sum.Reason != "" {
		sum.Status, sum.WakeAt = stuckStatus, time.Time{}
	}
	if err := r.mark(&sum); err != nil {
		return r.uncommitted(err)
	}
	if sum.Reason == "" {
		r.again = true
		return true
	}
	r.e.log.Error("run is stuck", "run", r.id, "workflow", sum.Workflow, "reason", sum.Reason, "error", err)
	r.e.timers.forget(r.id)
	r.forget(ErrRunStuck)
	r.e.subs.tell(r.id, news{ended: true, view: func() (RunView, error) { return stuckView(sum), nil }})
	return false
}

// mark writes the summary of a run that failed. A stream that is damaged takes
// none: its damage is found again by whoever reads it.
func (r *run) mark(sum *eventlog.Summary) error {
	err := r.e.store.Append(r.e.ctx, eventlog.Batch{Stream: r.id, Summary: sum})
	if err != nil && !errors.Is(err, eventlog.ErrCorrupt) {
		return err
	}
	r.summary = *sum
	return nil
}

// fetch returns stored bytes by hash, for what does without those that cannot
// be read.
func (e *Engine) fetch(h expression.Hash) ([]byte, bool) {
	b, err := e.bytesOf(h)
	return b, err == nil
}

// bytesOf returns stored bytes by hash.
func (e *Engine) bytesOf(h expression.Hash) ([]byte, error) {
	if b, ok := e.blobs.get(h); ok {
		return b, nil
	}
	b, err := e.store.Get(e.ctx, h)
	if errors.Is(err, eventlog.ErrNotFound) || errors.Is(err, eventlog.ErrCorrupt) {
		return nil, &stuckError{ReasonCorrupt, fmt.Errorf("payload %s: %w", h, err)}
	}
	if err == nil {
		e.blobs.put(h, b, len(b))
	}
	return b, err
}
