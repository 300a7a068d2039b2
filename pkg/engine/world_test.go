package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keelstep/keelstep/pkg/connectors"
)

// world is the outside that the test connector reaches: it outlives engines.
// An effect happens once for a key, as at a server that knows idempotency
// keys; a call without a key has its effect each time.
type world struct {
	mu       sync.Mutex
	calls    map[string]int // by operation and name
	effects  map[string]int
	keys     map[string]string // the input that came with a key
	answered map[string]int    // effects by key
	slow     time.Duration     // how long a call takes before its effect, and again after it
	gates    map[string]chan struct{}
	trouble  []string
	lastLink string
	cured    atomic.Bool // what is curable does not panic any more
	made     int         // calls
	nth      int         // which of them goes wrong; 0: none
	fault    func(ctx context.Context, effect func(), x in) (out, error)
}

func newWorld() *world {
	return &world{
		calls: map[string]int{}, effects: map[string]int{}, keys: map[string]string{},
		answered: map[string]int{}, gates: map[string]chan struct{}{},
	}
}

// in is the input of every operation of the test connector.
type in struct {
	Name   string          `json:"name,omitempty"`   // what it is counted under
	Value  json.RawMessage `json:"value,omitempty"`  // what it returns
	Fail   int             `json:"fail,omitempty"`   // how many calls of that name fail
	Code   string          `json:"code,omitempty"`   // what they fail with
	Lose   int             `json:"lose,omitempty"`   // how many calls have their effect and no answer
	Gate   string          `json:"gate,omitempty"`   // waits until it is opened
	Panic  bool            `json:"panic,omitempty"`  // in the operation
	Poison bool            `json:"poison,omitempty"` // in the rule of repetition: inside the core
	// Deaf is how long it takes, whatever it is told meanwhile.
	Deaf string `json:"deaf,omitempty"`
	// Curable is Poison until the world is cured.
	Curable bool   `json:"curable,omitempty"`
	Deadly  bool   `json:"deadly,omitempty"` // ends the process, inside the core
	Secret  string `json:"secret,omitempty"`
}

type out struct {
	Value  json.RawMessage `json:"value,omitempty"`
	Secret string          `json:"secret,omitempty"`
}

func (w *world) registry() *connectors.Registry {
	op := func(id string, r connectors.Repeat) connectors.Operation {
		rule := func(_ connectors.Settings, x in) connectors.Repeat {
			if x.Poison || x.Curable && !w.cured.Load() {
				panic("poison")
			}
			if x.Deadly {
				os.Exit(deadlyExit)
			}
			return r
		}
		_, name, _ := strings.Cut(id, ".")
		return connectors.Op(id, "Tests.", rule, func(ctx context.Context, c connectors.Call, x in) (out, error) {
			return w.call(ctx, name, r, c, x)
		})
	}
	of := func(connector string) []connectors.Operation {
		return []connectors.Operation{
			op(connector+".safe", connectors.Safe), op(connector+".keyed", connectors.Keyed), op(connector+".never", connectors.Never),
		}
	}
	return connectors.NewRegistry(
		&connectors.Connector{Name: "test", Summary: "Tests.", Operations: of("test")},
		&connectors.Connector{
			Name: "remote", Summary: "Tests that need a connection.", Operations: of("remote"),
			Open: func(context.Context, connectors.Settings) (any, func() error, error) { return nil, nil, nil },
		},
	)
}

func (w *world) call(ctx context.Context, name string, r connectors.Repeat, c connectors.Call, x in) (out, error) {
	id := name
	if x.Name != "" {
		id += " " + x.Name
	}
	w.mu.Lock()
	w.calls[id]++
	w.made++
	n, wrong := w.calls[id], w.made == w.nth
	raw := string(c.Input)
	if had, ok := w.keys[c.Key]; ok && had != raw {
		w.trouble = append(w.trouble, fmt.Sprintf("key %s carried %s and then %s", c.Key, had, raw))
	}
	w.keys[c.Key] = raw
	if i := strings.Index(x.Secret, "https://flows.example"); i >= 0 {
		w.lastLink = x.Secret[i:]
	}
	gate := w.gates[x.Gate]
	if x.Gate != "" && gate == nil {
		gate = make(chan struct{})
		w.gates[x.Gate] = gate
	}
	w.mu.Unlock()
	if wrong {
		return w.fault(ctx, func() { w.effect(id, r, c.Key) }, x)
	}
	if x.Panic {
		panic("test")
	}
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return out{}, connectors.Stopped(ctx, true)
		}
	}
	if x.Deaf != "" {
		d, err := time.ParseDuration(x.Deaf)
		if err != nil {
			return out{}, &connectors.Error{Code: "BadInput", Message: err.Error(), Certain: true, Final: true}
		}
		time.Sleep(d)
	}
	time.Sleep(w.slow)
	if n <= x.Fail {
		return out{}, &connectors.Error{Code: x.Code, Message: "as asked", Certain: true}
	}
	w.effect(id, r, c.Key)
	time.Sleep(w.slow)
	if n <= x.Lose {
		return out{}, &connectors.Error{Code: "ConnectionReset", Message: "as asked", Lost: true}
	}
	return out{Value: x.Value, Secret: x.Secret}, nil
}

// effect is what a call does to the outside, once for a key.
func (w *world) effect(id string, r connectors.Repeat, key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r != connectors.Keyed || w.answered[key] == 0 {
		w.effects[id]++
	}
	w.answered[key]++
}

func (w *world) cure() { w.cured.Store(true) }

func (w *world) open(gate string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gates[gate] == nil {
		w.gates[gate] = make(chan struct{})
	}
	close(w.gates[gate])
}

// link returns the newest link to a task among the inputs.
func (w *world) link() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lastLink
}

// counts lists the operations that were called.
func (w *world) counts() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(w.calls)) {
		fmt.Fprintf(&b, "%s: %d calls, %d effects\n", id, w.calls[id], w.effects[id])
	}
	for _, t := range w.trouble {
		fmt.Fprintln(&b, t)
	}
	return b.String()
}
