package books

import (
	"fmt"
	"slices"
	"time"

	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// The reasons why a firing starts nothing.
const (
	skippedMissed    = "missed"    // it fell due while nobody looked
	skippedOverlap   = "overlap"   // the run before it still runs
	skippedReplaced  = "replaced"  // a newer one came while it waited
	skippedFull      = "full"      // too many wait
	skippedFiltered  = "filtered"  // the trigger's condition kept it back
	skippedEmpty     = "empty"     // the list of splitOn has no elements
	skippedDuplicate = "duplicate" // its key of dedupe was seen not long ago
)

// QueueOverflow is the code of a firing for which there is no room any more
// among those that wait.
const QueueOverflow = "QueueFull"

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
	if b.nextDue().IsZero() || b.nextDue().After(t.at) {
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
		if b.arrive(t, firing{due: due.UTC()}); b.wish != nil {
			return
		}
	}
	t.More = more
}

// fire starts the runs of a firing, unless the run before it or the rate limit
// says otherwise: one for each element, or one.
func (b *Firings) fire(t *turn, all []firing) {
	busy := len(b.running) > 0 || len(b.waiting) > 0
	switch overlap := graph.Overlap(b.set.Overlap); {
	case len(all) == 0:
	case busy && overlap == graph.OverlapSkip:
		t.record(skip(all[0], skippedOverlap))
	case busy && overlap == graph.OverlapCancel:
		for _, old := range slices.Clone(b.waiting) {
			t.record(skip(old, skippedReplaced))
		}
		cancels := b.toCancel()
		for i, f := range all {
			q := b.queued(f)
			if i == 0 && len(cancels) > 0 {
				q.Cancels, cancels = cancels[0], cancels[1:]
			}
			t.record(q)
		}
		for _, run := range cancels {
			t.record(&FiringCancels{Run: run})
		}
	default:
		hold := busy && overlap == graph.OverlapQueue
		for _, f := range all {
			b.startOrQueue(t, f, hold)
		}
	}
}

// startOrQueue starts a run when nothing stands before it and the rate limit
// lets it; else it waits.
func (b *Firings) startOrQueue(t *turn, f firing, hold bool) {
	switch {
	case !hold && len(b.waiting) == 0 && b.rate.frees(b.at(t), b.set.Rate, 1).IsZero():
		b.start(t, f)
	case len(b.waiting) < maxWaiting:
		t.record(b.queued(f))
	case f.event != nil:
		t.record(&FiringRefused{
			Code: QueueOverflow, Message: fmt.Sprintf("%d firings wait already, no more may", maxWaiting),
			Due: f.due, Untimed: true, Event: f.event,
		})
	default:
		t.record(skip(f, skippedFull))
	}
}

// toCancel returns the runs that were not told to end yet.
func (b *Firings) toCancel() []string {
	var runs []string
	for _, p := range b.running {
		if !p.stopping {
			runs = append(runs, p.run)
		}
	}
	return runs
}

func skip(f firing, reason string) *FiringSkipped {
	return &FiringSkipped{Due: f.due, Reason: reason, Untimed: f.untimed()}
}

func (f firing) untimed() bool { return f.manual > 0 || f.event != nil }

func (b *Firings) queued(f firing) *FiringQueued {
	return &FiringQueued{Due: f.due, Manual: f.manual, Event: f.event, Element: f.element}
}

// at returns the time of a turn as its events have it: it never goes back.
func (b *Firings) at(t *turn) time.Time {
	if t.at.Before(b.clock.last) {
		return b.clock.last
	}
	return t.at.Round(0).UTC()
}

func (b *Firings) start(t *turn, f firing) {
	t.record(&Fired{
		Due: f.due, Run: b.runOf(f), Manual: f.manual, Event: f.event, Element: f.element,
		Waits: graph.Overlap(b.set.Overlap) != graph.OverlapAllow,
		Rate:  b.rate.window(b.at(t), b.set.Rate),
	})
}

// runOf returns the ID of the run of a firing.
func (b *Firings) runOf(f firing) string {
	name := fmt.Sprint(b.stream, "\x00", f.due.UnixNano())
	switch {
	case f.event != nil:
		name = fmt.Sprint(b.stream, "\x00event\x00", f.event.Source, "\x00", f.event.ID)
	case f.manual > 0:
		name = fmt.Sprint(b.stream, "\x00now\x00", f.manual)
	}
	if f.element.Number > 0 {
		name = fmt.Sprint(name, "\x00element\x00", f.element.Number)
	}
	return derivedRun(f.due, name)
}

// next starts what waits longest, as far as no run is waited for and the rate
// limit lets it. The elements of one firing start together.
func (b *Firings) next(t *turn) {
	for len(b.waiting) > 0 && !b.paused {
		f := b.waiting[0]
		if b.behind(f) || !b.rate.frees(b.at(t), b.set.Rate, 1).IsZero() {
			return
		}
		b.start(t, f)
	}
}

// behind tells whether f waits for the end of a run that was started before it.
func (b *Firings) behind(f firing) bool {
	return len(b.running) > 0 && !b.isLast(f) && graph.Overlap(b.set.Overlap) != graph.OverlapAllow
}

// isLast tells whether f is of the firing that started a run last.
func (b *Firings) isLast(f firing) bool {
	return f.element.Number > 0 && f.due.Equal(b.last.Due) && f.manual == b.last.Manual && eventID(f.event) == eventID(b.last.Event)
}

func eventID(e *fact.CloudEvent) string {
	if e == nil {
		return ""
	}
	return e.Source + "\x00" + e.ID
}
