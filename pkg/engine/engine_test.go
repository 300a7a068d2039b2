package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/connectors"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/memlog"
	"github.com/keelstep/keelstep/pkg/graph"
)

// open returns an engine on a store with documents deployed. It is closed at
// the end of the test.
func open(t *testing.T, o engine.Options, documents ...string) *engine.Engine {
	t.Helper()
	if o.Store == nil {
		o.Store = memlog.New()
	}
	if o.Registry == nil {
		o.Registry = newWorld().registry()
	}
	e, err := engine.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Second)
		defer cancel()
		_ = e.Close(ctx) // some tests leave calls behind
	})
	for _, d := range documents {
		if _, found, err := e.Deploy(t.Context(), "w.yaml", []byte(d)); err != nil {
			t.Fatal(err, found)
		}
	}
	return e
}

func start(t *testing.T, e *engine.Engine, workflow string) string {
	t.Helper()
	s, err := e.Start(t.Context(), engine.StartRequest{Workflow: workflow})
	if err != nil {
		t.Fatal("start:", err)
	}
	return s.Run
}

func status(t *testing.T, e *engine.Engine, run string) graph.Status {
	t.Helper()
	v, err := e.Get(t.Context(), run)
	if err != nil {
		t.Fatal("get:", err)
	}
	return v.Status
}

const napping = `workflow: nap
version: "1"
steps: [{ id: nap, wait: 1h }, { id: call, action: test.safe, with: { gate: "${ input.gate ?? '' }" } }]
`

// A run that was being loaded when the process ended is counted, is stuck
// after the third time, and is forgiven once it was loaded.
func TestAttemptsAreCounted(t *testing.T) {
	for _, attempts := range []int{0, 1, 2, 3} {
		synctest.Test(t, func(t *testing.T) {
			log := memlog.New()
			e := open(t, engine.Options{Store: log}, napping)
			run := start(t, e, "nap")
			synctest.Wait()
			log = log.Reopen()
			e.Kill()
			sum, _, err := log.Head(t.Context(), run)
			if err != nil {
				t.Fatal(err)
			}
			sum.Attempts, sum.Status = attempts, graph.Running.String()
			if err := log.Append(t.Context(), eventlog.Batch{Stream: run, Summary: &sum}); err != nil {
				t.Fatal(err)
			}
			e = open(t, engine.Options{Store: log})
			synctest.Wait()
			want := graph.Waiting
			if attempts == 3 {
				want = graph.Stuck
			}
			if got := status(t, e, run); got != want {
				t.Errorf("after %d attempts the run is %s, want %s", attempts, got, want)
			}
			sum, _, err = log.Head(t.Context(), run)
			if err != nil {
				t.Fatal(err)
			}
			if want != graph.Stuck && sum.Attempts != 0 {
				t.Errorf("after %d attempts and one that went well %d are counted", attempts, sum.Attempts)
			}
		})
	}
}

// fullStore is a store whose disk is full while full is set.
type fullStore struct {
	eventlog.Store
	full    atomic.Bool
	refused atomic.Int64
}

func (s *fullStore) Append(ctx context.Context, bs ...eventlog.Batch) error {
	if s.full.Load() {
		s.refused.Add(1)
		return eventlog.ErrFull
	}
	return s.Store.Append(ctx, bs...)
}

