package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/graph"
)

// signals measures runs that wait: how fast they start, what memory they take
// while all wait, and how fast they end once each gets its signal.
func signals(ctx context.Context, m *meter) (r Result, err error) {
	debug.FreeOSMemory()
	if err := m.open(ctx); err != nil {
		return r, err
	}
	runs := make([]string, m.o.Count)
	before := m.gauge(0)
	err = m.each(func(i int) error {
		s, err := m.engine.Start(ctx, engine.StartRequest{Workflow: "bench", Input: []byte(m.w.input)})
		runs[i] = s.Run
		return err
	})
	started := m.gauge(int64(len(runs)))
	if err != nil {
		return r, errors.Join(err, m.close(ctx))
	}
	debug.FreeOSMemory()
	r.RSS = Figure(anonymous()) / (1 << 20)
	waiting := m.gauge(0)
	err = m.each(func(i int) error {
		if err := m.engine.Signal(ctx, runs[i], fmt.Sprint(i), "go", []byte(`{"ok":true}`)); err != nil {
			return err
		}
		if s, ok, err := m.file.Head(ctx, runs[i]); err != nil || ok && s.Ended && s.Status == graph.Succeeded.String() {
			return err // as it mostly is: the signal's turn is the run's last
		}
		return m.ended(ctx, runs[i])
	})
	ended := m.gauge(int64(len(runs)))
	if err := errors.Join(err, m.close(ctx)); err != nil {
		return r, err
	}
	var s, e Result
	s.between(before, started)
	e.between(waiting, ended)
	rss := r.RSS
	r.between(before, ended)
	r.RSS, r.RunsPerSecond = rss, 0
	r.StartsPerSecond, r.SignalsPerSecond = s.RunsPerSecond, e.RunsPerSecond
	if r.Limit, err = m.limit(ctx, s.Turns, s.TurnBytes); err != nil {
		return r, err
	}
	r.Ratio = r.StartsPerSecond / r.Limit
	limit, err := m.limit(ctx, e.Turns, e.TurnBytes)
	r.SignalsRatio = r.SignalsPerSecond / limit
	return r, err
}

// each has the callers do something Count times in all.
func (m *meter) each(do func(i int) error) error {
	var next atomic.Int64
	var mu sync.Mutex
	var failed error
	var all sync.WaitGroup
	for range m.callers {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(m.o.Count); i = next.Add(1) - 1 {
				if err := do(int(i)); err != nil {
					mu.Lock()
					failed = errors.Join(failed, err)
					mu.Unlock()
					return
				}
			}
		})
	}
	all.Wait()
	return failed
}
