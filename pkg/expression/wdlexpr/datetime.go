package wdlexpr

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Ticks are 100 nanoseconds, counted from the start of year 1.
const (
	ticksPerSecond = int64(1e7)
	ticksPerDay    = 24 * 3600 * ticksPerSecond
	maxTicks       = 3155378975999999999 // the last of the year 9999
	unixTicks      = 62135596800         // seconds from year 1 to 1970
)

// dateTime is a date and a time of day, known to be in UTC or of no zone, as
// .NET's DateTime has it.
type dateTime struct {
	ticks int64
	utc   bool
}

var errDateRange = errors.New("the resulting time is not within the years 1 to 9999")

func dateOf(t time.Time, utc bool) dateTime {
	return dateTime{(t.Unix()+unixTicks)*ticksPerSecond + int64(t.Nanosecond())/100, utc}
}

// time returns the date and time as if it were in UTC.
func (d dateTime) time() time.Time {
	return time.Unix(d.ticks/ticksPerSecond-unixTicks, d.ticks%ticksPerSecond*100).UTC()
}

// at returns a time with those fields, which must be within their bounds.
func at(year, month, day int, ofDay int64, utc bool) (dateTime, error) {
	if year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return dateTime{}, errors.New("there is no such day")
	}
	d := dateOf(time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC), utc)
	d.ticks += ofDay
	return d, nil
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// add returns the time n units of so many ticks later.
func (d dateTime) add(n, unit int64) (dateTime, error) {
	if n > maxTicks/unit || n < -maxTicks/unit {
		return dateTime{}, errDateRange
	}
	d.ticks += n * unit
	if d.ticks < 0 || d.ticks > maxTicks {
		return dateTime{}, errDateRange
	}
	return d, nil
}

// addMonths returns the time n months later; the last day of the month where
// there is no such day.
func (d dateTime) addMonths(n int64) (dateTime, error) {
	if n > 120000 || n < -120000 {
		return dateTime{}, errDateRange
	}
	t := d.time()
	months := int64(t.Year())*12 + int64(t.Month()) - 1 + n
	year, month := int(months/12), int(months%12)+1
	if months < 12 || year > 9999 {
		return dateTime{}, errDateRange
	}
	return at(year, month, min(t.Day(), daysIn(year, month)), d.ticks%ticksPerDay, d.utc)
}

// addUnits returns the time n units later.
func (d dateTime) addUnits(n int64, unit string) (dateTime, error) {
	switch strings.ToLower(unit) {
	case "second":
		return d.add(n, ticksPerSecond)
	case "minute":
		return d.add(n, 60*ticksPerSecond)
	case "hour":
		return d.add(n, 3600*ticksPerSecond)
	case "day":
		return d.add(n, ticksPerDay)
	case "week":
		return d.add(n, 7*ticksPerDay)
	case "month":
		return d.addMonths(n)
	case "year":
		if n > 10000 || n < -10000 {
			return dateTime{}, errDateRange
		}
		return d.addMonths(12 * n)
	}
	return dateTime{}, fmt.Errorf("the unit %s is not known: it is one of Second, Minute, Hour, Day, Week, Month, Year", quote(unit))
}

// offset is how far a zone is in front of UTC at a time in UTC, in ticks.
func offset(zone *time.Location, at dateTime) int64 {
	_, seconds := at.time().In(zone).Zone()
	return int64(seconds) * ticksPerSecond
}

// inZone returns what the clocks of a zone show at a time in UTC.
func (d dateTime) inZone(zone *time.Location) (dateTime, error) {
	shown := dateTime{d.ticks + offset(zone, d), zone == time.UTC}
	if shown.ticks < 0 || shown.ticks > maxTicks {
		return dateTime{}, errDateRange
	}
	return shown, nil
}

// fromZone returns the time in UTC at which the clocks of a zone show d. A
// time that they show twice is that of standard time, the later one; a time
// that they skip is an error.
func (d dateTime) fromZone(zone *time.Location) (dateTime, error) {
	found := false
	var last dateTime
	for _, guess := range []int64{-ticksPerDay, ticksPerDay} {
		utc := dateTime{d.ticks - offset(zone, dateTime{ticks: d.ticks + guess}), true}
		if utc.ticks+offset(zone, utc) == d.ticks && (!found || utc.ticks > last.ticks) {
			found, last = true, utc
		}
	}
	switch {
	case !found:
		return dateTime{}, fmt.Errorf("the time %s does not exist in %s: clocks skip it", d.time().Format("2006-01-02 15:04:05"), zone)
	case last.ticks < 0 || last.ticks > maxTicks:
		return dateTime{}, errDateRange
	}
	return last, nil
}
