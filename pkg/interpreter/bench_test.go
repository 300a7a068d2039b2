package interpreter_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

func compiled(b testing.TB, src string) *graph.Workflow {
	b.Helper()
	wf, ds := dsl.Compile("bench.yaml", []byte(src), catalog{})
	if wf == nil {
		b.Fatal(ds)
	}
	return wf
}

// drive answers every call at once and returns the number of events.
func drive(b testing.TB, wf *graph.Workflow, input string) (events int) {
	b.Helper()
	m := interpreter.New(wf)
	events = until(b, m, input)
	if !m.Ended() {
		b.Fatal("the run does not end")
	}
	return events
}

// until starts a run and answers every call at once, until it waits or ends.
func until(b testing.TB, m *interpreter.Machine, input string) (events int) {
	b.Helper()
	blobs := map[expression.Hash][]byte{}
	now := time.Unix(1_700_000_000, 0)
	in := []interpreter.Input{interpreter.Start{Run: "r", Workflow: "bench", Value: []byte(input)}}
	for {
		t := m.Decide(now, in...)
		in = in[t.Taken:]
		events += len(t.Events)
		if len(t.Events) > 0 {
			_ = fact.EncodeTurn(t.Events)
			for _, c := range m.Commands(t.Events) {
				if call, ok := c.(interpreter.Call); ok {
					in = append(in, interpreter.CallResult{Path: call.Path, Attempt: call.Attempt, Output: []byte(`{"ok":true}`)})
				}
			}
		}
		for _, p := range t.Payloads {
			blobs[p.Hash] = p.Bytes
		}
		for _, h := range t.Wants {
			m.Provide(h, blobs[h])
		}
		if len(in) == 0 && !t.More && len(t.Wants) == 0 {
			return events
		}
	}
}

func sequence(n int) string {
	var b strings.Builder
	b.WriteString("workflow: bench\nversion: \"1\"\nsteps:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - { id: s%d, action: test.safe, with: { n: %d } }\n", i, i)
	}
	return b.String()
}

// BenchmarkSequence is a whole run of n actions one after another, encoding
// included.
func BenchmarkSequence(b *testing.B) {
	for _, n := range []int{5, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			wf := compiled(b, sequence(n))
			b.ReportAllocs()
			events := 0
			for b.Loop() {
				events += drive(b, wf, "{}")
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(events), "ns/event")
		})
	}
}

// BenchmarkForeach is a foreach of n calls, 50 at a time.
func BenchmarkForeach(b *testing.B) {
	src := `
workflow: bench
version: "1"
input: { type: object, required: [n], properties: { n: { type: integer } } }
steps:
  - id: each
    foreach: "1..input.n"
    as: i
    concurrency: 50
    do: [{ id: call, action: test.safe, with: { n: "${ i }" } }]
    output: "${ i }"
`
	for _, n := range []int{1000, 10000, 100000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			wf := compiled(b, src)
			b.ReportAllocs()
			runs := 0
			for b.Loop() {
				drive(b, wf, fmt.Sprintf(`{"n":%d}`, n))
				runs++
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(runs*n), "ns/item")
		})
	}
}

// BenchmarkEnded is what the ended items of a foreach cost: the memory that
// one of them holds, and a turn of a run behind all of them.
func BenchmarkEnded(b *testing.B) {
	src := `
workflow: bench
version: "1"
input: { type: object, required: [n], properties: { n: { type: integer } } }
steps:
  - id: each
    foreach: "1..input.n"
    as: i
    concurrency: 50
    do: [{ id: call, action: test.safe, with: { n: "${ i }" } }]
  - id: forever
    while: true
    maxPasses: 1000000
    do: [{ id: go, await: { signal: go } }]
`
	for _, n := range []int{0, 10000, 100000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			wf := compiled(b, src)
			before := heap()
			m := interpreter.New(wf)
			until(b, m, fmt.Sprintf(`{"n":%d}`, n))
			held := heap() - before
			now := time.Unix(1_700_000_000, 0)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i++
				t := m.Decide(now, interpreter.Signal{Name: "go", ID: fmt.Sprint(i), Data: []byte("1")})
				if len(t.Events) < 4 || t.Taken != 1 {
					b.Fatal("the signal was not taken")
				}
				_ = fact.EncodeTurn(t.Events)
				_ = m.Commands(t.Events)
				_ = m.Sends(t.Events)
			}
			if n > 0 {
				b.ReportMetric(float64(held)/float64(n), "B/item")
			}
			b.ReportMetric(float64(len(m.State())), "state-bytes")
		})
	}
}

// heap returns the bytes of live memory.
func heap() int64 {
	var s runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

// BenchmarkLoop is a pure loop of n passes.
func BenchmarkLoop(b *testing.B) {
	src := `
workflow: bench
version: "1"
variables: { n: 0 }
steps:
  - id: loop
    while: vars.n < 10000
    maxPasses: 20000
    do: [{ id: more, set: { n: "${ vars.n + 1 }" } }]
`
	wf := compiled(b, src)
	b.ReportAllocs()
	for b.Loop() {
		drive(b, wf, "{}")
	}
}
