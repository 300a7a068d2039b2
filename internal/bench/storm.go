package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keelstep/keelstep/pkg/engine"
)

// startsPerSecond is how many runs a second are sure to start: the timers of
// a storm are due once all have, and a process was killed and the next one is
// there.
const (
	startsPerSecond = 2500
	restartTime     = 15 * time.Second
)

// dueSoon starts runs whose timers are all due at one moment.
func dueSoon(ctx context.Context, m *meter) error {
	wait := restartTime + time.Duration(m.o.Count)*time.Second/startsPerSecond
	if m.o.Count < startsPerSecond {
		wait = 5 * time.Second
	}
	at := m.o.Clock.Now().Add(wait).Truncate(time.Second)
	if err := m.set("due", at); err != nil {
		return err
	}
	input := fmt.Appendf(nil, `{"at":%q}`, at.UTC().Format(time.RFC3339))
	err := m.each(func(int) error {
		_, err := m.engine.Start(ctx, engine.StartRequest{Workflow: "bench", Input: input})
		return err
	})
	if err == nil && m.o.Clock.Now().After(at) {
		err = errors.New("the timers were due before all runs had started")
	}
	return err
}

// maxStorm is how long the timers of a storm may take.
const maxStorm = 5 * time.Minute

// storm waits until all have ended whose timers were due at one moment, asks
// the API for runs and starts some meanwhile, and counts what fired.
func storm(ctx context.Context, m *meter, r *Result) error {
	at := m.mark("due")
	runs, err := m.runs(ctx)
	if err != nil {
		return err
	}
	srv, err := m.serve(ctx)
	if err != nil {
		return err
	}
	defer srv.stop()
	if err := m.until(ctx, at); err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, maxStorm)
	defer stop()
	p := prober{m: m, srv: srv, runs: runs}
	p.start(ctx)
	for m.store.ended.Load() < int64(m.o.Count) && err == nil {
		err = m.until(ctx, m.o.Clock.Now().Add(10*time.Millisecond))
	}
	err = errors.Join(err, p.end())
	if err != nil {
		return fmt.Errorf("%d of %d runs have ended: %w", m.store.ended.Load(), m.o.Count, err)
	}
	ends := m.store.ends()
	late := make([]time.Duration, len(ends))
	for i, end := range ends {
		late[i] = end.Sub(at)
	}
	r.LateP50, r.LateP99 = quantiles(late)
	r.LateMax = Figure(late[len(late)-1].Microseconds()) / 1000
	_, r.GetP99 = quantiles(p.gets)
	_, r.PostP99 = quantiles(p.posts)
	r.Probes = len(p.gets) + len(p.posts)
	return m.firedOnce(ctx, runs)
}

// runs returns the runs that wait for a timer which is due soon.
func (m *meter) runs(ctx context.Context) (all []string, err error) {
	first := m.mark("due").Add(time.Hour)
	for f := (engine.RunFilter{Limit: 1000}); ; {
		rows, next, err := m.engine.List(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			if row.WakeAt == nil || row.WakeAt.Before(first) {
				all = append(all, row.Run)
			}
		}
		if f.Cursor = next; next == "" {
			break
		}
	}
	if len(all) != m.o.Count {
		return nil, fmt.Errorf("%d runs are there, not %d", len(all), m.o.Count)
	}
	return all, nil
}

// firedOnce looks at the history of each run: its timer fired once, and it
// succeeded.
func (m *meter) firedOnce(ctx context.Context, runs []string) error {
	for _, run := range runs {
		events, err := m.engine.History(ctx, run, 0, 0)
		if err != nil {
			return err
		}
		fired := 0
		for _, ev := range events {
			if ev.Type == "TimerFired" {
				fired++
			}
		}
		if last := events[len(events)-1].Type; fired != 1 || last != "RunEnded" {
			return fmt.Errorf("the timer of run %s fired %d times, its last event is %s", run, fired, last)
		}
	}
	return nil
}

// prober asks the API for runs, and has others started, one request after
// another.
type prober struct {
	m     *meter
	srv   *server
	runs  []string
	gets  []time.Duration
	posts []time.Duration

	ended  atomic.Bool
	all    sync.WaitGroup
	failed [2]error
}

// probeEvery is the pause between two requests.
const probeEvery = 5 * time.Millisecond

func (p *prober) start(ctx context.Context) {
	base, _ := cutPath(p.srv.url)
	loop := func(took *[]time.Duration, failed *error, one func(i int) error) {
		for i := 0; !p.ended.Load() && *failed == nil; i++ {
			began := p.m.o.Clock.Now()
			*failed = one(i)
			*took = append(*took, p.m.o.Clock.Now().Sub(began))
			*failed = errors.Join(*failed, p.m.until(ctx, p.m.o.Clock.Now().Add(probeEvery)))
		}
	}
	// 7,919 is a prime: the runs are asked for in no order that they have.
	p.all.Go(func() {
		loop(&p.gets, &p.failed[0], func(i int) error {
			return p.srv.call(ctx, http.MethodGet, base+"/v1/runs/"+p.runs[i*7919%len(p.runs)], "", http.StatusOK)
		})
	})
	p.all.Go(func() {
		loop(&p.posts, &p.failed[1], func(int) error {
			return p.srv.call(ctx, http.MethodPost, base+"/v1/workflows/bench/runs", p.m.w.input, http.StatusAccepted)
		})
	})
}

func (p *prober) end() error {
	p.ended.Store(true)
	p.all.Wait()
	slices.Sort(p.gets)
	slices.Sort(p.posts)
	return errors.Join(p.failed[:]...)
}
