package wdlexpr

import (
	"encoding/base64"
	"errors"
	"math"
	"strings"
	"unicode"
)

// conversionFunctions make values of one kind out of those of another.
var conversionFunctions = []*function{
	{
		name: "array", params: []param{{name: "value"}}, result: "array",
		summary:  "The array of one value.",
		examples: []Example{{"@array('hello')", `["hello"]`}},
		call:     func(_ *machine, a []Value) (Value, error) { return []Value{a[0]}, nil },
	},
	{
		name: "createArray", params: []param{{name: "value", optional: true, rest: true}}, result: "array",
		summary:  "The array of the values.",
		examples: []Example{{"@createArray('h', 1, null)", `["h",1,null]`}, {"@createArray()", "[]"}},
		call:     func(_ *machine, a []Value) (Value, error) { return a, nil },
	},
	{
		name: "string", params: []param{{name: "value"}}, result: "string",
		summary:  "The text of a value, as concat() writes it: True, nothing for null, JSON for arrays and objects, the decoded bytes of content.",
		examples: []Example{{"@string(10)", `"10"`}, {"@string(5.0)", `"5"`}, {"@string(createArray(5.0, true))", `"[5.0,true]"`}},
		call:     func(m *machine, a []Value) (Value, error) { return boxed(m.text(a[0])) },
	},
	{
		name: "bool", params: []param{{name: "value", takes: kindScalar}}, result: "boolean",
		summary:  "A boolean out of a number, which is true unless it is 0, or out of the text true or false.",
		examples: []Example{{"@bool(0)", "false"}, {"@bool('True')", "true"}, {"@bool('yes')", `error: bool() expects its parameter to be "true" or "false", got "yes"`}},
		call:     callBool,
	},
	{
		name: "int", params: []param{{name: "value", takes: kindNumber | kindString}, {name: "locale", takes: kindString, optional: true}}, result: "integer",
		summary:  "An integer out of a text or a number without a fraction. A text is read as a float, so digits beyond the 16th may change.",
		examples: []Example{{"@int('10')", "10"}, {"@int('1.0')", "1"}, {"@int('1.5')", `error: int() expects its first parameter to be an integer: Could not parse "1.5"`}},
		call:     callInt,
	},
	{
		name: "float", params: []param{{name: "value", takes: kindNumber | kindString}, {name: "locale", takes: kindString, optional: true}}, result: "float",
		summary:  "A float out of a text or a number. Signs may stand behind it and groups anywhere.",
		examples: []Example{{"@float('10,000.333')", "10000.333"}, {"@float('10.000,333', 'de-DE')", "10000.333"}},
		call:     callFloat,
	},
	{
		name: "decimal", params: []param{{name: "value", takes: kindNumber | kindString}}, result: "decimal",
		summary:  "A number with up to 28 digits that is not rounded to a float.",
		examples: []Example{{"@string(decimal('1.2345678912312131'))", `"1.2345678912312131"`}},
		call:     callDecimal,
	},
	{
		name: "isInt", params: []param{{name: "text", takes: kindString}}, result: "boolean",
		summary:  "Whether a text is an integer.",
		examples: []Example{{"@isInt('10')", "true"}, {"@isInt('1.5')", "false"}},
		call: func(_ *machine, a []Value) (Value, error) {
			number, ok := invariant.normalize(a[0].(string), integerStyle)
			_, isInt := numberOf(number).(int64)
			return ok && isInt, nil
		},
	},
	{
		name: "isFloat", params: []param{{name: "text", takes: kindString}, {name: "locale", takes: kindString, optional: true}}, result: "boolean",
		summary:  "Whether a text is a number, by the invariant culture unless one is named.",
		examples: []Example{{"@isFloat('10,000.00')", "true"}, {"@isFloat('10.000,00', 'de-DE')", "true"}, {"@isFloat('111.222.333')", "false"}},
		call: func(_ *machine, a []Value) (Value, error) {
			c, err := localeArg(a, 1, invariant)
			if err != nil {
				return nil, err
			}
			_, ok := c.parseFloat(a[0].(string), floatStyle)
			return ok, nil
		},
	},
	{
		name: "base64", params: []param{{name: "value", takes: kindString | kindObject}}, result: "string",
		summary:  "A text in base64.",
		examples: []Example{{"@base64('hello')", `"aGVsbG8="`}},
		call:     callBase64,
	},
	{
		name: "base64ToBinary", params: []param{{name: "text", takes: kindString}}, result: "content",
		summary:  "Bytes out of base64.",
		examples: []Example{{"@base64ToBinary('aGVsbG8=')", `{"$content-type":"application/octet-stream","$content":"aGVsbG8="}`}},
		call: func(_ *machine, a []Value) (Value, error) {
			if _, err := fromBase64(a[0].(string)); err != nil {
				return nil, err
			}
			return envelope{octetStream, a[0].(string)}.value(), nil
		},
	},
	{
		name: "utf8Length", params: []param{{name: "text", takes: kindString}}, result: "integer",
		summary:  "The number of bytes of a text in UTF-8.",
		examples: []Example{{"@utf8Length('aé€')", "6"}},
		call:     func(_ *machine, a []Value) (Value, error) { return int64(len(a[0].(string))), nil },
	},
	{
		name: "utf16Length", params: []param{{name: "text", takes: kindString}}, result: "integer",
		summary:  "The number of bytes of a text in UTF-16.",
		examples: []Example{{"@utf16Length('aé€')", "6"}},
		call:     func(_ *machine, a []Value) (Value, error) { return int64(2 * unitsLen(a[0].(string))), nil },
	},
	base64ToString("base64ToString", "The text that base64 stands for."),
	base64ToString("decodeBase64", "The older name of base64ToString()."),
	{
		name: "binary", params: []param{{name: "value"}}, result: "content",
		summary:  "The bytes of a value's text.",
		examples: []Example{{"@binary('hi')", `{"$content-type":"application/octet-stream","$content":"aGk="}`}},
		call:     callBinary,
	},
}

