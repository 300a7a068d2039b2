package interpreter

import (
	"fmt"

	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// pass decides on the next pass of a loop: it is entered, or the loop ends.
func (m *Machine) pass(s *step) (fact.Fact, error) {
	n, l := s.node, s.loop
	if n.Kind == graph.Foreach {
		return &passEntered{Path: s.path, Pass: l.next}, nil
	}
	more := true
	if n.Kind == graph.While || l.next > 0 {
		env := m.env(s)
		env.opens = s
		if n.Kind == graph.Until && len(l.kept) > 0 {
			env = m.envIn(l.kept[len(l.kept)-1])
		}
		ok, err := m.truth(n.Cond, env)
		if err != nil {
			return m.evalFailed(s, err)
		}
		more = ok == (n.Kind == graph.While)
	}
	switch {
	case !more:
		return m.leave(s, result{status: graph.Succeeded})
	case l.next >= n.MaxPasses:
		return m.leave(s, result{status: graph.Failed, err: m.failure(s, CodeLimitReached,
			fmt.Sprintf("step %q reached its limit of %d passes", n.ID, n.MaxPasses))})
	}
	return &passEntered{Path: s.path, Pass: l.next}, nil
}

// endPass decides how a pass whose steps have ended ended.
func (m *Machine) endPass(s *step, pass int) (fact.Fact, error) {
	f := &passEnded{Path: s.path, Pass: pass, Status: graph.Succeeded}
	var h *frame
	for _, l := range s.loop.live {
		if l.pass == pass {
			h = l
		}
	}
	if h.stopping {
		f.Status = graph.Cancelled
		return f, nil
	}
	if f.Status, f.Error = m.blockStatus(h); f.Status != graph.Succeeded {
		return f, nil
	}
	v, err := m.value(s.node.Output, m.envIn(h))
	if err != nil {
		failed, lack := m.evalFailure(s, err)
		if lack != nil {
			return nil, lack
		}
		f.Status, f.Error = graph.Failed, failed
		return f, nil
	}
	f.Output = v
	return f, nil
}

// loopOutcome returns the outcome of a loop whose passes have ended.
func (m *Machine) loopOutcome(s *step) result {
	l := s.loop
	if l.failed > 0 && (s.node.Kind != graph.Foreach || s.node.OnError != graph.Ignore) {
		return result{status: graph.Failed, err: l.first}
	}
	return result{status: graph.Succeeded}
}
