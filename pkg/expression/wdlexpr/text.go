package wdlexpr

import (
	"math"
	"strconv"
	"strings"
)

// text is x as it stands in a string: booleans are True and False, null is
// nothing, floats are as short as they can be, lists and objects are JSON, and
// bytes are decoded.
func (m *machine) text(x Value) (string, error) {
	switch v := x.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case bool:
		if v {
			return "True", nil
		}
		return "False", nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return floatText(v), nil
	case Decimal:
		return v.String(), nil
	case *Object:
		if e, ok := envelopeOf(v); ok {
			text, err := e.text()
			if err == nil {
				err = m.chargeText(len(text))
			}
			return text, err
		}
	}
	b, err := Encode(x)
	if err == nil {
		err = m.chargeText(len(b))
	}
	return string(b), err
}

// join joins the texts of values. What is too large is refused before it is
// made.
func (m *machine) join(values []Value, separator string) (string, error) {
	if len(values) == 1 {
		return m.text(values[0])
	}
	texts := make([]string, len(values))
	size := len(separator) * max(0, len(values)-1)
	for i, x := range values {
		text, err := m.text(x)
		if err != nil {
			return "", err
		}
		if size += len(text); size > MaxText {
			return "", errText
		}
		texts[i] = text
	}
	if err := m.chargeText(size); err != nil {
		return "", err
	}
	return strings.Join(texts, separator), nil
}

// floatText is the shortest text that means a float, as .NET writes it: with
// an exponent from 16 digits in front of the point on, or 5 zeros behind it.
func floatText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		if math.Signbit(f) {
			return "-0"
		}
		return "0"
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	power, err := strconv.Atoi(exponent)
	if err != nil {
		panic("wdlexpr: a float without an exponent")
	}
	digits := len(strings.TrimPrefix(mantissa, "-"))
	if digits > 1 {
		digits-- // the point
	}
	if scale := power + 1; scale <= max(digits, 15) && scale >= -3 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	sign := "+"
	if power < 0 {
		sign, power = "-", -power
	}
	if power < 10 {
		sign += "0"
	}
	return mantissa + "E" + sign + strconv.Itoa(power)
}

// describe names the type of a value for messages.
func describe(x Value) string {
	switch v := x.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case int64:
		return "an integer"
	case float64:
		return "a float"
	case Decimal:
		return "a decimal"
	case string:
		return "a string"
	case []Value:
		return "an array"
	case *Object:
		if e, ok := envelopeOf(v); ok {
			return "content of type " + quote(e.contentType)
		}
		return "an object"
	}
	return "something else"
}

// quote puts quotes around a text from outside, and shortens it.
func quote(s string) string {
	const most = 80
	if len(s) > most {
		return strconv.Quote(s[:most]) + "..."
	}
	return strconv.Quote(s)
}
