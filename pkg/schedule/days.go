package schedule

import "time"

// monthDays is what the day of the month field allows. Bit n of each set
// stands for n.
type monthDays struct {
	days     uint32 // the days themselves
	last     uint32 // so many days before the last one
	near     uint32 // the weekday nearest to the day
	lastWeek bool   // the last weekday, Monday to Friday
}

// weekDays is what the weekday field allows. Sunday is 0.
type weekDays struct {
	days uint8    // bit n: weekday n
	last uint8    // bit n: the last weekday n of the month
	nth  [7]uint8 // bit k of element n: the k-th weekday n of the month
}

// allDays is the days of a field that names none.
const (
	allDays     = ^uint32(1)
	allWeekdays = 1<<7 - 1
)

// daysOf returns the days of a month that c allows; bit n stands for day n.
func (c *Cron) daysOf(year, month int) uint32 {
	m := monthOf(year, month)
	days, weekdays := c.days.in(m), c.weekdays.in(m)
	if c.either {
		return days | weekdays
	}
	return days & weekdays
}

// month is the shape of one month.
type month struct {
	first  int // the weekday of its first day
	length int
}

func monthOf(year, m int) month {
	length := 31
	switch m {
	case 4, 6, 9, 11:
		length = 30
	case 2:
		length = 28
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			length = 29
		}
	}
	return month{first: int(time.Date(year, time.Month(m), 1, 0, 0, 0, 0, time.UTC).Weekday()), length: length}
}

// weekday returns the weekday of a day of the month.
func (m month) weekday(d int) int { return (m.first + d - 1) % 7 }

// all is the days of the month.
func (m month) all() uint32 { return (1<<m.length - 1) << 1 }

// nearest returns the day from Monday to Friday that is nearest to d without
// leaving the month.
func (m month) nearest(d int) int {
	switch m.weekday(d) {
	case 6:
		if d == 1 {
			return 3
		}
		return d - 1
	case 0:
		if d == m.length {
			return d - 2
		}
		return d + 1
	}
	return d
}

func (f monthDays) in(m month) uint32 {
	set := f.days
	if f.last|f.near != 0 {
		for d := 1; d <= m.length; d++ {
			if f.last&(1<<(m.length-d)) != 0 {
				set |= 1 << d
			}
			if f.near&(1<<d) != 0 {
				set |= 1 << m.nearest(d)
			}
		}
	}
	if f.lastWeek {
		set |= 1 << m.nearest(m.length)
	}
	return set & m.all()
}

func (f weekDays) in(m month) uint32 {
	if f.days == allWeekdays {
		return m.all()
	}
	var set uint32
	for d := 1; d <= m.length; d++ {
		n := m.weekday(d)
		switch {
		case f.days&(1<<n) != 0,
			f.last&(1<<n) != 0 && d+7 > m.length,
			f.nth[n]&(1<<((d-1)/7+1)) != 0:
			set |= 1 << d
		}
	}
	return set
}
