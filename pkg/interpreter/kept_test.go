package interpreter_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/interpreter"
)

// TestKeptSignals holds how many IDs of signals a run remembers: one that is
// sent again is refused while its ID is among the last 10,000, and the state
// does not grow with what came before.
func TestKeptSignals(t *testing.T) {
	wf := compiled(t, `
workflow: kept
version: "1"
steps:
  - id: forever
    while: true
    maxPasses: 100000
    do: [{ id: go, await: { signal: go } }]
`)
	m := interpreter.New(wf)
	now := time.Unix(1_700_000_000, 0)
	m.Decide(now, interpreter.Start{Run: "r", Workflow: "kept", Value: []byte("{}")})
	send := func(i int) bool {
		turn := m.Decide(now, interpreter.Signal{Name: "go", ID: fmt.Sprintf("signal-%05d", i), Data: []byte("1")})
		return len(turn.Refused) == 0
	}
	size := 0
	for i := range 25_000 {
		if !send(i) {
			t.Fatalf("signal %d is refused", i)
		}
		if i == 12_000 {
			size = len(m.State())
		}
	}
	if got := len(m.State()); got > size+100 {
		t.Errorf("the state has %d bytes after 25,000 signals and had %d after 12,000", got, size)
	}
	again := interpreter.New(wf)
	if err := again.Restore(m.State()); err != nil {
		t.Fatal(err)
	}
	m = again
	for _, c := range []struct {
		signal int
		taken  bool
	}{{24_999, false}, {15_000, false}, {14_999, true}} {
		if got := send(c.signal); got != c.taken {
			t.Errorf("signal %d is taken: %v, want %v", c.signal, got, c.taken)
		}
	}
}
