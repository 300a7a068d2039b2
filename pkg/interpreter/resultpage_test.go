package interpreter_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// The results of a page are stored in one place up to 4 MiB; larger pages, and
// those with an item that is stored by itself, stay as they were recorded. What
// the run gives is the same.
func TestResultPages(t *testing.T) {
	const page = 128
	for _, c := range []struct {
		name   string
		bytes  int // of each result, as JSON
		first  int // of the first one; 0: the same
		stored bool
	}{
		{"below 4 MiB", 32<<10 - 1, 0, true},
		{"4 MiB", 32 << 10, 0, true},
		{"one byte more", 32 << 10, 32<<10 + 1, false},
		{"the largest item that stands in its record", 1 << 10, 64 << 10, true},
		{"an item that is stored by itself", 1 << 10, 64<<10 + 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			wf := compiled(t, fmt.Sprintf(`
workflow: results
version: "1"
steps:
  - id: each
    foreach: "1..%d"
    as: i
    do: [{ id: call, action: test.safe, with: { i: "${ i }" } }]
    output: "${ steps.call.output }"
output: "${ map(steps.each.output.results, len(#)) }"
`, page+1))
			for _, n := range wf.Nodes {
				n.PageLen = page
			}
			m := interpreter.New(wf)
			blobs := map[expression.Hash][]byte{}
			in := []interpreter.Input{interpreter.Start{Run: "r", Workflow: "results", Value: []byte("{}")}}
			var recorded []string
			size := func(call int) int {
				if call == 0 && c.first > 0 {
					return c.first
				}
				return c.bytes
			}
			for calls := 0; !m.Ended(); {
				turn := m.Decide(time.Unix(1_700_000_000, 0), in...)
				in = in[turn.Taken:]
				for _, e := range turn.Events {
					if fact.NameOf(e.Fact) == "PageRecorded" {
						recorded = append(recorded, string(fact.ShowFields(e.Fact)))
					}
				}
				for _, p := range turn.Payloads {
					blobs[p.Hash] = p.Bytes
				}
				for _, h := range turn.Wants {
					m.Provide(h, blobs[h])
				}
				for _, cmd := range m.Commands(turn.Events) {
					if call, ok := cmd.(interpreter.Call); ok {
						output := `"` + strings.Repeat("x", size(calls)-2) + `"`
						in = append(in, interpreter.CallResult{Path: call.Path, Attempt: call.Attempt, Output: []byte(output)})
						calls++
					}
				}
				if calls == page/2 && len(turn.Events) > 0 { // the rest is decided by one that read the state
					again := interpreter.New(wf)
					if err := again.Restore(m.State()); err != nil {
						t.Fatal(err)
					}
					m = again
				}
			}
			first := len(recorded) > 0 && strings.Contains(recorded[0], `"page":0`)
			if first != c.stored {
				t.Errorf("the first page is stored: %t, want %t; %v", first, c.stored, recorded)
			}
			var want []string
			for i := range page + 1 {
				want = append(want, fmt.Sprint(size(i)-2))
			}
			v := m.View(func(h expression.Hash) ([]byte, bool) { b, ok := blobs[h]; return b, ok })
			if got := string(v.Output.Inline()); got != "["+strings.Join(want, ",")+"]" {
				t.Errorf("the run gives %s (%v)", got, v.Error)
			}
		})
	}
}

// A run remembers its last 10,000 closed tasks: an answer to one of them is
// too late, one before them is not known any more, and its state does not grow.
func TestKeptTasks(t *testing.T) {
	m := interpreter.New(compiled(t, `
workflow: tasks
version: "1"
steps:
  - id: forever
    while: true
    maxPasses: 100000
    do: [{ id: ask, approval: { to: "a@shop.example", title: Go } }]
`))
	now := time.Unix(1_700_000_000, 0)
	m.Decide(now, interpreter.Start{Run: "r", Workflow: "tasks", Value: []byte("{}")})
	answer := func(pass int) []fact.Refusal {
		return m.Decide(now, interpreter.Answer{Path: fmt.Sprintf("forever[%d].ask", pass), By: "a", Outcome: "approve"}).Refused
	}
	size := 0
	for i := range 12_000 {
		if no := answer(i); no != nil {
			t.Fatalf("task %d: %v", i, no)
		}
		if i == 10_500 {
			size = len(m.State())
		}
	}
	if got := len(m.State()); got > size+size/50 { // the numbers of passes get longer
		t.Errorf("the state has %d bytes after 12,000 tasks and had %d after 10,500", got, size)
	}
	for pass, want := range map[int]string{
		11_999: interpreter.RefusedAnswered, 2_000: interpreter.RefusedAnswered, 1_999: interpreter.RefusedNoTask, 0: interpreter.RefusedNoTask,
	} {
		if no := answer(pass); len(no) != 1 || no[0].Code != want {
			t.Errorf("a second answer to task %d: %v, want %s", pass, no, want)
		}
	}
}
