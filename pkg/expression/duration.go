package expression

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// Duration is a length of time as expressions compute with it. Its JSON is the
// text that FormatDuration makes.
type Duration time.Duration

// String returns the duration as FormatDuration does.
func (d Duration) String() string { return FormatDuration(time.Duration(d)) }

// MarshalJSON writes the duration as a JSON string.
func (d Duration) MarshalJSON() ([]byte, error) { return []byte(`"` + d.String() + `"`), nil }

// unit is one unit of a written duration.
type unit struct {
	name string
	size time.Duration
}

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// Units in falling order of size. A day is 24 hours.
var units = [...]unit{
	{"w", week},
	{"d", day},
	{"h", time.Hour},
	{"m", time.Minute},
	{"s", time.Second},
	{"ms", time.Millisecond},
	{"us", time.Microsecond},
	{"ns", time.Nanosecond},
}

var (
	errDuration     = errors.New("write a duration like 500ms, 30s, 5m, 2h, 1d, 1w or 1h30m, or in ISO 8601 like PT1H30M")
	errDurationSize = errors.New("the duration is longer than 292 years")
)

// ParseDuration reads a duration such as 500ms, 30s, 5m, 2h, 1d, 1w, a
// combination such as 1h30m, or ISO 8601 without years and months, such as
// P1DT2H. A day has 24 hours.
func ParseDuration(s string) (time.Duration, error) {
	text, negative := s, false
	if rest, ok := strings.CutPrefix(text, "-"); ok {
		text, negative = rest, true
	}
	var d time.Duration
	var err error
	switch {
	case text == "":
		err = errDuration
	case text[0] == 'P' || text[0] == 'p':
		d, err = parseISO(text[1:])
	case text == "0":
	default:
		d, err = parseUnits(text, units[:])
	}
	if err != nil {
		return 0, fmt.Errorf("%q is no duration: %w", shorten(s), err)
	}
	if negative {
		d = -d
	}
	return d, nil
}

// parseISO reads what stands behind the P of an ISO 8601 duration.
func parseISO(s string) (time.Duration, error) {
	date, clock, hasClock := strings.Cut(strings.ToLower(s), "t")
	if date == "" && clock == "" || hasClock && clock == "" {
		return 0, errDuration
	}
	if strings.ContainsAny(date, "ym") {
		return 0, errors.New("years and months have no fixed length, use days")
	}
	date, clock = strings.ReplaceAll(date, ",", "."), strings.ReplaceAll(clock, ",", ".")
	var d time.Duration
	if date != "" {
		part, err := parseUnits(date, units[:2])
		if err != nil {
			return 0, err
		}
		d = part
	}
	if clock != "" {
		part, err := parseUnits(clock, units[2:5])
		if err != nil {
			return 0, err
		}
		if d > math.MaxInt64-part {
			return 0, errDurationSize
		}
		d += part
	}
	return d, nil
}

// parseUnits reads numbers, each with one of the units, in falling order of
// the units.
func parseUnits(s string, allowed []unit) (time.Duration, error) {
	var sum time.Duration
	for s != "" {
		whole, fraction, scale, rest, err := parseNumber(s)
		if err != nil {
			return 0, err
		}
		end := 0
		for end < len(rest) && rest[end] >= 'a' && rest[end] <= 'z' {
			end++
		}
		name := rest[:end]
		at := -1
		for i, u := range allowed {
			if u.name == name {
				at = i
			}
		}
		if at < 0 {
			return 0, errDuration
		}
		size := int64(allowed[at].size)
		if whole > math.MaxInt64/size {
			return 0, errDurationSize
		}
		part := whole*size + int64(float64(fraction)*(float64(size)/scale))
		if part < 0 || int64(sum) > math.MaxInt64-part {
			return 0, errDurationSize
		}
		sum += time.Duration(part)
		allowed, s = allowed[at+1:], rest[end:]
	}
	return sum, nil
}

// parseNumber reads digits with an optional fraction of up to nine digits.
func parseNumber(s string) (whole, fraction int64, scale float64, rest string, err error) {
	i := 0
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		digit := int64(s[i] - '0')
		if whole > (math.MaxInt64-digit)/10 {
			return 0, 0, 0, "", errDurationSize
		}
		whole = whole*10 + digit
	}
	if i == 0 {
		return 0, 0, 0, "", errDuration
	}
	scale = 1
	if i < len(s) && s[i] == '.' {
		first := i + 1
		for i = first; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
			if i-first < 9 {
				fraction = fraction*10 + int64(s[i]-'0')
				scale *= 10
			}
		}
		if i == first {
			return 0, 0, 0, "", errDuration
		}
	}
	return whole, fraction, scale, s[i:], nil
}

// FormatDuration writes d in hours and smaller units, without fractions and
// without units that are zero, such as 36h or 1m500ms. ParseDuration reads it
// again.
func FormatDuration(d time.Duration) string {
	if d == 0 {
		return "0s"
	}
	var b strings.Builder
	rest := uint64(d)
	if d < 0 {
		b.WriteByte('-')
		rest = -rest
	}
	for _, u := range units[2:] {
		if n := rest / uint64(u.size); n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
			rest %= uint64(u.size)
		}
	}
	return b.String()
}
