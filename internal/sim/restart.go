package sim

import (
	"bytes"

	"github.com/keelstep/keelstep/pkg/interpreter"
)

// restart has the first run repeated once all have ended, if the program says
// so, and tells whether it was: as somebody does who is not content with it.
func (s *shell) restart() bool {
	first := s.runs[0]
	if !s.p.again || s.known[first.id+"-again"] != nil {
		return false
	}
	first.load()
	start := s.p.start()
	start.Run, start.RestartOf = first.id+"-again", first.id
	start.Value, start.Packed = nil, first.m.View(s.fetch).Input
	start.WantsAnswer, start.Depth = false, 0
	s.report.restarts++
	s.begin(s.p, start)
	return true
}

// checkRestarted: a run that repeats another says so and has its input.
func (s *run) checkRestarted(v interpreter.View) {
	if v.RestartOf != s.start.RestartOf {
		fail("%s repeats %q, and says that it repeats %q", s.id, s.start.RestartOf, v.RestartOf)
	}
	if of := s.known[v.RestartOf]; of != nil && !bytes.Equal(s.bytes(v.Input), s.bytes(of.m.View(s.fetch).Input)) {
		fail("%s repeats %s with another input", s.id, of.id)
	}
}
