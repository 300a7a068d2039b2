package interpreter

import (
	"fmt"
	"slices"

	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// rollback decides on the next compensation of a rollback: the one of the
// step inside its target that ended last and has not been undone. What another
// rollback is at meanwhile is left to that.
func (m *Machine) rollback(s *step) (fact.Fact, error) {
	target := m.lookup(s.in, s.node.Target)
	for i := len(m.st.undos) - 1; i >= 0 && target != nil; i-- {
		u := m.st.undos[i]
		ready := u.undo == undoReady || u.undo == undoFailed
		if ready && inside(u, target) && !slices.Contains(s.tried, u) && !slices.Contains(s.passed, u) {
			return &compensationStarted{Path: u.path, By: s.path}, nil
		}
	}
	r, err := m.rollbackOutcome(s)
	if err != nil {
		return m.evalFailed(s, err)
	}
	return m.leave(s, r)
}

// rollbackOutcome returns the outcome of a rollback that has nothing left to
// undo.
func (m *Machine) rollbackOutcome(s *step) (result, error) {
	if len(s.undos) == 0 {
		return result{status: graph.Succeeded}, nil
	}
	details := make([]any, len(s.undos))
	for i, u := range s.undos {
		o, err := m.failureObject(u)
		if err != nil {
			return result{}, err
		}
		details[i] = o
	}
	f := m.failure(s, CodeRollbackFailed, fmt.Sprintf("%d of %d compensations failed: %s",
		len(s.undos), len(s.tried), s.undos[0].Message))
	var err error
	f.Details, err = m.packAny(details)
	return result{status: graph.Failed, err: f}, err
}

// undone decides how a compensation whose steps have ended ended.
func (m *Machine) undone(s *step) fact.Fact {
	f := &compensationEnded{Path: s.path, By: s.undoneBy.path}
	f.Status, f.Error = m.blockStatus(s.frame(compensateFrame))
	return f
}
