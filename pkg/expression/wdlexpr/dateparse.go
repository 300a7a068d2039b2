package wdlexpr

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

var errDate = errors.New("the text was not recognized as a date and a time")

// maxDate is how long the text of a date may be.
const maxDate = 200

// parseDate reads a date and a time as people and machines write them. A time
// with an offset becomes the time in UTC. What has no date is of the day of
// now.
func (c *culture) parseDate(text string, now time.Time) (dateTime, error) {
	if len(text) > maxDate {
		return dateTime{}, errDate
	}
	r := &dateReader{c: c, s: strings.TrimFunc(text, unicode.IsSpace), weekday: -1}
	if r.s == "" {
		return dateTime{}, errDate
	}
	for r.i < len(r.s) {
		if err := r.token(); err != nil {
			return dateTime{}, err
		}
	}
	return r.date(now)
}

// dateReader collects what the text of a date says.
type dateReader struct {
	c       *culture
	s       string
	i       int
	numbers []string // that are no part of a time
	month   int      // by its name, 0: none
	first   bool     // the month's name stands in front of all numbers
	weekday int      // by its name, -1: none
	timed   bool
	ofDay   int64 // ticks of the day
	hour    int
	half    int // 1: AM, 2: PM
	zoned   bool
	shift   int64 // ticks in front of UTC
}

func (r *dateReader) token() error {
	c, _ := utf8.DecodeRuneInString(r.s[r.i:])
	switch {
	case c >= '0' && c <= '9':
		return r.number()
	case (c == '+' || c == '-') && r.timed && !r.zoned:
		return r.offset()
	case c == '年' || c == '月' || c == '日' || c == '년' || c == '월' || c == '일':
		r.i += utf8.RuneLen(c)
	case unicode.IsLetter(c):
		return r.word()
	case strings.ContainsRune("/-.,", c) || unicode.IsSpace(c):
		r.i += utf8.RuneLen(c)
	default:
		return errDate
	}
	return nil
}

// digits takes digits.
func (r *dateReader) digits() string {
	start := r.i
	for r.i < len(r.s) && r.s[r.i] >= '0' && r.s[r.i] <= '9' {
		r.i++
	}
	return r.s[start:r.i]
}

func (r *dateReader) cut(c byte) bool {
	if r.i < len(r.s) && r.s[r.i] == c {
		r.i++
		return true
	}
	return false
}

func (r *dateReader) number() error {
	text := r.digits()
	if r.i < len(r.s) && r.s[r.i] == ':' && !r.timed {
		return r.clock(text)
	}
	if !r.timed && len(text) <= 2 && atoi(text) <= 23 && r.halfAhead() {
		r.timed, r.hour = true, atoi(text)
		return nil
	}
	if len(r.numbers) == 3 || len(text) > 4 {
		return errDate
	}
	r.numbers = append(r.numbers, text)
	return nil
}

// halfAhead tells whether AM or PM comes next: behind an hour without minutes.
func (r *dateReader) halfAhead() bool {
	rest := strings.TrimLeftFunc(r.s[r.i:], unicode.IsSpace)
	for half, name := range r.c.halves {
		if name != "" && hasWord(rest, name) || hasWord(rest, english.halves[half]) {
			return true
		}
	}
	return false
}

// clock reads the time of a day behind its hour.
func (r *dateReader) clock(hour string) error {
	fields := [3]int{atoi(hour)}
	r.timed = true
	for i := 1; i < 3 && r.cut(':'); i++ {
		text := r.digits()
		if text == "" || len(text) > 2 {
			return errDate
		}
		fields[i] = atoi(text)
	}
	if fields[0] > 23 || fields[1] > 59 || fields[2] > 59 {
		return errDate
	}
	r.hour = fields[0]
	r.ofDay = int64(fields[1]*60+fields[2]) * ticksPerSecond
	if r.cut('.') || r.cut(',') {
		text := r.digits()
		if text == "" {
			return errDate
		}
		f, err := strconv.ParseFloat("0."+text, 64)
		if err != nil {
			return errDate
		}
		r.ofDay += int64(math.Round(f * float64(ticksPerSecond)))
	}
	return nil
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return math.MaxInt32
	}
	return n
}

// offset reads how far a time is in front of UTC.
func (r *dateReader) offset() error {
	sign := int64(1)
	if r.s[r.i] == '-' {
		sign = -1
	}
	r.i++
	hours, minutes := r.digits(), "0"
	switch {
	case len(hours) == 4:
		hours, minutes = hours[:2], hours[2:]
	case len(hours) == 0 || len(hours) > 2:
		return errDate
	case r.cut(':'):
		if minutes = r.digits(); len(minutes) != 2 {
			return errDate
		}
	}
	if atoi(hours) > 14 || atoi(minutes) > 59 {
		return errDate
	}
	r.zoned, r.shift = true, sign*int64(atoi(hours)*60+atoi(minutes))*60*ticksPerSecond
	return nil
}

