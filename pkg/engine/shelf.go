package engine

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/keelstep/keelstep/pkg/books"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// bookMachine is the pure machine of a book, owned by one goroutine.
type bookMachine interface {
	Apply(e fact.Event) error
	// Decide takes what fell due until at, then the inputs.
	Decide(at time.Time, in ...fact.Input) fact.Turn
	Sends(turn []fact.Event) []fact.Message
	WakeAt() time.Time // when something falls due; zero: nothing does
	Seq() uint64
	Size() int // entries of its state
	State() []byte
	Restore(state []byte) error
}

// bookKind is what the streams of one prefix hold.
type bookKind struct {
	prefix string // the stream's name; with a slash at its end, all below it
	family *fact.Family
	open   func(stream string) bookMachine
	shared bool // the book gives slots of a lane
}

var bookKinds = []bookKind{
	{prefix: interpreter.EventsBook, family: books.EventFacts, open: func(string) bookMachine { return books.NewEvents() }},
	{prefix: triggerPrefix, family: books.TriggerFacts, open: func(stream string) bookMachine { return books.NewFirings(stream) }},
	{prefix: interpreter.LimitPrefix, family: books.LimitFacts, open: func(string) bookMachine { return books.NewLimit() }},
	{prefix: interpreter.PoolPrefix, family: books.LimitFacts, open: func(string) bookMachine { return books.NewSharedLimit() }, shared: true},
}

func kindOf(stream string) (bookKind, bool) {
	for _, k := range bookKinds {
		if stream == k.prefix || strings.HasSuffix(k.prefix, "/") && strings.HasPrefix(stream, k.prefix) {
			return k, true
		}
	}
	return bookKind{}, false
}

// shelf is the books in memory, by stream. A book is read when something comes
// for it and stays in memory from then on.
type shelf struct {
	e     *Engine
	mu    sync.Mutex
	books map[string]*book
}

func newShelf(e *Engine) *shelf { return &shelf{e: e, books: make(map[string]*book)} }

// deliver puts m into the box of a book and sees to it that somebody looks. It
// returns false when there is no such book or the engine has ended.
func (s *shelf) deliver(stream string, m bookMail) bool {
	kind, ok := kindOf(stream)
	if !ok {
		return false
	}
	s.mu.Lock()
	b := s.books[stream]
	if b == nil {
		b = &book{e: s.e, stream: stream, kind: kind}
		s.books[stream] = b
	}
	s.mu.Unlock()
	return b.put(m) || s.e.crew.run(jobFunc(b.loop))
}

// tell has a book take an input and waits until its turn is in the log. The
// error is a fact.Refusal when the book refused the input.
func (s *shelf) tell(ctx context.Context, stream string, in fact.Input) error {
	_, err := s.turn(ctx, stream, in)
	return err
}

// turn is tell, and returns the turn that took the input.
func (s *shelf) turn(ctx context.Context, stream string, in fact.Input) ([]fact.Event, error) {
	done, events := make(chan error, 1), []fact.Event(nil)
	m := bookMail{in: in, done: done, heard: func(turn []fact.Event) { events = turn }}
	if err := s.wait(ctx, done, s.deliver(stream, m)); err != nil {
		return nil, err
	}
	return events, nil
}

// ask has f called with the machine of a book as committed, once it has taken
// what was in its inbox before.
func (s *shelf) ask(ctx context.Context, stream string, f func(bookMachine)) error {
	done := make(chan error, 1)
	return s.wait(ctx, done, s.deliver(stream, bookMail{done: done, inbox: true, ask: f}))
}

// read has a book read, and returns once it was.
func (s *shelf) read(ctx context.Context, stream string) error {
	done := make(chan error, 1)
	return s.wait(ctx, done, s.deliver(stream, bookMail{done: done, ask: func(bookMachine) {}}))
}

func (s *shelf) wait(ctx context.Context, done <-chan error, delivered bool) error {
	if !delivered {
		return s.e.stopped()
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-s.e.ctx.Done():
		return s.e.stopped()
	}
}

// notify has the receiver of a message look into its inbox.
func (e *Engine) notify(stream string) {
	switch {
	case e.draining.Load(): // the message waits for the next start
	case isRunID(stream):
		e.runs.deliver(stream, mail{inbox: true})
	default:
		e.shelf.deliver(stream, bookMail{inbox: true})
	}
}
