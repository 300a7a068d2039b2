package books

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/schedule"
	"github.com/keelstep/keelstep/pkg/zone"
)

// Bounds of a trigger.
const (
	// Lateness is how late a firing may be that still counts as in time.
	Lateness = 10 * time.Second
	// maxFirings is how many firings one turn takes.
	maxFirings = 1000
	// maxWaiting is how many firings wait for the run before them.
	maxWaiting = 1000
)

// Filtered is the code of a firing that the trigger's condition kept back: it
// is no failure.
const Filtered = "Filtered"

// Firings is the book of one trigger: what fell due and what became of it. A
// firing is recorded with the ID of its run, which follows from the trigger
// and the moment it was due, so none is lost or doubled however often the
// process ends or the clock is set. What is behind the newest moment that was
// seen does not fall due again. One goroutine at a time may use a book.
type Firings struct {
	clock   clock
	stream  string
	set     fact.TriggerSet
	plan    schedule.Spec
	invalid string    // why set is no schedule
	seen    time.Time // the newest moment that fell due, or the beginning
	paused  bool
	why     string // of the pause
	failure FiringRefused
	last    Fired
	running []place // runs whose end is waited for
	waiting []firing
}

// firing is one that waits for the run before it.
type firing struct {
	due    time.Time
	manual uint64
	event  *fact.CloudEvent
}

// FireNow fires a trigger out of turn.
type FireNow struct{}

// IsInput marks an input.
func (FireNow) IsInput() {}

// TriggerState is a trigger as it stands.
type TriggerState struct {
	Workflow, ID  string
	Kind          string // schedule, event, or empty: it is not in the workflow any more
	Paused        bool
	Why           string // of the pause
	Next          time.Time
	LastDue       time.Time
	LastRun       string
	Code, Message string // why the last firing started nothing; empty: it did
	Running       int    // runs whose end is waited for
	Waiting       int    // firings that wait for them
}

// NewFirings returns the empty book of the trigger with that stream.
func NewFirings(stream string) *Firings { return &Firings{stream: stream} }

// Seq returns the number of the last event.
func (b *Firings) Seq() uint64 { return b.clock.seq }

// Size is how many entries the book's state has.
func (b *Firings) Size() int { return len(b.running) + len(b.waiting) }

// WakeAt returns when the trigger fires next.
func (b *Firings) WakeAt() time.Time {
	if b.paused {
		return time.Time{}
	}
	at, _ := b.plan.Next(b.seen)
	return at.UTC()
}

// Trigger returns the trigger as it stands.
func (b *Firings) Trigger() TriggerState {
	s := TriggerState{
		Workflow: b.set.Workflow, ID: b.set.ID, Paused: b.paused, Why: b.why, Next: b.WakeAt(),
		LastDue: b.last.Due, LastRun: b.last.Run, Code: b.failure.Code, Message: b.failure.Message,
		Running: len(b.running), Waiting: len(b.waiting),
	}
	switch {
	case b.set.Event != "":
		s.Kind = "event"
	case b.timed():
		s.Kind = "schedule"
	}
	return s
}

func (b *Firings) timed() bool { return b.set.Cron != "" || b.set.Every > 0 }

// Decide fires what fell due until at, then takes the inputs in order:
// fact.TriggerSet, Suspend, Resume, ChildEnded, FiringFailed, Emitted and
// FireNow.
func (b *Firings) Decide(at time.Time, in ...fact.Input) fact.Turn {
	t := turn{at: at, clock: &b.clock, apply: b.Apply}
	b.due(&t)
	for _, x := range in {
		if t.More {
			break
		}
		b.take(&t, x)
		t.Taken++
	}
	return t.Turn
}

func (b *Firings) take(t *turn, in fact.Input) {
	switch x := in.(type) {
	case fact.TriggerSet:
		if x == b.set {
			t.refuse(Repeated, "the trigger is like that already")
			return
		}
		t.record(&TriggerChanged{Set: x})
	case fact.Suspend:
		if b.paused {
			t.refuse(Repeated, "the trigger is paused already")
			return
		}
		t.record(&TriggerPaused{Why: x.Reason})
	case fact.Resume:
		if !b.paused {
			t.refuse(NotKnown, "the trigger is not paused")
			return
		}
		t.record(&TriggerResumed{})
		b.next(t)
	case fact.ChildEnded:
		b.ended(t, &FiringEnded{Run: x.Child, Status: x.Status})
	case fact.FiringFailed:
		t.record(&FiringRefused{Run: x.Run, Code: x.Code, Message: x.Message})
		b.next(t)
	case fact.Emitted:
		if b.paused || b.set.Event == "" {
			t.refuse(NotKnown, "the trigger does not listen")
			return
		}
		b.fire(t, firing{due: t.at, event: &x.Event})
	case FireNow:
		if !b.timed() || b.invalid != "" {
			t.refuse(NotKnown, "the trigger has no schedule")
			return
		}
		b.fire(t, firing{due: t.at, manual: b.clock.seq + 1})
	default:
		t.refuse(NotUnderstood, "a trigger takes no %T", x)
	}
}

