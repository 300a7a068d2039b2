package interpreter

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// retry returns the fact of a next attempt, nil when there is none. A retry.if
// that could not be evaluated allows none, and is the error then.
func (m *Machine) retry(s *step, err *graph.Failure) (fact.Fact, *graph.Failure, error) {
	r := s.node.Retry
	done := max(s.attempt, 1)
	if r == nil || done >= r.Attempts || s.halt == stopTimeout {
		return nil, err, nil
	}
	again := m.transient(s, err)
	if r.If != nil {
		env := m.env(s)
		env.err = err
		ok, e := m.truth(r.If, env)
		if e != nil {
			f, lack := m.evalFailure(s, e)
			if lack != nil {
				return nil, nil, lack
			}
			f.Lost = err.Lost || s.fail != nil && s.fail.Lost
			return nil, f, nil
		}
		again = ok
	}
	if !again {
		return nil, err, nil
	}
	delay := max(m.delay(s, r, done), err.RetryAfter)
	return &retryScheduled{Path: s.path, Attempt: done + 1, Due: m.at.Add(delay), Error: err}, nil, nil
}

// transient tells whether an error may go away by itself. A call that is
// never repeated may be sent again only after an error that proves that it
// did nothing.
func (m *Machine) transient(s *step, err *graph.Failure) bool {
	if err.Final {
		return false
	}
	if s.node.Kind == graph.Action && s.repeat == graph.Never {
		return err.Certain
	}
	return true
}

// delay returns how long to wait after attempt n. Jitter takes away up to
// half of it; it derives from the run, the step and the attempt.
func (m *Machine) delay(s *step, r *graph.Retry, n int) time.Duration {
	d := float64(r.Delay)
	if r.Exponential {
		d *= math.Pow(2, float64(n-1))
	}
	if r.MaxDelay > 0 {
		d = min(d, float64(r.MaxDelay))
	}
	if r.Jitter {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00retry\x00%d", m.st.run.Run, s.path, n))
		u := float64(binary.BigEndian.Uint64(sum[:8])>>11) / (1 << 53)
		d *= 1 - u/2
	}
	return time.Duration(min(d, float64(365*24*time.Hour))).Round(time.Millisecond)
}
