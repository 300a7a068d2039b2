package engine_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/keelstep/keelstep/pkg/connectors/standard"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

const fiveActions = `workflow: five
version: "1"
steps:
  - { id: a, action: noop.do, with: { n: 1 } }
  - { id: b, action: noop.do, with: { n: 2 } }
  - { id: c, action: noop.do, with: { n: 3 } }
  - { id: d, action: noop.do, with: { n: 4 } }
  - { id: e, action: noop.do, with: { n: 5 } }
`

// BenchmarkRuns measures whole runs of five calls in a row, from the start to
// the end, on a log that flushes.
func BenchmarkRuns(b *testing.B) {
	for _, callers := range []int{1, 16, 128} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			log, err := boltlog.Open(filepath.Join(b.TempDir(), "log"), boltlog.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer log.Close()
			e, err := engine.Open(b.Context(), engine.Options{Store: log, Registry: standard.New()})
			if err != nil {
				b.Fatal(err)
			}
			defer e.Close(b.Context())
			if _, _, err := e.Deploy(b.Context(), "five.yaml", []byte(fiveActions)); err != nil {
				b.Fatal(err)
			}
			var left atomic.Int64
			left.Store(int64(b.N))
			var all sync.WaitGroup
			b.ResetTimer()
			for range callers {
				all.Go(func() {
					for left.Add(-1) >= 0 {
						s, err := e.Start(b.Context(), engine.StartRequest{Workflow: "five"})
						if err != nil {
							b.Error(err)
							return
						}
						if v, err := e.Wait(b.Context(), s.Run); err != nil || v.Status.String() != "succeeded" {
							b.Error(v.Status, err)
							return
						}
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "runs/s")
		})
	}
}

// BenchmarkLog measures the same number of records of the same size put
// straight into the log: what BenchmarkRuns cannot exceed.
func BenchmarkLog(b *testing.B) {
	for _, callers := range []int{1, 16, 128} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			log, err := boltlog.Open(filepath.Join(b.TempDir(), "log"), boltlog.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer log.Close()
			record := make([]byte, 300)
			var left atomic.Int64
			left.Store(int64(b.N))
			var all sync.WaitGroup
			b.ResetTimer()
			for range callers {
				all.Go(func() {
					for n := left.Add(-1); n >= 0; n = left.Add(-1) {
						id := fmt.Sprintf("%020d", n)
						for i := range 6 {
							sum := eventlog.Summary{Kind: "run", Workflow: "five", Version: "1", Status: "running", Ended: i == 5}
							err := log.Append(b.Context(), eventlog.Batch{Stream: id, After: uint64(i), Record: record, Summary: &sum})
							if err != nil {
								b.Error(err)
								return
							}
						}
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "runs/s")
		})
	}
}

const awaiting = `workflow: awaiting
version: "1"
input: { type: object, required: [n], properties: { n: { type: integer } } }
steps:
  - { id: paid, await: { event: order.paid, match: { "data.order": "${ input.n }" } } }
`

// BenchmarkPublish measures an event that one of many sleeping runs waits for,
// from its publication until that run has ended.
func BenchmarkPublish(b *testing.B) {
	const waiting = 100_000
	log, err := boltlog.Open(filepath.Join(b.TempDir(), "log"), boltlog.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	e, err := engine.Open(b.Context(), engine.Options{Store: log, Registry: standard.New(), MaxIdle: -1})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close(b.Context())
	if _, found, err := e.Deploy(b.Context(), "awaiting.yaml", []byte(awaiting)); err != nil {
		b.Fatal(err, found)
	}
	runs := make([]string, waiting)
	var next atomic.Int64
	var all sync.WaitGroup
	for range 256 {
		all.Go(func() {
			for i := next.Add(1) - 1; i < waiting; i = next.Add(1) - 1 {
				s, err := e.Start(b.Context(), engine.StartRequest{Workflow: "awaiting", Input: fmt.Appendf(nil, `{"n":%d}`, i)})
				if err != nil {
					b.Error(err)
					return
				}
				runs[i] = s.Run
			}
		})
	}
	all.Wait()
	for n := 0; b.Loop(); n++ {
		if n == waiting {
			b.Fatal("every run has ended; use a shorter -benchtime")
		}
		data := fmt.Appendf(nil, `{"order":%d}`, n)
		if err := e.Publish(b.Context(), engine.CloudEvent{ID: fmt.Sprint(n), Type: "order.paid", Source: "/b", Data: data}); err != nil {
			b.Fatal(err)
		}
		if v, err := e.Wait(b.Context(), runs[n]); err != nil || v.Status.String() != "succeeded" {
			b.Fatal(v.Status, err)
		}
	}
	b.ReportMetric(float64(e.InMemory()), "runs-in-memory")
}
