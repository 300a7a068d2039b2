package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keelstep/keelstep/pkg/connectors/standard"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
	"github.com/keelstep/keelstep/pkg/graph"
)

// meter is one measurement under way.
type meter struct {
	o       Options
	w       workload
	callers int
	http    bool
	dir     string
	limits  int   // that were measured
	peak    int64 // memory of the last child, in bytes

	file   *boltlog.Log
	store  *counting
	engine *engine.Engine
}

// open opens an engine on a new log, with the workload deployed.
func (m *meter) open(ctx context.Context) (err error) {
	if m.file, err = boltlog.Open(m.log(), boltlog.Options{Now: m.o.Clock.Now}); err != nil { //nolint:contextcheck // opening needs none
		return err
	}
	m.store = &counting{Store: m.file}
	m.engine, err = engine.Open(ctx, engine.Options{Store: m.store, Registry: standard.New(), Clock: m.o.Clock})
	if err != nil {
		return errors.Join(err, m.file.Close())
	}
	if _, found, err := m.engine.Deploy(ctx, "bench.yaml", []byte(m.w.source)); err != nil || found.HasErrors() {
		return errors.Join(err, fmt.Errorf("the workload does not compile: %d findings", len(found)), m.close(ctx))
	}
	return nil
}

func (m *meter) close(ctx context.Context) error {
	return errors.Join(m.engine.Close(ctx), m.file.Close())
}

// gauge is what the process had used at one moment.
type gauge struct {
	at             time.Time
	cpu            time.Duration
	written        int64
	turns, bytes   int64
	commits        uint64
	background     boltlog.Holds
	runs, fileSize int64
}

func (m *meter) gauge(runs int64) gauge {
	g := gauge{
		at: m.o.Clock.Now(), cpu: cpuTime(), written: written(), runs: runs,
		turns: m.store.turns.Load(), bytes: m.store.bytes.Load(), commits: m.file.Commits(),
	}
	_, g.background = m.file.Holds()
	if info, err := os.Stat(m.log()); err == nil {
		g.fileSize = info.Size()
	}
	return g
}

// between fills in what was used from a to b.
func (r *Result) between(a, b gauge) {
	r.Runs = b.runs - a.runs
	r.Seconds = Figure(b.at.Sub(a.at).Seconds())
	n := Figure(max(r.Runs, 1))
	r.RunsPerSecond = Figure(r.Runs) / r.Seconds
	r.CPU = Figure((b.cpu - a.cpu).Microseconds()) / 1000 / n
	r.Written = Figure(b.written-a.written) / n
	r.Kept = Figure(b.fileSize-a.fileSize) / n
	turns := Figure(max(b.turns-a.turns, 1))
	r.Turns, r.TurnBytes = turns/n, Figure(b.bytes-a.bytes)/turns
	commits := Figure(max(b.commits-a.commits, 1))
	r.Commits, r.TurnsPerCommit, r.Flushes = commits/n, turns/commits, 2*commits/n
	if held := b.background.Since(a.background); held.Count() > 0 {
		r.Background = Figure(held.Quantile(0.99).Microseconds()) / 1000
	}
}

// whole measures runs from their start to their end: as many at once as there
// are callers, for Duration, after a tenth of that to warm up.
func whole(ctx context.Context, m *meter) (r Result, err error) {
	debug.FreeOSMemory()
	if err := m.open(ctx); err != nil {
		return r, err
	}
	one := m.run
	if m.http {
		srv, err := m.serve(ctx)
		if err != nil {
			return r, errors.Join(err, m.close(ctx))
		}
		defer srv.stop()
		one = srv.post
	}
	if _, _, err := m.drive(ctx, one, m.o.Duration/10); err != nil {
		return r, errors.Join(err, m.close(ctx))
	}
	before, watch := m.gauge(0), watchMemory(m.o.Clock)
	took, tenths, err := m.drive(ctx, one, m.o.Duration)
	r.between(before, m.gauge(took.count()))
	if first := tenths[0].Load(); first > 0 {
		r.Steady = Figure(tenths[9].Load()) / Figure(first)
	}
	r.RSS = watch()
	if err := errors.Join(err, m.close(ctx)); err != nil {
		return r, err
	}
	r.P50, r.P99 = took.quantile(0.5), took.quantile(0.99)
	if r.Limit, err = m.limit(ctx, r.Turns, r.TurnBytes); err != nil {
		return r, err
	}
	r.Ratio = r.RunsPerSecond / r.Limit
	return r, nil
}

// drive has each caller do one after another until the time is over, and
// returns how long each took and how many ended in each tenth of the time. One
// that has begun is waited for.
func (m *meter) drive(ctx context.Context, one func(context.Context) error, d time.Duration) (took *timings, tenths *[10]atomic.Int64, err error) {
	start := m.o.Clock.Now()
	end := start.Add(d)
	took, tenths = new(timings), new([10]atomic.Int64)
	var mu sync.Mutex
	var all sync.WaitGroup
	for range m.callers {
		all.Go(func() {
			var failed error
			for began := m.o.Clock.Now(); failed == nil && began.Before(end); {
				failed = one(ctx)
				now := m.o.Clock.Now()
				if at := now.Sub(start) * 10 / d; failed == nil && at < 10 {
					tenths[at].Add(1)
				}
				took.add(now.Sub(began))
				began = now
			}
			mu.Lock()
			defer mu.Unlock()
			err = errors.Join(err, failed)
		})
	}
	all.Wait()
	return took, tenths, err
}

// run is one run from its start to its end.
func (m *meter) run(ctx context.Context) error {
	s, err := m.engine.Start(ctx, engine.StartRequest{Workflow: "bench", Input: []byte(m.w.input)})
	if err != nil {
		return err
	}
	return m.ended(ctx, s.Run)
}

func (m *meter) ended(ctx context.Context, run string) error {
	v, err := m.engine.Wait(ctx, run)
	if err == nil && v.Status != graph.Succeeded {
		err = fmt.Errorf("run %s is %s", run, v.Status)
	}
	return err
}

// quantiles returns the median and the 99th percentile in milliseconds.
func quantiles(took []time.Duration) (p50, p99 Figure) {
	if len(took) == 0 {
		return 0, 0
	}
	slices.Sort(took)
	at := func(q float64) Figure {
		return Figure(took[min(int(q*float64(len(took))), len(took)-1)].Microseconds()) / 1000
	}
	return at(0.5), at(0.99)
}
