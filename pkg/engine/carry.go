package engine

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

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
		err := r.e.store.Save(r.e.ctx, r.id, r.records-1, encodePlaces(r.places))
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

// place is a record that begins with a carried state: a run can be read from
// there, and what stands before it can be dropped.
type place struct{ record, event uint64 }

// encodePlaces returns what the snapshot of a run holds: where its states are
// carried. The last of them stands in the record behind the snapshot.
func encodePlaces(all []place) []byte {
	b := []byte{1}
	for _, p := range all {
		b = binary.AppendUvarint(b, p.record)
		b = binary.AppendUvarint(b, p.event)
	}
	return b
}

// decodePlaces reads what encodePlaces wrote, as far as it can be read.
func decodePlaces(b []byte) (all []place) {
	if len(b) == 0 || b[0] != 1 {
		return nil
	}
	for b = b[1:]; ; {
		record, n := binary.Uvarint(b)
		event, k := binary.Uvarint(b[max(n, 0):])
		if n <= 0 || k <= 0 {
			return all
		}
		all, b = append(all, place{record, event}), b[n+k:]
	}
}

// placed notes a record that is in the log by its first event.
func (r *run) placed(record uint64, first fact.Event) {
	known := len(r.places) > 0 && r.places[len(r.places)-1].record >= record
	if interpreter.IsCarried(first.Fact) && !known {
		r.places = append(r.places, place{record, first.Seq})
	}
}

// cut returns up to which record the run's history is dropped with a record
// that begins with this event: behind that stands a carried state, and then as
// many events as a run keeps.
func (r *run) cut(first fact.Event) (upTo uint64) {
	if !interpreter.IsCarried(first.Fact) {
		return 0
	}
	for len(r.places) > 0 && first.Seq-r.places[0].event >= r.e.opts.KeepEvents {
		upTo, r.places = r.places[0].record-1, r.places[1:]
	}
	return upTo
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
