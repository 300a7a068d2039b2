package engine

import (
	"context"
	"fmt"

	"github.com/keelstep/keelstep/pkg/books"
	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// A limit that workflows and connections share has two keepers. Its book knows
// which runs hold a slot and which wait, and survives; its lane knows how many
// slots are free, calls counted, and begins with the holders that the book
// has. The book gives what the lane leases it, a turn at a time.

// lease takes slots of the lane for the runs that a turn may admit.
func (b *book) lease(t *bookTurn, in []fact.Input) {
	if !b.kind.shared {
		return
	}
	m := b.machine.(*books.Limit)
	t.leased = b.e.calls.lease(b.stream, m.Wants(in))
	m.Offer(t.leased)
}

// unlease gives back what a turn was leased that is not in the log.
func (b *book) unlease(t *bookTurn) {
	if t != nil && t.leased > 0 {
		b.e.calls.settle(b.stream, t.leased, nil, nil, 0)
	}
}

// settle tells the lane what became of the slots.
func (b *book) settle(t *bookTurn) {
	if !b.kind.shared {
		return
	}
	var given, returned []string
	for _, e := range t.Events {
		switch f := e.Fact.(type) {
		case *books.SlotGiven:
			given = append(given, f.Run)
		case *books.SlotReturned:
			returned = append(returned, f.Run)
		}
	}
	b.e.calls.settle(b.stream, t.leased, given, returned, len(b.machine.(*books.Limit).Waiting("")))
}

// hold tells the lane who holds a slot, now that the book was read.
func (b *book) hold() {
	if b.kind.shared {
		m := b.machine.(*books.Limit)
		b.e.calls.seed(b.stream, m.Holders(""), len(m.Waiting("")))
	}
}

// lease takes up to n slots of a shared limit for runs. Calls come first: a run
// that has started goes before one that has not.
func (d *dispatcher) lease(stream string, n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.shared[stream]
	if l == nil || d.e.draining.Load() {
		return 0
	}
	n = max(min(n, l.forRuns()), 0)
	l.taken += n
	return n
}

// settle ends a lease: those slots that were given are held, the others are
// free, and so are those that were returned.
func (d *dispatcher) settle(stream string, leased int, given, returned []string, waiting int) {
	d.recount(stream, waiting, func(l *lane) {
		l.taken -= leased
		for _, run := range given {
			l.hold(run)
		}
		for _, run := range returned {
			l.release(run)
		}
	})
}

// seed makes the lane of a shared limit count the runs that hold a slot.
func (d *dispatcher) seed(stream string, holders []string, waiting int) {
	d.recount(stream, waiting, func(l *lane) {
		for run := range l.holders {
			l.release(run)
		}
		for _, run := range holders {
			l.hold(run)
		}
	})
}

// recount changes what the lane of a shared limit counts, and sends the calls
// that have room then.
func (d *dispatcher) recount(stream string, waiting int, change func(l *lane)) {
	d.mu.Lock()
	l := d.shared[stream]
	if l == nil {
		d.mu.Unlock()
		return
	}
	change(l)
	l.waiting, l.told = waiting, false
	next := d.pump()
	d.mu.Unlock()
	d.send(next, nil)
}

// readLimits reads the books of shared limits, so that no call takes a slot
// that a run holds.
func (e *Engine) readLimits(ctx context.Context) {
	for _, l := range e.calls.all {
		if l.stream == "" {
			continue
		}
		if err := e.shelf.read(ctx, l.stream); err != nil {
			e.log.Error("the runs that hold a slot are not known", "limit", l.stream, "error", err)
		}
	}
}

// CodeNoLimit is the code of a start whose workflow shares a limit that the
// environment does not have.
const CodeNoLimit = "NoLimit"

// checkLimit returns ErrNoLimit when a workflow shares a limit that the
// environment does not have: nobody would ever admit its runs.
func (e *Engine) checkLimit(wf *graph.Workflow) error {
	c := wf.Concurrency
	if c == nil || c.Named == "" || e.calls.shared[interpreter.PoolPrefix+c.Named] != nil {
		return nil
	}
	return fmt.Errorf("%w: workflow %s shares the limit %q: %s", ErrNoLimit, wf.Name, c.Named, e.addLimit())
}

func (e *Engine) addLimit() string {
	if e.opts.Env == nil {
		return "the engine runs without an environment"
	}
	return fmt.Sprintf("add it to environment %s, under limits", e.opts.Env.Name)
}

// unknownLimit returns the finding about a limit that an environment would
// have to have and none is there; where there is one the compiler has looked.
func (e *Engine) unknownLimit(file string, src []byte, wf *graph.Workflow) diag.List {
	if e.checkLimit(wf) == nil {
		return nil
	}
	tree, _ := dsl.Read(file, src)
	return diag.List{tree.Diagnostic("E222", "/concurrency/limit", fmt.Sprintf("there is no limit %q: %s", wf.Concurrency.Named, e.addLimit()),
		"give the engine an environment that has it, or write limit: with a number")}
}
