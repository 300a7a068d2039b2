// Package schedule says when a schedule fires: the next firing after an
// instant, and the one before it. A schedule is a cron expression or an
// interval, in a time zone.
//
// A change of the zone's clock never loses a firing and never doubles one. A
// local time that the change skips fires at the first instant after the gap; a
// local time that comes twice fires at its first occurrence. A cron that names
// all hours follows real time instead: it fires in each hour that passes, and
// so also in the hour that comes twice.
//
// The package is pure: the time is an argument, and no state is kept. All
// values are immutable and may be shared between goroutines.
package schedule

import "time"

// Spec is a schedule. Exactly one of Cron and Every is set; the zero value
// never fires.
type Spec struct {
	Cron Cron
	// Every is the interval between two firings, MinEvery at least. Whole days
	// are days of the zone's calendar: they keep the local time when the clock
	// changes. Other intervals are elapsed time.
	Every time.Duration
	// Start is the first instant at which it may fire; intervals count from
	// it, and fire at it. Fractions of a second are dropped. The zero time
	// means no bound; intervals of days then count from Monday, 5 January
	// 1970, 00:00 in the zone, others from 1 January 1970, 00:00 UTC.
	Start time.Time
	Zone  *time.Location // nil: UTC
}

// MinEvery is the shortest interval; a shorter one never fires.
const MinEvery = time.Second

// maxYear is the last year in which something fires.
const maxYear = 9999

// Next returns the first firing after an instant, in the schedule's zone, and
// false when there is none.
func (s Spec) Next(after time.Time) (time.Time, bool) {
	if start := s.start(); !start.IsZero() && after.Before(start) {
		after = start.Add(-1)
	}
	if s.elapses() {
		return s.within(after.Add(s.Every - s.since(after)))
	}
	w := s.walls()
	if w == nil {
		return time.Time{}, false
	}
	if s.everyHour() {
		return s.within(nextReal(w, after, s.zone()))
	}
	wall, ok := w.atOrAfter(firstUnseen(after, s.zone()))
	if !ok {
		return time.Time{}, false
	}
	return s.within(arrival(wall, s.zone()))
}

// Prev returns the last firing before an instant, in the schedule's zone, and
// false when there is none.
func (s Spec) Prev(before time.Time) (time.Time, bool) {
	if s.elapses() {
		gone := s.since(before)
		if gone == 0 {
			gone = s.Every
		}
		return s.within(before.Add(-gone))
	}
	w := s.walls()
	if w == nil {
		return time.Time{}, false
	}
	if s.everyHour() {
		return s.within(prevReal(w, before, s.zone()))
	}
	wall, ok := w.atOrBefore(lastSeen(before, s.zone()))
	if !ok {
		return time.Time{}, false
	}
	return s.within(arrival(wall, s.zone()))
}

// Between returns the firings after from and up to to, oldest first, most at
// most; more tells that there are others behind them.
func (s Spec) Between(from, to time.Time, most int) (firings []time.Time, more bool) {
	for {
		at, ok := s.Next(from)
		if !ok || at.After(to) {
			return firings, false
		}
		if len(firings) >= most {
			return firings, true
		}
		firings = append(firings, at)
		from = at
	}
}

// within returns t in the schedule's zone unless it lies outside of what the
// schedule covers. The zero time stands for no firing.
func (s Spec) within(t time.Time) (time.Time, bool) {
	if t.IsZero() || t.Before(s.start()) || t.Year() > maxYear {
		return time.Time{}, false
	}
	return t.In(s.zone()), true
}

func (s Spec) zone() *time.Location {
	if s.Zone == nil {
		return time.UTC
	}
	return s.Zone
}

func (s Spec) start() time.Time {
	if s.Start.IsZero() {
		return time.Time{}
	}
	return time.Unix(s.Start.Unix(), 0).UTC()
}

// walls returns the local times at which s fires; nil for intervals of
// elapsed time and for what never fires.
func (s Spec) walls() walls {
	switch {
	case s.Cron.IsZero() == (s.Every == 0), s.Every != 0 && s.Every < MinEvery, s.elapses():
		return nil
	case s.Every == 0:
		return &s.Cron
	}
	d := dayWalls{step: int64(s.Every / time.Second), anchor: monday}
	if !s.Start.IsZero() {
		d.anchor = wallOf(s.Start, s.zone())
	}
	return d
}

// everyHour tells whether s follows real time instead of the wall clock.
func (s Spec) everyHour() bool { return s.Cron.hours == allHours }
