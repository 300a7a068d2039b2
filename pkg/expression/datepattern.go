package expression

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxDatePattern bounds the pattern of a date.
const maxDatePattern = 100

// dateToken is a piece of a pattern: a field that letters name, or a text.
type dateToken struct {
	field string
	text  string
}

// dateFields are the fields of a pattern.
var dateFields = []string{
	"yyyy", "yy", "MMMM", "MMM", "MM", "M", "dddd", "ddd", "dd", "d", "HH", "H", "hh", "h", "mm", "m", "ss", "s",
	"fffffff", "ffffff", "fffff", "ffff", "fff", "ff", "f", "tt", "zzz", "K",
}

var errDatePattern = errors.New("a pattern is made of " +
	"yyyy yy, MMMM MMM MM M, dddd ddd dd d, HH H hh h, mm m, ss s, f to fffffff, tt, zzz, K, and other text in single quotes")

// parseDatePattern cuts a pattern such as yyyy-MM-dd HH:mm:ss into tokens.
func parseDatePattern(pattern string) ([]dateToken, error) {
	if pattern == "" || len(pattern) > maxDatePattern {
		return nil, fmt.Errorf("a pattern has 1 to %d characters", maxDatePattern)
	}
	var tokens []dateToken
	for i := 0; i < len(pattern); {
		c := pattern[i]
		switch {
		case c == '\'':
			text, end, err := quotedText(pattern, i)
			if err != nil {
				return nil, err
			}
			tokens = append(tokens, dateToken{text: text})
			i = end
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			field, known := fieldAt(pattern[i:])
			if !known {
				return nil, fmt.Errorf("%q is not known: %w", field, errDatePattern)
			}
			tokens = append(tokens, dateToken{field: field})
			i += len(field)
		default:
			tokens = append(tokens, dateToken{text: pattern[i : i+1]})
			i++
		}
	}
	return tokens, nil
}

// quotedText returns the text in quotes that starts at i, and the place behind
// it; two quotes stand for one.
func quotedText(pattern string, i int) (text string, end int, err error) {
	var b strings.Builder
	for i++; i < len(pattern); i++ {
		if pattern[i] != '\'' {
			b.WriteByte(pattern[i])
			continue
		}
		if i+1 == len(pattern) || pattern[i+1] != '\'' {
			return b.String(), i + 1, nil
		}
		b.WriteByte('\'')
		i++
	}
	return "", 0, errors.New("a quote in the pattern has no end")
}

// fieldAt returns the letters that s starts with and that are the same, and
// whether they are a field.
func fieldAt(s string) (field string, known bool) {
	n := 1
	for n < len(s) && s[n] == s[0] {
		n++
	}
	return s[:n], slices.Contains(dateFields, s[:n])
}

func datePatternForm(text string) error {
	_, err := parseDatePattern(text)
	return err
}

// formatPattern writes t.
func formatPattern(t time.Time, tokens []dateToken) string {
	var b strings.Builder
	for _, token := range tokens {
		if token.field == "" {
			b.WriteString(token.text)
			continue
		}
		b.WriteString(formatField(t, token.field))
	}
	return b.String()
}

func formatField(t time.Time, field string) string {
	number := func(n int) string { return fmt.Sprintf("%0*d", min(len(field), 4), n) }
	switch field {
	case "yyyy":
		return number(t.Year())
	case "yy":
		return number(t.Year() % 100)
	case "MMMM":
		return t.Month().String()
	case "MMM":
		return t.Month().String()[:3]
	case "MM", "M":
		return number(int(t.Month()))
	case "dddd":
		return t.Weekday().String()
	case "ddd":
		return t.Weekday().String()[:3]
	case "dd", "d":
		return number(t.Day())
	case "HH", "H":
		return number(t.Hour())
	case "hh", "h":
		return number((t.Hour()+11)%12 + 1)
	case "mm", "m":
		return number(t.Minute())
	case "ss", "s":
		return number(t.Second())
	case "tt":
		if t.Hour() < 12 {
			return "AM"
		}
		return "PM"
	case "zzz", "K":
		return formatOffset(t, field)
	}
	return fmt.Sprintf("%09d", t.Nanosecond())[:len(field)]
}

func formatOffset(t time.Time, field string) string {
	_, seconds := t.Zone()
	if seconds == 0 && field == "K" {
		return "Z"
	}
	sign := "+"
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	return fmt.Sprintf("%s%02d:%02d", sign, seconds/3600, seconds/60%60)
}

// dateReader reads a text by a pattern.
type dateReader struct {
	text      string
	wall      wallTime
	offset    int // seconds east of UTC
	hasOffset bool
	half      string // am, pm or empty
	hour12    bool
	weekday   string
}

// parsePattern reads a text; loc is its zone unless the text names an offset.
func parsePattern(text string, tokens []dateToken, loc *time.Location) (time.Time, error) {
	r := dateReader{text: text, wall: wallTime{year: 1, month: 1, day: 1}}
	for _, token := range tokens {
		if err := r.token(token); err != nil {
			return time.Time{}, err
		}
	}
	if r.text != "" {
		return time.Time{}, fmt.Errorf("%q stands behind the time", shorten(r.text))
	}
	return r.finish(loc)
}

