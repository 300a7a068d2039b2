package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/expression"
)

// What the caches hold: stored bytes, and steps of ended runs.
const (
	maxBlobs = 64 << 20
	maxViews = 50_000
)

// Engine drives the runs of one store. Its methods may be called from many
// goroutines.
type Engine struct {
	opts    Options
	store   eventlog.Store
	clock   Clock
	log     *slog.Logger
	catalog *catalog
	defs    *definitions
	runs    *runTable
	shelf   *shelf
	audit   *audit
	idle    *idleRuns
	timers  *timers
	waking  waking
	calls   *dispatcher
	subs    *subscribers
	ids     ids
	asking  entered
	blobs   *cache[expression.Hash, []byte] // stored bytes, by weight in bytes
	views   *cache[string, endedView]       // of runs that have ended, by steps

	keeper    *keeper
	room      room
	growth    growth
	startedAt time.Time

	crew       crew
	ctx        context.Context // of all work; ends when the engine does
	cancel     context.CancelCauseFunc
	draining   atomic.Bool
	loading    chan struct{} // a place in it allows one run to be read
	resumed    []RunSummary  // the first of those that Open found unfinished
	unfinished int           // how many it found
	untried    untried

	failOnce sync.Once
	failed   chan struct{} // closed by the first fatal error
	err      error         // set before failed is closed
}

// Open returns an engine on a store and takes up the work that the store
// holds: every run that has something to do goes on, timers are set. It
// returns before the runs were read; Resumed says which they are.
func Open(ctx context.Context, opts Options) (*Engine, error) {
	opts = opts.withDefaults()
	e := &Engine{
		opts: opts, store: opts.Store, clock: opts.Clock, log: opts.Logger,
		subs:    newSubscribers(),
		blobs:   newCache[expression.Hash, []byte](maxBlobs),
		views:   newCache[string, endedView](maxViews),
		loading: make(chan struct{}, opts.Loading),
		failed:  make(chan struct{}),
	}
	e.ctx, e.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	e.catalog = newCatalog(opts.Registry, opts.Env)
	e.runs = newRunTable(e)
	e.shelf, e.audit = newShelf(e), &audit{e: e}
	e.idle = newIdleRuns(e)
	e.waking.e = e
	e.timers = newTimers(e.clock, e.timerFired)
	e.calls = newDispatcher(e)
	e.keeper = newKeeper(e, keepingOf(opts))
	e.startedAt = e.clock.Now()
	e.measure(e.startedAt)
	var err error
	if e.defs, err = openDefinitions(ctx, e.store, e.catalog); err != nil {
		e.abandon(ctx, err)
		return nil, fmt.Errorf("read the definitions: %w", err)
	}
	if opts.Still {
		e.draining.Store(true)
		return e, nil
	}
	e.readLimits(ctx)
	if err := e.recover(ctx); err != nil {
		e.abandon(ctx, err)
		return nil, fmt.Errorf("recover the open runs: %w", err)
	}
	e.calls.start()
	if opts.Keeping != nil {
		e.keeper.start()
	}
	return e, nil
}

// Resumed returns how many runs Open found unfinished, those that are stuck
// left out, and the oldest 1,000 of them, oldest first.
func (e *Engine) Resumed() (oldest []RunSummary, n int) { return e.resumed, e.unfinished }

// Failed is closed when the engine cannot go on: the outcome of a write is not
// known, or the store is gone. Err then says why, and the process should end:
// what was acknowledged is safe, and the next start takes up the rest.
func (e *Engine) Failed() <-chan struct{} { return e.failed }

// Err returns why the engine cannot go on, nil while it can.
func (e *Engine) Err() error {
	select {
	case <-e.failed:
		return e.err
	default:
		return nil
	}
}

// Close stops the engine: nothing new is accepted or issued, running calls may
// answer until ctx ends. What has not answered by then is as after a crash:
// the next Open takes it up. The store stays open.
func (e *Engine) Close(ctx context.Context) error {
	e.draining.Store(true)
	e.keeper.close()
	e.timers.close()
	e.idle.close()
	e.calls.close()
	err := e.crew.rest(ctx)
	e.abandon(ctx, ErrStopping)
	e.calls.closeConnections()
	if failed := e.Err(); failed != nil {
		return failed
	}
	if err != nil {
		return fmt.Errorf("calls were still running: %w", err)
	}
	return nil
}

// abandonGrace is how long a call that was told to stop is waited for.
const abandonGrace = 5 * time.Second

// abandon ends everything at once, as a crash would, and waits for the
// goroutines; a connector that does not listen is left behind.
func (e *Engine) abandon(ctx context.Context, cause error) {
	e.draining.Store(true)
	e.cancel(cause)
	e.keeper.close()
	e.timers.close()
	e.idle.close()
	e.calls.close()
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := e.clock.AfterFunc(abandonGrace, cancel)
	defer stop()
	if e.crew.rest(ctx) != nil {
		e.crew.close()
		e.log.Warn("calls did not end when they were told to")
	}
}

// fail ends the engine because of an error that concerns the whole store.
func (e *Engine) fail(err error) {
	e.failOnce.Do(func() {
		e.err = fmt.Errorf("the log cannot be written, nothing is acknowledged any more: %w", err)
		e.log.Error("engine failed", "error", err)
		close(e.failed) // first: who finds the engine stopping asks why
		e.draining.Store(true)
		e.cancel(e.err)
	})
}

// ready returns nil when new work is accepted.
func (e *Engine) ready() error {
	if err := e.Err(); err != nil {
		return err
	}
	if e.draining.Load() {
		return ErrStopping
	}
	return nil
}

// stopped returns what to tell a caller who waits when the engine ends.
func (e *Engine) stopped() error {
	if err := e.Err(); err != nil {
		return err
	}
	return ErrStopping
}

// answered waits for the answer to what was sent to a run. When ctx or the engine
// ends first, what was sent may or may not be in the log.
func (e *Engine) answered(ctx context.Context, answer <-chan error) error {
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-e.ctx.Done():
		return e.stopped()
	}
}

// appendErr translates the error of an Append for the outside. An error whose
// outcome is unknown ends the engine.
func (e *Engine) appendErr(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, eventlog.ErrFull):
		return ErrStorageFull
	case errors.Is(err, eventlog.ErrInboxFull):
		return ErrInboxFull
	case errors.Is(err, eventlog.ErrConflict), errors.Is(err, eventlog.ErrInvalid), errors.Is(err, eventlog.ErrCorrupt):
		return err
	case e.ctx.Err() == nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)):
		return err // the caller's: nothing was written
	case e.ctx.Err() != nil:
		return e.stopped()
	}
	e.fail(err)
	return e.Err()
}

// timerFired tells a run, or a book, that a timer is due.
func (e *Engine) timerFired(stream, timer string) {
	switch {
	case e.draining.Load():
	case !isRunID(stream):
		e.shelf.deliver(stream, bookMail{wake: true})
	default:
		e.waking.add(stream, timer)
	}
}
