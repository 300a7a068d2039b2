package engine_test

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/keelstep/keelstep/pkg/connectors/standard"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

// countingStore counts the appends: with one run at a time each is a commit.
type countingStore struct {
	eventlog.Store
	appends atomic.Int64
}

func (s *countingStore) Append(ctx context.Context, bs ...eventlog.Batch) error {
	s.appends.Add(1)
	return s.Store.Append(ctx, bs...)
}

// loops opens an engine on a log that flushes, with one workflow.
func loops(b *testing.B, src string) (*engine.Engine, *countingStore) {
	log, err := boltlog.Open(filepath.Join(b.TempDir(), "log"), boltlog.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { log.Close() })
	store := &countingStore{Store: log}
	e, err := engine.Open(b.Context(), engine.Options{Store: store, Registry: standard.New()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = e.Close(context.Background()) })
	if _, found, err := e.Deploy(b.Context(), "loop.yaml", []byte(src)); err != nil {
		b.Fatal(err, found)
	}
	return e, store
}

func wholeRun(b *testing.B, e *engine.Engine, workflow, input string) {
	s, err := e.Start(b.Context(), engine.StartRequest{Workflow: workflow, Input: []byte(input)})
	if err != nil {
		b.Fatal(err)
	}
	if v, err := e.Wait(b.Context(), s.Run); err != nil || v.Status.String() != "succeeded" {
		b.Fatal(v.Status, v.Error, err)
	}
}

// BenchmarkPureLoop is a whole run with 10,000 passes that call nothing.
func BenchmarkPureLoop(b *testing.B) {
	e, store := loops(b, `workflow: loop
version: "1"
variables: { n: 0 }
steps:
  - id: loop
    while: vars.n < 10000
    maxPasses: 20000
    do: [{ id: more, set: { n: "${ vars.n + 1 }" } }]
`)
	before, runs := store.appends.Load(), 0
	for b.Loop() {
		wholeRun(b, e, "loop", "{}")
		runs++
	}
	b.ReportMetric(float64(store.appends.Load()-before)/float64(runs), "commits/op")
}

// BenchmarkItems is a whole run of a foreach over calls, 50 at a time: the time
// and the commits of an item, and the memory that is in use behind the last.
func BenchmarkItems(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			e, store := loops(b, `workflow: items
version: "1"
input: { type: object, required: [n], properties: { n: { type: integer } } }
steps:
  - id: each
    foreach: "1..input.n"
    as: i
    concurrency: 50
    do: [{ id: call, action: noop.do, with: { n: "${ i }" } }]
    output: "${ steps.call.status }"
`)
			before, runs := store.appends.Load(), 0
			for b.Loop() {
				wholeRun(b, e, "items", fmt.Sprintf(`{"n":%d}`, n))
				runs++
			}
			items := float64(runs * n)
			b.ReportMetric(float64(b.Elapsed().Microseconds())/items, "µs/item")
			b.ReportMetric(float64(store.appends.Load()-before)/items, "commits/item")
			var s runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&s)
			b.ReportMetric(float64(s.HeapAlloc)/(1<<20), "MiB")
		})
	}
}
