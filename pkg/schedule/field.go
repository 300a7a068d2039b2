package schedule

import (
	"fmt"
	"strconv"
	"strings"
)

// fieldKind is which of the fields of an expression one is.
type fieldKind uint8

const (
	secondField fieldKind = iota
	minuteField
	hourField
	dayField
	monthField
	weekdayField
	yearField
)

// kinds is what each kind of field may hold.
var kinds = [...]struct {
	name        string
	low, high   int
	names       []string // for low and up
	expectation string
	every       string // unit that an interval of such steps has, empty: none
}{
	secondField:  {name: "second", high: 59, expectation: "0 to 59", every: "s"},
	minuteField:  {name: "minute", high: 59, expectation: "0 to 59", every: "m"},
	hourField:    {name: "hour", high: 23, expectation: "0 to 23", every: "h"},
	dayField:     {name: "day of the month", low: 1, high: 31, expectation: "1 to 31, L, 15W or LW", every: "d"},
	monthField:   {name: "month", low: 1, high: 12, names: monthNames, expectation: "1 to 12 or JAN to DEC"},
	weekdayField: {name: "weekday", high: 7, names: weekdayNames, expectation: "0 to 7 (Sunday is 0 and 7), SUN to SAT, FRIL or MON#2"},
	yearField:    {name: "year", low: firstYear, high: lastYear, expectation: fmt.Sprintf("%d to %d", firstYear, lastYear)},
}

var (
	monthNames   = []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
	weekdayNames = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
)

// field is one field of an expression as it was written.
type field struct {
	word
	kind fieldKind
}

// fieldSet is what a field allows.
type fieldSet struct {
	low      int       // what bit 0 of values stands for
	values   [4]uint64 // bits
	days     monthDays
	weekdays weekDays
}

func (s *fieldSet) add(n int) { n -= s.low; s.values[n/64] |= 1 << (n % 64) }

// bits returns the values of a field that has none above 63.
func (s *fieldSet) bits() uint64 { return s.values[0] }

// free tells whether a day field names no days of its own: it starts with *,
// or is ?.
func (f field) free() bool { return f.text[0] == '*' || f.text == "?" }

// fail is an error about a part of the field.
func (f field) fail(part word, message, hint string) error {
	return &ParseError{
		Field: kinds[f.kind].name, Offset: part.offset, Length: len(part.text),
		Message: kinds[f.kind].name + " " + message, Hint: hint,
	}
}

// wrong is the error of a part that is no value of the field.
func (f field) wrong(part word) error {
	return f.fail(part, fmt.Sprintf("%q is not valid", part.text), "write "+kinds[f.kind].expectation)
}

// parse reads the field.
func (f field) parse() (fieldSet, error) {
	var s fieldSet
	if f.kind == yearField {
		s.low = firstYear
	}
	at := f.offset
	parts := strings.Split(f.text, ",")
	for _, p := range parts {
		part := word{p, at}
		at += len(p) + 1
		switch {
		case p == "":
			return s, f.fail(f.word, fmt.Sprintf("%q has an empty place in its list", f.text), "write one comma between two values")
		case (p == "*" || p == "?") && len(parts) > 1:
			return s, f.fail(f.word, fmt.Sprintf("%q lists values besides %q, which stands for all", f.text, p), "leave out one or the other")
		case p == "?" && f.kind != dayField && f.kind != weekdayField:
			return s, f.fail(part, `"?" is not valid`, "write *")
		}
		special, err := f.special(part, &s)
		if err != nil {
			return s, err
		}
		if special {
			continue
		}
		if err := f.span(part, &s); err != nil {
			return s, err
		}
	}
	return s, nil
}

// span reads *, a value, a range or a step.
func (f field) span(part word, s *fieldSet) error {
	k := kinds[f.kind]
	base, stepText, stepped := strings.Cut(part.text, "/")
	low, high := k.low, k.high
	if f.kind == weekdayField {
		high = 6 // * is not Sunday twice
	}
	single := false
	switch {
	case base == "*" || base == "?" && !stepped:
	case base == "" && stepped:
		return f.fail(part, fmt.Sprintf("%q does not say where the steps begin", part.text), "write *"+part.text)
	default:
		from, to, ranged := strings.Cut(base, "-")
		var ok bool
		if low, ok = f.value(from); !ok {
			return f.wrong(part)
		}
		switch {
		case ranged:
			if high, ok = f.value(to); !ok {
				return f.wrong(part)
			}
			if f.kind == weekdayField {
				low, high = aroundSunday(low, high)
			}
		case !stepped:
			high, single = low, true
		case f.kind == weekdayField:
			low %= 7
		}
		if low > high {
			return f.backwards(part, from, to, low, high)
		}
	}
	step := 1
	if stepped {
		var err error
		if step, err = f.step(part, stepText, high-low); err != nil {
			return err
		}
	}
	if single {
		s.add(low)
		return nil
	}
	for n := low; n <= high; n += step {
		s.add(n)
	}
	return nil
}