// word reads the name of a month, of a day, of a half of the day, or UTC.
func (r *dateReader) word() error {
	rest := r.s[r.i:]
	for half, name := range r.c.halves {
		if r.timed && name != "" && hasWord(rest, name) || r.timed && hasWord(rest, english.halves[half]) {
			r.half = half + 1
			r.i += len(name)
			if !hasWord(rest, name) {
				r.i += len(english.halves[half]) - len(name)
			}
			return nil
		}
	}
	n := 0
	r.month, n = r.name(rest, r.month, [][]string{r.c.monthsOfDay, r.c.months, r.c.shortMonthsOfDay, r.c.shortMonths}, 1)
	if n > 0 {
		r.first = len(r.numbers) == 0
		r.i += n
		return nil
	}
	if r.weekday, n = r.name(rest, r.weekday, [][]string{r.c.days, r.c.shortDays}, 0); n > 0 {
		r.i += n
		return nil
	}
	switch {
	case hasWord(rest, "Z") && r.timed, hasWord(rest, "GMT"), hasWord(rest, "UTC"):
		r.i += len("Z")
		if !hasWord(rest, "Z") {
			r.i += len("TC")
		}
		r.zoned = true
	case (rest[0] == 'T' || rest[0] == 't') && len(r.numbers) == 3 && len(rest) > 1 && rest[1] >= '0' && rest[1] <= '9':
		r.i++
	default:
		for _, filler := range []string{"del", "de", "d", "г.", "р."} {
			if strings.Contains(r.c.longDate, "'"+filler) && hasWord(rest, filler) {
				r.i += len(filler)
				return nil
			}
		}
		return errDate
	}
	return nil
}

// name finds the longest of the names that s starts with. It returns its place
// counted from base on and its length; was and 0 when there is none.
func (r *dateReader) name(s string, was int, lists [][]string, base int) (int, int) {
	best, size := was, 0
	for _, list := range lists {
		for i, name := range list {
			if name != "" && len(name) > size && hasWord(s, name) {
				best, size = i+base, len(name)
			}
		}
	}
	return best, size
}

// hasWord tells whether s starts with a word, in whatever case.
func hasWord(s, word string) bool {
	if len(s) < len(word) || !equalFold(s[:len(word)], word) {
		return false
	}
	next, _ := utf8.DecodeRuneInString(s[len(word):])
	return len(s) == len(word) || !unicode.IsLetter(next)
}

// date makes a time of what was read.
func (r *dateReader) date(now time.Time) (dateTime, error) {
	year, month, day, ok := r.day(now.UTC())
	if !ok || !r.timed && (r.half > 0 || r.zoned) {
		return dateTime{}, errDate
	}
	if r.half > 0 {
		if r.hour > 12 || r.hour == 0 {
			return dateTime{}, errDate
		}
		r.hour = r.hour%12 + 12*(r.half-1)
	}
	d, err := at(year, month, day, int64(r.hour)*3600*ticksPerSecond+r.ofDay, r.zoned)
	if err != nil {
		return dateTime{}, err
	}
	if r.weekday >= 0 && int(d.time().Weekday()) != r.weekday {
		return dateTime{}, errors.New("the day of the week is not that of the date")
	}
	return d.add(-r.shift, 1)
}

// day finds out which number is which.
func (r *dateReader) day(now time.Time) (year, month, day int, ok bool) {
	n := r.numbers
	switch {
	case r.month > 0 && len(n) == 2:
		if len(n[0]) > 2 {
			n[0], n[1] = n[1], n[0]
		}
		return yearOf(n[1]), r.month, atoi(n[0]), len(n[0]) <= 2
	case r.month > 0 && len(n) == 1:
		if len(n[0]) > 2 {
			return yearOf(n[0]), r.month, 1, true
		}
		return now.Year(), r.month, atoi(n[0]), true
	case r.month > 0:
		return 0, 0, 0, false
	case len(n) == 3 && len(n[0]) > 2:
		return yearOf(n[0]), atoi(n[1]), atoi(n[2]), len(n[1]) <= 2 && len(n[2]) <= 2
	case len(n) == 3:
		var fields [3]string
		for i, place := range r.c.dateOrder() {
			fields[place] = n[i]
		}
		return yearOf(fields[0]), atoi(fields[1]), atoi(fields[2]), len(fields[1]) <= 2 && len(fields[2]) <= 2
	case len(n) == 2 && len(n[0]) > 2:
		return yearOf(n[0]), atoi(n[1]), 1, true
	case len(n) == 2 && len(n[1]) > 2:
		return yearOf(n[1]), atoi(n[0]), 1, true
	case len(n) == 2:
		if order := r.c.dateOrder(); order[0] == 2 || order[1] == 2 && order[0] == 0 {
			return now.Year(), atoi(n[1]), atoi(n[0]), true
		}
		return now.Year(), atoi(n[0]), atoi(n[1]), true
	case len(n) == 0 && r.timed:
		return now.Year(), int(now.Month()), now.Day(), true
	}
	return 0, 0, 0, false
}

// dateOrder tells what the first, second and third number of a date are: 0 the
// year, 1 the month, 2 the day.
func (c *culture) dateOrder() [3]int {
	var order [3]int
	n := 0
	last := byte(0)
	for i := 0; i < len(c.shortDate) && n < 3; i++ {
		letter := c.shortDate[i]
		if place := strings.IndexByte("yMd", letter); place >= 0 && letter != last {
			order[n] = place
			n++
		}
		last = letter
	}
	return order
}

// yearOf is the year that a number means; one of two digits lies in 1950 to
// 2049.
func yearOf(text string) int {
	year := atoi(text)
	if len(text) <= 2 {
		if year += 1900; year < 1950 {
			year += 100
		}
	}
	return year
}
