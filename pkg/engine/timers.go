package engine

import (
	"container/heap"
	"sync"
	"time"
)

// wake is the timer of a run that is not in memory and whose own timers are
// not known: it only has the run loaded.
const wake = ""

// timers is the open timers of all runs, those of runs that are not in memory
// included. A timer's deadline keeps the monotonic reading of the clock at the
// moment it was set: within one process a stepped clock moves no timer.
type timers struct {
	clock Clock
	fire  func(run, timer string)

	mu     sync.Mutex
	heap   timerHeap
	byRun  map[string][]*timer
	stop   func() bool // of the alarm that is set; nil: none
	alarm  time.Time
	count  uint64 // timers set so far
	closed bool
}

type timer struct {
	run, id string
	due     time.Time // as the run recorded it
	at      time.Time // with the monotonic reading
	order   uint64    // of setting, between timers of one moment
	index   int
}

func newTimers(c Clock, fire func(run, timer string)) *timers {
	return &timers{clock: c, fire: fire, byRun: make(map[string][]*timer)}
}

// set arms a timer. One that is armed already for the same time keeps its
// deadline.
func (t *timers) set(run, id string, due time.Time) {
	now := t.clock.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, x := range t.byRun[run] {
		if x.id != id {
			continue
		}
		if x.due.Equal(due) {
			return
		}
		t.remove(x)
		break
	}
	t.count++
	x := &timer{run: run, id: id, due: due, at: now.Add(due.Sub(now.Round(0))), order: t.count}
	t.byRun[run] = append(t.byRun[run], x)
	heap.Push(&t.heap, x)
	t.arm(now)
}

// clear takes a timer back.
func (t *timers) clear(run, id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, x := range t.byRun[run] {
		if x.id == id {
			t.remove(x)
			return
		}
	}
}

// forget takes all timers of a run back.
func (t *timers) forget(run string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, x := range t.byRun[run] {
		heap.Remove(&t.heap, x.index)
	}
	delete(t.byRun, run)
}

// close stops all timers.
func (t *timers) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	if t.stop != nil {
		t.stop()
	}
}

func (t *timers) remove(x *timer) {
	heap.Remove(&t.heap, x.index)
	left := t.byRun[x.run]
	for i := range left {
		if left[i] == x {
			left = append(left[:i], left[i+1:]...)
			break
		}
	}
	if len(left) == 0 {
		delete(t.byRun, x.run)
		return
	}
	t.byRun[x.run] = left
}

// arm sets the alarm for the earliest timer, unless one rings before it.
func (t *timers) arm(now time.Time) {
	if t.closed || len(t.heap) == 0 {
		return
	}
	first := t.heap[0].at
	if t.stop != nil {
		if !first.Before(t.alarm) {
			return
		}
		t.stop()
	}
	t.alarm = first
	t.stop = t.clock.AfterFunc(max(first.Sub(now), 0), t.ring)
}

// ring fires what is due and sets the next alarm.
func (t *timers) ring() {
	now := t.clock.Now()
	var due []*timer
	t.mu.Lock()
	t.stop = nil
	for !t.closed && len(t.heap) > 0 && !t.heap[0].at.After(now) {
		x := t.heap[0]
		t.remove(x)
		due = append(due, x)
	}
	t.arm(now)
	t.mu.Unlock()
	for _, x := range due {
		t.fire(x.run, x.id)
	}
}

type timerHeap []*timer

func (h timerHeap) Len() int { return len(h) }

func (h timerHeap) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].order < h[j].order
	}
	return h[i].at.Before(h[j].at)
}

func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push adds a timer; heap calls it.
func (h *timerHeap) Push(x any) {
	t := x.(*timer)
	t.index = len(*h)
	*h = append(*h, t)
}

// Pop takes the last timer away; heap calls it.
func (h *timerHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return x
}
