package expression

import (
	"fmt"
	"slices"
	"time"

	"github.com/keelstep/keelstep/pkg/zone"
)

// The years that computed times may have; RFC 3339 has four digits for them.
const minYear, maxYear = 0, 9999

var errYear = &Error{Code: CodeExpressionError, Message: "the time is not between the years 0 and 9999"}

// inRange returns t when its year can be written.
func inRange(t time.Time) (any, error) {
	if y := t.Year(); y < minYear || y > maxYear {
		return nil, errYear
	}
	return t, nil
}

// The units of a calendar, from large to small.
var calendarUnits = []string{"year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond"}

// fixed are the units of one length.
var fixed = map[string]time.Duration{"hour": time.Hour, "minute": time.Minute, "second": time.Second, "millisecond": time.Millisecond}

func unitForm(text string) error {
	if !slices.Contains(calendarUnits, text) {
		return fmt.Errorf("a unit is one of %s%s", quoteAll(calendarUnits), didYouMean(text, calendarUnits))
	}
	return nil
}

func zoneForm(text string) error {
	_, err := zone.Load(text)
	return err
}

// wallTime is a date and a time of day without zone.
type wallTime struct {
	year, month, day, hour, minute, second, nano int
}

func wallOf(t time.Time) wallTime {
	return wallTime{t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond()}
}

// in returns the time at which clocks in the zone show w. What they skip is as
// much later as they skip; what they show twice is the first of both.
func (w wallTime) in(loc *time.Location) time.Time {
	utc := time.Date(w.year, time.Month(w.month), w.day, w.hour, w.minute, w.second, w.nano, time.UTC)
	offset := func(near time.Time) time.Duration {
		_, seconds := near.In(loc).Zone()
		return time.Duration(seconds) * time.Second
	}
	before, after := offset(utc.Add(-day)), offset(utc.Add(day))
	first := utc.Add(-before).In(loc)
	if offset(first) == before {
		return first
	}
	if second := utc.Add(-after).In(loc); offset(second) == after {
		return second
	}
	return first
}

// addUnits returns t and so many units more, as a calendar in t's zone counts
// them: a day later is the same time of day, and a month after the 31st is the
// last day of a shorter month.
func addUnits(t time.Time, n int, unit string) (any, error) {
	if length, ok := fixed[unit]; ok {
		d, err := mulInts(n, int(length))
		if err != nil {
			return nil, errYear
		}
		return inRange(t.Add(time.Duration(d.(int))))
	}
	const most = 12 * (maxYear + 1) * 31 // more leads out of all years
	if n > most || n < -most {
		return nil, errYear
	}
	w := wallOf(t)
	switch unit {
	case "day":
		w.day += n
	case "week":
		w.day += 7 * n
	case "month":
		w.addMonths(n)
	case "quarter":
		w.addMonths(3 * n)
	case "year":
		w.addMonths(12 * n)
	}
	return inRange(w.in(t.Location()))
}

// addMonths moves w by months; the day stays within the month.
func (w *wallTime) addMonths(n int) {
	months := w.year*12 + w.month - 1 + n
	year, month := months/12, months%12
	if month < 0 {
		year, month = year-1, month+12
	}
	w.year, w.month = year, month+1
	last := time.Date(w.year, time.Month(w.month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	w.day = min(w.day, last)
}

// startOfUnit returns the first moment of the unit that t is in, in t's zone.
// A week starts on Monday.
func startOfUnit(t time.Time, unit string) time.Time {
	if length, ok := fixed[unit]; ok && unit != "hour" {
		return t.Add(-time.Duration(t.Nanosecond()+t.Second()*int(time.Second)) % length)
	}
	w := wallOf(t)
	if unit == "hour" {
		// Not by the wall: an hour that clocks show twice has two starts.
		return t.Add(-time.Duration(w.minute)*time.Minute - time.Duration(w.second)*time.Second - time.Duration(w.nano))
	}
	w.hour, w.minute, w.second, w.nano = 0, 0, 0, 0
	switch unit {
	case "week":
		w.day -= (int(t.Weekday()) + 6) % 7
	case "month":
		w.day = 1
	case "quarter":
		w.month, w.day = w.month-(w.month-1)%3, 1
	case "year":
		w.month, w.day = 1, 1
	}
	return w.in(t.Location())
}

// unitsBetween returns how many whole units lie between two times, as the
// calendar of the first one's zone counts them.
func unitsBetween(from, to time.Time, unit string) (any, error) {
	if length, ok := fixed[unit]; ok {
		seconds := to.Unix() - from.Unix()
		nanos := int64(to.Nanosecond() - from.Nanosecond())
		if length >= time.Second {
			if seconds > 0 && nanos < 0 {
				seconds--
			} else if seconds < 0 && nanos > 0 {
				seconds++
			}
			return int(seconds / int64(length/time.Second)), nil
		}
		return int(seconds*1000 + nanos/int64(time.Millisecond)), nil
	}
	if to.Before(from) {
		n, err := unitsBetween(to.In(from.Location()), from, unit)
		if err != nil {
			return nil, err
		}
		return -n.(int), nil
	}
	a, b := wallOf(from), wallOf(to.In(from.Location()))
	days := dayNumber(b) - dayNumber(a)
	months := (b.year-a.year)*12 + b.month - a.month
	n := 0
	switch unit {
	case "day":
		n = days
	case "week":
		n = days / 7
	case "month":
		n = months
	case "quarter":
		n = months / 3
	case "year":
		n = months / 12
	}
	// The last unit counts only when it is whole.
	for n > 0 {
		reached, err := addUnits(from, n, unit)
		if err == nil && !reached.(time.Time).After(to) {
			break
		}
		n--
	}
	return n, nil
}

// dayNumber counts the days of the calendar.
func dayNumber(w wallTime) int {
	return int(time.Date(w.year, time.Month(w.month), w.day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}
