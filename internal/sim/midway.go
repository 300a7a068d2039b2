package sim

import (
	"bytes"
	"time"

	"github.com/keelstep/keelstep/pkg/fact"
)

// checkMidway cuts a turn that was just decided at one of its events. A
// machine that begins with the state which was folded up to there must decide
// on what is left of that input's consequences as the live one did, and come
// to the live one's state. So what a state leaves out is found even where a
// turn hardly ever ends.
func (s *run) checkMidway(at time.Time, t *fact.Turn) {
	n := len(t.Events)
	if n < 2 {
		return
	}
	k := 1 + s.faults.checks.n(n-1)
	folded := s.replay(len(s.record))
	apply(folded, t.Events[:k])
	state := folded.State()
	m := s.machine()
	if err := m.Restore(state); err != nil {
		fail("the state after event %d cannot be restored: %v", t.Events[k-1].Seq, err)
	}
	if !bytes.Equal(m.State(), state) {
		fail("after event %d the restored machine is in another state than the folded one", t.Events[k-1].Seq)
	}
	s.report.midway++
	rest := t.Events[k:]
	for len(rest) > 0 {
		u := m.Decide(at)
		both := min(len(u.Events), len(rest))
		same(rest[:both], u.Events[:both], "begun in the middle of a turn, a machine decides otherwise")
		if both < len(u.Events) {
			if len(t.Wants) > 0 || t.More {
				return // it had the bytes that the live one lacked
			}
			fail("begun in the middle of a turn, a machine goes on behind the turn's end: %s", lineOf(u.Events, both))
		}
		rest = rest[both:]
		if len(u.Wants) == 0 || both == 0 && len(rest) == 0 {
			break
		}
		for _, h := range u.Wants {
			m.Provide(h, s.anywhere(h, t, u.Payloads))
		}
	}
	apply(m, rest) // the inputs, with what follows from them
	if !bytes.Equal(m.State(), s.m.State()) {
		fail("begun after event %d, a machine is in another state than the live one at the end of the turn", t.Events[k-1].Seq)
	}
}
