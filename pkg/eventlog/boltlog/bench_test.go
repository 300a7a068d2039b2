package boltlog_test

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

func openBench(b *testing.B, opts boltlog.Options) *boltlog.Log {
	b.Helper()
	l, err := boltlog.Open(filepath.Join(b.TempDir(), "log.db"), opts)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	return l
}

// BenchmarkAppend is turns of 300 B on 1,000 streams, each with the change of
// a summary, from as many callers as its name says.
func BenchmarkAppend(b *testing.B) {
	for _, callers := range []int{1, 16, 128} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			l := openBench(b, boltlog.Options{})
			appendMany(b, l, callers, b.N)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "turns/s")
		})
	}
}

const benchStreams = 1000

// appendMany appends n turns of 300 B from so many callers.
func appendMany(b *testing.B, s eventlog.Log, callers, n int) {
	b.Helper()
	var next atomic.Int64
	b.SetParallelism(1)
	done := make(chan error, callers)
	data := make([]byte, 300)
	for c := range callers {
		go func() {
			// Each caller has streams of its own, so that none conflicts.
			after := map[int]uint64{}
			for i := 0; next.Add(1) <= int64(n); i++ {
				own := c + callers*(i%max(1, benchStreams/callers))
				batch := eventlog.Batch{
					Stream: fmt.Sprintf("run/0197f3c0-%08d", own), After: after[own], Record: data,
					Summary: &eventlog.Summary{Kind: "run", Workflow: "order", Status: fmt.Sprint("step", i%5)},
				}
				if err := s.Append(b.Context(), batch); err != nil {
					done <- err
					return
				}
				after[own]++
			}
			done <- nil
		}()
	}
	for range callers {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRead is reading a stream of 1,000 records of 300 B.
func BenchmarkRead(b *testing.B) {
	for name, checkpoint := range map[string]bool{"journal": false, "chunks": true} {
		b.Run(name, func(b *testing.B) {
			l := openBench(b, boltlog.Options{})
			var bs []eventlog.Batch
			for i := range uint64(1000) {
				bs = append(bs, eventlog.Batch{Stream: "r", After: i, Record: make([]byte, 300)})
			}
			if err := l.Append(b.Context(), bs...); err != nil {
				b.Fatal(err)
			}
			if checkpoint {
				if err := l.Checkpoint(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				n := 0
				for _, err := range l.Read(b.Context(), "r", 0) {
					if err != nil {
						b.Fatal(err)
					}
					n++
				}
				if n != 1000 {
					b.Fatal(n)
				}
			}
		})
	}
}
