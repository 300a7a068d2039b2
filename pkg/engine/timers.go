package engine

import (
	"math"
	"sync"
	"time"
	"unique"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// wake is the timer of a run that is not in memory and whose own timers are
// not known: it only has the run loaded.
const wake = ""

// timers is the open timers of all runs, those of runs that are not in memory
// included: of a run that sleeps nothing else is in memory, so a timer is
// small. A timer's deadline is counted by the monotonic clock from the moment
// it was set: within one process a stepped clock moves no timer.
type timers struct {
	clock Clock
	fire  func(stream, timer string)

	mu      sync.Mutex
	began   time.Time // deadlines are counted from here
	slots   [][]timer // in pages, so that none is ever moved
	used    int32     // slots that were given out
	free    int32     // the first of those that were given back; none: there is none
	order   []int32   // a heap, the earliest timer in front
	streams map[streamKey]int32
	names   map[streamKey]string // of streams that are no runs
	stop    func() bool          // of the alarm that is set; nil: none
	alarm   time.Duration
	count   uint64 // timers set so far
	closed  bool
}

// timer is one open timer. The timers of a stream are a list.
type timer struct {
	at     time.Duration         // the deadline
	due    int64                 // what was asked for, in nanoseconds
	count  uint64                // decides between timers of one moment
	stream streamKey             // whose it is
	id     unique.Handle[string] // among those of its stream
	place  int32                 // in order
	next   int32                 // of the same stream, or the next free slot
}

// none is the place of no timer.
const none int32 = -1

// pageBits is how many timers a page holds, as a power of two.
const pageBits = 12

func newTimers(c Clock, fire func(stream, timer string)) *timers {
	return &timers{
		clock: c, fire: fire, began: c.Now(), free: none,
		streams: make(map[streamKey]int32), names: make(map[streamKey]string),
	}
}

// set arms a timer. One that is armed already for the same time keeps its
// deadline.
func (t *timers) set(stream, id string, due time.Time) {
	now := t.clock.Now()
	asked, handle := eventlog.Clamp(due).UnixNano(), unique.Make(id)
	t.mu.Lock()
	defer t.mu.Unlock()
	key := t.key(stream)
	if i := t.find(key, handle); i != none {
		if t.slot(i).due == asked {
			return
		}
		t.remove(i)
	}
	t.count++
	first, ok := t.streams[key]
	if !ok {
		first = none
	}
	i := t.take()
	*t.slot(i) = timer{
		at: later(now.Sub(t.began), due.Sub(now.Round(0))), due: asked, count: t.count,
		stream: key, id: handle, place: int32(len(t.order)), next: first,
	}
	t.streams[key] = i
	t.order = append(t.order, i)
	t.up(len(t.order) - 1)
	t.arm(now)
}

// later returns the sum of both, or the end of time.
func later(now, wait time.Duration) time.Duration {
	if wait > math.MaxInt64-max(now, 0) {
		return math.MaxInt64
	}
	return now + wait
}

// clear takes a timer back.
func (t *timers) clear(stream, id string) {
	handle := unique.Make(id)
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := t.find(t.key(stream), handle); i != none {
		t.remove(i)
	}
}

// forget takes all timers of a stream back.
func (t *timers) forget(stream string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := t.key(stream)
	for i, ok := t.streams[key]; ok; i, ok = t.streams[key] {
		t.remove(i)
	}
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

// arm sets the alarm for the earliest timer, unless one rings before it.
func (t *timers) arm(now time.Time) {
	if t.closed || len(t.order) == 0 {
		return
	}
	first := t.slot(t.order[0]).at
	if t.stop != nil {
		if first >= t.alarm {
			return
		}
		t.stop()
	}
	t.alarm = first
	t.stop = t.clock.AfterFunc(max(first-now.Sub(t.began), 0), t.ring)
}

// maxRing is how many timers are fired before others may be set or cleared.
const maxRing = 1000

// ring fires what is due and sets the next alarm.
func (t *timers) ring() {
	for t.ringSome() {
	}
}

// ringSome fires some of what is due; it returns whether there is more.
func (t *timers) ringSome() (more bool) {
	type fired struct{ stream, id string }
	var due []fired
	now := t.clock.Now()
	t.mu.Lock()
	t.stop = nil
	for !t.closed && len(t.order) > 0 && t.slot(t.order[0]).at <= now.Sub(t.began) {
		if more = len(due) == maxRing; more {
			break
		}
		i := t.order[0]
		x := t.slot(i)
		due = append(due, fired{t.name(x.stream), x.id.Value()})
		t.remove(i)
	}
	if !more {
		t.arm(now)
	}
	t.mu.Unlock()
	for _, x := range due {
		t.fire(x.stream, x.id)
	}
	return more
}
