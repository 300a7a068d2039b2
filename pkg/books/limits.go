package books

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// The codes with which a run is refused a slot.
const (
	// ConcurrencyLimit: all slots of the key are taken, and the workflow
	// rejects what is beyond.
	ConcurrencyLimit = "ConcurrencyLimit"
	// QueueFull: as many runs wait for the key as may.
	QueueFull = "QueueFull"
	// Skipped: all slots of the key are taken, and the workflow skips what is
	// beyond.
	Skipped = "Skipped"
)

// MaxQueue is how many runs wait under one key where the workflow does not
// say.
const MaxQueue = 1000

// Limit is the book of the runs that hold or want one of the slots of their
// key: those of one workflow, or of all that share a limit. Slots are given in
// the order in which they were asked for. A run gives its slot back with its
// end and not before, so a stuck run holds it. One goroutine at a time may use
// a book.
type Limit struct {
	clock  clock
	shared bool
	offer  int // slots that the turn may give, where they are shared
	keys   map[string]*slots
	runs   map[string]string // the key of each run that holds or waits
}

// slots is what one key has. There are none without a run.
type slots struct {
	limit            int
	holders, waiting []place // oldest first
}

type place struct {
	run      string
	stopping bool // it was told to make room
}

// NewLimit returns the empty book.
func NewLimit() *Limit {
	return &Limit{keys: make(map[string]*slots), runs: make(map[string]string)}
}

// NewSharedLimit returns the empty book of a limit that workflows share, and
// connections with them. How many slots are free is not known to it: it gives
// those that it is offered.
func NewSharedLimit() *Limit {
	l := NewLimit()
	l.shared = true
	return l
}

// Offer says how many slots the next Decide may give. An offer is no fact: what
// was given is.
func (l *Limit) Offer(slots int) { l.offer = slots }

// Wants returns how many slots a Decide with these inputs could give.
func (l *Limit) Wants(in []fact.Input) int {
	n := len(l.Waiting(""))
	for _, x := range in {
		if _, ok := x.(fact.SlotWanted); ok {
			n++
		}
	}
	return n
}

// Seq returns the number of the last event.
func (l *Limit) Seq() uint64 { return l.clock.seq }

// WakeAt returns the zero time: a limit waits for messages only.
func (l *Limit) WakeAt() time.Time { return time.Time{} }

// Holders returns the runs that hold a slot of a key, oldest first.
func (l *Limit) Holders(key string) []string {
	return l.keys[key].runs(func(s *slots) []place { return s.holders })
}

// Waiting returns the runs that wait for a slot of a key, the next one first.
func (l *Limit) Waiting(key string) []string {
	return l.keys[key].runs(func(s *slots) []place { return s.waiting })
}

// Keys returns the keys under which a run holds or waits, sorted.
func (l *Limit) Keys() []string { return slices.Sorted(maps.Keys(l.keys)) }

// Knows tells whether a run holds or waits.
func (l *Limit) Knows(run string) bool {
	_, ok := l.runs[run]
	return ok
}

// Size is how many entries the book's state has.
func (l *Limit) Size() int { return len(l.runs) }

func (s *slots) runs(of func(*slots) []place) []string {
	if s == nil {
		return nil
	}
	var all []string
	for _, p := range of(s) {
		all = append(all, p.run)
	}
	return all
}

// Decide takes the inputs in order: fact.SlotWanted and fact.SlotFreed. Of a
// shared limit, those who wait get what was offered first.
func (l *Limit) Decide(at time.Time, in ...fact.Input) fact.Turn {
	t := turn{at: at, clock: &l.clock, apply: l.Apply}
	if l.shared {
		l.promote(&t, "")
		defer l.Offer(0)
	}
	for _, x := range in {
		switch x := x.(type) {
		case fact.SlotWanted:
			l.want(&t, x)
		case fact.SlotFreed:
			l.free(&t, x.Run)
		default:
			t.refuse(NotUnderstood, "a limit takes no %T", x)
		}
		t.Taken++
	}
	return t.Turn
}

