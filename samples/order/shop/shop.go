// Package shop is the service that the order sample talks to: stock, payment
// and shipping behind one HTTP handler. It misbehaves as real services do, on
// request: it is slow, it refuses with 503, and it loses answers, which means
// that it does what it was asked and closes the connection without a word.
//
// A request with an Idempotency-Key has its effect once: the same key again
// gets the first answer again, and the same key with another request is
// refused with 422. Effects are on the disk before they are answered, so they
// can be counted after the process was killed.
package shop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// Options is how the service behaves. Only Ledger is needed.
type Options struct {
	Ledger string // path of the file of effects, made when it is not there
	// Slow is how long each answer takes. The effect is made before that.
	Slow time.Duration
	// FailEvery makes one of so many requests fail with 503 and no effect, the
	// first time the one before the last of the first so many, and LoseEvery
	// one of so many lose its answer, the first time the second. 0: none.
	FailEvery, LoseEvery int
	// Seed moves both on by so many requests.
	Seed uint64
	// Now is the time of entries in the ledger. Nil: the system's clock.
	Now func() time.Time
	// Sleep waits, at most until the context ends. Nil: real waiting.
	Sleep func(ctx context.Context, d time.Duration)
}

// Shop is the service. It is an http.Handler, safe for concurrent use.
type Shop struct {
	options  Options
	ledger   *ledger
	routes   *http.ServeMux
	requests atomic.Uint64
	failures atomic.Uint64
}

var _ http.Handler = (*Shop)(nil)

// Open opens the ledger, which may hold effects of an earlier life, and
// returns the service. A last entry that was cut off by a crash is removed:
// nobody got an answer about it.
func Open(o Options) (*Shop, error) {
	if o.FailEvery < 0 || o.LoseEvery < 0 || o.Slow < 0 {
		return nil, errors.New("open the shop: slow, failEvery and loseEvery must not be negative")
	}
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the default of the clock that is passed in
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	l, err := openLedger(o.Ledger)
	if err != nil {
		return nil, fmt.Errorf("open the ledger of the shop: %w", err)
	}
	s := &Shop{options: o, ledger: l, routes: http.NewServeMux()}
	s.routes.HandleFunc("GET /ledger", s.showLedger)
	for pattern, h := range operations {
		s.routes.HandleFunc(pattern, s.handle(h))
	}
	return s, nil
}

// Close closes the ledger. Requests that come later fail.
func (s *Shop) Close() error { return s.ledger.close() }

// Counts returns how often each effect was made, sorted by operation, order
// and key.
func (s *Shop) Counts() []Count { return s.ledger.counts() }

// ServeHTTP answers one request.
func (s *Shop) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.routes.ServeHTTP(w, r) }

func sleep(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-ctx.Done()
}

// fate is what happens to one request.
type fate uint8

const (
	answered fate = iota
	failed        // 503, no effect
	lost          // effect, no answer
)

// fateOf decides by the request's number alone, which counts from 1.
func (o Options) fateOf(n uint64) fate {
	hit := func(every int, first uint64) bool {
		return every > 0 && (n+uint64(every)-(first+o.Seed)%uint64(every))%uint64(every) == 0
	}
	switch {
	case hit(o.FailEvery, uint64(max(o.FailEvery, 1)-1)):
		return failed
	case hit(o.LoseEvery, 2):
		return lost
	}
	return answered
}

// maxBody bounds a request.
const maxBody = 1 << 20

// handle wraps an operation with everything that goes wrong.
func (s *Shop) handle(op operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			write(w, problem(http.StatusRequestEntityTooLarge, "the request is too large or was cut off"))
			return
		}
		how := s.options.fateOf(s.requests.Add(1))
		if how == failed {
			s.wait(r)
			s.fail(w)
			return
		}
		a := s.perform(op, r, body)
		s.wait(r)
		if how == lost {
			panic(http.ErrAbortHandler) // closes the connection without an answer
		}
		write(w, a)
	}
}

func (s *Shop) wait(r *http.Request) {
	if s.options.Slow > 0 {
		s.options.Sleep(r.Context(), s.options.Slow)
	}
}

// fail answers 503, every second time with the wish to be asked a second
// later.
func (s *Shop) fail(w http.ResponseWriter) {
	if s.failures.Add(1)%2 == 0 {
		w.Header().Set("Retry-After", "1")
	}
	write(w, problem(http.StatusServiceUnavailable, "the shop is busy"))
}

// perform runs the operation once for its key and returns the answer, when
// everything it says is on the disk.
func (s *Shop) perform(op operation, r *http.Request, body []byte) answer {
	q := request{
		key: r.Header.Get("Idempotency-Key"), order: r.PathValue("order"),
		print: fingerprint(r.Method, r.URL.Path, body), body: body,
	}
	a, err := s.ledger.once(q, s.options.Now(), op)
	switch {
	case errors.Is(err, errKeyReused):
		return problem(http.StatusUnprocessableEntity, "the idempotency key was used for another request")
	case err != nil:
		return problem(http.StatusInternalServerError, "the ledger cannot be written")
	}
	return a
}

func (s *Shop) showLedger(w http.ResponseWriter, _ *http.Request) {
	counts := s.ledger.counts()
	total := 0
	for _, c := range counts {
		total += c.Count
	}
	write(w, jsonAnswer(http.StatusOK, map[string]any{"total": total, "effects": counts}))
}

// answer is the status and the JSON body of a response.
type answer struct {
	status int
	body   json.RawMessage
}

func write(w http.ResponseWriter, a answer) {
	kind := "application/json"
	if a.status >= http.StatusBadRequest {
		kind = "application/problem+json"
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(a.status)
	w.Write(a.body) //nolint:errcheck // the client has gone; the ledger knows the effect
}

func problem(status int, detail string) answer {
	return jsonAnswer(status, map[string]any{"title": http.StatusText(status), "status": status, "detail": detail})
}

func jsonAnswer(status int, v any) answer {
	b, err := json.Marshal(v)
	if err != nil {
		panic("shop: an answer is not JSON: " + err.Error())
	}
	return answer{status: status, body: b}
}
