package engine

import (
	"time"

	"github.com/keelstep/keelstep/pkg/config"
)

// lane is the calls that one limit counts: those under way and those that wait
// for room. Runs that hold a slot of the same limit count as well; each has
// one call at a time go under its slot, so that no run waits for itself. The
// lock of the dispatcher guards it.
type lane struct {
	name     string // as people see it; empty: the calls without a limit
	parallel int    // 0: no bound
	window   window
	queue    callQueue
	taken    int                // of parallel, by calls and by runs
	holders  map[string]*holder // runs that hold a slot
	alarm    func() bool        // stops it; nil: none is set

	stream  string // of the book that admits runs; empty: there is none
	waiting int    // runs that wait there
	told    bool   // it knows that there is room
}

// holder is a run that holds a slot.
type holder struct {
	under *call // the call that goes under the slot; nil: none
}

func newLane(name string, l config.Limit) *lane {
	return &lane{name: name, parallel: l.Parallel, window: window{rate: l.Rate}, holders: make(map[string]*holder)}
}

// free returns how many slots nobody has.
func (l *lane) free() int {
	if l.parallel == 0 {
		return maxSlots
	}
	return max(l.parallel-l.taken, 0)
}

// forRuns returns how many slots there are for runs that have not started:
// what is left when the calls that wait have theirs.
func (l *lane) forRuns() int { return l.free() - l.queue.count }

// maxSlots stands for any number.
const maxSlots = 1 << 30

// next returns whose call can go now, nil when none can. wait is how long the
// rate keeps it back.
func (l *lane) next(now time.Time) (own *runCalls, wait time.Duration) {
	if l.queue.count == 0 {
		return nil, 0
	}
	if l.free() > 0 {
		own = l.queue.first()
	} else {
		own = l.idle()
	}
	if own == nil {
		return nil, 0
	}
	if wait = l.window.opens(now); wait > 0 {
		return nil, wait
	}
	return own, 0
}

// idle returns the first of the runs with waiting calls under whose slot no
// call goes.
func (l *lane) idle() *runCalls {
	var first *runCalls
	for run, h := range l.holders {
		if own := l.queue.runs[run]; h.under == nil && own != nil && len(own.calls) > 0 && (first == nil || own.turn < first.turn) {
			first = own
		}
	}
	return first
}

// take takes the call that next found out of the queue, and counts it.
func (l *lane) take(own *runCalls, turn uint64, now time.Time) *call {
	var c *call
	if own == l.queue.first() {
		c = l.queue.pop(turn)
	} else {
		c = l.queue.takeFrom(own)
	}
	l.window.add(now)
	if h := l.holders[c.run.id]; h != nil && h.under == nil {
		h.under = c
	} else {
		c.counted = true
		l.taken++
	}
	return c
}

// leave counts a call no longer.
func (l *lane) leave(c *call) {
	if c.counted {
		c.counted = false
		l.taken--
		return
	}
	if h := l.holders[c.run.id]; h != nil && h.under == c {
		h.under = nil
	}
}

// hold counts a run that holds a slot.
func (l *lane) hold(run string) {
	if l.holders[run] == nil {
		l.holders[run] = &holder{}
		l.taken++
	}
}

// release counts a run no longer. A call that is still under its slot goes on
// for itself.
func (l *lane) release(run string) {
	h := l.holders[run]
	if h == nil {
		return
	}
	delete(l.holders, run)
	if h.under != nil {
		h.under.counted = true
		return
	}
	l.taken--
}

// window is the moments of the last calls, as many as a rate allows: within
// any stretch of its length no more calls are made than it says.
type window struct {
	rate  config.Rate
	start time.Time
	at    []time.Duration // since start, a ring
	next  int             // the oldest, once it is full
}

// opens returns how long it is until the next call may go.
func (w *window) opens(now time.Time) time.Duration {
	if w.rate.Count == 0 || len(w.at) < w.rate.Count {
		return 0
	}
	return max(w.at[w.next]+w.rate.Per-now.Sub(w.start), 0)
}

func (w *window) add(now time.Time) {
	switch {
	case w.rate.Count == 0:
		return
	case len(w.at) == 0:
		w.start = now
	}
	if at := now.Sub(w.start); len(w.at) < w.rate.Count {
		w.at = append(w.at, at)
	} else {
		w.at[w.next] = at
		w.next = (w.next + 1) % w.rate.Count
	}
}
