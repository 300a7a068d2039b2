package wdlexpr

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// roundTrip is the pattern of the format o.
const roundTrip = "yyyy-MM-ddTHH:mm:ss.fffffffK"

// maxFormat is how long a format may be.
const maxFormat = 1000

var errDateFormat = errors.New("the format is not valid: it is one letter such as d or o, or a pattern such as yyyy-MM-dd HH:mm:ss")

// datePattern returns the pattern that a format of one letter stands for, and
// the culture that holds for it.
func (c *culture) datePattern(format string) (string, *culture, error) {
	if len(format) == 0 {
		format = "G"
	}
	switch {
	case len(format) > maxFormat:
		return "", nil, errDateFormat
	case len(format) > 1 && utf8.RuneCountInString(format) > 1:
		return format, c, nil
	}
	switch format[0] {
	case 'd':
		return c.shortDate, c, nil
	case 'D':
		return c.longDate, c, nil
	case 'f':
		return c.longDate + " " + c.shortTime, c, nil
	case 'F', 'U':
		return c.longDate + " " + c.longTime, c, nil
	case 'g':
		return c.shortDate + " " + c.shortTime, c, nil
	case 'G':
		return c.shortDate + " " + c.longTime, c, nil
	case 'm', 'M':
		return c.monthDay, c, nil
	case 'o', 'O':
		return roundTrip, invariant, nil
	case 'r', 'R':
		return "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'", invariant, nil
	case 's':
		return "yyyy-MM-ddTHH':'mm':'ss", invariant, nil
	case 't':
		return c.shortTime, c, nil
	case 'T':
		return c.longTime, c, nil
	case 'u':
		return "yyyy-MM-dd HH':'mm':'ss'Z'", invariant, nil
	case 'y', 'Y':
		return c.yearMonth, c, nil
	}
	return "", nil, errDateFormat
}

// separator is what stands between the first two of those letters in a
// pattern.
func separator(pattern, letters, other string) string {
	first := strings.IndexAny(pattern, letters)
	if first < 0 {
		return other
	}
	rest := strings.TrimLeft(pattern[first:], pattern[first:first+1])
	n := strings.IndexAny(rest, letters)
	if n < 1 || strings.Contains(rest[:n], "'") {
		return other
	}
	return rest[:n]
}

func (c *culture) dateSeparator() string { return separator(c.shortDate, "dMy", "/") }
func (c *culture) timeSeparator() string { return separator(c.shortTime, "Hhms", ":") }

// formatDate writes a time by a format of .NET.
func (c *culture) formatDate(d dateTime, format string) (string, error) {
	pattern, c, err := c.datePattern(format)
	if err != nil {
		return "", err
	}
	w := dateWriter{c: c, d: d, pattern: pattern}
	for i := 0; i < len(pattern); {
		n, err := w.part(pattern[i:])
		if err != nil {
			return "", err
		}
		i += n
	}
	return w.b.String(), nil
}

// dateWriter writes a time by a pattern.
type dateWriter struct {
	b       strings.Builder
	c       *culture
	d       dateTime
	pattern string
}

// repeats is how often the first byte of s comes there.
func repeats(s string) int {
	n := 1
	for n < len(s) && s[n] == s[0] {
		n++
	}
	return n
}

// quotedPart returns the text of a quoted part, and how long the part is.
func quotedPart(s string) (string, int, error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == s[0]:
			return b.String(), i + 1, nil
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", 0, errDateFormat
}

// part writes what s starts with, and returns how long that is.
func (w *dateWriter) part(s string) (int, error) {
	t, n := w.d.time(), repeats(s)
	switch s[0] {
	case 'y':
		w.year(t.Year(), n)
	case 'M':
		w.month(int(t.Month()), n)
	case 'd':
		switch {
		case n <= 2:
			w.digits(t.Day(), n)
		case n == 3:
			w.b.WriteString(w.c.shortDays[t.Weekday()])
		default:
			w.b.WriteString(w.c.days[t.Weekday()])
		}
	case 'H':
		w.digits(t.Hour(), min(n, 2))
	case 'h':
		w.digits((t.Hour()+11)%12+1, min(n, 2))
	case 'm':
		w.digits(t.Minute(), min(n, 2))
	case 's':
		w.digits(t.Second(), min(n, 2))
	case 'f', 'F':
		return n, w.fraction(n, s[0] == 'F')
	case 't':
		half := w.c.halves[t.Hour()/12]
		if n == 1 && half != "" {
			half = string([]rune(half)[:1])
		}
		w.b.WriteString(half)
	case 'z':
		w.b.WriteString([]string{"+0", "+00", "+00:00"}[min(n, 3)-1])
	case 'K':
		if w.d.utc {
			w.b.WriteByte('Z')
		}
		return 1, nil
	case 'g':
		w.b.WriteString("A.D.")
	case ':':
		w.b.WriteString(w.c.timeSeparator())
		return 1, nil
	case '/':
		w.b.WriteString(w.c.dateSeparator())
		return 1, nil
	default:
		return w.literal(s)
	}
	return n, nil
}

// literal writes what stands for itself.
func (w *dateWriter) literal(s string) (int, error) {
	switch s[0] {
	case '\'', '"':
		text, n, err := quotedPart(s)
		w.b.WriteString(text)
		return n, err
	case '\\':
		if len(s) < 2 {
			return 0, errDateFormat
		}
		w.b.WriteByte(s[1])
		return 2, nil
	case '%':
		if len(s) < 2 || s[1] == '%' {
			return 0, errDateFormat
		}
		n, err := w.part(s[1:2])
		return n + 1, err
	}
	w.b.WriteByte(s[0])
	return 1, nil
}

func (w *dateWriter) digits(n, width int) {
	fmt.Fprintf(&w.b, "%0*d", width, n)
}

func (w *dateWriter) year(year, n int) {
	if n <= 2 {
		w.digits(year%100, n)
		return
	}
	w.digits(year, min(n, 100))
}

func (w *dateWriter) month(month, n int) {
	names := [][]string{w.c.shortMonths, w.c.months}
	if dayBeside(w.pattern) {
		names = [][]string{w.c.shortMonthsOfDay, w.c.monthsOfDay}
	}
	switch {
	case n <= 2:
		w.digits(month, n)
	case n == 3:
		w.b.WriteString(names[0][month-1])
	default:
		w.b.WriteString(names[1][month-1])
	}
}

// dayBeside tells whether a pattern has the number of a day: some languages
// write the month another way beside it.
func dayBeside(pattern string) bool {
	for i := 0; i < len(pattern); {
		switch pattern[i] {
		case '\'', '"':
			_, n, err := quotedPart(pattern[i:])
			if err != nil {
				return false
			}
			i += n
		case '\\':
			i += 2
		default:
			n := repeats(pattern[i:])
			if pattern[i] == 'd' && n <= 2 {
				return true
			}
			i += n
		}
	}
	return false
}

// fraction writes n digits of the second. trim leaves zeros at the end out, and
// the point with them.
func (w *dateWriter) fraction(n int, trim bool) error {
	if n > 7 {
		return errDateFormat
	}
	digits := leftPad(strconv.FormatInt(w.d.ticks%ticksPerSecond, 10), 7)[:n]
	if trim {
		if digits = strings.TrimRight(digits, "0"); digits == "" && strings.HasSuffix(w.b.String(), ".") {
			text := strings.TrimSuffix(w.b.String(), ".")
			w.b.Reset()
			w.b.WriteString(text)
		}
	}
	w.b.WriteString(digits)
	return nil
}