// While the disk is full nothing is accepted and nothing spins; a result that
// came in the meantime is kept.
func TestFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, w := &fullStore{Store: memlog.New()}, newWorld()
		e := open(t, engine.Options{Store: store, Registry: w.registry()}, `workflow: call
version: "1"
steps: [{ id: call, action: test.never, with: { gate: go, value: 4 } }]
output: "${ steps.call.output.value }"
`)
		run := start(t, e, "call")
		synctest.Wait()
		store.full.Store(true)
		w.open("go")
		if _, err := e.Start(t.Context(), engine.StartRequest{Workflow: "call"}); !errors.Is(err, engine.ErrStorageFull) {
			t.Errorf("start on a full disk: %v, want %v", err, engine.ErrStorageFull)
		}
		if err := e.Cancel(t.Context(), run, ""); !errors.Is(err, engine.ErrStorageFull) {
			t.Errorf("cancel on a full disk: %v, want %v", err, engine.ErrStorageFull)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := store.refused.Load(); n < 10 || n > 100 {
			t.Errorf("%d writes were tried in a minute, want about one a second", n)
		}
		if got := status(t, e, run); got != graph.Running {
			t.Errorf("on a full disk the run is %s, want %s", got, graph.Running)
		}
		store.full.Store(false)
		v, err := e.Wait(t.Context(), run)
		if err != nil || v.Status != graph.Succeeded {
			t.Errorf("the run ended %s, %v, want %s", v.Status, err, graph.Succeeded)
		}
		if n := w.calls["never"]; n != 1 {
			t.Errorf("%d calls were made, want 1", n)
		}
	})
}

// No more calls run at once than were allowed; the others wait their turn and
// can be cancelled there.
func TestParallelCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		e := open(t, engine.Options{Registry: w.registry(), Parallel: 2}, `workflow: wide
version: "1"
steps:
  - id: all
    foreach: [1, 2, 3, 4, 5]
    as: x
    concurrency: 5
    do: [{ id: call, action: test.keyed, with: { name: "n ${ x }", gate: go } }]
`)
		run := start(t, e, "wide")
		synctest.Wait()
		if n := len(w.calls); n != 2 {
			t.Errorf("%d calls run at once, want 2", n)
		}
		if err := e.Cancel(t.Context(), run, "enough"); err != nil {
			t.Fatal(err)
		}
		v, err := e.Wait(t.Context(), run)
		if err != nil || v.Status != graph.Cancelled {
			t.Errorf("the run ended %s, %v, want %s", v.Status, err, graph.Cancelled)
		}
		synctest.Wait()
		if n := len(w.calls); n != 2 {
			t.Errorf("%d calls were made, want 2: those that waited were cancelled", n)
		}
	})
}

// Runs that wait leave memory, the oldest first, and come back for a signal.
func TestIdleRunsLeaveMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := open(t, engine.Options{MaxIdle: 3, IdleAfter: time.Minute}, napping)
		var runs []string
		for range 5 {
			runs = append(runs, start(t, e, "nap"))
			synctest.Wait()
		}
		if n := e.InMemory(); n != 3 {
			t.Errorf("%d runs are in memory, want 3", n)
		}
		time.Sleep(59 * time.Second)
		if n := e.InMemory(); n != 3 {
			t.Errorf("%d runs are in memory after 59 s, want 3", n)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := e.InMemory(); n != 0 {
			t.Errorf("%d runs are in memory after a minute, want 0", n)
		}
		if err := e.Cancel(t.Context(), runs[0], ""); err != nil {
			t.Fatal(err)
		}
		if v, err := e.Wait(t.Context(), runs[0]); err != nil || v.Status != graph.Cancelled {
			t.Errorf("the run ended %s, %v, want %s", v.Status, err, graph.Cancelled)
		}
		time.Sleep(time.Hour)
		for _, run := range runs[1:] {
			if v, err := e.Wait(t.Context(), run); err != nil || v.Status != graph.Succeeded {
				t.Errorf("the run ended %s, %v, want %s", v.Status, err, graph.Succeeded)
			}
		}
	})
}

// A run stops at its limit of events instead of growing without end.
func TestEventLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for limit, want := range map[uint64]graph.Status{13: graph.Stuck, 14: graph.Succeeded} {
			e := open(t, engine.Options{MaxEvents: limit}, `workflow: many
version: "1"
steps: [{ id: all, foreach: [1, 2, 3], as: x, do: [{ id: call, action: test.safe, with: { name: "n ${ x }" } }] }]
`)
			run := start(t, e, "many")
			v, err := e.Wait(t.Context(), run)
			if err != nil || v.Status != want {
				h, _ := e.History(t.Context(), run, 0, 0)
				t.Errorf("with a limit of %d the run is %s, %v, want %s (it has %d events)", limit, v.Status, err, want, len(h))
			}
		}
	})
}

