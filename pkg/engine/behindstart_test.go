package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/memlog"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// The ways in which a run is open to an event from its start on.
var openFromStart = map[string]string{
	"listen": `workflow: open
version: "1"
listen: { paid: { event: order.paid, match: { "data.order": "${ input.n }" } } }
steps:
  - { id: paid, await: { signal: paid } }
output: "${ steps.paid.output.data.order }"
`,
	"await": `workflow: open
version: "1"
steps:
  - { id: paid, await: { event: order.paid, match: { "data.order": "${ input.n }" } } }
output: "${ steps.paid.output.data.order }"
`,
}

// openByParameter is open to what a large parameter names.
const openByParameter = `workflow: open
version: "1"
parameters: { large: { type: object, required: [order], properties: { order: { type: integer } } } }
listen: { paid: { event: order.paid, match: { "data.order": "${ params.large.order }" } } }
steps:
  - { id: paid, await: { signal: paid } }
output: "${ steps.paid.output.data.order }"
`

// held is a store whose Appends can be held up.
type held struct {
	eventlog.Store
	mu    sync.Mutex
	books chan struct{} // the book of events writes once it is closed
	runs  chan struct{} // a run hears of what it wrote once it is closed
}

// hold makes one of the two channels, and returns what closes it.
func (h *held) hold(which *chan struct{}) (free func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	gate := make(chan struct{})
	*which = gate
	return func() { close(gate) }
}

func (h *held) Append(ctx context.Context, bs ...eventlog.Batch) error {
	h.mu.Lock()
	books, runs := h.books, h.runs
	h.mu.Unlock()
	book := slices.ContainsFunc(bs, func(b eventlog.Batch) bool { return b.Stream == "events" })
	if book && books != nil {
		<-books
	}
	err := h.Store.Append(ctx, bs...)
	if !book && runs != nil {
		<-runs
	}
	return err
}

// behindStart is an engine on a store that can be held up.
type behindStart struct {
	*engine.Engine
	t     *testing.T
	store *held
}

func openHeld(t *testing.T, document string) behindStart {
	store := &held{Store: memlog.New()}
	large := fmt.Sprintf(`{"order":7,"pad":%q}`, strings.Repeat("x", 100_000))
	env := &config.Environment{Name: "test", Parameters: map[string]expression.Value{"large": expression.Raw([]byte(large))}}
	return behindStart{open(t, engine.Options{Store: store, Env: env}, document), t, store}
}

// busy has the book of events write something that takes until free is called.
func (b behindStart) busy() (free func()) {
	free = b.store.hold(&b.store.books)
	b.publish("nothing", "{}")
	return free
}

// publish publishes an event and returns once it is on its way.
func (b behindStart) publish(kind, data string) {
	go func() {
		if err := b.Publish(b.t.Context(), engine.CloudEvent{ID: kind, Type: kind, Source: "/t", Data: []byte(data)}); err != nil {
			b.t.Errorf("publish %s: %v", kind, err)
		}
	}()
	synctest.Wait()
}

func (b behindStart) start(n int, pad string) engine.Started {
	b.t.Helper()
	s, err := b.Start(b.t.Context(), engine.StartRequest{
		Workflow: "open", Input: fmt.Appendf(nil, `{"n":%d,"pad":%q}`, n, pad), IdempotencyKey: fmt.Sprint(n),
	})
	if err != nil {
		b.t.Errorf("start %d: %v", n, err)
	}
	return s
}

// reached checks that the event for run n was all that it waited for.
func (b behindStart) reached(s engine.Started, n int) {
	b.t.Helper()
	synctest.Wait()
	v, err := b.Get(b.t.Context(), s.Run)
	if err != nil || v.Status != graph.Succeeded || string(v.Output.Inline()) != fmt.Sprint(n) {
		b.t.Errorf("the run is %s with %q, %v; want succeeded with %d", v.Status, v.Output.Inline(), err, n)
	}
}

// An event that comes right behind the start of a run reaches it, though the
// book of events has not looked at its inbox meanwhile.
func TestEventBehindStart(t *testing.T) {
	for name, document := range openFromStart {
		for _, pad := range []int{0, 100_000} { // a large input is stored
			t.Run(fmt.Sprint(name, " ", pad), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := openHeld(t, document)
					free := b.busy()
					s := b.start(7, strings.Repeat("x", pad))
					b.publish("order.paid", `{"order":7}`)
					free()
					b.reached(s, 7)
				})
			})
		}
	}
}

// So it does while the run itself has not heard yet that its start is in the
// log, and nobody has told the book to look.
func TestEventBeforeWordOfStart(t *testing.T) {
	for name, document := range openFromStart {
		for _, pad := range []int{0, 100_000} { // a stored input does not put off what is opened with the start
			t.Run(fmt.Sprint(name, " ", pad), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := openHeld(t, document)
					free := b.store.hold(&b.store.runs)
					go b.start(7, strings.Repeat("x", pad))
					synctest.Wait()
					s := b.start(7, strings.Repeat("x", pad))
					if !s.Existing {
						t.Error("the second start found no run: the first is not in the log")
					}
					b.publish("order.paid", `{"order":7}`)
					free()
					b.reached(s, 7)
				})
			})
		}
	}
}

// So it does when the run opens with what a stored parameter holds.
func TestEventByLargeParameter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := openHeld(t, openByParameter)
		free := b.store.hold(&b.store.runs)
		go b.start(7, "")
		synctest.Wait()
		s := b.start(7, "")
		b.publish("order.paid", `{"order":7}`)
		free()
		b.reached(s, 7)
	})
}

// So it does when the run opens with the stored input of the run that it
// restarts.
func TestEventBehindRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := openHeld(t, openFromStart["listen"])
		was := b.start(7, strings.Repeat("x", 100_000))
		synctest.Wait()
		if err := b.Terminate(t.Context(), was.Run, "test"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		free := b.store.hold(&b.store.runs)
		again := make(chan engine.Started, 1)
		go func() {
			s, err := b.Restart(t.Context(), was.Run)
			if err != nil {
				t.Error("restart:", err)
			}
			again <- s
		}()
		synctest.Wait()
		b.publish("order.paid", `{"order":7}`)
		free()
		b.reached(<-again, 7)
	})
}

// So it does however many messages lie before it, when a turn looks at 1000.
func TestEventBehindManyStarts(t *testing.T) {
	for _, n := range []int{999, 1000, 1001} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := openHeld(t, openFromStart["listen"])
				free := b.busy()
				var s engine.Started
				for i := range n {
					s = b.start(i, "")
				}
				b.publish("order.paid", fmt.Sprintf(`{"order":%d}`, n-1))
				free()
				b.reached(s, n-1)
			})
		})
	}
}

// What a book refuses is refused to who asked for it, and not laid to a message
// that lay before it.
func TestRefusalBehindMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := openHeld(t, openFromStart["listen"])
		free := b.busy()
		b.start(7, "")
		refused := make(chan error, 1)
		go func() { refused <- b.DropDeadLetter(t.Context(), "12") }()
		synctest.Wait()
		free()
		if err := <-refused; !errors.Is(err, engine.ErrNoDeadLetter) {
			t.Errorf("DropDeadLetter = %v, want %v", err, engine.ErrNoDeadLetter)
		}
	})
}