func (b *Firings) ended(t *turn, f *FiringEnded) {
	if !slices.ContainsFunc(b.running, func(p place) bool { return p.run == f.Run }) {
		t.refuse(NotKnown, "run %s is not waited for", f.Run)
		return
	}
	t.record(f)
	b.next(t)
}

// due fires what fell due since the last time. What is older than the window
// of catchUp is skipped; without one only the newest counts.
func (b *Firings) due(t *turn) {
	if b.WakeAt().IsZero() || b.WakeAt().After(t.at) {
		return
	}
	oldest := t.at.Add(-b.set.CatchUp)
	if newest, ok := b.plan.Prev(t.at.Add(1)); b.set.CatchUp == 0 && ok {
		if oldest = newest; t.at.Sub(newest) > Lateness {
			oldest = t.at.Add(1)
		}
	}
	if missed, ok := b.plan.Prev(oldest); ok && missed.After(b.seen) {
		first, _ := b.plan.Next(b.seen)
		t.record(&FiringSkipped{Due: missed.UTC(), Since: first.UTC(), Reason: skippedMissed})
	}
	dues, more := b.plan.Between(b.seen, t.at, maxFirings)
	for _, due := range dues {
		b.fire(t, firing{due: due.UTC()})
	}
	t.More = more
}

// fire starts a run, unless the run before it says otherwise.
func (b *Firings) fire(t *turn, f firing) {
	overlap := graph.Overlap(b.set.Overlap)
	skip := func(f firing, reason string) {
		t.record(&FiringSkipped{Due: f.due, Reason: reason, Untimed: f.untimed()})
	}
	switch {
	case overlap == graph.OverlapAllow, len(b.running) == 0 && len(b.waiting) == 0:
		b.start(t, f)
	case overlap == graph.OverlapSkip:
		skip(f, skippedOverlap)
	case overlap == graph.OverlapCancel:
		for _, old := range slices.Clone(b.waiting) {
			skip(old, skippedReplaced)
		}
		q := b.queued(f)
		if i := slices.IndexFunc(b.running, func(p place) bool { return !p.stopping }); i >= 0 {
			q.Cancels = b.running[i].run
		}
		t.record(q)
	case len(b.waiting) >= maxWaiting:
		skip(f, skippedFull)
	default:
		t.record(b.queued(f))
	}
}

// The reasons why a firing starts nothing.
const (
	skippedMissed   = "missed"   // it fell due while nobody looked
	skippedOverlap  = "overlap"  // the run before it still runs
	skippedReplaced = "replaced" // a newer one came while it waited
	skippedFull     = "full"     // too many wait
)

func (f firing) untimed() bool { return f.manual > 0 || f.event != nil }

func (b *Firings) queued(f firing) *FiringQueued {
	return &FiringQueued{Due: f.due, Manual: f.manual, Event: f.event}
}

func (b *Firings) start(t *turn, f firing) {
	name := fmt.Sprint(b.stream, "\x00", f.due.UnixNano())
	switch {
	case f.event != nil:
		name = fmt.Sprint(b.stream, "\x00event\x00", f.event.Source, "\x00", f.event.ID)
	case f.manual > 0:
		name = fmt.Sprint(b.stream, "\x00now\x00", f.manual)
	}
	t.record(&Fired{
		Due: f.due, Run: derivedRun(f.due, name), Manual: f.manual, Event: f.event,
		Waits: graph.Overlap(b.set.Overlap) != graph.OverlapAllow,
	})
}

// next starts the firing that waits longest once no run is waited for.
func (b *Firings) next(t *turn) {
	if len(b.running) == 0 && len(b.waiting) > 0 && !b.paused {
		b.start(t, b.waiting[0])
	}
}

// derivedRun returns the run ID that a name stands for: a UUID of version 8
// that begins with the time, as other IDs of runs do.
func derivedRun(at time.Time, name string) string {
	sum := sha256.Sum256([]byte("trigger\x00" + name))
	b := sum[:16]
	var stamp [8]byte
	binary.BigEndian.PutUint64(stamp[:], uint64(max(at.UnixMilli(), 0))<<16)
	copy(b, stamp[:6])
	b[6] = b[6]&0x0f | 0x80
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b)
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

// planOf returns the schedule of a trigger.
func planOf(set *fact.TriggerSet) (p schedule.Spec, invalid string) {
	if set.Cron == "" && set.Every == 0 {
		return p, ""
	}
	p.Every = set.Every
	var err error
	if p.Zone, err = zone.Load(set.Zone); err != nil {
		return schedule.Spec{}, err.Error()
	}
	if set.Cron != "" {
		if p.Cron, err = schedule.Parse(set.Cron); err != nil {
			return schedule.Spec{}, err.Error()
		}
	}
	return p, ""
}
