package books

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/fact"
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
	keys    keyMemory
	rate    rateWindow

	duplicates, filtered uint64

	wish  *Ask    // the firing that the last Decide stopped at
	asked *Ask    // what given is the answer to
	given *Answer // what the engine found
}

// firing is a run that is to be started, or waits for its turn.
type firing struct {
	due     time.Time
	manual  uint64
	event   *fact.CloudEvent
	element Element
}

// FireNow fires a trigger out of turn.
type FireNow struct{}

// IsInput marks an input.
func (FireNow) IsInput() {}

// TriggerState is a trigger as it stands.
type TriggerState struct {
	Workflow, ID  string
	Kind          string // schedule, event, http, or empty: it is not in the workflow any more
	Paused        bool
	Why           string // of the pause
	Next          time.Time
	LastDue       time.Time
	LastRun       string
	Code, Message string    // why the last firing started nothing; empty: it did
	Running       int       // runs whose end is waited for
	Waiting       int       // firings that wait for them, or for the rate limit
	Keys          int       // keys of dedupe that are remembered
	Duplicates    uint64    // firings that were repeats
	Filtered      uint64    // firings that the condition kept back
	Frees         time.Time // when the rate limit lets a run start again; zero: now
}

// NewFirings returns the empty book of the trigger with that stream.
func NewFirings(stream string) *Firings { return &Firings{stream: stream} }

// Seq returns the number of the last event.
func (b *Firings) Seq() uint64 { return b.clock.seq }

// Size is how many entries the book's state has.
func (b *Firings) Size() int { return len(b.running) + len(b.waiting) + len(b.keys.order) }

// WakeAt returns when the trigger fires next, or lets something start that
// waits for the rate limit.
func (b *Firings) WakeAt() time.Time {
	next, frees := b.nextDue(), b.frees()
	if b.paused || frees.IsZero() || len(b.waiting) == 0 || b.behind(b.waiting[0]) || !next.IsZero() && next.Before(frees) {
		return next // or at the end of the run that what waits is behind
	}
	return frees
}

// nextDue returns when the schedule fires next.
func (b *Firings) nextDue() time.Time {
	if b.paused {
		return time.Time{}
	}
	at, _ := b.plan.Next(b.seen)
	return at.UTC()
}

// frees returns when the rate limit lets a run start again, zero when it does
// so now, as far as the book has seen.
func (b *Firings) frees() time.Time {
	return b.rate.frees(b.clock.last, b.set.Rate, 1)
}

// Trigger returns the trigger as it stands.
func (b *Firings) Trigger() TriggerState {
	s := TriggerState{
		Workflow: b.set.Workflow, ID: b.set.ID, Paused: b.paused, Why: b.why, Next: b.nextDue(),
		LastDue: b.last.Due, LastRun: b.last.Run, Code: b.failure.Code, Message: b.failure.Message,
		Running: len(b.running), Waiting: len(b.waiting), Keys: b.keys.live(b.clock.last),
		Duplicates: b.duplicates, Filtered: b.filtered, Frees: b.frees(),
	}
	switch {
	case b.set.Event != "":
		s.Kind = "event"
	case b.timed():
		s.Kind = "schedule"
	case b.set.HTTP:
		s.Kind = "http"
	}
	return s
}

func (b *Firings) timed() bool { return b.set.Cron != "" || b.set.Every > 0 }

// Decide starts what waited for the rate limit and fires what fell due until
// at, then takes the inputs in order: fact.TriggerSet, Suspend, Resume,
// ChildEnded, FiringFailed, Emitted, FireNow and Request. It stops whole at a
// firing that the engine has to look at first: Wanted is that firing, and once
// it was given the answer, Decide goes on there.
func (b *Firings) Decide(at time.Time, in ...fact.Input) fact.Turn {
	t := turn{at: at, clock: &b.clock, apply: b.Apply}
	b.wish = nil
	b.next(&t)
	b.due(&t)
	for _, x := range in {
		if t.More || b.wish != nil {
			break
		}
		if b.take(&t, x); b.wish == nil {
			t.Taken++
		}
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
		b.next(t)
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
		b.arrive(t, firing{due: t.at, event: &x.Event})
	case FireNow:
		if !b.timed() || b.invalid != "" {
			t.refuse(NotKnown, "the trigger has no schedule")
			return
		}
		b.arrive(t, firing{due: t.at, manual: b.clock.seq + 1})
	case Request:
		b.request(t, &x)
	default:
		t.refuse(NotUnderstood, "a trigger takes no %T", x)
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
