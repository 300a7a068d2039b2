package books_test

import (
	"bytes"
	"flag"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/books"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
)

var matches = flag.Int("books.matches", 3000, "how many matches are open in TestManyMatches")

func heap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

func runOf(i int) string { return fmt.Sprintf("%08x-0000-7000-8000-%012x", i, i) }

// One event among very many open matches costs what it matches, and the book
// is there again soon after a restart.
func TestManyMatches(t *testing.T) {
	before := heap()
	b, at := books.NewEvents(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var in []fact.Input
	began := time.Now()
	for i := range *matches {
		in = append(in, fact.MatchOpened{
			Run: runOf(i), Path: "paid", Type: "order.paid",
			Match: []fact.Match{{Path: "data.order", Value: expression.Raw(fmt.Append(nil, i))}},
		})
		if len(in) == 1000 {
			b.Decide(at, in...)
			in = in[:0]
		}
	}
	b.Decide(at, in...)
	in = nil
	t.Logf("%d matches opened in %v, %.0f MiB", b.Open(), time.Since(began), heap()-before)
	began = time.Now()
	state := b.State()
	t.Logf("state of %.1f MiB in %v", float64(len(state))/(1<<20), time.Since(began))
	b = nil
	before = heap()
	began = time.Now()
	n := books.NewEvents()
	if err := n.Restore(state); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	used := heap() - before
	t.Logf("restored in %v, %.0f MiB", took, used)
	if n.Open() != *matches || !bytes.Equal(n.State(), state) {
		t.Errorf("%d matches are open in what was restored, or its state is another one", n.Open())
	}
	if used > 5+600*float64(*matches)/(1<<20) {
		t.Errorf("%d matches take %.0f MiB", *matches, used)
	}
	began = time.Now()
	for i := range 1000 {
		turn := n.Decide(at, fact.Emitted{Event: fact.CloudEvent{ID: fmt.Sprint(i), Source: "s", Type: "order.paid", Data: expression.Raw(fmt.Appendf(nil, `{"order":%d}`, i))}})
		if to := n.Sends(turn.Events); len(to) != 1 || to[0].To != runOf(i) {
			t.Fatalf("event %d goes to %v, want run %s alone", i, to, runOf(i))
		}
	}
	t.Logf("%v an event", time.Since(began)/1000)
	runtime.KeepAlive(state)
}
