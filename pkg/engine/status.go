package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// Status is how an engine does, for who operates it.
type Status struct {
	StartedAt time.Time
	Runs      map[string]int // by status; those whose head is damaged count as stuck
	Log       eventlog.Usage // zero: the store has no size
	// DiskFree is how many bytes are left on the log's disk, MinRoom how many of
	// them new starts leave alone; -1: nobody can tell.
	DiskFree, MinRoom int64
	Growth            Growth
	// Keeping tells that the engine drops old runs by itself; the passes are the
	// last ones.
	Keeping bool
	Pass    Pass
	Sweep   SweepPass
	NextAt  time.Time
}

// Growth is how fast the log grows: what it needs beside the room that it uses
// again.
type Growth struct {
	Over        time.Duration // measured over that time; 0: not yet
	BytesPerDay int64
	// FullIn is when there is no room left if it goes on so; 0: it does not
	// grow, or nobody can tell.
	FullIn time.Duration
}

// The samples of the log's size that growth is measured by.
const (
	sampleEvery = 5 * time.Minute
	maxSamples  = 12 * 24 // a day
	leastSpan   = time.Minute
)

type sample struct {
	at   time.Time
	used int64
}

// growth keeps the samples, and the counts of runs for a while.
type growth struct {
	mu      sync.Mutex
	samples []sample
	counted time.Time
	runs    map[string]int
}

// countFor is how long the counts of runs hold: counting reads all heads.
const countFor = 5 * time.Second

// measure takes a sample of the log's size.
func (e *Engine) measure(now time.Time) {
	u, ok := e.store.(eventlog.Measurer)
	if !ok {
		return
	}
	usage := u.Usage()
	g := &e.growth
	g.mu.Lock()
	defer g.mu.Unlock()
	if n := len(g.samples); n > 0 && now.Sub(g.samples[n-1].at) < sampleEvery {
		return
	}
	if len(g.samples) == maxSamples {
		g.samples = append(g.samples[:0], g.samples[1:]...)
	}
	g.samples = append(g.samples, sample{now, usage.Bytes - usage.Free})
}

// grown returns how fast the log grew since the oldest sample.
func (g *growth) grown(now time.Time, u eventlog.Usage, room int64) (out Growth) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.samples) == 0 {
		return out
	}
	first := g.samples[0]
	span := now.Sub(first.at)
	if span < leastSpan {
		return out
	}
	more := float64(u.Bytes - u.Free - first.used)
	out.Over = span
	out.BytesPerDay = int64(more / span.Hours() * 24)
	if out.BytesPerDay > 0 && room > 0 {
		days := float64(room) / float64(out.BytesPerDay)
		out.FullIn = time.Duration(min(days, 36500) * float64(24*time.Hour))
	}
	return out
}

// Status says how the engine does. It reads the heads of all runs, unless it
// did so just now.
func (e *Engine) Status(ctx context.Context) (Status, error) {
	now := e.clock.Now()
	s := Status{StartedAt: e.startedAt, DiskFree: -1, MinRoom: max(e.opts.MinRoom, 0), Keeping: e.opts.Keeping != nil}
	runs, err := e.countRuns(ctx, now)
	if err != nil {
		return s, err
	}
	s.Runs = runs
	if u, ok := e.store.(eventlog.Measurer); ok {
		s.Log = u.Usage()
	}
	room := int64(0)
	if free, known := e.disk(); known {
		s.DiskFree, room = free, free+s.Log.Free
	}
	s.Growth = e.growth.grown(now, s.Log, room)
	s.Pass, s.Sweep, s.NextAt = e.keeper.last()
	return s, nil
}

func (e *Engine) countRuns(ctx context.Context, now time.Time) (map[string]int, error) {
	g := &e.growth
	g.mu.Lock()
	runs, fresh := g.runs, !g.counted.IsZero() && now.Sub(g.counted) < countFor && !now.Before(g.counted)
	g.mu.Unlock()
	if fresh {
		return runs, nil
	}
	runs = map[string]int{}
	for s, err := range e.store.List(ctx, eventlog.Filter{Kind: kindRun}) {
		switch {
		case errors.Is(err, eventlog.ErrCorrupt):
			runs[stuckStatus]++
		case err != nil:
			return nil, fmt.Errorf("count the runs: %w", err)
		default:
			runs[s.Status]++
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.runs, g.counted = runs, now
	return runs, nil
}
