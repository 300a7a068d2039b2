package engine

import (
	"sync"
	"sync/atomic"
)

// news is what a turn that is in the log means for those who wait.
type news struct {
	ended    bool // the run has ended or is stuck
	answered bool // the run has said what its caller gets
	view     func() (RunView, error)
	answer   func() RunView // what of the view says how the caller was answered
}

// subscribers is who waits for which run. Nobody is told more than that there
// is something new: what it is stands in the log, so nothing piles up for a
// slow reader.
type subscribers struct {
	n  atomic.Int64
	mu sync.Mutex
	of map[string][]*subscriber
}

// wish is what a subscriber waits for.
type wish uint8

const (
	wantsEnd    wish = iota // the run's end, with its view
	wantsAnswer             // its answer, or its end without one
	wantsAll                // to hear of each turn
)

// subscriber is one who waits.
type subscriber struct {
	bell  chan struct{} // rings once for any number of turns
	wants wish

	mu   sync.Mutex
	last *told
}

// told is a run as it answered or ended.
type told struct {
	view RunView
	err  error
}

func newSubscribers() *subscribers {
	return &subscribers{of: make(map[string][]*subscriber)}
}

// add has a new subscriber told of a run until remove.
func (s *subscribers) add(run string, wants wish) *subscriber {
	sub := &subscriber{bell: make(chan struct{}, 1), wants: wants}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of[run] = append(s.of[run], sub)
	s.n.Add(1)
	return sub
}

func (s *subscribers) remove(run string, sub *subscriber) {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := s.of[run]
	for i := range left {
		if left[i] == sub {
			left = append(left[:i:i], left[i+1:]...)
			s.n.Add(-1)
			break
		}
	}
	if len(left) == 0 {
		delete(s.of, run)
		return
	}
	s.of[run] = left
}

// tell tells whoever waits for a run. Only the run's loop calls it.
func (s *subscribers) tell(run string, n news) {
	if s.n.Load() == 0 {
		return
	}
	s.mu.Lock()
	subs := s.of[run]
	s.mu.Unlock()
	for _, sub := range subs {
		switch {
		case sub.wants == wantsAll:
		case sub.wants == wantsAnswer && n.answered:
			sub.give(&told{view: n.answer()})
		case n.ended:
			view, err := n.view()
			sub.give(&told{view, err})
		default:
			continue
		}
		select {
		case sub.bell <- struct{}{}:
		default:
		}
	}
}

func (s *subscriber) give(t *told) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = t
}

// take returns what came with the bell, nil when there is none.
func (s *subscriber) take() *told {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.last
	s.last = nil
	return v
}