// aroundSunday lets Sunday begin or end a range of weekdays, however it is
// written.
func aroundSunday(low, high int) (int, int) {
	if low == 7 && high < 7 {
		low = 0
	}
	if high == 0 && low > 0 {
		high = 7
	}
	return low, high
}

// backwards is the error of a range that ends before it begins.
func (f field) backwards(part word, from, to string, low, high int) error {
	k := kinds[f.kind]
	last := k.high
	if f.kind == weekdayField {
		last = 6
	}
	hint := "write the lower one first"
	if f.kind != yearField {
		hint = fmt.Sprintf("write %s,%s", f.rangeText(from, low, last), f.rangeText(to, k.low, high))
	}
	return f.fail(part, fmt.Sprintf("%q goes backwards", part.text), hint)
}

// rangeText writes a range with names if like was one.
func (f field) rangeText(like string, low, high int) string {
	k := kinds[f.kind]
	text := func(n int) string {
		if like[0] > '9' {
			return k.names[n-k.low]
		}
		return strconv.Itoa(n)
	}
	if low == high {
		return text(low)
	}
	return text(low) + "-" + text(high)
}

// step reads what stands behind the slash.
func (f field) step(part word, text string, room int) (int, error) {
	n, ok := number(text)
	k := kinds[f.kind]
	switch {
	case !ok || n == 0:
		return 0, f.fail(part, fmt.Sprintf("%q has no valid step", part.text), "write a number from 1 behind the slash, such as */5")
	case n > room:
		hint := "write a smaller step"
		if part.text[0] == '*' && k.every != "" {
			hint = fmt.Sprintf("write every: %d%s instead of a cron", n, k.every)
		}
		return 0, f.fail(part, fmt.Sprintf("%q steps over all values but the first", part.text), hint)
	}
	return n, nil
}

// special reads what only the day fields have; it tells whether part was such.
func (f field) special(part word, s *fieldSet) (bool, error) {
	text := strings.ToUpper(part.text)
	switch {
	case f.kind == dayField && strings.ContainsAny(text, "LW"):
		return true, f.lastDay(part, text, s)
	case f.kind == weekdayField && strings.Contains(text, "#"):
		return true, f.nthWeekday(part, text, s)
	case f.kind == weekdayField && strings.HasSuffix(text, "L"):
		n, ok := f.value(strings.TrimSuffix(text, "L"))
		if !ok {
			return true, f.fail(part, fmt.Sprintf("%q is not valid", part.text), "write FRIL or 5L for the last Friday of the month; the last day is L as the day of the month")
		}
		s.weekdays.last |= 1 << (n % 7)
		return true, nil
	}
	return false, nil
}

// lastDay reads L, L-3, LW and 15W.
func (f field) lastDay(part word, text string, s *fieldSet) error {
	before, isLast := strings.CutPrefix(text, "L-")
	near, isNear := strings.CutSuffix(text, "W")
	switch {
	case text == "L":
		s.days.last |= 1
		return nil
	case text == "LW":
		s.days.lastWeek = true
		return nil
	case isLast:
		if n, ok := number(before); ok && n >= 1 && n <= 30 {
			s.days.last |= 1 << n
			return nil
		}
		return f.fail(part, fmt.Sprintf("%q is not valid", part.text), "write L-1 to L-30: so many days before the last one")
	case isNear:
		if n, ok := number(near); ok && n >= 1 && n <= 31 {
			s.days.near |= 1 << n
			return nil
		}
		return f.fail(part, fmt.Sprintf("%q is not valid", part.text), "write 1W to 31W: the weekday nearest to that day")
	}
	return f.wrong(part)
}

// nthWeekday reads MON#2.
func (f field) nthWeekday(part word, text string, s *fieldSet) error {
	day, nth, _ := strings.Cut(text, "#")
	n, ok := f.value(day)
	if !ok {
		return f.wrong(part)
	}
	k, ok := number(nth)
	if !ok || k < 1 || k > 5 {
		return f.fail(part, fmt.Sprintf("%q is not valid", part.text), "write a number from 1 to 5 behind the #, such as MON#2 for the second Monday")
	}
	s.weekdays.nth[n%7] |= 1 << k
	return nil
}

// value reads a number or name of the field.
func (f field) value(text string) (int, bool) {
	k := kinds[f.kind]
	for i, name := range k.names {
		if strings.EqualFold(name, text) {
			return k.low + i, true
		}
	}
	n, ok := number(text)
	return n, ok && n >= k.low && n <= k.high
}

// number reads a number of at most four digits.
func number(text string) (int, bool) {
	if len(text) == 0 || len(text) > 4 {
		return 0, false
	}
	n := 0
	for _, r := range text {
		if r < '0' || r > '9' {
			return 0, false
		}
		n = n*10 + int(r-'0')
	}
	return n, true
}
