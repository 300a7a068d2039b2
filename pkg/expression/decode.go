package expression

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxDepth is how deep lists and objects of one value may be nested.
const MaxDepth = 1000

var (
	errDepth = fmt.Errorf("lists and objects are nested deeper than %d levels", MaxDepth)
	errEnd   = errors.New("the JSON ends too early")
)

// DecodeRaw decodes plain JSON, as it comes from outside, into nil, bool, int,
// float64, string, []any and map[string]any. A number without fraction and
// exponent is an int; one that neither int nor float64 can hold stays a
// json.Number. Of a member that comes twice the last one counts. White space
// around the value is allowed, anything else behind it is an error. Sealed
// values are no matter of plain JSON: see Import and Decode.
func DecodeRaw(b []byte) (any, error) {
	d := decoder{b: b}
	x, err := d.value(0)
	if err != nil {
		return nil, fmt.Errorf("decode JSON at byte %d: %w", d.i, err)
	}
	if d.i = skipSpace(b, d.i); d.i < len(b) {
		return nil, fmt.Errorf("decode JSON at byte %d: something follows the value", d.i)
	}
	return x, nil
}

// decoder reads JSON. It is strict: what encoding/json refuses, it refuses.
type decoder struct {
	b []byte
	i int
	// recorded tells that the JSON is of the recorded form: sealed values are
	// read as such and escaped members are unescaped.
	recorded bool
}

func (d *decoder) value(depth int) (any, error) {
	d.i = skipSpace(d.b, d.i)
	if d.i >= len(d.b) {
		return nil, errEnd
	}
	switch c := d.b[d.i]; c {
	case '{':
		return d.object(depth)
	case '[':
		return d.list(depth)
	case '"':
		return d.text()
	case 't':
		return true, d.word("true")
	case 'f':
		return false, d.word("false")
	case 'n':
		return nil, d.word("null")
	default:
		if c == '-' || c >= '0' && c <= '9' {
			return d.number()
		}
		return nil, fmt.Errorf("unexpected %q", rune(c))
	}
}

func (d *decoder) word(w string) error {
	if len(d.b)-d.i < len(w) || string(d.b[d.i:d.i+len(w)]) != w {
		return fmt.Errorf("unexpected word, did you mean %s", w)
	}
	d.i += len(w)
	return nil
}

func (d *decoder) list(depth int) (any, error) {
	if depth >= MaxDepth {
		return nil, errDepth
	}
	d.i++
	list := []any{}
	if d.next() == ']' {
		d.i++
		return list, nil
	}
	for {
		x, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, x)
		switch d.next() {
		case ',':
			d.i++
		case ']':
			d.i++
			return list, nil
		case 0:
			return nil, errEnd
		default:
			return nil, fmt.Errorf("unexpected %q in a list", rune(d.b[d.i]))
		}
	}
}

func (d *decoder) object(depth int) (any, error) {
	if depth >= MaxDepth {
		return nil, errDepth
	}
	d.i++
	object := map[string]any{}
	if d.next() == '}' {
		d.i++
		return object, nil
	}
	for {
		if d.next() != '"' {
			return nil, errors.New("a member name in double quotes is missing")
		}
		name, err := d.text()
		if err != nil {
			return nil, err
		}
		if d.next() != ':' {
			return nil, errors.New("a colon is missing behind a member name")
		}
		d.i++
		x, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		object[name] = x
		switch d.next() {
		case ',':
			d.i++
		case '}':
			d.i++
			if d.recorded {
				return unescapeObject(object)
			}
			return object, nil
		case 0:
			return nil, errEnd
		default:
			return nil, fmt.Errorf("unexpected %q in an object", rune(d.b[d.i]))
		}
	}
}

// next skips white space and returns the byte behind it, 0 at the end.
func (d *decoder) next() byte {
	if d.i = skipSpace(d.b, d.i); d.i < len(d.b) {
		return d.b[d.i]
	}
	return 0
}

