package engine

import (
	"context"
	"errors"
	"slices"

	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// carriedMark is what the snapshot of a run holds: no state, for that stands
// in the record behind it.
var carriedMark = []byte{1}

// carryWeight is how many bytes of a run's state one event may stand for: a
// run with much state records it less often.
const carryWeight = 100

// carry has a long run record its whole state once in a while, so that reading
// it begins there. Where that is, is kept as a snapshot: a run that has none
// is read from its first record.
func (r *run) carry(t *turn) {
	i := slices.IndexFunc(t.Events, func(e fact.Event) bool { return interpreter.IsCarried(e.Fact) })
	switch {
	case i < 0:
	case i == 0:
		r.carryAfter = max(r.e.opts.CarryAfter, uint64(len(fact.Write(t.Events[0].Fact.Fields))/carryWeight))
		r.carried, r.carrying = t.Events[0].Seq, false
		err := r.e.store.Save(r.e.ctx, r.id, r.records-1, carriedMark)
		if err != nil && !errors.Is(err, context.Canceled) {
			r.e.log.Warn("place of the carried state not saved", "run", r.id, "error", err)
		}
		return
	default:
		r.carried, r.carrying = t.Events[i].Seq, false
	}
	after := max(r.carryAfter, r.e.opts.CarryAfter)
	if r.carrying || r.again || r.noCarry || r.machine.Ended() || r.machine.Seq()-r.carried < after {
		return
	}
	r.carrying = true
	r.pending = append([]mail{{in: interpreter.Carry{}}}, r.pending...)
}

// dropCarry goes on without the record of a state that is too large for the
// log.
func (r *run) dropCarry() {
	r.carrying, r.noCarry, r.again = false, true, true
	r.pending = slices.DeleteFunc(r.pending, func(m mail) bool {
		_, ok := m.in.(interpreter.Carry)
		return ok
	})
}