// Watch yields what is recorded, then what comes, and goes on from any number.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := open(t, engine.Options{}, `workflow: w
version: "1"
steps: [{ id: a, await: { signal: go } }, { id: b, await: { signal: go } }]
`)
		run := start(t, e, "w")
		var all sync.WaitGroup
		var got [3][]uint64
		for i := range got {
			all.Go(func() {
				for ev, err := range e.Watch(t.Context(), run, uint64(i)) {
					if err != nil {
						t.Error(err)
						return
					}
					got[i] = append(got[i], ev.Seq)
					if i == 1 {
						time.Sleep(time.Minute) // a slow reader misses nothing
					}
				}
			})
		}
		for range 2 {
			synctest.Wait()
			if err := e.Signal(t.Context(), run, "", "go", nil); err != nil {
				t.Fatal(err)
			}
		}
		all.Wait()
		events, err := e.History(t.Context(), run, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			var want []uint64
			for _, ev := range events[i:] {
				want = append(want, ev.Seq)
			}
			if d := cmp.Diff(got[i], want); d != "" {
				t.Errorf("watch after %d: got -, want +:\n%s", i, d)
			}
		}
		for _, err := range e.Watch(t.Context(), "no-such-run", 0) {
			if !errors.Is(err, engine.ErrNoRun) {
				t.Errorf("watch of no run: %v", err)
			}
		}
	})
}

// Pages of a list follow one another without a gap.
func TestListPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := open(t, engine.Options{}, napping)
		var want []string
		for range 7 {
			want = append(want, start(t, e, "nap"))
		}
		slices.Reverse(want)
		synctest.Wait()
		var got []string
		for cursor, pages := "", 0; pages == 0 || cursor != ""; pages++ {
			rows, next, err := e.List(t.Context(), engine.RunFilter{Cursor: cursor, Limit: 3, Statuses: []string{"waiting"}})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				got = append(got, r.Run)
				if r.WakeAt == nil || r.EndedAt != nil || r.Workflow != "nap" {
					t.Errorf("row %+v", r)
				}
			}
			cursor = next
		}
		if d := cmp.Diff(got, want); d != "" {
			t.Errorf("got -, want +:\n%s", d)
		}
		rows, _, err := e.List(t.Context(), engine.RunFilter{Statuses: []string{"failed"}})
		if err != nil || len(rows) > 0 {
			t.Errorf("failed runs: %v, %v", rows, err)
		}
	})
}

// An outcome that is not known ends the engine: nothing is acknowledged, and
// everyone who waits is told.
func TestUnknownOutcomeEndsTheEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := memlog.New()
		e := open(t, engine.Options{Store: log}, napping)
		run := start(t, e, "nap")
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := e.Wait(t.Context(), run); err == nil {
				t.Error("wait: no error")
			}
		})
		synctest.Wait()
		_ = log.Close()
		if _, err := e.Start(t.Context(), engine.StartRequest{Workflow: "nap"}); err == nil || !strings.Contains(err.Error(), "the log cannot be written") {
			t.Errorf("start on a closed log: %v", err)
		}
		<-e.Failed()
		all.Wait()
		if err := e.Signal(t.Context(), run, "", "go", nil); err == nil {
			t.Error("signal after the end: no error")
		}
	})
}

// links is a connector whose connections show what they were opened with.
func links(opened *[]string) *connectors.Connector {
	type settings struct {
		URL   string `json:"url" required:"true"`
		Token string `json:"token"`
	}
	type nothing struct{}
	type found struct {
		Shared string `json:"shared"`
	}
	show := func(_ context.Context, c connectors.Call, _ nothing) (found, error) {
		return found{fmt.Sprint(c.Conn.Shared)}, nil
	}
	return connectors.Connected(connectors.Connector{
		Name: "link", Summary: "Links.",
		Operations: []connectors.Operation{
			connectors.Op("link.show", "Shows.", connectors.Always[nothing](connectors.Safe), show),
		},
	}, func(_ context.Context, s settings) (any, func() error, error) {
		if s.Token == "wrong!" {
			return nil, nil, errors.New("refused " + s.Token)
		}
		*opened = append(*opened, s.URL+" "+s.Token)
		return s.URL, func() error { *opened = append(*opened, "closed "+s.URL); return nil }, nil
	})
}

// A connection is opened once with its secrets and services, shared by its
// calls, and closed with the engine. One that cannot be opened fails the call
// with an error that a workflow can catch, without the secret.
func TestConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		env, found := config.Load("env/local.yaml", []byte(`
secrets: { from: [env] }
connections:
  good: { connector: link, url: "service://shop/stock", token: "Bearer ${ secrets.TOKEN }" }
  bad: { url: "service://shop", token: "${ secrets.WRONG }" }
  lost: { url: "service://nobody/x", token: x }