func (d *decoder) number() (any, error) {
	start, exact := d.i, true
	if d.b[d.i] == '-' {
		d.i++
	}
	first := d.i
	if d.digits() == 0 || d.b[first] == '0' && d.i-first > 1 {
		return nil, errors.New("the number is not valid")
	}
	if d.i < len(d.b) && d.b[d.i] == '.' {
		exact = false
		d.i++
		if d.digits() == 0 {
			return nil, errors.New("the number is not valid")
		}
	}
	if d.i < len(d.b) && (d.b[d.i] == 'e' || d.b[d.i] == 'E') {
		exact = false
		d.i++
		if d.i < len(d.b) && (d.b[d.i] == '+' || d.b[d.i] == '-') {
			d.i++
		}
		if d.digits() == 0 {
			return nil, errors.New("the number is not valid")
		}
	}
	return numberOf(string(d.b[start:d.i]), exact), nil
}

func (d *decoder) digits() int {
	start := d.i
	for d.i < len(d.b) && d.b[d.i] >= '0' && d.b[d.i] <= '9' {
		d.i++
	}
	return d.i - start
}

// numberOf returns the value of a valid JSON number. integer tells that it has
// neither fraction nor exponent.
func numberOf(text string, integer bool) any {
	if integer {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return int(n)
		}
		return json.Number(text)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) {
		return json.Number(text)
	}
	return f
}

// text reads a string.
func (d *decoder) text() (string, error) {
	d.i++
	start := d.i
	for d.i < len(d.b) {
		switch c := d.b[d.i]; {
		case c == '"':
			s := string(d.b[start:d.i])
			d.i++
			return s, nil
		case c == '\\' || c >= utf8.RuneSelf:
			return d.slowText(start)
		case c < ' ':
			return "", errors.New("a control character stands in a string")
		}
		d.i++
	}
	return "", errEnd
}

// slowText reads the rest of a string with escapes or characters beyond
// ASCII. Bytes that are not UTF-8 become U+FFFD.
func (d *decoder) slowText(start int) (string, error) {
	buf := append(make([]byte, 0, 2*(d.i-start)+16), d.b[start:d.i]...)
	for d.i < len(d.b) {
		switch c := d.b[d.i]; {
		case c == '"':
			d.i++
			return string(buf), nil
		case c == '\\':
			var err error
			if buf, err = d.escape(buf); err != nil {
				return "", err
			}
		case c < ' ':
			return "", errors.New("a control character stands in a string")
		case c < utf8.RuneSelf:
			buf = append(buf, c)
			d.i++
		default:
			r, size := utf8.DecodeRune(d.b[d.i:])
			buf = utf8.AppendRune(buf, r)
			d.i += size
		}
	}
	return "", errEnd
}

// escape reads the escape that starts here and appends what it stands for.
func (d *decoder) escape(buf []byte) ([]byte, error) {
	if d.i+1 >= len(d.b) {
		return nil, errEnd
	}
	c := d.b[d.i+1]
	d.i += 2
	switch c {
	case '"', '\\', '/':
		return append(buf, c), nil
	case 'b':
		return append(buf, '\b'), nil
	case 'f':
		return append(buf, '\f'), nil
	case 'n':
		return append(buf, '\n'), nil
	case 'r':
		return append(buf, '\r'), nil
	case 't':
		return append(buf, '\t'), nil
	case 'u':
		r, ok := hex4(d.b[d.i:])
		if !ok {
			return nil, errors.New("four hex digits are missing behind \\u")
		}
		d.i += 4
		if utf16.IsSurrogate(r) {
			r = d.surrogate(r)
		}
		return utf8.AppendRune(buf, r), nil
	}
	return nil, fmt.Errorf("unknown escape \\%c", rune(c))
}

// surrogate joins high with the low surrogate that must follow; without it
// the result is U+FFFD.
func (d *decoder) surrogate(high rune) rune {
	rest := d.b[d.i:]
	if len(rest) < 6 || rest[0] != '\\' || rest[1] != 'u' {
		return utf8.RuneError
	}
	low, ok := hex4(rest[2:])
	if !ok {
		return utf8.RuneError
	}
	r := utf16.DecodeRune(high, low)
	if r != utf8.RuneError {
		d.i += 6
	}
	return r
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range b[:4] {
		r <<= 4
		switch {
		case c >= '0' && c <= '9':
			r |= rune(c - '0')
		case c >= 'a' && c <= 'f':
			r |= rune(c-'a') + 10
		case c >= 'A' && c <= 'F':
			r |= rune(c-'A') + 10
		default:
			return 0, false
		}
	}
	return r, true
}
