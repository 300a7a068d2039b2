//go:build linux && amd64

package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/keelstep/keelstep/pkg/connectors"
	"github.com/keelstep/keelstep/pkg/engine"
)

// trip is a workflow with calls in parallel, a timer, a branch, a loop, a
// signal and compensations.
const trip = `workflow: trip
version: "1"
input:
  type: object
  required: [id, parts, note]
  properties: { id: { type: string }, parts: { type: array, items: { type: integer } }, note: { type: string } }
steps:
  - id: booking
    parallel:
      - id: reserve
        action: test.keyed
        with: { name: "reserve ${ input.id }", value: "${ input.note }" }
        compensate: [{ id: release, action: test.keyed, with: { name: "release ${ input.id }" } }]
      - id: charge
        action: test.keyed
        with: { name: "charge ${ input.id }", value: 7 }
        compensate: [{ id: refund, action: test.keyed, with: { name: "refund ${ input.id }" } }]
  - { id: nap, wait: 15ms }
  - id: tier
    if: len(input.parts) > 2
    then: [{ id: large, action: test.keyed, with: { name: "large ${ input.id }", value: 1 } }]
    else: [{ id: small, action: test.keyed, with: { name: "small ${ input.id }", value: 2 } }]
  - id: each
    foreach: input.parts
    as: part
    concurrency: 2
    do: [{ id: one, action: test.keyed, with: { name: "part ${ part } ${ input.id }", value: "${ part }" } }]
    output: "${ steps.one.output.value }"
  - { id: go, await: { signal: go } }
  - id: delivery
    do: [{ id: lost, fail: { code: Lost, message: "no way there" } }]
    catch: [{ do: [{ id: undo, rollback: booking }] }]
output:
  parts: "${ steps.each.output.results }"
  say: "${ steps.go.output.data.say }"
  note: "${ len(input.note) }"
`

// traveller is one run of trip.
type traveller int

// travellers is how many set out.
const travellers = 9

func (n traveller) key() string { return fmt.Sprintf("k%d", n) }

// note is large for some, so that it is stored beside the log's records.
func (n traveller) note() string { return strings.Repeat("n", 10+int(n%3)*45_000) }

func (n traveller) parts() []int { return []int{1, 2, 3, 4}[:1+n%4] }

func (n traveller) input() []byte {
	b, err := json.Marshal(map[string]any{"id": n.key(), "parts": n.parts(), "note": n.note()})
	if err != nil {
		panic(err)
	}
	return b
}

// output is what the run ends with.
func (n traveller) output() string {
	parts, err := json.Marshal(n.parts())
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"note":%d,"parts":%s,"say":"now"}`, len(n.note()), parts)
}

// effects is what the run does to the world, once each.
func (n traveller) effects() []string {
	size := "small"
	if len(n.parts()) > 2 {
		size = "large"
	}
	all := []string{"reserve", "charge", "release", "refund", size}
	for _, p := range n.parts() {
		all = append(all, fmt.Sprintf("part %d", p))
	}
	for i := range all {
		all[i] += " " + n.key()
	}
	slices.Sort(all)
	return all
}

func (n traveller) start(ctx context.Context, e *engine.Engine) (string, error) {
	s, err := e.Start(ctx, engine.StartRequest{Workflow: "trip", Input: n.input(), IdempotencyKey: n.key()})
	return s.Run, err
}

func (n traveller) signal(ctx context.Context, e *engine.Engine, run string) error {
	return e.Signal(ctx, run, "go "+n.key(), "go", []byte(`{"say":"now"}`))
}

// world is the other side of the calls: one effect for a key.
type world struct {
	mu      sync.Mutex
	inputs  map[string]string          // by key
	effects map[string]map[string]bool // by name: the keys that it came with
	trouble []string
	said    func(key, name, input string) // told before a call is answered; may be nil
}

func newWorld() *world {
	return &world{inputs: map[string]string{}, effects: map[string]map[string]bool{}}
}

// made notes a call.
func (w *world) made(key, name, input string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if was, ok := w.inputs[key]; ok && was != input {
		w.trouble = append(w.trouble, fmt.Sprintf("key %s came with two inputs: %.80s and %.80s", key, was, input))
	}
	w.inputs[key] = input
	if w.effects[name] == nil {
		w.effects[name] = map[string]bool{}
	}
	w.effects[name][key] = true
}

// wrong returns what is wrong when every traveller has come to its end.
func (w *world) wrong() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	wrong := slices.Clone(w.trouble)
	var want []string
	for n := range traveller(travellers) {
		want = append(want, n.effects()...)
	}
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(w.effects)); !slices.Equal(got, want) {
		wrong = append(wrong, fmt.Sprintf("the effects are %q, want %q", got, want))
	}
	for name, keys := range w.effects {
		if len(keys) != 1 {
			wrong = append(wrong, fmt.Sprintf("%s was done under %d keys", name, len(keys)))
		}
	}
	return wrong
}

type in struct {
	Name  string          `json:"name"`
	Value json.RawMessage `json:"value,omitempty"`
}

type out struct {
	Value json.RawMessage `json:"value,omitempty"`
}

func (w *world) registry() *connectors.Registry {
	keyed := func(connectors.Settings, in) connectors.Repeat { return connectors.Keyed }
	op := connectors.Op("test.keyed", "Tests.", keyed, func(_ context.Context, c connectors.Call, x in) (out, error) {
		if w.said != nil {
			w.said(c.Key, x.Name, string(c.Input))
		}
		w.made(c.Key, x.Name, string(c.Input))
		return out{x.Value}, nil
	})
	return connectors.NewRegistry(&connectors.Connector{Name: "test", Summary: "Tests.", Operations: []connectors.Operation{op}})
}
