package engine

import "sync"

// maxWaking is how many runs are being woken by their timers at once. It is
// enough to fill a commit, and little enough that whoever asks for a run while
// a hundred thousand timers fall due does not wait behind all of them.
const maxWaking = 128

// waking hands timers that are due to their runs, in the order in which they
// fell due, some at a time.
type waking struct {
	e *Engine

	mu    sync.Mutex
	queue []dueTimer
	going int // were handed over, and have not taken their turn
}

type dueTimer struct{ run, timer string }

// add has a timer handed over once there is room.
func (w *waking) add(run, timer string) {
	w.mu.Lock()
	w.queue = append(w.queue, dueTimer{run, timer})
	w.mu.Unlock()
	w.next(0)
}

// next notes that so many runs have had their turn, and goes on.
func (w *waking) next(done int) {
	w.mu.Lock()
	w.going -= done
	n := max(min(maxWaking-w.going, len(w.queue)), 0)
	due := w.queue[:n:n]
	if w.queue = w.queue[n:]; len(w.queue) == 0 {
		w.queue = nil
	}
	w.going += n
	w.mu.Unlock()
	for _, x := range due {
		m := mail{woken: true}
		if x.timer != wake {
			m.in = timerInput(x.timer)
		}
		w.e.runs.deliver(x.run, m)
	}
}

// wakened tells that the run has had its turn, if a timer woke it.
func (r *run) wakened() {
	if n := r.woken; n > 0 {
		r.woken = 0
		r.e.waking.next(n)
	}
}
