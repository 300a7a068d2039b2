package engine_test

import (
	"context"
	"flag"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/memlog"
	"github.com/keelstep/keelstep/pkg/graph"
)

var itemsN = flag.Int("items.n", 2000, "items, and timers due at once, of the tests of many")

const manyItems = `workflow: many
version: "1"
input: { type: object, required: [n], properties: { n: { type: integer } } }
steps:
  - id: each
    foreach: "1..input.n"
    as: i
    concurrency: 50
    do: [{ id: call, action: test.keyed, with: { name: "n${ i }" } }]
    output: "${ i }"
output: "${ len(steps.each.output.results) }"
`

// A loop over very many items, killed three times on its way, has each effect
// once and yields each item once.
func TestManyItems(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, log := newWorld(), memlog.New()
		w.slow = time.Second
		open := func() *engine.Engine {
			e, err := engine.Open(t.Context(), engine.Options{Store: log, Registry: w.registry()})
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
		e := open()
		if _, found, err := e.Deploy(t.Context(), "many.yaml", []byte(manyItems)); err != nil {
			t.Fatal(err, found)
		}
		s, err := e.Start(t.Context(), engine.StartRequest{Workflow: "many", Input: fmt.Appendf(nil, `{"n":%d}`, *itemsN)})
		if err != nil {
			t.Fatal(err)
		}
		rounds := max(*itemsN/50, 4)
		for range 3 {
			time.Sleep(time.Duration(rounds/4)*2*time.Second + 500*time.Millisecond)
			log = log.Reopen()
			e.Kill()
			time.Sleep(3 * time.Second)
			e = open()
		}
		v, err := e.Wait(t.Context(), s.Run)
		if want := fmt.Sprint(*itemsN); err != nil || v.Status != graph.Succeeded || string(v.Output.Inline()) != want {
			t.Errorf("ended %s with %s, %v", v.Status, v.Output.Inline(), err)
		}
		for id, n := range w.effects {
			if n != 1 {
				t.Errorf("%s had %d effects", id, n)
			}
		}
		if len(w.effects) != *itemsN || len(w.trouble) > 0 {
			t.Errorf("%d effects; %q", len(w.effects), w.trouble)
		}
		if err := e.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// watchedLog notes the most runs that were in memory while a turn was written.
type watchedLog struct {
	eventlog.Store
	engine atomic.Pointer[engine.Engine]
	most   atomic.Int64
}

func (l *watchedLog) Append(ctx context.Context, bs ...eventlog.Batch) error {
	if e := l.engine.Load(); e != nil {
		l.most.Store(max(l.most.Load(), int64(e.InMemory())))
	}
	return l.Store.Append(ctx, bs...)
}

// Timers of very many runs that are due at one moment all fire, each once,
// whether the engine runs then or comes up later; only some of the runs are in
// memory at a time.
func TestTimersAtOnce(t *testing.T) {
	for _, down := range []bool{false, true} {
		t.Run(fmt.Sprint("down ", down), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { timersAtOnce(t, down) })
		})
	}
}

func timersAtOnce(t *testing.T, down bool) {
	log := memlog.New()
	open := func(s eventlog.Store) *engine.Engine {
		e, err := engine.Open(t.Context(), engine.Options{Store: s, Registry: newWorld().registry(), MaxIdle: -1})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	e := open(log)
	src := "workflow: nap\nversion: \"1\"\nsteps: [{ id: nap, wait: 1h }]\n"
	if _, found, err := e.Deploy(t.Context(), "nap.yaml", []byte(src)); err != nil {
		t.Fatal(err, found)
	}
	runs := make([]string, *itemsN)
	for i := range runs {
		s, err := e.Start(t.Context(), engine.StartRequest{Workflow: "nap"})
		if err != nil {
			t.Fatal(err)
		}
		runs[i] = s.Run
	}
	synctest.Wait()
	log = log.Reopen()
	e.Kill()
	if down {
		time.Sleep(2 * time.Hour)
	}
	watched := &watchedLog{Store: log}
	e = open(watched)
	watched.engine.Store(e)
	if _, n := e.Resumed(); n != len(runs) {
		t.Errorf("%d runs were found", n)
	}
	time.Sleep(2 * time.Hour)
	synctest.Wait()
	for _, run := range runs {
		events, err := e.History(t.Context(), run, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		fired := 0
		for _, ev := range events {
			if ev.Type == "TimerFired" {
				fired++
			}
		}
		if last := events[len(events)-1]; fired != 1 || last.Type != "RunEnded" {
			t.Fatalf("the timer of %s fired %d times, its last event is %s", run, fired, last.Type)
		}
	}
	// 128 are woken at once; those that are through leave when the sweep comes by.
	if most := watched.most.Load(); most == 0 || most >= int64(len(runs)) {
		t.Errorf("%d runs were in memory at once", most)
	}
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
