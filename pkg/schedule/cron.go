package schedule

import (
	"math/bits"
	"time"
)

// Cron is a parsed cron expression. The zero value fires never; other values
// come from Parse. Two values are equal when they were written alike.
type Cron struct {
	text string

	// What each field allows, as a set of bits.
	seconds, minutes uint64
	hours            uint32
	months           uint16
	days             monthDays
	weekdays         weekDays
	// either tells that a day need only fit one of days and weekdays, because
	// both name some.
	either bool

	years    [4]uint64 // from firstYear on
	allYears bool
}

// allHours is the hours field of a cron that names every hour.
const allHours = 1<<24 - 1

// cycle is after how many years the calendar repeats itself, weekdays and leap
// days included.
const cycle = 400

// IsZero tells whether c is the zero value.
func (c *Cron) IsZero() bool { return c.seconds == 0 }

// String returns the expression as it was written.
func (c *Cron) String() string { return c.text }

// atOrAfter returns the first wall time of c that is not before w.
func (c *Cron) atOrAfter(w int64) (int64, bool) {
	today := time.Unix(w, 0).UTC()
	y, m, d := today.Date()
	if c.hasMonth(y, int(m)) && c.daysOf(y, int(m))&(1<<d) != 0 {
		if s, ok := c.clockFrom(today.Clock()); ok {
			return midnight(y, int(m), d) + s, true
		}
	}
	if y, m, d, ok := c.dayAfter(y, int(m), d); ok {
		s, _ := c.clockFrom(0, 0, 0)
		return midnight(y, m, d) + s, true
	}
	return 0, false
}

// atOrBefore returns the last wall time of c that is not after w.
func (c *Cron) atOrBefore(w int64) (int64, bool) {
	today := time.Unix(w, 0).UTC()
	y, m, d := today.Date()
	if c.hasMonth(y, int(m)) && c.daysOf(y, int(m))&(1<<d) != 0 {
		if s, ok := c.clockUntil(today.Clock()); ok {
			return midnight(y, int(m), d) + s, true
		}
	}
	if y, m, d, ok := c.dayBefore(y, int(m), d); ok {
		s, _ := c.clockUntil(23, 59, 59)
		return midnight(y, m, d) + s, true
	}
	return 0, false
}

func midnight(y, m, d int) int64 { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC).Unix() }

// clockFrom returns the first time of day, in seconds, that is not before a
// given one; false when the day has none left.
func (c *Cron) clockFrom(hour, minute, second int) (int64, bool) {
	hours := uint64(c.hours)
	h := from(hours, hour)
	if h == hour {
		m := from(c.minutes, minute)
		if m == minute {
			if s := from(c.seconds, second); s < 64 {
				return clock(h, m, s), true
			}
			m = from(c.minutes, minute+1)
		}
		if m < 64 {
			return clock(h, m, from(c.seconds, 0)), true
		}
		h = from(hours, hour+1)
	}
	if h == 64 {
		return 0, false
	}
	return clock(h, from(c.minutes, 0), from(c.seconds, 0)), true
}

// clockUntil returns the last time of day, in seconds, that is not after a
// given one; false when the day has none before it.
func (c *Cron) clockUntil(hour, minute, second int) (int64, bool) {
	hours := uint64(c.hours)
	h := until(hours, hour)
	if h == hour {
		m := until(c.minutes, minute)
		if m == minute {
			if s := until(c.seconds, second); s >= 0 {
				return clock(h, m, s), true
			}
			m = until(c.minutes, minute-1)
		}
		if m >= 0 {
			return clock(h, m, until(c.seconds, 63)), true
		}
		h = until(hours, hour-1)
	}
	if h < 0 {
		return 0, false
	}
	return clock(h, until(c.minutes, 63), until(c.seconds, 63)), true
}

func clock(h, m, s int) int64 { return int64(h*60*60 + m*60 + s) }

// from returns the lowest bit of a set that is n or higher, 64 for none.
func from(set uint64, n int) int { return bits.TrailingZeros64(set >> n << n) }

// until returns the highest bit of a set that is n or lower, -1 for none.
func until(set uint64, n int) int { return bits.Len64(set<<(63-n)) - 1 - (63 - n) }

// dayAfter returns the first day of c after a day.
func (c *Cron) dayAfter(y, m, d int) (year, month, dayOfMonth int, ok bool) {
	rest, limit := ^uint32(0)<<d<<1, min(y+cycle, maxYear)
	if !c.allYears {
		limit = lastYear
	}
	for ; y <= limit; y, m, rest = y+1, 1, ^uint32(0) {
		if !c.hasYear(y) {
			continue
		}
		for ; m <= 12; m, rest = m+1, ^uint32(0) {
			if !c.hasMonth(y, m) {
				continue
			}
			if set := c.daysOf(y, m) & rest; set != 0 {
				return y, m, bits.TrailingZeros32(set), true
			}
		}
	}
	return 0, 0, 0, false
}

// dayBefore returns the last day of c before a day.
func (c *Cron) dayBefore(y, m, d int) (year, month, dayOfMonth int, ok bool) {
	rest, limit := uint32(1)<<d-1, max(y-cycle, 1)
	if !c.allYears {
		limit = firstYear
	}
	for ; y >= limit; y, m, rest = y-1, 12, ^uint32(0) {
		if !c.hasYear(y) {
			continue
		}
		for ; m >= 1; m, rest = m-1, ^uint32(0) {
			if !c.hasMonth(y, m) {
				continue
			}
			if set := c.daysOf(y, m) & rest; set != 0 {
				return y, m, bits.Len32(set) - 1, true
			}
		}
	}
	return 0, 0, 0, false
}

func (c *Cron) hasYear(y int) bool {
	if c.allYears {
		return true
	}
	i := y - firstYear
	return i >= 0 && y <= lastYear && c.years[i/64]&(1<<(i%64)) != 0
}

func (c *Cron) hasMonth(y, m int) bool { return c.months&(1<<m) != 0 && c.hasYear(y) }
