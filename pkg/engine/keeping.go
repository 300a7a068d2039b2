package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/fact"
)

// Keeping says what the engine drops by itself: runs that are old enough, and
// payloads that nobody names any more. The zero value means the defaults.
type Keeping struct {
	Retention config.Retention
	// Every is the time between two passes over the runs; 0: 1 h.
	Every time.Duration
	// Sweep is the time between two sweeps of payloads; 0: 24 h.
	Sweep time.Duration
}

// The pace of the work in the background.
const (
	keepAfter = time.Minute // before the first pass
	sweepRest = 4 * time.Millisecond
	passShare = 20 // a pass that takes long is followed by so many times its length
)

// Pass is what the last pass of the background work did.
type Pass struct {
	At    time.Time // when it began; zero: there was none
	Took  time.Duration
	Runs  int    // dropped
	Kept  int    // old enough, and kept because of a caller or a child
	Error string // why it was cut off
}

// SweepPass is what the last sweep of payloads did.
type SweepPass struct {
	At    time.Time
	Took  time.Duration
	Error string
	eventlog.Swept
}

// keeper does the work in the background, one pass at a time.
type keeper struct {
	e    *Engine
	opts Keeping

	mu       sync.Mutex
	stop     func() bool   // the next pass
	sampling func() bool   // the next sample
	closed   chan struct{} // ends the pauses
	pass     Pass
	sweep    SweepPass
	nextAt   time.Time
	sweptAt  time.Time
}

func keepingOf(o Options) Keeping {
	if o.Keeping == nil {
		return Keeping{}
	}
	return *o.Keeping
}

func newKeeper(e *Engine, opts Keeping) *keeper {
	if opts.Every <= 0 {
		opts.Every = time.Hour
	}
	if opts.Sweep <= 0 {
		opts.Sweep = 24 * time.Hour
	}
	return &keeper{e: e, opts: opts, closed: make(chan struct{})}
}

// start has the first pass come.
func (k *keeper) start() {
	k.sweptAt = k.e.clock.Now()
	k.after(min(keepAfter, k.opts.Every))
	k.sample()
}

// sample has the log's size measured now and then.
func (k *keeper) sample() {
	k.e.measure(k.e.clock.Now())
	k.mu.Lock()
	defer k.mu.Unlock()
	select {
	case <-k.closed:
	default:
		k.sampling = k.e.clock.AfterFunc(sampleEvery, k.sample)
	}
}

// after has the next pass come in d.
func (k *keeper) after(d time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	select {
	case <-k.closed:
		return
	default:
	}
	k.nextAt = k.e.clock.Now().Add(d)
	k.stop = k.e.clock.AfterFunc(d, func() { k.e.crew.run(jobFunc(k.work)) })
}

// close ends the work: a pass under way stops at its next step.
func (k *keeper) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	select {
	case <-k.closed:
		return
	default:
	}
	close(k.closed)
	for _, stop := range []func() bool{k.stop, k.sampling} {
		if stop != nil {
			stop()
		}
	}
}

// work is one pass over the runs and, when its time has come, a sweep.
func (k *keeper) work() {
	began := k.e.clock.Now()
	runs, kept, err := k.retain(k.e.ctx)
	now := k.e.clock.Now()
	k.mu.Lock()
	k.pass = Pass{At: began, Took: now.Sub(began), Runs: runs, Kept: kept, Error: k.said("retention pass cut off", err)}
	due := err == nil && now.Sub(k.sweptAt) >= k.opts.Sweep
	k.mu.Unlock()
	if runs > 0 {
		k.e.log.Info("old runs dropped", "runs", runs, "in", now.Sub(began))
	}
	if due {
		k.sweepNow(k.e.ctx)
	}
	k.after(max(k.opts.Every, passShare*k.e.clock.Now().Sub(began)))
}

// said logs an error and returns its text; what ended with the engine is none.
func (k *keeper) said(what string, err error) string {
	if err == nil || errors.Is(err, ErrStopping) || k.e.ctx.Err() != nil {
		return ""
	}
	k.e.log.Warn(what, "error", err)
	return err.Error()
}

// retain drops the runs that are older than they are kept.
func (k *keeper) retain(ctx context.Context) (runs, kept int, err error) {
	if k.opts.Retention.Shortest() == config.Never {
		return 0, 0, nil
	}
	for cursor := ""; ; {
		p, err := k.e.newPurge(ctx)
		if err != nil {
			return runs, kept, err
		}
		p.ages, p.limit, p.filter.Cursor = &k.opts.Retention, maxPurge, cursor
		p.filter.Statuses, p.filter.By = config.RetentionStatuses, "retention"
		p.rest = func(ctx context.Context) error { return k.pause(ctx, purgeRest) }
		err = p.run(ctx)
		p.conclude(ctx, err)
		runs, kept, cursor = runs+p.done.Runs, kept+p.done.KeptFamily, p.done.Cursor
		if err != nil || cursor == "" {
			return runs, kept, err
		}
	}
}

// sweepNow drops the payloads that nobody names.
func (k *keeper) sweepNow(ctx context.Context) {
	store, ok := k.e.store.(eventlog.Sweeper)
	if !ok {
		return
	}
	began := k.e.clock.Now()
	swept, err := store.Sweep(ctx, eventlog.SweepOptions{
		Names: fact.Names, Lists: fact.IsPageList,
		Pause: func(ctx context.Context) error { return k.pause(ctx, sweepRest) },
	})
	now := k.e.clock.Now()
	k.mu.Lock()
	k.sweptAt = now
	k.sweep = SweepPass{At: began, Took: now.Sub(began), Swept: swept, Error: k.said("sweep of payloads cut off", err)}
	k.mu.Unlock()
	if swept.Removed > 0 {
		k.e.log.Info("payloads dropped", "payloads", swept.Removed, "bytes", swept.RemovedBytes, "in", now.Sub(began))
	}
}

// pause lets others work. Its error ends the pass.
func (k *keeper) pause(ctx context.Context, d time.Duration) error {
	done := make(chan struct{})
	stop := k.e.clock.AfterFunc(d, func() { close(done) })
	defer stop()
	select {
	case <-done:
		return k.e.ready()
	case <-k.closed:
		return ErrStopping
	case <-ctx.Done():
		return ctx.Err()
	}
}

// last returns what the background work did last, and when it works again.
func (k *keeper) last() (Pass, SweepPass, time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.pass, k.sweep, k.nextAt
}
