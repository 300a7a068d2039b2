package interpreter_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// calls is a run whose open calls are answered one by one.
type calls struct {
	t    testing.TB
	m    *interpreter.Machine
	open []interpreter.Call
}

func begin(t testing.TB, wf *graph.Workflow, input string) *calls {
	c := &calls{t: t, m: interpreter.New(wf)}
	c.take(interpreter.Start{Run: "r", Workflow: wf.Name, Value: []byte(input)})
	return c
}

// take has the run take an input and notes the calls that it issues.
func (c *calls) take(in interpreter.Input) {
	c.t.Helper()
	blobs := map[expression.Hash][]byte{}
	ins := []interpreter.Input{in}
	for {
		turn := c.m.Decide(time.Unix(1_700_000_000, 0), ins...)
		ins = ins[turn.Taken:]
		for _, p := range turn.Payloads {
			blobs[p.Hash] = p.Bytes
		}
		for _, h := range turn.Wants {
			c.m.Provide(h, blobs[h])
		}
		if len(turn.Refused) > 0 {
			c.t.Fatal(turn.Refused[0].Error())
		}
		for _, cmd := range c.m.Commands(turn.Events) {
			if call, ok := cmd.(interpreter.Call); ok {
				c.open = append(c.open, call)
			}
		}
		if len(ins) == 0 && !turn.More && len(turn.Wants) == 0 {
			return
		}
	}
}

// answer answers the i-th of the open calls.
func (c *calls) answer(i int) {
	c.t.Helper()
	call := c.open[i]
	c.open[i] = c.open[len(c.open)-1]
	c.open = c.open[:len(c.open)-1]
	c.take(interpreter.CallResult{Path: call.Path, Attempt: call.Attempt, Output: []byte(`{}`)})
}

const limited = `
workflow: limited
version: "1"
input: { type: object, required: [n], properties: { n: { type: integer } } }
steps:
  - id: each
    foreach: "1..input.n"
    as: i
    concurrency: %d
    do: [{ id: call, action: test.safe, with: { n: "${ i }" } }]
`

// TestForeachConcurrency holds every limit from 1 to 1,000 against a list that
// is one shorter, as long, and two longer: as many calls are open as may and
// as there are items left, whichever of them is answered.
func TestForeachConcurrency(t *testing.T) {
	step := 1
	if testing.Short() {
		step = 37
	}
	for limit := 1; limit <= 1000; limit += step {
		wf := compiled(t, fmt.Sprintf(limited, limit))
		r := rand.New(rand.NewPCG(uint64(limit), 1))
		c := begin(t, wf, fmt.Sprintf(`{"n":%d}`, limit+2))
		for left := limit + 2; left > max(limit-3, 0); left-- {
			if want := min(limit, left); len(c.open) != want {
				t.Fatalf("limit %d: %d calls are open with %d items left, want %d", limit, len(c.open), left, want)
			}
			c.answer(r.IntN(len(c.open)))
		}
		if short := limit - 1; short > 0 {
			if c := begin(t, wf, fmt.Sprintf(`{"n":%d}`, short)); len(c.open) != short {
				t.Fatalf("limit %d: %d calls are open of a list of %d", limit, len(c.open), short)
			}
		}
	}
}

// TestForeachNested holds the limits of a loop in a loop: each pass of the
// outer one has its own, and no item is visited twice or never.
func TestForeachNested(t *testing.T) {
	src := `
workflow: nested
version: "1"
steps:
  - id: outer
    foreach: "1..40"
    as: a
    concurrency: %d
    do:
      - id: inner
        foreach: "1..30"
        as: b
        concurrency: %d
        do: [{ id: call, action: test.safe, with: { a: "${ a }", b: "${ b }" } }]
`
	for _, limits := range [][2]int{{1, 1}, {3, 7}, {40, 30}, {50, 1}, {1, 1000}} {
		wf := compiled(t, fmt.Sprintf(src, limits[0], limits[1]))
		r := rand.New(rand.NewPCG(1, 2))
		c := begin(t, wf, "{}")
		seen := map[string]int{}
		most := 0
		for len(c.open) > 0 {
			most = max(most, len(c.open))
			i := r.IntN(len(c.open))
			seen[string(c.open[i].Input.Inline())]++
			c.answer(i)
		}
		if want := min(limits[0], 40) * min(limits[1], 30); most != want {
			t.Errorf("limits %v: at most %d calls were open, want %d", limits, most, want)
		}
		for item, n := range seen {
			if n != 1 {
				t.Errorf("limits %v: item %s was visited %d times", limits, item, n)
			}
		}
		if v := c.m.View(nil); len(seen) != 1200 || v.Status != graph.Succeeded {
			t.Errorf("limits %v: %d items were visited, the run is %s", limits, len(seen), v.Status)
		}
	}
}

// TestForeachTurns holds the records of a loop over 100,000 items: none grows
// with the number of items, nor does the state that is carried.
func TestForeachTurns(t *testing.T) {
	n := 100_000
	if testing.Short() {
		n = 10_000
	}
	wf := compiled(t, fmt.Sprintf(limited, 50)+"    output: \"${ 'item ' + string(i) }\"\n")
	m := interpreter.New(wf)
	blobs := map[expression.Hash][]byte{}
	in := []interpreter.Input{interpreter.Start{Run: "r", Workflow: "limited", Value: fmt.Appendf(nil, `{"n":%d}`, n)}}
	largest, state := 0, 0
	for !m.Ended() {
		turn := m.Decide(time.Unix(1_700_000_000, 0), in...)
		in = in[turn.Taken:]
		if len(turn.Events) > 0 {
			largest = max(largest, len(fact.EncodeTurn(turn.Events)))
		}
		for _, p := range turn.Payloads {
			blobs[p.Hash] = p.Bytes
			largest = max(largest, len(p.Bytes))
		}
		for _, h := range turn.Wants {
			m.Provide(h, blobs[h])
		}
		for _, cmd := range m.Commands(turn.Events) {
			if call, ok := cmd.(interpreter.Call); ok {
				in = append(in, interpreter.CallResult{Path: call.Path, Attempt: call.Attempt, Output: []byte(`{}`)})
			}
		}
		if m.Seq()%10_000 < 50 {
			state = max(state, len(m.State()))
		}
	}
	if v := m.View(nil); v.Status != graph.Succeeded {
		t.Fatalf("the run is %s: %v", v.Status, v.Error)
	}
	if largest > 2<<20 || state > 256<<10 {
		t.Errorf("the largest record or payload has %d bytes, the largest state %d", largest, state)
	}
}