`), []string{"TOKEN=open-sesame", "WRONG=wrong!"})
		if len(found) > 0 {
			t.Fatal(found)
		}
		var opened []string
		e := open(t, engine.Options{
			Registry: connectors.NewRegistry(links(&opened)), Env: env,
			Services: map[string]string{"shop": "http://127.0.0.1:1/"},
		}, `workflow: link
version: "1"
connections: { good: { connector: link }, bad: { connector: link }, lost: { connector: link } }
steps:
  - { id: a, action: link.show, connection: good }
  - { id: b, action: link.show, connection: good }
  - { id: c, action: link.show, connection: bad, catch: [{ do: [{ id: c1, compose: "${ error.code }: ${ error.message }" }] }] }
  - { id: d, action: link.show, connection: lost, catch: [{ do: [{ id: d1, compose: "${ error.code }" }] }] }
output: ["${ steps.a.output.shared }", "${ steps.c.output }", "${ steps.d.output }"]
`)
		v, err := e.Wait(t.Context(), start(t, e, "link"))
		if err != nil {
			t.Fatal(err)
		}
		out, err := e.Value(t.Context(), v.Output)
		if want := `["http://127.0.0.1:1/stock","ConnectionFailed: connection bad: refused ***","UnknownService"]`; string(out) != want || err != nil {
			t.Errorf("the run put out %s, %v, want %s", out, err, want)
		}
		if err := e.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if d := cmp.Diff(opened, []string{"http://127.0.0.1:1/stock Bearer open-sesame", "closed http://127.0.0.1:1/stock"}); d != "" {
			t.Errorf("got -, want +:\n%s", d)
		}
	})
}

// An engine that only looks changes nothing.
func TestStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := memlog.New()
		e := open(t, engine.Options{Store: log}, napping)
		run := start(t, e, "nap")
		synctest.Wait()
		log = log.Reopen()
		e.Kill()
		before, _, _ := log.Head(t.Context(), run)
		e = open(t, engine.Options{Store: log, Still: true})
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if got := status(t, e, run); got != graph.Waiting {
			t.Errorf("the run is %s, want %s", got, graph.Waiting)
		}
		if _, err := e.Start(t.Context(), engine.StartRequest{Workflow: "nap"}); !errors.Is(err, engine.ErrStopping) {
			t.Errorf("start: %v, want %v", err, engine.ErrStopping)
		}
		after, _, _ := log.Head(t.Context(), run)
		if d := cmp.Diff(before, after); d != "" {
			t.Errorf("before -, after +:\n%s", d)
		}
	})
}

// Many starts with one key at the same time are one run.
func TestOneKeyManyStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := open(t, engine.Options{}, napping)
		var all sync.WaitGroup
		var fresh atomic.Int64
		for range 50 {
			all.Go(func() {
				s, err := e.Start(t.Context(), engine.StartRequest{Workflow: "nap", IdempotencyKey: "k"})
				if err != nil {
					t.Error(err)
				}
				if !s.Existing {
					fresh.Add(1)
				}
			})
		}
		all.Wait()
		if n := fresh.Load(); n != 1 {
			t.Errorf("%d runs were started, want 1", n)
		}
	})
}
