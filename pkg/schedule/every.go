package schedule

import (
	"math/bits"
	"time"
)

const (
	secondsPerDay = 24 * 60 * 60
	day           = secondsPerDay * time.Second
)

// monday is the local time from which intervals of days count that have no
// start: Monday, 5 January 1970.
const monday = 4 * secondsPerDay

// dayWalls is the local times at which an interval of whole days fires.
type dayWalls struct {
	anchor int64
	step   int64 // in seconds
}

func (d dayWalls) atOrAfter(w int64) (int64, bool) {
	return w + floorMod(d.anchor-w, d.step), true
}

func (d dayWalls) atOrBefore(w int64) (int64, bool) {
	return w - floorMod(w-d.anchor, d.step), true
}

// floorMod returns a modulo b, from 0 up to but not including b.
func floorMod(a, b int64) int64 {
	m := a % b
	if m < 0 {
		m += b
	}
	return m
}

// elapses tells whether s is an interval of elapsed time.
func (s Spec) elapses() bool {
	return s.Cron.IsZero() && s.Every >= MinEvery && s.Every%day != 0
}

// since returns how long before t the interval last elapsed, t included: from
// 0 up to but not including Every.
func (s Spec) since(t time.Time) time.Duration {
	from := s.start().Unix()
	if s.Start.IsZero() {
		from = 0
	}
	// The distance in nanoseconds does not fit 64 bits for all times.
	seconds, nanos := t.Unix()-from, uint64(t.Nanosecond())
	if seconds >= 0 {
		return time.Duration(modulo(uint64(seconds), nanos, uint64(s.Every)))
	}
	// t lies at -seconds·1e9 - nanos before from.
	if nanos > 0 {
		seconds++
		nanos = 1e9 - nanos
	}
	rest := modulo(uint64(-seconds), nanos, uint64(s.Every))
	if rest == 0 {
		return 0
	}
	return s.Every - time.Duration(rest)
}

// modulo returns (seconds·1e9 + nanos) mod m, for m of a second and more.
func modulo(seconds, nanos, m uint64) uint64 {
	hi, lo := bits.Mul64(seconds, 1e9)
	lo, carry := bits.Add64(lo, nanos, 0)
	return bits.Rem64(hi+carry, lo, m)
}
