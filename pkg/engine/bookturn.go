package engine

import (
	"errors"
	"fmt"

	"github.com/keelstep/keelstep/pkg/books"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// bookTurn is one turn of a book on its way into the log.
type bookTurn struct {
	fact.Turn
	mail     []eventlog.Message // of the inbox that was looked at
	sends    []eventlog.Message
	payloads []expression.Payload
	taken    []bookMail
	took     []eventlog.MessageID
	leased   int // slots that it may give
}

// decide has the machine decide on what waits for the book: the messages of
// its inbox first, for they were in the log before what is handed over now. So
// an event that comes right behind the start of a run meets what it listens to.
func (b *book) decide() (*bookTurn, error) {
	t := &bookTurn{}
	var in []fact.Input
	if b.inbox || len(b.pending) > 0 && b.stream == interpreter.EventsBook { // the word of it may still be on its way
		b.inbox = false
		for msg, err := range b.e.store.Inbox(b.e.ctx, b.stream) {
			if err != nil {
				return nil, err
			}
			x, err := fact.DecodeMail(msg.Body)
			if err != nil {
				return nil, fmt.Errorf("message %d of %s: %w", msg.ID.Seq, msg.ID.Sender, err)
			}
			in, t.mail = append(in, x), append(t.mail, msg)
			if len(t.mail) == maxMessages {
				b.inbox = true
				break
			}
		}
	}
	if len(t.mail) < maxMessages { // else the rest of the inbox comes first
		for _, m := range b.pending {
			in = append(in, m.in)
		}
	}
	b.again = false
	var sends []fact.Message
	b.lease(t, in)
	err := guard(func() error {
		t.Turn = b.machine.Decide(b.e.clock.Now(), in...)
		sends = b.machine.Sends(t.Events)
		return nil
	})
	if err != nil {
		return t, err
	}
	t.sends, t.payloads, err = b.e.outgoing(b.stream, sends)
	return t, err
}

// commit writes the turn: payloads first, then events, summary and messages in
// one batch.
func (b *book) commit(t *bookTurn) error {
	mail := min(t.Taken, len(t.mail))
	t.taken = b.pending[:t.Taken-mail]
	for _, m := range t.mail[:mail] {
		t.took = append(t.took, m.ID)
	}
	b.inbox = b.inbox || len(t.took) < len(t.mail)
	if len(t.Events) == 0 && len(t.took) == 0 {
		return nil
	}
	if err := b.e.putPayloads(append(t.Payloads, t.payloads...)); err != nil {
		return err
	}
	batch := eventlog.Batch{Stream: b.stream, Send: t.sends, Took: t.took}
	if len(t.Events) > 0 {
		batch.After, batch.At = b.records, t.Events[len(t.Events)-1].Time
		batch.Record, batch.Summary = fact.EncodeTurn(t.Events), b.summarize()
	}
	if err := b.e.store.Append(b.e.ctx, batch); err != nil {
		return err
	}
	if len(t.Events) > 0 {
		b.records++
	}
	return nil
}

func (b *book) summarize() *eventlog.Summary {
	at := b.machine.WakeAt()
	return &eventlog.Summary{Stream: b.stream, Kind: kindBook, WakeAt: at, Ended: at.IsZero()}
}

// after does what the turn wants done now that it is in the log.
func (b *book) after(t *bookTurn) {
	b.again = t.More
	b.settle(t)
	for i, m := range t.taken {
		if m.heard != nil {
			m.heard(t.Events)
		}
		if m.done != nil {
			m.done <- refusal(t.Refused, len(t.mail)+i)
		}
	}
	b.pending = append(b.pending[:0:0], b.pending[len(t.taken):]...)
	for _, m := range t.sends {
		b.e.notify(m.ID.Receiver)
	}
	if at := b.machine.WakeAt(); at.IsZero() {
		b.e.timers.forget(b.stream)
	} else if !b.e.draining.Load() {
		b.e.timers.set(b.stream, wake, at)
	}
	if err := errors.Join(b.provide(t.Wants), b.look()); err != nil {
		b.fault(err)
		return
	}
	b.snapshot()
}

// provider is a machine that may want stored bytes.
type provider interface {
	Provide(h expression.Hash, bytes []byte)
}

// provide fetches the bytes that the machine wants.
func (b *book) provide(wants []expression.Hash) error {
	if len(wants) == 0 {
		return nil
	}
	b.again = true
	for _, h := range wants {
		bytes, err := b.e.bytesOf(h)
		if err != nil {
			return err
		}
		b.machine.(provider).Provide(h, bytes)
	}
	return nil
}

// look looks at what the machine wants looked at before it decides.
func (b *book) look() error {
	m, ok := b.machine.(*books.Firings)
	if !ok || m.Wanted() == nil {
		return nil
	}
	answer, err := b.e.look(b.stream, m.Wanted())
	if err != nil {
		return err
	}
	m.Give(answer)
	b.again = true
	return nil
}
