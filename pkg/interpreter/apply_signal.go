package interpreter

import (
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// candidate returns the first signal that an await has not been offered.
func (m *Machine) candidate(s *step) *signal {
	for _, g := range m.st.signals {
		if !g.taken && g.seq > s.seen && g.name == signalName(s) {
			return g
		}
	}
	return nil
}

// signalName returns the name under which an await finds what it waits for.
func signalName(s *step) string {
	if s.node.Await.Event != "" {
		return eventPrefix + s.path
	}
	return s.node.Await.Signal
}

// offerSignals makes the decision due on every open await that a signal can
// be offered to, and takes it back where another await took the signal.
func (m *Machine) offerSignals() {
	for _, s := range m.st.awaits.all() {
		has, due := m.candidate(s) != nil, m.due(s)
		switch {
		case has && !due:
			m.st.agenda.push(task{kind: taskAwait, step: s})
		case !has && due:
			m.st.agenda.drop(func(t task) bool { return t.kind == taskAwait && t.step == s })
		}
	}
}

func (m *Machine) applyChecked(_ fact.Event, s *step, f *signalChecked) {
	s.seen = f.Seq
	switch {
	case f.Error != nil && !f.Taken:
		m.st.awaits.remove(s.path)
		s.res = &result{status: graph.Failed, err: f.Error}
		m.settleLater(s)
	case f.Taken:
		m.st.awaits.remove(s.path)
		for i, g := range m.st.signals {
			if g.seq == f.Seq {
				g.taken = true
				s.res = &result{status: graph.Succeeded, out: &cell{sig: g}}
				m.st.signals = append(m.st.signals[:i:i], m.st.signals[i+1:]...)
				break
			}
		}
		if f.Error != nil {
			s.res = &result{status: graph.Failed, err: f.Error}
		}
		m.settleLater(s)
	}
	m.offerSignals()
}
