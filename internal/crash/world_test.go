package crash_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
)

// world is the other side of the workflow's calls. It makes the effect of each
// key once, refuses some requests, and loses some answers after the effect.
type world struct {
	mu      sync.Mutex
	rng     *rand.Rand
	answers map[string]string              // by key
	effects map[string]map[string][]string // order -> operation -> keys
	bodies  map[string]string              // by key
	faults  []string
}

func newWorld(seed uint64) *world {
	return &world{
		rng: rand.New(rand.NewPCG(seed, 1)), answers: map[string]string{},
		effects: map[string]map[string][]string{}, bodies: map[string]string{},
	}
}

// ServeHTTP answers POST /OPERATION with a body that names its order.
func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	var in struct{ Order, Part string }
	if err := json.Unmarshal(body, &in); err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	answer, fate := w.perform(r.URL.Path[1:]+in.Part, in.Order, r.Header.Get("Idempotency-Key"), string(body))
	switch fate {
	case "busy":
		http.Error(rw, "busy", http.StatusServiceUnavailable)
	case "lost":
		panic(http.ErrAbortHandler)
	default:
		rw.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(rw, answer)
	}
}

func (w *world) perform(operation, order, key, body string) (answer, fate string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	dice := w.rng.IntN(100)
	if dice < 5 {
		return "", "busy"
	}
	if key == "" {
		w.faults = append(w.faults, "a request without a key: "+body)
	}
	answer, had := w.answers[key]
	if had && w.bodies[key] != body {
		w.faults = append(w.faults, fmt.Sprintf("key %s came with two bodies: %s and %s", key, w.bodies[key], body))
	}
	if !had {
		answer = fmt.Sprintf(`{"id":%q}`, fmt.Sprintf("%s-%s", operation, order))
		w.answers[key], w.bodies[key] = answer, body
		ops := w.effects[order]
		if ops == nil {
			ops = map[string][]string{}
			w.effects[order] = ops
		}
		ops[operation] = append(ops[operation], key)
	}
	if dice >= 95 {
		return "", "lost"
	}
	return answer, ""
}

// had tells whether an order's operation had its effect.
func (w *world) had(order, operation string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.effects[order][operation]) > 0
}

// check returns what is wrong with the effects of an order that ended well.
func (w *world) check(order string, want []string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var wrong []string
	ops := w.effects[order]
	for _, op := range want {
		if n := len(ops[op]); n != 1 {
			wrong = append(wrong, fmt.Sprintf("order %s: %d effects of %s, want 1", order, n, op))
		}
	}
	if len(ops) != len(want) {
		wrong = append(wrong, fmt.Sprintf("order %s: effects of %d operations, want %d", order, len(ops), len(want)))
	}
	return wrong
}
