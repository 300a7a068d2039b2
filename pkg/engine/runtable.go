package engine

import (
	"container/list"
	"hash/maphash"
	"sync"
	"time"
)

const shards = 32

// runTable is the runs that are in memory, by ID.
type runTable struct {
	e     *Engine
	seed  maphash.Seed
	shard [shards]shard
}

type shard struct {
	mu   sync.Mutex
	runs map[string]*run
}

func newRunTable(e *Engine) *runTable {
	t := &runTable{e: e, seed: maphash.MakeSeed()}
	for i := range t.shard {
		t.shard[i].runs = make(map[string]*run)
	}
	return t
}

func (t *runTable) of(id string) *shard {
	return &t.shard[maphash.String(t.seed, id)%shards]
}

// deliver puts m into the run's box and sees to it that somebody looks. It
// returns false when the engine has ended.
func (t *runTable) deliver(id string, m mail) bool { return t.deliverBy(nil, id, m) }

// deliverBy is deliver for what a goroutine of the crew does last: it is the
// one who looks, if nobody does.
func (t *runTable) deliverBy(h *hand, id string, m mail) bool {
	s := t.of(id)
	s.mu.Lock()
	r := s.runs[id]
	if r == nil {
		r = &run{e: t.e, id: id}
		s.runs[id] = r
	}
	awake := r.put(m)
	s.mu.Unlock()
	return awake || t.e.crew.pass(h, r)
}

// offer is deliver for a run that is in memory. It returns false, and delivers
// nothing, when the run is not.
func (t *runTable) offer(id string, m mail) bool {
	s := t.of(id)
	s.mu.Lock()
	r := s.runs[id]
	if r == nil {
		s.mu.Unlock()
		return false
	}
	awake := r.put(m)
	s.mu.Unlock()
	return awake || t.e.crew.run(r)
}

// deliverNew is deliver for a run that is about to begin. It returns false,
// and delivers nothing, when a run of that ID is in memory already.
func (t *runTable) deliverNew(r *run, m mail) (isNew, ok bool) {
	s := t.of(r.id)
	s.mu.Lock()
	if s.runs[r.id] != nil {
		s.mu.Unlock()
		return false, true
	}
	s.runs[r.id] = r
	r.put(m)
	s.mu.Unlock()
	return true, t.e.crew.run(r)
}

// park ends the loop of r when nothing came in the meantime, and takes r out
// of memory or lists it as idle. It returns false when there is something to
// do.
func (t *runTable) park(r *run) bool {
	s := t.of(r.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.box) > 0 {
		return false
	}
	r.active = false
	switch {
	case len(r.calls) > 0 || len(r.pending) > 0 || len(r.asked) > 0 || len(r.settled) > 0:
		// an answer is to come, or a turn to be tried again, or recovery
	case r.machine == nil || r.machine.Ended():
		delete(s.runs, r.id)
	default:
		t.e.idle.add(r)
	}
	return true
}

// drop takes a run that is idle out of memory.
func (t *runTable) drop(r *run) {
	s := t.of(r.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.active && s.runs[r.id] == r && t.e.idle.remove(r) {
		delete(s.runs, r.id)
	}
}

// going tells that a run is in memory and is going to tell of its answer and
// its end.
func (t *runTable) going(id string) bool {
	s := t.of(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.runs[id]
	return r != nil && r.going.Load()
}

// count returns how many runs are in memory.
func (t *runTable) count() int {
	n := 0
	for i := range t.shard {
		s := &t.shard[i]
		s.mu.Lock()
		n += len(s.runs)
		s.mu.Unlock()
	}
	return n
}

// idleRuns is the runs that wait in memory for a signal or a timer, the one
// that waits longest first.
type idleRuns struct {
	e *Engine

	mu       sync.Mutex
	list     list.List   // of idleRun
	stop     func() bool // of the alarm for the first of them; nil: there is none
	sweeping bool        // somebody sweeps, or is about to
	closed   bool
}

type idleRun struct {
	run   *run
	until time.Time
}

func newIdleRuns(e *Engine) *idleRuns { return &idleRuns{e: e} }

// add lists a run. The caller holds its lock.
func (l *idleRuns) add(r *run) {
	now := l.e.clock.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || r.idle != nil {
		return
	}
	r.idle = l.list.PushBack(idleRun{r, now.Add(l.e.opts.IdleAfter)})
	switch {
	case l.sweeping:
	case l.list.Len() > l.e.opts.MaxIdle:
		l.sweeping = true
		l.e.clock.AfterFunc(0, l.sweep)
	case l.stop == nil:
		l.stop = l.e.clock.AfterFunc(l.e.opts.IdleAfter, l.ring)
	}
}

// remove takes a run from the list. The caller holds its lock. It returns
// false when the run is not on it.
func (l *idleRuns) remove(r *run) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.idle == nil {
		return false
	}
	l.list.Remove(r.idle)
	r.idle = nil
	return true
}

// ring sweeps unless somebody does already.
func (l *idleRuns) ring() {
	l.mu.Lock()
	l.stop = nil
	swept := l.sweeping
	l.sweeping = true
	l.mu.Unlock()
	if !swept {
		l.sweep()
	}
}

// maxSweep is how many runs are taken out of memory before the list may
// change.
const maxSweep = 256

// sweep takes the runs out of memory that have waited long enough, and those
// that are too many, until there is none. One at a time sweeps: each that is
// found here leaves the list by drop, or did so when something came for it.
func (l *idleRuns) sweep() {
	for {
		old := l.old()
		if len(old) == 0 {
			return
		}
		for _, r := range old {
			l.e.runs.drop(r)
		}
	}
}

// old returns some runs that leave memory. When there is none the sweep has
// ended, and the alarm is set for the next.
func (l *idleRuns) old() (old []*run) {
	now := l.e.clock.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	extra := l.list.Len() - l.e.opts.MaxIdle
	x := l.list.Front()
	for ; x != nil && !l.closed && len(old) < maxSweep; x = x.Next() {
		entry := x.Value.(idleRun)
		if extra <= 0 && entry.until.After(now) {
			break
		}
		extra--
		old = append(old, entry.run)
	}
	if len(old) > 0 {
		return old
	}
	l.sweeping = false
	if x != nil && !l.closed && l.stop == nil {
		l.stop = l.e.clock.AfterFunc(x.Value.(idleRun).until.Sub(now), l.ring)
	}
	return nil
}

// close stops the sweeping.
func (l *idleRuns) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.stop != nil {
		l.stop()
	}
}
