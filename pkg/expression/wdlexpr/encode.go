package wdlexpr

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/keelstep/keelstep/pkg/expression"
)

// Encode returns the JSON of x: compact, members in their order, floats and
// decimals with a point (5.0), numbers that JSON has not as texts.
func Encode(x Value) ([]byte, error) {
	return appendJSON(nil, x, 0)
}

func appendJSON(b []byte, x Value, depth int) ([]byte, error) {
	if depth > expression.MaxDepth {
		return nil, errDepth
	}
	if len(b) > MaxText {
		return nil, errText
	}
	var err error
	switch v := x.(type) {
	case nil:
		b = append(b, "null"...)
	case bool:
		b = strconv.AppendBool(b, v)
	case int64:
		b = strconv.AppendInt(b, v, 10)
	case float64:
		b = append(b, floatJSON(v)...)
	case Decimal:
		text := v.String()
		if !v.whole && !strings.Contains(text, ".") {
			text += ".0"
		}
		b = append(b, text...)
	case string:
		b = appendQuoted(b, v)
	case []Value:
		b = append(b, '[')
		for i, element := range v {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = appendJSON(b, element, depth+1); err != nil {
				return nil, err
			}
		}
		b = append(b, ']')
	case *Object:
		b = append(b, '{')
		for i, name := range v.names {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendQuoted(b, name), ':')
			if b, err = appendJSON(b, v.values[i], depth+1); err != nil {
				return nil, err
			}
		}
		b = append(b, '}')
	default:
		return nil, failf("a %T is no value", x)
	}
	return b, nil
}

// floatJSON is a float as it stands in JSON.
func floatJSON(f float64) string {
	text := floatText(f)
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return `"` + text + `"`
	case strings.ContainsAny(text, ".E"):
		return text
	}
	return text + ".0"
}

const hexDigits = "0123456789abcdef"

// appendQuoted writes s as a JSON string.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if escaped := escapeOf(r); escaped != "" {
			b = append(append(b, s[start:i]...), escaped...)
			start = i + size
		} else if r == utf8.RuneError && size == 1 {
			b = append(append(b, s[start:i]...), "\uFFFD"...)
			start = i + size
		}
		i += size
	}
	return append(append(b, s[start:]...), '"')
}

// escapeOf is how a character is written in a JSON string, empty when it
// stands for itself.
func escapeOf(r rune) string {
	switch r {
	case '"':
		return `\"`
	case '\\':
		return `\\`
	case '\b':
		return `\b`
	case '\f':
		return `\f`
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	case 0x85, 0x2028, 0x2029:
		return `\u` + string([]byte{hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15]})
	}
	if r < ' ' {
		return `\u00` + string([]byte{hexDigits[r>>4], hexDigits[r&15]})
	}
	return ""
}