func (r *dateReader) token(token dateToken) error {
	if token.field == "" {
		rest, ok := strings.CutPrefix(r.text, token.text)
		if !ok {
			return fmt.Errorf("%q is missing before %q", token.text, shorten(r.text))
		}
		r.text = rest
		return nil
	}
	w := &r.wall
	var err error
	switch token.field {
	case "yyyy":
		w.year, err = r.number(4, 4)
	case "yy":
		w.year, err = r.number(2, 2)
		w.year += 2000
	case "MMMM", "MMM":
		w.month, err = r.month(token.field)
	case "MM", "M":
		w.month, err = r.number(len(token.field), 2)
	case "dddd", "ddd":
		err = r.dayName(token.field)
	case "dd", "d":
		w.day, err = r.number(len(token.field), 2)
	case "HH", "H":
		w.hour, err = r.number(len(token.field), 2)
	case "hh", "h":
		w.hour, err = r.number(len(token.field), 2)
		r.hour12 = true
	case "mm", "m":
		w.minute, err = r.number(len(token.field), 2)
	case "ss", "s":
		w.second, err = r.number(len(token.field), 2)
	case "tt":
		err = r.halfOfDay()
	case "zzz", "K":
		err = r.zoneOffset(token.field)
	default:
		w.nano, err = r.number(len(token.field), len(token.field))
		for range 9 - len(token.field) {
			w.nano *= 10
		}
	}
	return err
}

// number reads least to most digits.
func (r *dateReader) number(least, most int) (int, error) {
	n := 0
	for n < len(r.text) && n < most && r.text[n] >= '0' && r.text[n] <= '9' {
		n++
	}
	if n < least {
		return 0, fmt.Errorf("%d digits are missing before %q", least, shorten(r.text))
	}
	value, err := strconv.Atoi(r.text[:n])
	r.text = r.text[n:]
	return value, err
}

// word takes name, or its first three letters when short, off the text.
func (r *dateReader) word(name string, short bool) bool {
	if short {
		name = name[:3]
	}
	if len(r.text) < len(name) || !strings.EqualFold(r.text[:len(name)], name) {
		return false
	}
	r.text = r.text[len(name):]
	return true
}

func (r *dateReader) month(field string) (int, error) {
	for m := time.January; m <= time.December; m++ {
		if r.word(m.String(), field == "MMM") {
			return int(m), nil
		}
	}
	return 0, fmt.Errorf("the name of a month is missing before %q", shorten(r.text))
}

func (r *dateReader) dayName(field string) error {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if r.word(d.String(), field == "ddd") {
			r.weekday = d.String()
			return nil
		}
	}
	return fmt.Errorf("the name of a day is missing before %q", shorten(r.text))
}

func (r *dateReader) halfOfDay() error {
	for _, half := range []string{"AM", "PM"} {
		if r.word(half, false) {
			r.half = half
			return nil
		}
	}
	return fmt.Errorf("AM or PM is missing before %q", shorten(r.text))
}

func (r *dateReader) zoneOffset(field string) error {
	if rest, ok := strings.CutPrefix(r.text, "Z"); ok {
		r.text, r.hasOffset = rest, true
		return nil
	}
	if r.text == "" && field == "K" {
		return nil
	}
	sign := 1
	switch {
	case strings.HasPrefix(r.text, "-"):
		sign = -1
	case !strings.HasPrefix(r.text, "+"):
		return fmt.Errorf("an offset like +01:00 is missing before %q", shorten(r.text))
	}
	r.text = r.text[1:]
	hours, err := r.number(2, 2)
	if err != nil {
		return err
	}
	r.text = strings.TrimPrefix(r.text, ":")
	minutes, err := r.number(2, 2)
	if err != nil {
		return err
	}
	if hours > 23 || minutes > 59 {
		return errors.New("the offset is not valid")
	}
	r.offset, r.hasOffset = sign*(hours*3600+minutes*60), true
	return nil
}

// finish makes the time of what was read.
func (r *dateReader) finish(loc *time.Location) (time.Time, error) {
	w := &r.wall
	if r.hour12 {
		if w.hour < 1 || w.hour > 12 {
			return time.Time{}, fmt.Errorf("hh is 1 to 12, got %d", w.hour)
		}
		w.hour %= 12
	}
	if r.half == "PM" && w.hour < 12 {
		w.hour += 12
	}
	if w.hour > 23 || w.minute > 59 || w.second > 59 {
		return time.Time{}, errors.New("the time of day is not valid")
	}
	if w.month < 1 || w.month > 12 || w.day < 1 || w.day > time.Date(w.year, time.Month(w.month)+1, 0, 0, 0, 0, 0, time.UTC).Day() {
		return time.Time{}, errors.New("the date is not valid")
	}
	if r.hasOffset {
		loc = offsetZone(r.offset)
	}
	t := w.in(loc)
	if r.weekday != "" && t.Weekday().String() != r.weekday {
		return time.Time{}, fmt.Errorf("the date is a %s, not a %s", t.Weekday(), r.weekday)
	}
	return t, nil
}

// offsetZone is a zone of one offset.
func offsetZone(seconds int) *time.Location {
	if seconds == 0 {
		return time.UTC
	}
	return time.FixedZone("", seconds)
}