func base64ToString(name, summary string) *function {
	return &function{
		name: name, params: []param{{name: "text", takes: kindString}}, result: "string", summary: summary,
		examples: []Example{{"@" + name + "('aGVsbG8=')", `"hello"`}},
		call: func(_ *machine, a []Value) (Value, error) {
			b, err := fromBase64(a[0].(string))
			if err != nil {
				return nil, err
			}
			return boxed(decodeCharset(b, ""))
		},
	}
}

// localeArg returns the culture that argument i names, other when it is not
// there.
func localeArg(a []Value, i int, other *culture) (*culture, error) {
	if i >= len(a) || a[i] == nil {
		return other, nil
	}
	c, err := cultureOf(a[i].(string))
	if err != nil {
		return nil, wantsf(i+1, "be a culture such as de-DE: %v", err)
	}
	return c, nil
}

func callBool(_ *machine, a []Value) (Value, error) {
	switch v := a[0].(type) {
	case bool:
		return v, nil
	case string:
		switch text := strings.TrimFunc(v, unicode.IsSpace); {
		case strings.EqualFold(text, "true"):
			return true, nil
		case strings.EqualFold(text, "false"):
			return false, nil
		}
		return nil, wantsf(1, `be "true" or "false", got %s`, quote(v))
	}
	return toFloat(a[0]) != 0, nil
}

func callInt(_ *machine, a []Value) (Value, error) {
	c, err := localeArg(a, 1, english)
	if err != nil {
		return nil, err
	}
	switch v := a[0].(type) {
	case int64:
		return v, nil
	case Decimal:
		whole := v.trimmed(0)
		if whole.scale > 0 || !whole.num().IsInt64() {
			return nil, wantsf(1, "be an integer: Could not parse %s", v)
		}
		return whole.num().Int64(), nil
	case string:
		f, ok := c.parseFloat(v, doubleStyle)
		if !ok {
			return nil, wantsf(1, "be an integer: Could not parse %s", quote(v))
		}
		if n, ok := intOf(f); ok {
			return n, nil
		}
		return nil, wantsf(1, "be an integer: Could not parse %s", quote(v))
	}
	if n, ok := intOf(a[0].(float64)); ok {
		return n, nil
	}
	return nil, wantsf(1, "be an integer: Could not parse %s", show(a[0]))
}

// intOf returns the integer that a float without a fraction is. What is no
// number is the least integer.
func intOf(f float64) (int64, bool) {
	if math.IsNaN(f) {
		return math.MinInt64, true
	}
	return int64(f), f == math.Trunc(f) && f >= -1<<63 && f < 1<<63
}

func callFloat(_ *machine, a []Value) (Value, error) {
	c, err := localeArg(a, 1, english)
	if err != nil {
		return nil, err
	}
	text, ok := a[0].(string)
	if !ok {
		return toFloat(a[0]), nil
	}
	f, ok := c.parseFloat(text, floatStyle)
	if !ok {
		return nil, wantsf(1, "be a float: Could not parse %s", quote(text))
	}
	return f, nil
}

func callDecimal(_ *machine, a []Value) (Value, error) {
	text, ok := a[0].(string)
	if !ok {
		return boxed(toDecimal(a[0]))
	}
	d, ok, err := english.parseDecimal(text)
	if err == nil && !ok {
		return nil, wantsf(1, "be a decimal: Could not parse %s", quote(text))
	}
	return boxed(d, err)
}

func callBase64(_ *machine, a []Value) (Value, error) {
	if text, ok := a[0].(string); ok {
		return base64.StdEncoding.EncodeToString([]byte(text)), nil
	}
	e, ok := envelopeOf(a[0])
	if !ok {
		return nil, wants(1, "be of type string", a[0])
	}
	b, err := e.bytes()
	return base64.StdEncoding.EncodeToString(b), err
}

var errNullContent = errors.New("null has no content")

func callBinary(m *machine, a []Value) (Value, error) {
	b, err := m.contentOf(a[0])
	if err != nil {
		return nil, err
	}
	return wrap(octetStream, b), nil
}

// contentOf returns the bytes of an envelope, or else those of the text of a
// value that is not null.
func (m *machine) contentOf(x Value) ([]byte, error) {
	if x == nil {
		return nil, errNullContent
	}
	if e, ok := envelopeOf(x); ok {
		return e.bytes()
	}
	text, err := m.text(x)
	if err == nil {
		err = m.chargeText(len(text))
	}
	return []byte(text), err
}
