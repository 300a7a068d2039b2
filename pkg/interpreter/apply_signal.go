package interpreter

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// keptSignals is how many IDs of signals a run remembers, to know one that is
// sent again. A run that lives for a year does not remember all it was told.
const keptSignals = 10_000

// What a run keeps of signals that no await has taken is bounded, and so is
// what it keeps of events that came for awaits. The pools are apart: signals
// that nobody wants do not keep out an event that is waited for. A run is full
// before a signal is refused, so that those that are on their way find room.
const (
	fullOfSignals  = 10_000
	fullOfBytes    = 4 << 20 // of inline data
	maxSignals     = 25_000
	maxSignalBytes = 6 << 20
)

// pool is how many signals are kept, or events for awaits, and the bytes of
// their data.
type pool struct{ count, size int }

func (m *Machine) pool(ofAwait bool) *pool {
	if ofAwait {
		return &m.events
	}
	return &m.signals
}

// keep adds a signal to those that no await has taken.
func (m *Machine) keep(g *signal) {
	m.st.signals = append(m.st.signals, g)
	m.count(g, 1)
}

// behind returns the position of the first signal with a higher number than
// seq: they are kept in order.
func (m *Machine) behind(seq uint64) int {
	return sort.Search(len(m.st.signals), func(i int) bool { return m.st.signals[i].seq > seq })
}

// unkeep takes out the signal of event seq and returns it, nil when it is not
// kept.
func (m *Machine) unkeep(seq uint64) *signal {
	i := m.behind(seq) - 1
	if i < 0 || m.st.signals[i].seq != seq {
		return nil
	}
	g := m.st.signals[i]
	m.st.signals = slices.Delete(m.st.signals, i, i+1)
	m.count(g, -1)
	return g
}

// count notes that a signal came, 1, or went, -1.
func (m *Machine) count(g *signal, n int) {
	p := m.pool(g.ofAwait())
	p.count += n
	p.size += n * len(g.data.v.Inline())
}

// recount counts what is kept anew.
func (m *Machine) recount() {
	m.signals, m.events = pool{}, pool{}
	for _, g := range m.st.signals {
		m.count(g, 1)
	}
}

// FullOfSignals tells whether the run keeps so many signals that no step has
// taken that no more should be sent to it.
func (m *Machine) FullOfSignals() bool {
	return m.signals.count >= fullOfSignals || m.signals.size >= fullOfBytes
}

// room returns why one more signal cannot be kept, empty when it can. ofAwait
// tells that it is an event for an await.
func (m *Machine) room(ofAwait bool) string {
	p := m.pool(ofAwait)
	switch {
	case p.count >= maxSignals:
		return fmt.Sprintf("%d signals that no step has taken are kept, no more are", p.count)
	case p.size >= maxSignalBytes:
		return fmt.Sprintf("%d bytes of signals that no step has taken are kept, no more than %d are", p.size, maxSignalBytes)
	}
	return ""
}

// ofAwait tells whether it is an event that came for one await, not a signal
// or an event of a listen, which are for any await of their name.
func (g *signal) ofAwait() bool { return g.etype != "" && strings.HasPrefix(g.name, eventPrefix) }

// dropEvents forgets the events that came for an await which has ended: nobody
// else can take them.
func (m *Machine) dropEvents(s *step) {
	if s.node.Await == nil || s.node.Await.Event == "" || m.events.count == 0 {
		return
	}
	name := signalName(s)
	m.st.signals = slices.DeleteFunc(m.st.signals, func(g *signal) bool {
		if !g.ofAwait() || g.name != name {
			return false
		}
		m.count(g, -1)
		return true
	})
}

// remember notes the ID of a signal that was received, if it has one.
func (m *Machine) remember(id string) {
	if id == "" {
		return
	}
	put(&m.received, id, true)
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
	name, of := signalName(s), s.node.Await.Event != ""
	for _, g := range m.st.signals[m.behind(s.seen):] {
		if !g.taken && g.name == name && g.ofAwait() == of {
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
	if !f.Taken && s.node.Await.Event != "" {
		m.unkeep(f.Seq) // it came for this await alone
	}
	switch {
	case f.Error != nil && !f.Taken:
		m.st.awaits.remove(s.path)
		s.res = &result{status: graph.Failed, err: f.Error}
		m.settleLater(s)
	case f.Taken:
		m.st.awaits.remove(s.path)
		if g := m.unkeep(f.Seq); g != nil {
			g.taken = true
			s.res = &result{status: graph.Succeeded, out: &cell{sig: g}}
		}
		if f.Error != nil {
			s.res = &result{status: graph.Failed, err: f.Error}
		}
		m.settleLater(s)
	}
	m.offerSignals()
}
