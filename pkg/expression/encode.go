package expression

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// Encode returns the recorded JSON of x: compact, members sorted by name,
// nothing escaped that JSON does not ask for. x is made of what Decode yields
// and of Duration, time.Time and Decimal values, which become text. A member named
// $sealed is escaped, so that data never reads as a sealed value. Decode is
// the inverse, but for durations, times and decimals, which come back as text,
// and integral floats, which come back as int.
func Encode(x any) ([]byte, error) {
	return appendJSON(make([]byte, 0, 64), x, 0, true)
}

// encodePlain returns the JSON of x without escaping; sealed values are an
// error.
func encodePlain(x any) ([]byte, error) {
	return appendJSON(make([]byte, 0, 64), x, 0, false)
}

var errSealedPlain = errors.New("a sealed value cannot be written as plain JSON")

// appendJSON appends the JSON of x to buf. recorded tells to write sealed
// values and to escape members.
func appendJSON(buf []byte, x any, depth int, recorded bool) ([]byte, error) {
	switch v := x.(type) {
	case nil:
		return append(buf, "null"...), nil
	case bool:
		return strconv.AppendBool(buf, v), nil
	case int:
		return strconv.AppendInt(buf, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(buf, v, 10), nil
	case float64:
		return appendFloat(buf, v)
	case string:
		return appendString(buf, v), nil
	case json.Number:
		if !isNumber(string(v)) {
			return nil, fmt.Errorf("%q is no JSON number", string(v))
		}
		return append(buf, v...), nil
	case []any:
		return appendList(buf, v, depth, recorded)
	case map[string]any:
		return appendObject(buf, v, depth, recorded)
	case Duration:
		return appendString(buf, v.String()), nil
	case time.Time:
		return appendString(buf, FormatTime(v)), nil
	case Decimal:
		return appendString(buf, v.String()), nil
	case Sealed:
		if !recorded {
			return nil, errSealedPlain
		}
		return appendSealed(buf, v, depth)
	}
	return nil, fmt.Errorf("a %T is no JSON value", x)
}

func appendList(buf []byte, list []any, depth int, recorded bool) ([]byte, error) {
	if depth >= MaxDepth {
		return nil, errDepth
	}
	buf = append(buf, '[')
	var err error
	for i, x := range list {
		if i > 0 {
			buf = append(buf, ',')
		}
		if buf, err = appendJSON(buf, x, depth+1, recorded); err != nil {
			return nil, err
		}
	}
	return append(buf, ']'), nil
}

func appendObject(buf []byte, object map[string]any, depth int, recorded bool) ([]byte, error) {
	if depth >= MaxDepth {
		return nil, errDepth
	}
	buf = append(buf, '{')
	var err error
	var few [8]string
	for i, name := range appendNames(few[:0], object) {
		if i > 0 {
			buf = append(buf, ',')
		}
		written := name
		if recorded {
			written = escapeName(name)
		}
		buf = append(appendString(buf, written), ':')
		if buf, err = appendJSON(buf, object[name], depth+1, recorded); err != nil {
			return nil, err
		}
	}
	return append(buf, '}'), nil
}

// sortedNames returns the member names of object in order.
func sortedNames(object map[string]any) []string {
	return appendNames(make([]string, 0, len(object)), object)
}

// appendNames is sortedNames in memory that is there, if it is enough. names
// is empty.
func appendNames(names []string, object map[string]any) []string {
	for name := range object { // order does not show: sorted below
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// maxExact is the bound of the integers that a float64 holds without gaps.
const maxExact = 1 << 53

// appendFloat writes an integral number below 2^53 without exponent, a larger
// one with it, so that it is read as a float again.
func appendFloat(buf []byte, f float64) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("%v is no JSON number", f)
	}
	if f == 0 {
		return append(buf, '0'), nil // 0 has no sign once it was recorded
	}
	if size := math.Abs(f); size < 1e-6 || size >= maxExact {
		return strconv.AppendFloat(buf, f, 'e', -1, 64), nil
	}
	return strconv.AppendFloat(buf, f, 'f', -1, 64), nil
}

// isNumber tells whether s is a JSON number.
func isNumber(s string) bool {
	d := decoder{b: []byte(s)}
	if s == "" || s[0] != '-' && (s[0] < '0' || s[0] > '9') {
		return false
	}
	_, err := d.number()
	return err == nil && d.i == len(s)
}

const hexDigits = "0123456789abcdef"

// appendString writes s as a JSON string. What is not UTF-8 becomes U+FFFD.
func appendString(buf []byte, s string) []byte {
	buf = append(buf, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				buf = append(append(buf, s[start:i]...), "\uFFFD"...)
				start = i + 1
			}
			i += size
			continue
		}
		buf = append(buf, s[start:i]...)
		switch c {
		case '"', '\\':
			buf = append(buf, '\\', c)
		case '\n':
			buf = append(buf, '\\', 'n')
		case '\r':
			buf = append(buf, '\\', 'r')
		case '\t':
			buf = append(buf, '\\', 't')
		default:
			buf = append(buf, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	return append(append(buf, s[start:]...), '"')
}

// FormatTime writes t as RFC 3339 with as many digits of the second as it has.
func FormatTime(t time.Time) string { return t.Format(time.RFC3339Nano) }