func (l *Limit) want(t *turn, x fact.SlotWanted) {
	if l.Knows(x.Run) {
		t.refuse(Repeated, "run %s has asked before", x.Run)
		return
	}
	if x.Limit = max(x.Limit, 1); l.shared {
		x.Key, x.Limit = "", 0
	}
	s := l.keys[x.Key]
	if s == nil {
		s = &slots{}
	}
	deny := func(code, format string, args ...any) {
		t.record(&SlotDenied{Run: x.Run, Key: x.Key, Code: code, Message: fmt.Sprintf(format, args...)})
	}
	switch {
	case l.room(s, x.Limit) && len(s.waiting) == 0:
		l.give(t, x.Run, x.Key, x.Limit)
		return
	case graph.OnLimit(x.OnLimit) == graph.Reject && l.shared:
		deny(ConcurrencyLimit, "no slot of the limit is free")
		return
	case graph.OnLimit(x.OnLimit) == graph.Skip && l.shared:
		deny(Skipped, "no slot of the limit is free")
		return
	case graph.OnLimit(x.OnLimit) == graph.Reject:
		deny(ConcurrencyLimit, "%s%s, at most %d may", runsRun(len(s.holders)), under(x.Key), x.Limit)
		return
	case graph.OnLimit(x.OnLimit) == graph.Skip:
		deny(Skipped, "%s%s already", runsRun(len(s.holders)), under(x.Key))
		return
	}
	most := x.Queue
	if most <= 0 {
		most = MaxQueue
	}
	if len(s.waiting) >= most {
		deny(QueueFull, "%d wait%s, no more may", len(s.waiting), under(x.Key))
		return
	}
	t.record(&SlotQueued{Run: x.Run, Key: x.Key, Limit: x.Limit})
	if graph.OnLimit(x.OnLimit) == graph.CancelRunning && !l.shared {
		l.displace(t, x.Key)
	}
	l.promote(t, x.Key)
}

// room tells whether a slot can be given.
func (l *Limit) room(s *slots, limit int) bool {
	if l.shared {
		return l.offer > 0
	}
	return len(s.holders) < limit
}

func (l *Limit) give(t *turn, run, key string, limit int) {
	t.record(&SlotGiven{Run: run, Key: key, Limit: limit})
	l.offer--
}

func runsRun(n int) string {
	if n == 1 {
		return "a run runs"
	}
	return fmt.Sprintf("%d runs run", n)
}

func under(key string) string {
	if key == "" {
		return ""
	}
	return fmt.Sprintf(" under the key %q", key)
}

// displace tells the oldest runs of a key to make room, so that the newest
// ones are left.
func (l *Limit) displace(t *turn, key string) {
	s := l.keys[key]
	var staying []string
	for _, p := range slices.Concat(s.holders, s.waiting) {
		if !p.stopping {
			staying = append(staying, p.run)
		}
	}
	for ; len(staying) > s.limit; staying = staying[1:] {
		t.record(&Displaced{Run: staying[0], Key: key})
	}
}

func (l *Limit) free(t *turn, run string) {
	key, ok := l.runs[run]
	if !ok {
		t.refuse(NotKnown, "run %s has no slot and waits for none", run)
		return
	}
	t.record(&SlotReturned{Run: run, Key: key})
	l.promote(t, key)
}

// promote gives free slots to those who wait longest.
func (l *Limit) promote(t *turn, key string) {
	s := l.keys[key]
	for s != nil && l.room(s, s.limit) {
		i := slices.IndexFunc(s.waiting, func(p place) bool { return !p.stopping })
		if i < 0 {
			return
		}
		l.give(t, s.waiting[i].run, key, s.limit)
	}
}

