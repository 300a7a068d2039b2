package sim

import (
	"container/heap"
	"time"
)

// happening is what happens at a moment of the simulated time.
type happening struct {
	at    time.Time
	order int
	do    func()
}

// agenda is the future, soonest first; what was planned first comes first.
type agenda []happening

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	if !a[i].at.Equal(a[j].at) {
		return a[i].at.Before(a[j].at)
	}
	return a[i].order < a[j].order
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

// Push is for container/heap.
func (a *agenda) Push(x any) { *a = append(*a, x.(happening)) }

// Pop is for container/heap.
func (a *agenda) Pop() any {
	old := *a
	x := old[len(old)-1]
	*a = old[:len(old)-1]
	return x
}

// after plans something. It happens whatever becomes of the process.
func (s *shell) after(d time.Duration, do func()) {
	s.planned++
	heap.Push(&s.future, happening{at: s.now.Add(d), order: s.planned, do: do})
}

// mine plans something that happens only if the process still lives then.
func (s *shell) mine(d time.Duration, do func()) {
	epoch := s.epoch
	s.after(d, func() {
		if s.epoch == epoch && !s.down {
			do()
		}
	})
}

// next lets the next thing happen.
func (s *shell) next() {
	h := heap.Pop(&s.future).(happening)
	s.now = h.at
	h.do()
}

// wall is the clock as the process reads it.
func (s *shell) wall() time.Time { return s.now.Add(s.skew) }
