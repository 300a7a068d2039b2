package wdlexpr

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// parseExact reads a date and a time that is written by a format of .NET.
func (c *culture) parseExact(text, format string, now time.Time) (dateTime, error) {
	pattern, c, err := c.datePattern(format)
	if err != nil {
		return dateTime{}, err
	}
	if len(text) > maxDate {
		return dateTime{}, errDate
	}
	r := &exactReader{dateReader: dateReader{c: c, s: text, weekday: -1}, day: -1}
	for i := 0; i < len(pattern); {
		n, ok := r.part(pattern[i:])
		if !ok {
			return dateTime{}, errDate
		}
		i += n
	}
	if r.i < len(r.s) {
		return dateTime{}, errDate
	}
	return r.result(now.UTC())
}

// exactReader reads a date by a pattern.
type exactReader struct {
	dateReader
	year, day int
	hasYear   bool
	minute    int
	second    int
	fraction  int64
}

// upTo takes at least least and at most most digits.
func (r *exactReader) upTo(least, most int) (int, bool) {
	start := r.i
	for r.i < len(r.s) && r.i-start < most && r.s[r.i] >= '0' && r.s[r.i] <= '9' {
		r.i++
	}
	return atoi(r.s[start:r.i]), r.i-start >= least
}

// part reads what a pattern starts with, and returns how long that is.
func (r *exactReader) part(p string) (int, bool) {
	n := repeats(p)
	var ok bool
	switch p[0] {
	case 'y':
		switch {
		case n <= 2:
			r.year, ok = r.upTo(n, 2)
			r.year = yearOf(leftPad(strconv.Itoa(r.year), 2))
		default:
			r.year, ok = r.upTo(n, max(n, 4))
		}
		r.hasYear = true
	case 'M':
		if n <= 2 {
			r.month, ok = r.upTo(n, 2)
			break
		}
		ok = r.named(&r.month, 1, r.c.monthsOfDay, r.c.months, r.c.shortMonthsOfDay, r.c.shortMonths)
	case 'd':
		if n <= 2 {
			r.day, ok = r.upTo(n, 2)
			break
		}
		ok = r.named(&r.weekday, 0, r.c.days, r.c.shortDays)
	case 'H', 'h':
		r.hour, ok = r.upTo(min(n, 2), 2)
		ok = ok && (p[0] == 'H' && r.hour <= 23 || p[0] == 'h' && r.hour >= 1 && r.hour <= 12)
		if p[0] == 'h' && r.half == 0 {
			r.hour %= 12
		}
	case 'm':
		r.minute, ok = r.upTo(min(n, 2), 2)
	case 's':
		r.second, ok = r.upTo(min(n, 2), 2)
	case 'f', 'F':
		ok = r.fractionDigits(n, p[0] == 'F')
	case 't':
		ok = r.halfOfDay(n)
	case 'z':
		ok = r.i < len(r.s) && (r.s[r.i] == '+' || r.s[r.i] == '-') && r.offset() == nil
	case 'K':
		return 1, r.kind()
	default:
		return r.literal(p)
	}
	return n, ok
}

// named reads one of the names.
func (r *exactReader) named(field *int, base int, lists ...[]string) bool {
	best, size := r.prefix(lists)
	*field = best + base
	r.i += size
	return size > 0
}

// prefix finds the longest of the names that stands here.
func (r *exactReader) prefix(lists [][]string) (place, size int) {
	for _, list := range lists {
		for i, name := range list {
			if rest := r.s[r.i:]; len(name) > size && len(rest) >= len(name) && equalFold(rest[:len(name)], name) {
				place, size = i, len(name)
			}
		}
	}
	return place, size
}

func (r *exactReader) fractionDigits(n int, optional bool) bool {
	if n > 7 {
		return false
	}
	start := r.i
	value, ok := r.upTo(n, n)
	if optional {
		ok = true
	}
	r.fraction = int64(value)
	if r.i == start {
		r.fraction = 0
	}
	for range 7 - (r.i - start) {
		r.fraction *= 10
	}
	return ok
}

func (r *exactReader) halfOfDay(n int) bool {
	names := r.c.halves
	if n == 1 {
		names = []string{string([]rune(names[0])[:1]), string([]rune(names[1])[:1])}
	}
	half, size := r.prefix([][]string{names})
	r.half = half + 1
	r.i += size
	return size > 0
}

// kind reads Z, an offset or nothing.
func (r *exactReader) kind() bool {
	switch {
	case r.i >= len(r.s):
	case r.cut('Z'):
		r.zoned = true
	case r.s[r.i] == '+' || r.s[r.i] == '-':
		return r.offset() == nil
	}
	return true
}

// literal reads what stands for itself.
func (r *exactReader) literal(p string) (int, bool) {
	var text string
	n := 1
	switch p[0] {
	case '\'', '"':
		var err error
		if text, n, err = quotedPart(p); err != nil {
			return 0, false
		}
	case '\\':
		if len(p) < 2 {
			return 0, false
		}
		text, n = p[1:2], 2
	case '%':
		if len(p) < 2 || p[1] == '%' {
			return 0, false
		}
		n, ok := r.part(p[1:2])
		return n + 1, ok
	case '/':
		text = r.c.dateSeparator()
	case ':':
		text = r.c.timeSeparator()
	default:
		_, n = utf8.DecodeRuneInString(p)
		text = p[:n]
	}
	rest, ok := strings.CutPrefix(r.s[r.i:], text)
	r.i = len(r.s) - len(rest)
	return n, ok
}

// result makes a time of what was read. What is missing is the first of its
// kind, the year that of now.
func (r *exactReader) result(now time.Time) (dateTime, error) {
	dated := r.hasYear || r.month > 0 || r.day >= 0
	year, month, day := r.year, max(r.month, 1), r.day
	if !r.hasYear {
		year = now.Year()
	}
	if day < 0 {
		day = 1
	}
	if !dated {
		month, day = int(now.Month()), now.Day()
	}
	if r.half > 0 {
		r.hour = r.hour%12 + 12*(r.half-1)
	}
	if r.minute > 59 || r.second > 59 {
		return dateTime{}, errDate
	}
	ofDay := int64(r.hour*3600+r.minute*60+r.second)*ticksPerSecond + r.fraction
	d, err := at(year, month, day, ofDay, r.zoned)
	if err != nil {
		return dateTime{}, err
	}
	if r.weekday >= 0 && int(d.time().Weekday()) != r.weekday {
		return dateTime{}, errDate
	}
	return d.add(-r.shift, 1)
}
