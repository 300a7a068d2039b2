package schedule

import (
	"fmt"
	"strings"
)

// MaxCron is how long a cron expression may be, in bytes.
const MaxCron = 256

// The years that the year field may name.
const (
	firstYear = 1970
	lastYear  = 2199
)

// ParseError is what is wrong with a cron expression.
type ParseError struct {
	Field   string // minute, hour, …; empty: the expression as a whole
	Offset  int    // where it begins in the expression, in bytes
	Length  int    // of what is wrong, in bytes
	Message string // names what is wrong
	Hint    string // says what to write
}

// Error returns the message and the hint.
func (e *ParseError) Error() string { return e.Message + ": " + e.Hint }

// shorthand is the names that stand for a whole expression.
var shorthand = []struct{ name, fields string }{
	{"@yearly", "0 0 1 1 *"},
	{"@annually", "0 0 1 1 *"},
	{"@monthly", "0 0 1 * *"},
	{"@weekly", "0 0 * * 0"},
	{"@daily", "0 0 * * *"},
	{"@midnight", "0 0 * * *"},
	{"@hourly", "0 * * * *"},
}

// Parse reads a cron expression of five fields: minute, hour, day of the month,
// month and weekday. A sixth field in front is the second; a last field that
// names years is the year. Errors are a *ParseError that names the field and
// says what to write.
//
// A field is * (any), a value, a range (1-5), a step (*/15, 0-30/10, 5/10), or
// a list of them. Months and weekdays have names (JAN, MON-FRI); Sunday is 0
// or 7. The day of the month may also be L (the last day), L-3 (three days
// before it), 15W (the weekday nearest to the 15th) and LW (the last weekday);
// the weekday FRIL or 5L (the last Friday) and MON#2 or 1#2 (the second
// Monday). ? is * in the two day fields. When both day fields are restricted,
// a day has to fit one of them; when one of them starts with *, both.
func Parse(cron string) (Cron, error) {
	if len(cron) > MaxCron {
		return Cron{}, whole(cron[:0], fmt.Sprintf("the cron is longer than %d characters", MaxCron), "leave out the values that a range or a step covers")
	}
	p := &parser{text: cron}
	p.split()
	if len(p.words) == 1 && strings.HasPrefix(p.words[0].text, "@") {
		if err := p.expand(); err != nil {
			return Cron{}, err
		}
	}
	fields, err := p.assign()
	if err != nil {
		return Cron{}, err
	}
	c := Cron{text: strings.TrimSpace(cron), seconds: 1, allYears: true}
	var star [2]bool // the day fields start with *
	for _, f := range fields {
		set, err := f.parse()
		if err != nil {
			return Cron{}, err
		}
		switch f.kind {
		case secondField:
			c.seconds = set.bits()
		case minuteField:
			c.minutes = set.bits()
		case hourField:
			c.hours = uint32(set.bits())
		case dayField:
			c.days, star[0] = set.days, f.free()
			c.days.days |= uint32(set.bits())
		case monthField:
			c.months = uint16(set.bits())
		case weekdayField:
			c.weekdays, star[1] = set.weekdays, f.free()
			week := set.bits()
			c.weekdays.days |= uint8(week&allWeekdays | week>>7)
		case yearField:
			c.years, c.allYears = set.values, f.text == "*"
		}
	}
	c.either = !star[0] && !star[1]
	if _, _, _, ok := c.dayAfter(firstYear-1, 12, 31); !ok {
		return Cron{}, &ParseError{
			Offset: p.words[0].offset, Length: len(c.text),
			Message: fmt.Sprintf("the cron %q never fires", c.text),
			Hint:    "there is no such day: check the day of the month, the month, the weekday and the year together",
		}
	}
	return c, nil
}

// whole is an error about the whole expression.
func whole(text, message, hint string) *ParseError {
	return &ParseError{Length: len(text), Message: message, Hint: hint}
}

// parser holds an expression and the words that it consists of.
type parser struct {
	text  string
	words []word
}

// word is a part of an expression and where it stands.
type word struct {
	text   string
	offset int
}

// split takes the expression apart at its blanks.
func (p *parser) split() {
	at := 0
	for w := range strings.FieldsSeq(p.text) {
		at += strings.Index(p.text[at:], w)
		p.words = append(p.words, word{w, at})
		at += len(w)
	}
}

// expand replaces a shorthand by what it stands for.
func (p *parser) expand() error {
	name := p.words[0].text
	for _, s := range shorthand {
		if strings.EqualFold(name, s.name) {
			p.words = (&parser{text: s.fields}).fields()
			return nil
		}
	}
	message, hint := fmt.Sprintf("%q is not known", name), "write @yearly, @monthly, @weekly, @daily, @hourly or five fields"
	switch strings.ToLower(name) {
	case "@reboot":
		message, hint = `"@reboot" is not supported`, "a schedule fires by the clock: write when"
	case "@every":
		hint = "write every: 5m instead of a cron"
	}
	return &ParseError{Offset: p.words[0].offset, Length: len(name), Message: message, Hint: hint}
}

// fields splits the expression and returns its words.
func (p *parser) fields() []word {
	p.split()
	return p.words
}

// assign says which field each word is.
func (p *parser) assign() ([]field, error) {
	kinds := []fieldKind{minuteField, hourField, dayField, monthField, weekdayField}
	n := len(p.words)
	if n > 5 {
		if err := p.blankInList(); err != nil {
			return nil, err
		}
	}
	switch {
	case n == 6 && namesYear(p.words[5].text):
		kinds = append(kinds, yearField)
	case n == 6:
		kinds = append([]fieldKind{secondField}, kinds...)
	case n == 7:
		kinds = append(append([]fieldKind{secondField}, kinds...), yearField)
	case n != 5:
		return nil, p.miscounted()
	}
	fields := make([]field, n)
	for i, w := range p.words {
		fields[i] = field{word: w, kind: kinds[i]}
	}
	return fields, nil
}

// miscounted is the error of a wrong number of fields.
func (p *parser) miscounted() error {
	const five = `write minute, hour, day of the month, month and weekday, such as "30 7 * * 1-5"`
	if len(p.words) == 0 {
		return whole(p.text, "the cron is empty", five)
	}
	if strings.EqualFold(p.words[0].text, "@every") {
		return whole(p.text, `"@every" is not known`, "write every: 5m instead of a cron")
	}
	have := "1 field"
	if n := len(p.words); n > 1 {
		have = fmt.Sprintf("%d fields", n)
	}
	return whole(p.text, fmt.Sprintf("the cron has %s, it needs 5", have), five)
}

// blankInList is the error of a comma with a blank beside it, which makes two
// fields of one; nil when there is none.
func (p *parser) blankInList() error {
	for _, w := range p.words {
		if strings.HasPrefix(w.text, ",") || strings.HasSuffix(w.text, ",") {
			return &ParseError{
				Offset: w.offset, Length: len(w.text),
				Message: fmt.Sprintf("a list in the cron has a blank beside %q", w.text), Hint: "write 1,2 without a blank",
			}
		}
	}
	return nil
}

// namesYear tells whether a field names a year and so cannot be a weekday.
func namesYear(text string) bool {
	digits := 0
	for _, r := range text {
		if r < '0' || r > '9' {
			digits = 0
			continue
		}
		if digits++; digits == 4 {
			return true
		}
	}
	return false
}
