package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keelstep/keelstep/pkg/books"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
	"github.com/keelstep/keelstep/pkg/eventlog/memlog"
	"github.com/keelstep/keelstep/pkg/graph"
)

const requested = `
workflow: requested
version: "1"
triggers:
  - id: once
    http: { path: /once }
    dedupe: { key: trigger.body, window: 1d }
  - id: list
    http: { path: /list }
    splitOn: trigger.body
    dedupe: { key: trigger.body, window: 1d }
steps:
  - { id: a, action: test.keyed, with: { name: "${ trigger.id + ' ' + toJSON(trigger.body) }" } }
`

func request(trigger string, body any) engine.TriggerRequest {
	at := time.Now().UTC()
	return engine.TriggerRequest{
		Workflow: "requested", Trigger: trigger, Body: body, HasBody: true, At: at,
		Values: map[string]any{"id": trigger, "kind": "http", "time": at.Format(time.RFC3339Nano)},
	}
}

// However often a request comes, at once and over kills, its key starts one run,
// and a list starts whole or not at all.
func TestRequestsOverKills(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 3))
	stores := map[string]func(round int) (eventlog.Store, func()){}
	var mem *memlog.Log
	stores["memlog"] = func(int) (eventlog.Store, func()) {
		if mem == nil {
			mem = memlog.New()
		} else {
			mem = mem.Reopen()
		}
		return mem, func() {}
	}
	path := filepath.Join(t.TempDir(), "log")
	stores["boltlog"] = func(int) (eventlog.Store, func()) {
		log, err := boltlog.Open(path, boltlog.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return log, func() {
			if err := log.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	for name, open := range stores {
		t.Run(name, func(t *testing.T) { requestsOverKills(t, seed, r, open) })
	}
}

func requestsOverKills(t *testing.T, seed uint64, r *rand.Rand, open func(int) (eventlog.Store, func())) {
	const keys, rounds = 12, 6
	w := newWorld()
	var mu sync.Mutex
	first := map[string]string{} // the run that was acknowledged first, by key
	list := []any{"x", "y", "z"}
	for round := range rounds {
		store, shut := open(round)
		e, err := engine.Open(t.Context(), engine.Options{Store: store, Registry: w.registry()})
		if err != nil {
			t.Fatal(err)
		}
		if _, found, err := e.Deploy(t.Context(), "w.yaml", []byte(requested)); err != nil {
			t.Fatal(err, found)
		}
		ask := func(trigger, key string, body any) {
			re, err := e.Request(t.Context(), request(trigger, body))
			if err != nil {
				if round == rounds-1 || !errors.Is(err, engine.ErrStopping) && !errors.Is(err, context.Canceled) {
					t.Errorf("seed %d: %v", seed, err)
				}
				return
			}
			mu.Lock()
			defer mu.Unlock()
			for i, x := range re.Runs {
				k := fmt.Sprint(key, i)
				if had := first[k]; had != "" && had != x.Run {
					t.Errorf("seed %d: %s got run %s and now %s", seed, k, had, x.Run)
				}
				first[k] = x.Run
			}
		}
		kill := r.IntN(keys)
		var wg sync.WaitGroup
		for i := range keys {
			for range 2 {
				wg.Go(func() { ask("once", fmt.Sprint("once", i, "."), fmt.Sprint(i)) })
			}
			wg.Go(func() { ask("list", "list", list) })
			if i == kill && round < rounds-1 {
				wg.Go(e.Kill)
			}
		}
		wg.Wait()
		if round == rounds-1 {
			for key, run := range first {
				if v, err := e.Wait(t.Context(), run); err != nil || v.Status != graph.Succeeded {
					t.Errorf("seed %d: run %s of %s is %s, %v", seed, run, key, v.Status, err)
				}
			}
			rows, _, err := e.List(t.Context(), engine.RunFilter{Workflow: "requested", Limit: 1000})
			if err != nil || len(rows) != keys+len(list) {
				t.Errorf("seed %d: %d runs, %v; want %d", seed, len(rows), err, keys+len(list))
			}
			if err := e.Close(t.Context()); err != nil {
				t.Error(err)
			}
		} else {
			e.Kill()
		}
		shut()
	}
	for id, n := range w.effects {
		if n != 1 {
			t.Errorf("seed %d: %s had %d effects", seed, id, n)
		}
	}
}

// So many elements are taken, and so many bytes of them; one more and nothing
// starts.
func TestSplitBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := engine.Open(t.Context(), engine.Options{Store: memlog.New(), Registry: newWorld().registry()})
		if err != nil {
			t.Fatal(err)
		}
		if _, found, err := e.Deploy(t.Context(), "w.yaml", []byte(strings.ReplaceAll(requested, "test.keyed, with: { name: \"${ trigger.id + ' ' + toJSON(trigger.body) }\" }", "test.keyed"))); err != nil {
			t.Fatal(err, found)
		}
		numbers := func(from, n int) (list []any) {
			for i := range n {
				list = append(list, from+i)
			}
			return list
		}
		for _, c := range []struct {
			name    string
			body    []any
			headers int // bytes of what each run is told besides
			runs    int
		}{
			{"one less", numbers(0, 999), 0, 999},
			{"as many", numbers(1000, 1000), 0, 1000},
			{"one more", numbers(2000, 1001), 0, 0},
			{"none", []any{}, 0, 0},
			{"large", numbers(4000, 500), 20_000, 500},
			{"too large", numbers(5000, 530), 20_000, 0},
		} {
			r := request("list", c.body)
			r.Values["headers"] = map[string]any{"x": strings.Repeat("x", c.headers)}
			re, err := e.Request(t.Context(), r)
			var no *engine.TriggerError
			if refused := errors.As(err, &no) && no.Code == books.SplitTooLarge; len(re.Runs) != c.runs || refused != (c.runs == 0 && len(c.body) > 0) {
				t.Errorf("%s: %d runs, %v; want %d", c.name, len(re.Runs), err, c.runs)
			}
		}
		synctest.Wait()
		rows, _, err := e.List(t.Context(), engine.RunFilter{Workflow: "requested", Limit: 1000, Statuses: []string{"succeeded"}})
		if err != nil || len(rows) != 1000 {
			t.Errorf("%d runs on the first page, %v", len(rows), err)
		}
		if err := e.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
