package connectors

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	iso "github.com/sosodev/duration"
)

// Duration is a length of time in inputs and settings: text such as 500ms,
// 30s, 5m, 2h, 1d, 1w, several of them in a row, or ISO 8601 without months
// and years. It is not negative.
type Duration time.Duration

// JSONSchema returns the schema of the text.
func (Duration) JSONSchema() json.RawMessage { return json.RawMessage(`{"type":"string"}`) }

// MarshalJSON writes the duration as Go prints it.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON reads the text.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return errors.New("is not a duration: write text such as 30s")
	}
	v, err := parseDuration(s)
	if err != nil {
		return err
	}
	*d = Duration(v)
	return nil
}

var units = []struct {
	name string
	size time.Duration
}{
	{"ms", time.Millisecond},
	{"us", time.Microsecond},
	{"µs", time.Microsecond},
	{"ns", time.Nanosecond},
	{"s", time.Second},
	{"m", time.Minute},
	{"h", time.Hour},
	{"d", 24 * time.Hour},
	{"w", 7 * 24 * time.Hour},
}

func parseDuration(s string) (time.Duration, error) {
	wrong := fmt.Errorf("%q is not a duration: write text such as 500ms, 30s, 5m, 2h, 1d or PT30S", s)
	if strings.HasPrefix(s, "P") {
		d, err := iso.Parse(s)
		if err != nil || !strings.ContainsAny(s, "0123456789") || d.Years != 0 || d.Months != 0 || d.Negative {
			return 0, wrong
		}
		if v := d.ToTimeDuration(); v >= 0 {
			return v, nil
		}
		return 0, wrong
	}
	var sum float64
	for rest := s; ; {
		n := strings.IndexFunc(rest, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		if n <= 0 {
			return 0, wrong
		}
		number, err := strconv.ParseFloat(rest[:n], 64)
		if err != nil {
			return 0, wrong
		}
		rest = rest[n:]
		end := strings.IndexAny(rest, "0123456789.")
		if end < 0 {
			end = len(rest)
		}
		size, ok := unit(rest[:end])
		if !ok {
			return 0, wrong
		}
		if sum += number * float64(size); sum >= math.MaxInt64 {
			return 0, fmt.Errorf("%q is too long a duration", s)
		}
		if rest = rest[end:]; rest == "" {
			return time.Duration(sum), nil
		}
	}
}

func unit(name string) (time.Duration, bool) {
	for _, u := range units {
		if u.name == name {
			return u.size, true
		}
	}
	return 0, false
}
