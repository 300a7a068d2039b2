package interpreter_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

const roomFlow = `
workflow: room
version: "1"
listen:
  told: { event: told, match: { "data.id": 1 } }
steps:
  - { id: held, await: { event: paid, match: { "data.id": 1 }, where: event.data.ok } }
  - { id: one, await: { signal: go } }
  - { id: two, await: { signal: told } }
output: "${ steps.held.output.id }"
`

// What a run keeps of signals that no step takes, those of listens included,
// is bounded in number and in bytes: a run says that it is full, and what is too
// much even so is refused with a code.
// It makes no difference to an event that a step waits for, and what a step
// takes makes room again.
func TestRoomForSignals(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	for _, c := range []struct {
		name      string
		data      string
		full, fit int
	}{
		{"many", "1", 10_000, 25_000},
		{"large", `"` + strings.Repeat("x", 60<<10) + `"`, 69, 103}, // the last ones pass 4 and 6 MiB
	} {
		t.Run(c.name, func(t *testing.T) {
			m := interpreter.New(compiled(t, roomFlow))
			decide := func(in interpreter.Input) []fact.Refusal { return m.Decide(now, in).Refused }
			decide(interpreter.Start{Run: "r", Workflow: "room", Value: []byte("{}")})
			signal := interpreter.Signal{Name: "go", Data: []byte(c.data)}
			told := interpreter.EventArrived{Path: "listen:told", Event: fact.CloudEvent{Type: "told", ID: "1", Data: expression.Raw([]byte(c.data))}}
			if no := decide(told); no != nil {
				t.Fatalf("an event of a listen: %v", no)
			}
			for i := 2; i <= c.fit; i++ {
				if no := decide(signal); no != nil {
					t.Fatalf("signal %d of %d: %v", i, c.fit, no)
				}
				if full := m.FullOfSignals(); full != (i >= c.full) {
					t.Fatalf("full with %d: %t, want it with %d", i, full, c.full)
				}
			}
			for _, in := range []interpreter.Input{signal, told} {
				if no := decide(in); len(no) != 1 || no[0].Code != interpreter.RefusedFull {
					t.Fatalf("%T above the bound: %v", in, no)
				}
			}
			again := interpreter.New(compiled(t, roomFlow))
			if err := again.Restore(m.State()); err != nil {
				t.Fatal(err)
			}
			m = again
			if no := decide(signal); len(no) != 1 || no[0].Code != interpreter.RefusedFull {
				t.Fatalf("above the bound, restored: %v", no)
			}
			if no := decide(paid("e", true)); no != nil {
				t.Fatalf("the event that a step waits for: %v", no)
			}
			// The step took it, the next two took what was kept, and the run ended.
			if v := m.View(nil); v.Status != graph.Succeeded || string(v.Output.Inline()) != `"e"` {
				t.Errorf("the run is %s with %s", v.Status, v.Output.Inline())
			}
		})
	}
}

func paid(id string, ok bool) interpreter.EventArrived {
	return interpreter.EventArrived{Path: "held", Event: fact.CloudEvent{Type: "paid", ID: id, Data: expression.Raw(fmt.Appendf(nil, `{"ok":%t}`, ok))}}
}

// What came while a run was suspended for a step that waits for an event is
// bounded as well.
func TestRoomForEvents(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	m := interpreter.New(compiled(t, roomFlow))
	decide := func(in interpreter.Input) []fact.Refusal { return m.Decide(now, in).Refused }
	decide(interpreter.Start{Run: "r", Workflow: "room", Value: []byte("{}")})
	decide(interpreter.Suspend{})
	for i := range 25_000 {
		if no := decide(paid(fmt.Sprint(i), false)); no != nil {
			t.Fatalf("event %d: %v", i, no)
		}
	}
	if no := decide(paid("more", true)); len(no) != 1 || no[0].Code != interpreter.RefusedFull {
		t.Fatalf("above the bound: %v", no)
	}
	if no := decide(interpreter.Signal{Name: "go", Data: []byte("1")}); no != nil {
		t.Fatalf("a signal: %v", no)
	}
	full := len(m.State())
	decide(interpreter.Resume{})
	for turn := m.Decide(now); turn.More; turn = m.Decide(now) {
	}
	if n := len(m.State()); n > full/100 {
		t.Errorf("the state has %d bytes after all was refused, and had %d", n, full)
	}
	if no := decide(paid("last", true)); no != nil {
		t.Fatalf("once all were refused: %v", no)
	}
	if no := decide(interpreter.EventArrived{Path: "held"}); len(no) != 1 || no[0].Code != interpreter.RefusedNotOpen {
		t.Errorf("once the step has ended: %v", no)
	}
}

// Events that the where of a step refuses are for nobody else: a state does
// not grow with them, and neither with those that came before a step ended
// otherwise.
func TestRefusedEventsAreForgotten(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	m := interpreter.New(compiled(t, `
workflow: passes
version: "1"
steps:
  - id: forever
    while: true
    maxPasses: 100000
    do:
      - { id: held, await: { event: paid, match: { "data.id": 1 }, where: event.data.ok }, timeout: 1m, onTimeout: [] }
`))
	m.Decide(now, interpreter.Start{Run: "r", Workflow: "passes", Value: []byte("{}")})
	size := 0
	for i := range 2000 {
		path := fmt.Sprintf("forever[%d].held", i)
		arrives := paid("e", false)
		arrives.Path = path
		if no := m.Decide(now, arrives).Refused; no != nil {
			t.Fatalf("pass %d: %v", i, no)
		}
		m.Decide(now, interpreter.Suspend{})
		m.Decide(now, arrives) // it is not looked at before the step has timed out
		m.Decide(now, interpreter.TimerFired{Timer: "deadline:" + path})
		m.Decide(now, interpreter.Resume{})
		if i == 100 {
			size = len(m.State())
		}
	}
	if n := len(m.State()); n > size+100 {
		t.Errorf("the state has %d bytes after 2,000 passes and had %d after 100", n, size)
	}
}
