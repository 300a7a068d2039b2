package sim

import (
	"bytes"
	"reflect"
	"slices"
	"time"

	"github.com/keelstep/keelstep/pkg/books"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
)

// bookMachine is the machine of a book.
type bookMachine interface {
	Apply(e fact.Event) error
	Decide(at time.Time, in ...fact.Input) fact.Turn
	Sends(events []fact.Event) []fact.Message
	State() []byte
	Restore(state []byte) error
}

// book is the book of events, or of one limit, with its log and its inbox.
type book struct {
	*shell
	name   string
	family *fact.Family
	empty  func() bookMachine

	record [][]byte
	inbox  []fact.Mail
	queue  []waiter // who waits for a slot, as recorded

	m     bookMachine // nil: not loaded
	again bool
	wakes time.Time // by a timer that is armed

	firings firings // of a trigger
	pool    pool    // of a limit that is shared
}

// waiter is a run that waits under a key.
type waiter struct{ run, key string }

func (b *book) put(m fact.Mail) { b.inbox = append(b.inbox, m) }
func (b *book) busy() bool      { return len(b.inbox) > 0 || b.again }
func (b *book) boot()           { b.lose() }

func (b *book) lose() {
	b.m, b.again, b.wakes, b.pool.asks = nil, len(b.record) > 0, time.Time{}, false
}

// replay folds the record into a machine.
func (b *book) replay() bookMachine {
	m := b.empty()
	for _, turn := range b.record {
		events, err := fact.DecodeTurn(turn, b.family)
		if err != nil {
			fail("a turn of book %s cannot be read back: %v", b.name, err)
		}
		b.fold(m, events)
	}
	return m
}

func (b *book) fold(m bookMachine, events []fact.Event) {
	for _, e := range events {
		if err := m.Apply(e); err != nil {
			fail("an event of book %s cannot be folded: %v", b.name, err)
		}
	}
}

// turn takes one turn. The faults of a run's turn strike here too.
func (b *book) turn() {
	if b.m == nil {
		b.m = b.replay()
	}
	b.again = false
	in := make([]fact.Input, len(b.inbox))
	for i, m := range b.inbox {
		in[i] = m
	}
	at := b.wall()
	offer := b.offer()
	var twin bookMachine
	if b.faults.checks.chance(20) {
		twin = b.replay()
		offer(twin)
	}
	t := b.m.Decide(at, in...)
	sends := b.m.Sends(t.Events)
	b.trace.add("book %s takes %d of %d", b.name, t.Taken, len(in))
	if twin != nil {
		b.checkTwin(twin, at, in, &t, sends)
	}
	switch {
	case b.crashes(CrashBefore), b.crashes(AppendLost):
		b.crash()
		return
	case b.crashes(AppendFails):
		b.faults.crashes--
		b.lose()
		return
	}
	b.commit(&t, sends)
	if b.crashes(AppendKept) || b.crashes(CrashAfter) {
		b.crash()
		return
	}
	b.again = t.More
	b.wake()
	b.offerAgain()
	for _, h := range t.Wants {
		b.again = true
		b.m.(interface{ Provide(expression.Hash, []byte) }).Provide(h, b.stored(h))
	}
}

// commit appends a turn with its messages, and takes away what it took.
func (b *book) commit(t *fact.Turn, sends []fact.Message) {
	b.inbox = slices.Clone(b.inbox[t.Taken:])
	if len(t.Events) == 0 {
		return
	}
	b.record = append(b.record, fact.EncodeTurn(t.Events))
	for _, e := range t.Events {
		b.trace.add("  %s %s", fact.NameOf(e.Fact), fact.ShowFields(e.Fact))
		b.checkOrder(e)
		b.checkFiring(e)
		b.checkPool(e)
	}
	b.deliver(b.name, sends)
}

// checkTwin has a folded machine decide as the live one did.
func (b *book) checkTwin(twin bookMachine, at time.Time, in []fact.Input, t *fact.Turn, sends []fact.Message) {
	u := twin.Decide(at, in...)
	if len(u.Wants) > 0 || len(t.Wants) > 0 {
		return // it wants bytes that the live one had
	}
	same(t.Events, u.Events, "the twin of book "+b.name+" decides otherwise")
	if !reflect.DeepEqual(sends, twin.Sends(u.Events)) {
		fail("the twin of book %s sends otherwise", b.name)
	}
	if !bytes.Equal(b.m.State(), twin.State()) {
		fail("the twin of book %s is in another state", b.name)
	}
	restored := b.empty()
	if err := restored.Restore(twin.State()); err != nil || !bytes.Equal(restored.State(), twin.State()) {
		fail("the state of book %s cannot be restored: %v", b.name, err)
	}
}

// checkOrder: slots are granted in the order in which they were queued for.
func (b *book) checkOrder(e fact.Event) {
	leave := func(run string) {
		b.queue = slices.DeleteFunc(b.queue, func(p waiter) bool { return p.run == run })
	}
	switch f := e.Fact.(type) {
	case *books.SlotQueued:
		b.queue = append(b.queue, waiter{f.Run, f.Key})
	case *books.SlotGiven:
		b.report.slots++
		for _, p := range b.queue {
			if p.key == f.Key && p.run != f.Run {
				fail("run %s is given a slot of %s before %s, which waited longer", f.Run, b.name, p.run)
			}
			if p.run == f.Run {
				break
			}
		}
		leave(f.Run)
	case *books.SlotReturned:
		leave(f.Run)
	case *books.Displaced:
		leave(f.Run)
	}
}

// checkEmpty: once all runs have ended, no book waits for or holds anything.
func (b *book) checkEmpty() {
	if b.m == nil {
		b.m = b.replay()
	}
	switch m := b.m.(type) {
	case *books.Events:
		if n := m.Open(); n > 0 {
			fail("all runs have ended and %d matches are open", n)
		}
	case *books.Limit:
		if keys := m.Keys(); len(keys) > 0 {
			fail("all runs have ended and slots of %v are held in %s", keys, b.name)
		}
	case *books.Firings:
		if n := m.Trigger().Running; n > 0 {
			fail("all runs have ended and %d are waited for in %s", n, b.name)
		}
	}
}
