package schedule

import "time"

// A wall time is a local time without its zone: the seconds since 1970 that a
// clock in UTC would show when the local one shows it.

// walls is a set of wall times.
type walls interface {
	// atOrAfter returns the first wall time of the set that is not before w.
	atOrAfter(w int64) (int64, bool)
	// atOrBefore returns the last wall time of the set that is not after w.
	atOrBefore(w int64) (int64, bool)
}

// reach is longer than any zone's clock was ever set forward or back, and
// longer than any offset from UTC.
const reach = 48 * 60 * 60

// period is a time in which a zone's offset from UTC does not change. The next
// one may have the same offset.
type period struct {
	start, end       int64 // instants; end is not part of it
	offset           int64
	endless, ageless bool // it has no end, no start
}

// periodAt returns the period of an instant.
func periodAt(instant int64, zone *time.Location) period {
	t := time.Unix(instant, 0).In(zone)
	_, offset := t.Zone()
	start, end := t.ZoneBounds()
	p := period{start: start.Unix(), end: end.Unix(), offset: int64(offset), ageless: start.IsZero(), endless: end.IsZero()}
	if !p.endless && p.end <= instant {
		// Beyond the zone's table, ZoneBounds ends a year after 365 days.
		p.end = time.Date(t.UTC().Year()+1, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	}
	return p
}

// has tells whether the period still goes on at an instant after its start.
func (p period) has(instant int64) bool { return p.endless || instant < p.end }

// wallOf returns the wall time of an instant, rounded down to a second.
func wallOf(t time.Time, zone *time.Location) int64 {
	_, offset := t.In(zone).Zone()
	return t.Unix() + int64(offset)
}

// arrival returns the first instant at which the zone's clock shows w or
// later. For a wall time that the clock skips that is the first instant after
// the gap, for one that it shows twice the first of the two.
func arrival(w int64, zone *time.Location) time.Time {
	for p := periodAt(w-reach, zone); ; p = periodAt(p.end, zone) {
		at := w - p.offset
		if !p.ageless {
			at = max(at, p.start)
		}
		if p.has(at) {
			return time.Unix(at, 0)
		}
	}
}

// firstUnseen returns the first wall time that the zone's clock had not shown
// or skipped up to an instant, the instant included. While the clock repeats
// an hour that is the end of the hour.
func firstUnseen(t time.Time, zone *time.Location) int64 {
	return max(wallOf(t, zone)+1, shownBefore(t.Unix(), zone))
}

// lastSeen returns the last wall time that the zone's clock had shown or
// skipped before an instant.
func lastSeen(t time.Time, zone *time.Location) int64 {
	last := secondBefore(t)
	return max(wallOf(time.Unix(last, 0), zone), shownBefore(last, zone)-1)
}

// secondBefore returns the last whole second before an instant.
func secondBefore(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix()
	}
	return t.Unix() - 1
}

// shownBefore returns a wall time that the clock had not shown, but all before
// it, in the periods that ended at most reach before an instant.
func shownBefore(instant int64, zone *time.Location) int64 {
	p := periodAt(instant, zone)
	shown := instant - reach + p.offset
	for !p.ageless && instant-p.start < reach {
		start := p.start
		p = periodAt(start-1, zone)
		shown = max(shown, start+p.offset)
	}
	return shown
}

// nextReal returns the first instant after t at which the zone's clock shows a
// wall time of the set; the zero time when there is none.
func nextReal(set walls, t time.Time, zone *time.Location) time.Time {
	from := t.Unix() + 1
	for p := periodAt(from, zone); ; {
		w, ok := set.atOrAfter(from + p.offset)
		if ok && p.has(w-p.offset) {
			return time.Unix(w-p.offset, 0)
		}
		if p.endless {
			return time.Time{}
		}
		next := periodAt(p.end, zone)
		if !ok && p.end+next.offset >= from+p.offset {
			return time.Time{} // the clock goes on from where nothing follows
		}
		from, p = p.end, next
	}
}

// prevReal returns the last instant before t at which the zone's clock shows a
// wall time of the set; the zero time when there is none.
func prevReal(set walls, t time.Time, zone *time.Location) time.Time {
	last := secondBefore(t)
	for p := periodAt(last, zone); ; {
		w, ok := set.atOrBefore(last + p.offset)
		if ok && (p.ageless || w-p.offset >= p.start) {
			return time.Unix(w-p.offset, 0)
		}
		if p.ageless {
			return time.Time{}
		}
		prev := periodAt(p.start-1, zone)
		if !ok && p.start-1+prev.offset <= last+p.offset {
			return time.Time{} // the same, backwards
		}
		last, p = p.start-1, prev
	}
}
