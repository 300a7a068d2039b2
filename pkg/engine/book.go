package engine

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/fact"
)

// ErrBookBroken means that a book cannot be read or written. What is meant for
// it waits in the log until the engine is opened again.
var ErrBookBroken = errors.New("one of the engine's books cannot be used")

// book is one book in memory. One goroutine at a time owns it, its loop, which
// lives while there is something to do.
type book struct {
	e      *Engine
	stream string
	kind   bookKind

	mu     sync.Mutex
	box    []bookMail
	active bool // the loop lives

	// What follows belongs to the loop.
	machine bookMachine // nil: not loaded
	records uint64
	saved   uint64     // the last event that a snapshot holds
	pending []bookMail // inputs that were not taken yet
	asked   []bookMail // questions
	inbox   bool       // messages wait in the store
	again   bool       // Decide has more to say without an input
	blocked bool       // waits for the moment to try again
	broken  error

	saving atomic.Bool  // a snapshot is being written
	set    atomic.Int32 // of pieces that the last snapshot was written to
}

// bookMail is what the loop of a book is told: an input, a question, or that
// it should have a look.
type bookMail struct {
	in    fact.Input
	ask   func(bookMachine)  // called between turns
	done  chan<- error       // hears of the commit, or of the answer
	heard func([]fact.Event) // called with the turn that took in, before done
	inbox bool               // messages wait in the store
	wake  bool               // something fell due
	retry bool               // the moment to try again has come
}

// put adds m to the box. It returns whether the loop lives already.
func (b *book) put(m bookMail) (awake bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.box = append(b.box, m)
	awake, b.active = b.active, true
	return awake
}

// park ends the loop when nothing came in the meantime.
func (b *book) park() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.box) > 0 {
		return false
	}
	b.active = false
	return true
}

// loop works until there is nothing to do.
func (b *book) loop() {
	for b.e.ctx.Err() == nil {
		b.collect()
		busy := b.work()
		if !b.inbox || !busy {
			b.answer()
		}
		if !busy && b.park() {
			return
		}
	}
}

// collect empties the box into what the loop owns.
func (b *book) collect() {
	b.mu.Lock()
	box := b.box
	b.box = nil
	b.mu.Unlock()
	for _, m := range box {
		b.inbox = b.inbox || m.inbox
		b.again = b.again || m.wake
		switch {
		case m.ask != nil:
			b.asked = append(b.asked, m)
		case m.in != nil:
			b.pending = append(b.pending, m)
		case m.retry:
			b.blocked = false
		}
	}
}

// answer answers the questions that came.
func (b *book) answer() {
	for _, m := range b.asked {
		err := b.load()
		if err == nil {
			err = guard(func() error { m.ask(b.machine); return nil })
		}
		m.done <- err
	}
	b.asked = nil
}

// work takes one turn. It returns false when there is nothing to do now.
func (b *book) work() bool {
	if b.blocked || b.e.opts.Still || len(b.pending) == 0 && !b.inbox && !b.again {
		return false
	}
	if err := b.load(); err != nil {
		return b.fault(err)
	}
	t, err := b.decide()
	if err != nil {
		b.unlease(t)
		return b.fault(err)
	}
	if err := b.commit(t); err != nil {
		b.unlease(t)
		return b.uncommitted(err)
	}
	b.after(t)
	return true
}

// fault deals with a book that cannot be worked on: nobody may decide in its
// place, so what it is for waits.
func (b *book) fault(err error) bool {
	if b.e.ctx.Err() != nil {
		return false
	}
	if b.broken == nil {
		b.broken = fmt.Errorf("%w: %s: %w", ErrBookBroken, b.stream, err)
		b.e.log.Error("book cannot be used", "book", b.stream, "error", err)
	}
	b.machine = nil
	b.drop(b.broken)
	b.inbox, b.again = false, false
	return false
}

// drop tells those whose inputs wait that nothing comes of them.
func (b *book) drop(err error) {
	for _, m := range b.pending {
		if m.done != nil {
			m.done <- err
		}
	}
	b.pending = nil
}

// uncommitted deals with a turn that was not written. The machine has gone
// ahead of the log, so it is dropped and read again.
func (b *book) uncommitted(err error) bool {
	b.machine = nil
	switch {
	case errors.Is(err, eventlog.ErrFull):
		b.drop(ErrStorageFull)
		b.blocked, b.again, b.inbox = true, true, true
		b.e.clock.AfterFunc(retryDelay, func() { b.e.shelf.deliver(b.stream, bookMail{retry: true}) })
		return false
	case errors.Is(err, eventlog.ErrInvalid), errors.Is(err, eventlog.ErrCorrupt), errors.Is(err, eventlog.ErrConflict):
		return b.fault(err)
	}
	_ = b.e.appendErr(err) // ends the engine
	return false
}

// load reads the book from the log unless it is in memory: from the newest
// snapshot, where there is one that can be read.
func (b *book) load() error {
	if b.broken != nil {
		return b.broken
	}
	if b.machine != nil {
		return nil
	}
	after, state, err := b.latest()
	if err == nil {
		m := b.kind.open(b.stream)
		if err = guard(func() error { return m.Restore(state) }); err == nil {
			if err = b.replay(m, after); err == nil {
				b.saved = m.Seq()
				return nil
			}
		}
	}
	if !errors.Is(err, eventlog.ErrNotFound) {
		b.e.log.Warn("snapshot left aside", "book", b.stream, "error", err)
	}
	b.saved = 0
	return b.replay(b.kind.open(b.stream), 0)
}

// replay folds the records behind the first after ones.
func (b *book) replay(m bookMachine, after uint64) error {
	records := after
	err := guard(func() error {
		for rec, err := range b.e.store.Read(b.e.ctx, b.stream, after) {
			if err != nil {
				return err
			}
			events, err := fact.DecodeTurn(rec.Data, b.kind.family)
			if err != nil {
				return fmt.Errorf("record %d: %w", rec.Seq, err)
			}
			for _, ev := range events {
				if err := m.Apply(ev); err != nil {
					return fmt.Errorf("record %d: %w", rec.Seq, err)
				}
			}
			records = rec.Seq
		}
		return nil
	})
	if err != nil {
		return err
	}
	b.machine, b.records = m, records
	b.hold()
	b.again = true // it may have been in the middle of something
	return nil
}