// Apply folds one recorded event.
func (l *Limit) Apply(e fact.Event) error {
	if err := l.clock.follows("limit", e); err != nil {
		return err
	}
	switch f := e.Fact.(type) {
	case *SlotGiven:
		s := l.of(f.Key, f.Limit)
		s.waiting = without(s.waiting, f.Run)
		s.holders = append(s.holders, place{run: f.Run})
		l.runs[f.Run] = f.Key
	case *SlotQueued:
		s := l.of(f.Key, f.Limit)
		s.waiting = append(s.waiting, place{run: f.Run})
		l.runs[f.Run] = f.Key
	case *SlotDenied: // it never had a place
	case *Displaced:
		if s := l.keys[f.Key]; s != nil {
			mark(s.holders, f.Run)
			mark(s.waiting, f.Run)
		}
	case *SlotReturned:
		s := l.keys[f.Key]
		if s == nil {
			return fmt.Errorf("limit: event %d frees a slot of %q, which has none", e.Seq, f.Key)
		}
		s.holders, s.waiting = without(s.holders, f.Run), without(s.waiting, f.Run)
		delete(l.runs, f.Run)
		if len(s.holders)+len(s.waiting) == 0 {
			delete(l.keys, f.Key)
		}
	default:
		return fmt.Errorf("limit: event %d is a %T", e.Seq, f)
	}
	l.clock.applied(e)
	return nil
}

func (l *Limit) of(key string, limit int) *slots {
	s := l.keys[key]
	if s == nil {
		s = &slots{}
		l.keys[key] = s
	}
	s.limit = limit
	return s
}

func without(all []place, run string) []place {
	return slices.DeleteFunc(all, func(p place) bool { return p.run == run })
}

func mark(all []place, run string) {
	for i := range all {
		if all[i].run == run {
			all[i].stopping = true
		}
	}
}

// Sends returns the messages that belong to a turn.
func (l *Limit) Sends(events []fact.Event) []fact.Message {
	var all []fact.Message
	for _, e := range events {
		switch f := e.Fact.(type) {
		case *SlotGiven:
			all = append(all, fact.Message{To: f.Run, Seq: e.Seq, Body: fact.SlotGranted{}})
		case *SlotDenied:
			all = append(all, fact.Message{To: f.Run, Seq: e.Seq, Body: fact.SlotRefused{Code: f.Code, Message: f.Message}})
		case *Displaced:
			all = append(all, fact.Message{To: f.Run, Seq: e.Seq, Body: fact.Cancel{Reason: "a newer run takes its place"}})
		}
	}
	return all
}

// State returns the book's state, for Restore.
func (l *Limit) State() []byte {
	type entry struct {
		key string
		*slots
	}
	all := make([]entry, 0, len(l.keys))
	for _, k := range l.Keys() {
		all = append(all, entry{k, l.keys[k]})
	}
	return fact.Write(func(c *fact.Coder) {
		l.clock.state(c)
		fact.List(c, 2, "keys", &all, func(c *fact.Coder, x *entry) { c.String(1, "key", &x.key); x.fields(c) })
	})
}

// Restore makes the book that State described.
func (l *Limit) Restore(state []byte) error {
	type entry struct {
		key string
		slots
	}
	n, all := NewLimit(), []entry(nil)
	n.shared = l.shared
	err := fact.ReadFields(state, func(c *fact.Coder) {
		n.clock.state(c)
		fact.List(c, 2, "keys", &all, func(c *fact.Coder, x *entry) { c.String(1, "key", &x.key); x.fields(c) })
	})
	if err != nil {
		return err
	}
	for _, x := range all {
		n.keys[x.key] = &slots{x.limit, x.holders, x.waiting}
		for _, p := range slices.Concat(x.holders, x.waiting) {
			n.runs[p.run] = x.key
		}
	}
	*l = *n
	return nil
}

func (s *slots) fields(c *fact.Coder) {
	c.Int(2, "limit", &s.limit)
	fact.List(c, 3, "holders", &s.holders, placeFields)
	fact.List(c, 4, "waiting", &s.waiting, placeFields)
}

func placeFields(c *fact.Coder, p *place) {
	c.String(1, "run", &p.run)
	c.Bool(2, "stopping", &p.stopping)
}
