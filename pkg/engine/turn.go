package engine

import (
	"errors"
	"fmt"
	"slices"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// maxMessages is how many messages of the inbox one turn looks at.
const maxMessages = 1000

// maxLacks is how often in a row a machine may ask for bytes without an event
// coming of it.
const maxLacks = 10_000

// turn is one turn of a run on its way into the log.
type turn struct {
	fact.Turn
	sends    []eventlog.Message
	summary  eventlog.Summary
	commands []interpreter.Command
	taken    []mail // of the box, in order
	took     []eventlog.MessageID
	in       []interpreter.Input // what the machine was told
}

// reset lets go of all that the turn held but the list of inputs.
func (t *turn) reset() {
	clear(t.in)
	*t = turn{in: t.in[:0]}
}

// inputs returns what the machine is told next: the messages of its inbox
// first, which were acknowledged before anything that comes while they are
// read, then the run's own mail, unless there are more messages than one turn
// looks at.
func (r *run) inputs() ([]interpreter.Input, []eventlog.Message, error) {
	r.turn.in = r.turn.in[:0]
	var messages []eventlog.Message
	if r.inbox {
		size := 0
		for msg, err := range r.e.store.Inbox(r.e.ctx, r.id) {
			if err != nil {
				if errors.Is(err, eventlog.ErrCorrupt) {
					err = &stuckError{ReasonCorrupt, err}
				}
				return nil, nil, err
			}
			x, err := interpreter.DecodeInput(msg.Body)
			if err != nil {
				return nil, nil, &stuckError{ReasonCorrupt, fmt.Errorf("message %d of %s: %w", msg.ID.Seq, msg.ID.Sender, err)}
			}
			r.turn.in, messages = append(r.turn.in, x), append(messages, msg)
			if size += len(msg.Body); len(messages) == maxMessages || size >= maxRead {
				return r.turn.in, messages, nil
			}
		}
		r.inbox = false
	}
	for _, m := range r.pending {
		r.turn.in = append(r.turn.in, m.in)
	}
	return r.turn.in, messages, nil
}

// decide has the machine decide. Everything that can go wrong inside it does
// so before anything is written.
func (r *run) decide(t *turn, in []interpreter.Input) error {
	r.again = false
	var sends []interpreter.Message
	err := guard(func() error {
		t.Turn = r.machine.Decide(r.e.clock.Now(), in...)
		if len(t.Events) == 0 {
			return nil
		}
		sends = r.machine.Sends(t.Events)
		t.commands = r.machine.Commands(t.Events)
		t.summary = r.summarize()
		return nil
	})
	if err != nil {
		return err
	}
	if len(sends) > 0 && len(t.Payloads) > 0 { // a start may name them
		if err := r.e.putPayloads(t.Payloads); err != nil {
			return &unstoredError{err}
		}
		t.Payloads = nil
	}
	letters, err := r.notAdmitted(t, in)
	if err != nil {
		return err
	}
	var payloads []expression.Payload
	t.sends, payloads, err = r.e.outgoing(r.id, append(sends, letters...))
	t.Payloads = append(t.Payloads, payloads...)
	return err
}

// unstoredError is why the payloads of a turn were not stored.
type unstoredError struct{ err error }

func (u *unstoredError) Error() string { return u.err.Error() }
func (u *unstoredError) Unwrap() error { return u.err }

// commit writes the turn: payloads first, then events, summary and messages in
// one batch. A turn in which nothing happened and nothing was taken from the
// inbox is not written.
func (r *run) commit(t *turn, messages []eventlog.Message) error {
	for _, m := range messages[:min(t.Taken, len(messages))] {
		t.took = append(t.took, m.ID)
	}
	t.taken = r.pending[:t.Taken-len(t.took)]
	if len(t.took) < len(messages) {
		r.inbox = true
	}
	if len(t.Events) == 0 && len(t.took) == 0 {
		return nil
	}
	if err := r.putPayloads(t); err != nil {
		return err
	}
	b := eventlog.Batch{Stream: r.id, Send: t.sends, Took: t.took}
	if len(t.Events) > 0 {
		b.After, b.At = r.records, t.Events[len(t.Events)-1].Time
		b.Record, b.Summary = fact.EncodeTurn(t.Events), &t.summary
		b.Cut = r.cut(t.Events[0])
	}
	if err := r.e.store.Append(r.e.ctx, b); err != nil {
		return err
	}
	r.streak = 0
	if len(t.Events) > 0 {
		r.tries = 0
		r.records++
		r.placed(r.records, t.Events[0])
		r.summary = t.summary
		r.summary.Records = r.records
	}
	return nil
}

func (r *run) putPayloads(t *turn) error {
	if len(t.Payloads) == 0 {
		return nil
	}
	return r.e.putPayloads(t.Payloads)
}

// after does what the turn wants done now that it is in the log.
func (r *run) after(t *turn) error {
	r.again = t.More
	r.takeFrom(t)
	r.publish(t)
	for _, m := range t.sends {
		r.e.notify(m.ID.Receiver)
	}
	r.issue(t.commands)
	r.carry(t)
	if err := r.provide(t); err != nil {
		return err
	}
	if r.reissue {
		r.reissue = false
		var open []interpreter.Command
		if err := guard(func() error { open = r.machine.Outstanding(); return nil }); err != nil {
			return err
		}
		r.e.timers.clear(r.id, wake)
		r.issue(r.spared(open))
	}
	if n := r.machine.Seq() - r.carried; n > r.e.opts.MaxEvents && !r.machine.Ended() {
		return &stuckError{ReasonLimit, fmt.Errorf("the run has %d events since it carried its state, at most %d are allowed", n, r.e.opts.MaxEvents)}
	}
	return nil
}

// spared puts off timeouts that fell due while nobody ran the calls which are
// issued again with them: those get the workflow's grace to answer first.
func (r *run) spared(open []interpreter.Command) []interpreter.Command {
	again := slices.ContainsFunc(open, func(c interpreter.Command) bool {
		call, ok := c.(interpreter.Call)
		return ok && call.Reissued && call.Repeat != graph.Never
	})
	if !again {
		return open
	}
	earliest := r.e.clock.Now().Add(r.flow.CancelGrace)
	for i, c := range open {
		if t, ok := c.(interpreter.SetTimer); ok && t.Deadline && t.Due.Before(earliest) {
			t.Due = earliest
			open[i] = t
		}
	}
	return open
}

// takeFrom answers those whose mail the turn took, and sends off the calls
// that are now known to have started.
func (r *run) takeFrom(t *turn) {
	if len(t.taken) == 0 {
		return
	}
	for i, m := range t.taken {
		no := refusal(t.Refused, len(t.took)+i)
		if m.started != nil {
			m.started <- no
		}
		switch m.in.(type) {
		case interpreter.CallResult:
			delete(r.calls, m.call.id)
		case interpreter.CallStarted:
			if no != nil {
				delete(r.calls, m.call.id)
				r.e.calls.giveUp(m.call)
			} else {
				r.e.calls.begin(m.call, r.hand)
			}
		}
	}
	t.taken, r.pending = nil, without(r.pending, len(t.taken))
}

// maxKept is how many mails a run keeps memory for when there are none.
const maxKept = 16

// without returns mails without the first n, in the same memory.
func without(mails []mail, n int) []mail {
	rest := copy(mails, mails[n:])
	clear(mails[rest:])
	if rest == 0 && cap(mails) > maxKept {
		return nil
	}
	return mails[:rest]
}

// refusal returns why input i did not matter, nil when it did.
func refusal(all []fact.Refusal, i int) error {
	for _, x := range all {
		if x.Index == i {
			return x
		}
	}
	return nil
}

// publish tells those who wait.
func (r *run) publish(t *turn) {
	if len(t.Events) == 0 {
		return
	}
	n := news{ended: r.machine.Ended(), view: r.view, answer: r.said}
	for _, c := range t.commands {
		if _, ok := c.(interpreter.AnswerCaller); ok {
			n.answered = true
		}
	}
	r.going.Store(!n.ended && r.machine.Answer() == nil)
	if n.ended {
		r.e.timers.forget(r.id)
	}
	r.e.subs.tell(r.id, n)
}

// provide fetches the bytes that the machine wants.
func (r *run) provide(t *turn) error {
	if len(t.Wants) == 0 {
		r.lacks = 0
		return nil
	}
	r.again = true
	r.hand.hurry()
	if r.lacks++; len(t.Events) > 0 {
		r.lacks = 0
	}
	if r.lacks > maxLacks {
		return &stuckError{ReasonLimit, fmt.Errorf("the machine asked for bytes %d times in a row", r.lacks)}
	}
	for _, h := range t.Wants {
		b, err := r.e.bytesOf(h)
		if err != nil {
			return err
		}
		r.machine.Provide(h, b)
	}
	return nil
}
