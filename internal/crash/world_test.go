package crash_test

import (
	"encoding/json"
	"fmt"
	"hash/maphash"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
)

// world is the other side of the workflow's calls. It makes the effect of each
// key once, refuses some requests, and loses some answers after the effect.
type world struct {
	mu      sync.Mutex
	rng     *rand.Rand
	answers map[string]string              // by key
	effects map[string]map[string][]string // order -> operation -> keys
	bodies  map[string]uint64              // their hashes, by key
	closed  map[uint64]bool                // hashes of the keys of orders that were looked at
	over    map[string]bool                // orders that were looked at
	hash    maphash.Seed
	given   int // answers, those of closed orders included
	faults  []string
}

func newWorld(seed uint64) *world {
	return &world{
		rng: rand.New(rand.NewPCG(seed, 1)), answers: map[string]string{},
		effects: map[string]map[string][]string{}, bodies: map[string]uint64{},
		closed: map[uint64]bool{}, over: map[string]bool{}, hash: maphash.MakeSeed(),
	}
}

// ServeHTTP answers POST /OPERATION with a body that names its order.
func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	var in struct {
		Order, Part, Note string
		Detail            []string
	}
	if err := json.Unmarshal(body, &in); err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	operation := r.URL.Path[1:] + in.Part
	if operation == "file" && (in.Note != noteOf(in.Order) || !slices.Equal(in.Detail, detailOf(in.Order))) {
		w.fault(fmt.Sprintf("order %s: its note or the detail of its answer came back as others", in.Order))
	}
	answer, fate := w.perform(operation, in.Order, r.Header.Get("Idempotency-Key"), string(body))
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
	if w.closed[maphash.String(w.hash, key)] {
		return "", "busy" // sent by one that was killed since
	}
	said := maphash.String(w.hash, body)
	answer, had := w.answers[key]
	if had && w.bodies[key] != said {
		w.faults = append(w.faults, fmt.Sprintf("key %s came with two bodies, the second is %.1000s", key, body))
	}
	if w.over[order] {
		w.faults = append(w.faults, fmt.Sprintf("order %s had ended: %s came with another key", order, operation))
	}
	if !had {
		answer = answerOf(operation, order)
		w.answers[key], w.bodies[key] = answer, said
		w.given++
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

// answerOf is what an operation answers.
func answerOf(operation, order string) string {
	answer := map[string]any{"id": operation + "-" + order}
	if operation == "reserve" {
		answer["detail"] = detailOf(order)
	}
	return asJSON(answer)
}

func (w *world) fault(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, what)
}

// had tells whether an order's operation had its effect.
func (w *world) had(order, operation string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.effects[order][operation]) > 0
}

// check returns what is wrong with the effects of an order that ended well.
func (w *world) check(order string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var wrong []string
	ops := w.effects[order]
	for _, op := range effects {
		if n := len(ops[op]); n != 1 {
			wrong = append(wrong, fmt.Sprintf("order %s: %d effects of %s, want 1", order, n, op))
		}
	}
	if len(ops) != len(effects) {
		wrong = append(wrong, fmt.Sprintf("order %s: effects of %d operations, want %d", order, len(ops), len(effects)))
	}
	return wrong
}

// close forgets an order that was looked at: a key of its own that comes later
// is no effect any more, and another key is a second effect.
func (w *world) close(order string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, op := range effects {
		for _, key := range w.effects[order][op] {
			delete(w.answers, key)
			delete(w.bodies, key)
			w.closed[maphash.String(w.hash, key)] = true
		}
	}
	delete(w.effects, order)
	w.over[order] = true
}

// count returns how many calls had their effect.
func (w *world) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.given
}

// trouble returns what went wrong at the world's side.
func (w *world) trouble() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	wrong := w.faults
	for order, ops := range w.effects {
		for op, keys := range ops {
			if len(keys) > 1 {
				wrong = append(wrong, fmt.Sprintf("order %s: %d effects of %s", order, len(keys), op))
			}
		}
	}
	return wrong
}
