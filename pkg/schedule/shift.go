package schedule

import "time"

// Shift is what a change of the zone's clock means for a firing.
type Shift uint8

// The shifts.
const (
	Regular Shift = iota
	// Moved is a firing whose local time the clock skips: it fires at the
	// first instant after the gap.
	Moved
	// FirstOfTwo is a firing whose local time comes again later.
	FirstOfTwo
	// SecondOfTwo is a firing whose local time had come before. Only schedules
	// that follow real time have one.
	SecondOfTwo
)

// String returns what happened, in a few words.
func (s Shift) String() string {
	return [...]string{"regular", "moved: its local time is skipped", "the first of two", "the second of two"}[s]
}

// Shift returns what a change of the zone's clock means for the firing at an
// instant. For a Moved one planned is the local time that was skipped; for
// others it is the local time of the firing. Its zone means nothing.
func (s Spec) Shift(at time.Time) (shift Shift, planned time.Time) {
	zone := s.zone()
	p := periodAt(at.Unix(), zone)
	wall := at.Unix() + p.offset
	planned = time.Unix(wall, 0).UTC()
	if !p.ageless && at.Unix() == p.start {
		before := p.start + periodAt(p.start-1, zone).offset // where the gap begins
		if set := s.walls(); set != nil && !s.everyHour() && before < wall {
			if w, ok := set.atOrAfter(before); ok && w < wall {
				return Moved, time.Unix(w, 0).UTC()
			}
		}
	}
	switch {
	case arrival(wall, zone).Unix() < at.Unix():
		return SecondOfTwo, planned
	case !p.endless && comesAgain(wall, p, zone):
		return FirstOfTwo, planned
	}
	return Regular, planned
}

// comesAgain tells whether the clock shows a wall time of a period again after
// it.
func comesAgain(wall int64, p period, zone *time.Location) bool {
	for end := p.end; !p.endless && p.end-end < reach; {
		p = periodAt(p.end, zone)
		if at := wall - p.offset; at >= p.start && p.has(at) {
			return true
		}
	}
	return false
}

// NextChange returns the first instant after another at which the zone's clock
// is set forward or back, and by how much; false when there is none within two
// years.
func NextChange(after time.Time, zone *time.Location) (at time.Time, by time.Duration, ok bool) {
	p := periodAt(after.Unix(), zone)
	for limit := p.end + 2*366*secondsPerDay; !p.endless && p.end < limit; {
		next := periodAt(p.end, zone)
		if next.offset != p.offset {
			return time.Unix(p.end, 0).In(zone), time.Duration(next.offset-p.offset) * time.Second, true
		}
		p = next
	}
	return time.Time{}, 0, false
}
