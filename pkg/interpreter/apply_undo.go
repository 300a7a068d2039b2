package interpreter

import (
	"errors"
	"slices"

	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// applyUndo starts the compensation of a step on behalf of a rollback.
func (m *Machine) applyUndo(e fact.Event, by *step, f *compensationStarted) error {
	s := m.undoable(f.Path)
	if s == nil {
		return errors.New("there is nothing to undo at " + f.Path)
	}
	m.enter(e, by, graph.Running)
	m.passOver(by, s)
	s.undo, s.undoneBy = undoRunning, by
	h := &frame{kind: compensateFrame, block: s.node.Compensate, owner: s, caught: m.caughtAt(by.in)}
	s.frames = append(s.frames, h)
	m.open(h)
	return nil
}

// passOver notes what a rollback that comes to s has gone past, since another
// is at it: it does not come back to that, so that it keeps its order.
func (m *Machine) passOver(by, s *step) {
	target := m.lookup(by.in, by.node.Target)
	for i := len(m.st.undos) - 1; i >= 0 && m.st.undos[i] != s && target != nil; i-- {
		u := m.st.undos[i]
		if u.undo == undoRunning && inside(u, target) && !slices.Contains(by.passed, u) {
			by.passed = append(by.passed, u)
		}
	}
}

// undoable returns the step at path whose compensation can run.
func (m *Machine) undoable(path string) *step {
	for i := len(m.st.undos) - 1; i >= 0; i-- {
		s := m.st.undos[i]
		if s.path == path && (s.undo == undoReady || s.undo == undoFailed) {
			return s
		}
	}
	return nil
}

func (m *Machine) applyUndone(s *step, f *compensationEnded) {
	by := s.undoneBy
	s.undoneBy = nil
	s.undo = undoDone
	if f.Status != graph.Succeeded {
		s.undo = undoFailed
		by.undos = append(by.undos, f.Error)
	}
	by.tried = append(by.tried, s)
	m.st.agenda.push(task{kind: taskRollback, step: by})
}

// caughtAt returns the failure that is being handled where a frame runs.
func (m *Machine) caughtAt(f *frame) *graph.Failure {
	for ; f != nil; f = parent(f) {
		if f.caught != nil {
			return f.caught
		}
	}
	return nil
}
