package scenario

import (
	"fmt"
	"slices"

	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// arrange has an action happen, or puts it off until a process lives that it
// can happen to.
func (b *bare) arrange(a Action) {
	if b.downTill.After(b.now) {
		b.at(b.downTill, func() { b.arrange(a) })
		return
	}
	b.left--
	if a.Kills {
		b.kill(a)
		return
	}
	b.act(a)
}

// kill drops all that a process holds in memory: machines, calls under way,
// timers. Everything recorded and stored is left, and once the engine is up
// again the machines are folded from it.
func (b *bare) kill(a Action) {
	b.downTill = b.now.Add(a.Down)
	for _, p := range b.order {
		p.drop()
	}
	clear(b.books)
	b.at(b.downTill, b.reopen)
}

// drop forgets calls and timers. Nobody hears of the answers that are on their
// way.
func (p *process) drop() {
	for _, c := range p.calls {
		c.answered = true
	}
	p.calls, p.timers = map[attempt]*call{}, map[string]*timer{}
}

// reopen folds what is recorded, and has each run that has not ended go on.
func (b *bare) reopen() {
	for stream, events := range b.bookEvents {
		k := newBook(stream)
		for _, e := range events {
			if err := k.Apply(e); err != nil {
				b.err = fmt.Errorf("read %s again: %w", stream, err)
				return
			}
		}
		b.books[stream] = k
		b.offer(stream, k)
	}
	for _, p := range b.order {
		if err := p.refold(); err != nil {
			b.err = fmt.Errorf("read run %s again: %w", p.id, err)
			return
		}
	}
}

func (p *process) refold() error {
	p.m = interpreter.New(p.flow)
	for _, record := range p.records {
		events, err := fact.DecodeTurn(record, interpreter.Facts)
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := p.m.Apply(e); err != nil {
				return err
			}
		}
	}
	p.again = !p.m.Ended() // it may have been in the middle of something
	p.reissue = p.again
	return nil
}

// spared puts off timeouts that fell due while nobody ran the calls which are
// sent again with them: those get the workflow's grace to answer first.
func (p *process) spared(open []interpreter.Command) []interpreter.Command {
	if !slices.ContainsFunc(open, func(c interpreter.Command) bool {
		call, ok := c.(interpreter.Call)
		return ok && call.Reissued && call.Repeat != graph.Never
	}) {
		return open
	}
	earliest := p.b.now.Add(p.flow.CancelGrace)
	for i, c := range open {
		if t, ok := c.(interpreter.SetTimer); ok && t.Deadline && t.Due.Before(earliest) {
			t.Due = earliest
			open[i] = t
		}
	}
	return open
}
