package interpreter

import (
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// keptSignals is how many IDs of signals a run remembers, to know one that is
// sent again. A run that lives for a year does not remember all it was told.
const keptSignals = 10_000

// remember notes the ID of a signal that was received, if it has one.
func (m *Machine) remember(id string) {
	if id == "" {
		return
	}
	m.received[id] = true
	m.st.signalIDs = append(m.st.signalIDs, id)
	if n := len(m.st.signalIDs) - keptSignals; n > 0 {
		for _, old := range m.st.signalIDs[:n] {
			delete(m.received, old)
		}
		m.st.signalIDs = m.st.signalIDs[n:]
	}
}

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
