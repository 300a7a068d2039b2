package wdlexpr

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// textFunctions work on texts. Places and lengths count UTF-16 units, as .NET
// does.
var textFunctions = []*function{
	{
		name: "concat", params: []param{{name: "text", rest: true}}, result: "string",
		summary:  "The texts of all values, one behind the other. Booleans are True and False, null is nothing, arrays and objects are JSON.",
		examples: []Example{{"@concat('a', 1, true, null, 2.0)", `"a1True2"`}},
		call:     func(m *machine, a []Value) (Value, error) { return boxed(m.join(a, "")) },
	},
	{
		name: "length", params: []param{{name: "collection", takes: kindString | kindArray}}, result: "integer",
		summary:  "The number of characters of a text, or of elements of an array.",
		examples: []Example{{"@length('abcd')", "4"}, {"@length(createArray(1, 2))", "2"}},
		call:     callLength,
	},
	search("startsWith", "Whether a text starts with another. Case does not count.", "boolean", []Example{{"@startsWith('Hello world', 'HELLO')", "true"}},
		func(t, s string) Value { return strings.HasPrefix(t, s) }),
	search("endsWith", "Whether a text ends with another. Case does not count.", "boolean", []Example{{"@endsWith('Hello world', 'World')", "true"}},
		func(t, s string) Value { return strings.HasSuffix(t, s) }),
	search("indexOf", "The place of the first occurrence of a text, from 0 on; -1 when there is none. Case does not count.", "integer", []Example{{"@indexOf('hello world', 'WORLD')", "6"}},
		func(t, s string) Value { return placeOf(t, strings.Index(t, s)) }),
	search("lastIndexOf", "The place of the last occurrence of a text; -1 when there is none. Of an empty text it is the last character's. Case does not count.", "integer",
		[]Example{{"@lastIndexOf('hello hello', 'Hello')", "6"}, {"@lastIndexOf('abc', '')", "2"}},
		func(t, s string) Value {
			if s == "" {
				return int64(max(0, unitsLen(t)-1))
			}
			return placeOf(t, strings.LastIndex(t, s))
		}),
	{
		name: "nthIndexOf", params: []param{{name: "text", takes: kindString}, {name: "search", takes: kindString}, {name: "n", takes: kindInt}}, result: "integer",
		summary:  "The place of the nth occurrence of a text, counted from the end when n is negative; -1 when there are fewer. Case does not count.",
		examples: []Example{{"@nthIndexOf('abcABC', 'b', 2)", "4"}, {"@nthIndexOf('abcABC', 'b', -2)", "1"}},
		call:     callNthIndexOf,
	},
	{
		name: "replace", params: []param{{name: "text", takes: kindString}, {name: "old", takes: kindString}, {name: "new", takes: kindString}}, result: "string",
		summary:  "The text with every occurrence of old replaced. Case counts.",
		examples: []Example{{"@replace('the old shoe', 'old', 'new')", `"the new shoe"`}},
		call:     callReplace,
	},
	{
		name: "substring", params: []param{{name: "text", takes: kindString}, {name: "start", takes: kindInt}, {name: "length", takes: kindInt, optional: true}}, result: "string",
		summary:  "length characters of a text from start on, or all of them. Characters that are not there are an error; see slice().",
		examples: []Example{{"@substring('hello world', 6, 5)", `"world"`}},
		call:     callSubstring,
	},
	{
		name: "slice", params: []param{{name: "text", takes: kindString}, {name: "start", takes: kindInt}, {name: "end", takes: kindInt, optional: true}}, result: "string",
		summary:  "The characters of a text from start up to but not including end. Negative places count from the end; what lies outside is cut off.",
		examples: []Example{{"@slice('Hello World', 2, 5)", `"llo"`}, {"@slice('Hello World', -3)", `"rld"`}, {"@slice('abc', 2, 1)", `""`}},
		call:     callSlice,
	},
	{
		name: "split", params: []param{{name: "text", takes: kindString}, {name: "delimiter", takes: kindString}}, result: "array",
		summary:  "The parts of a text between the delimiters, empty ones too.",
		examples: []Example{{"@split('a,b,,c', ',')", `["a","b","","c"]`}},
		call:     callSplit,
	},
	{
		name: "toLower", params: []param{{name: "text", takes: kindString, wants: "be a string"}}, result: "string",
		summary:  "The text in lower case, by the rules that no language changes.",
		examples: []Example{{"@toLower('Hello')", `"hello"`}},
		call:     func(_ *machine, a []Value) (Value, error) { return strings.Map(lower, a[0].(string)), nil },
	},
	{
		name: "toUpper", params: []param{{name: "text", takes: kindString, wants: "be a string"}}, result: "string",
		summary:  "The text in upper case, by the rules that no language changes.",
		examples: []Example{{"@toUpper('Hello')", `"HELLO"`}},
		call:     func(_ *machine, a []Value) (Value, error) { return strings.Map(upper, a[0].(string)), nil },
	},
	{
		name: "trim", params: []param{{name: "text", takes: kindString, wants: "be a string, the parameters are not valid"}}, result: "string",
		summary:  "The text without white space at its ends.",
		examples: []Example{{"@trim('  a b ')", `"a b"`}},
		call: func(_ *machine, a []Value) (Value, error) {
			return strings.TrimFunc(a[0].(string), unicode.IsSpace), nil
		},
	},
	{
		name: "trimByteOrderMark", params: []param{{name: "value", takes: kindString | kindObject}}, result: "string or content",
		summary:  "A text, or content, without the byte order mark in front.",
		examples: []Example{{"@trimByteOrderMark('a')", `"a"`}},
		call:     callTrimByteOrderMark,
	},
	formatFunction,
}

// units returns a text as UTF-16 has it.
func units(s string) []uint16 {
	list := make([]uint16, 0, len(s))
	for _, r := range s {
		list = appendUnits(list, r)
	}
	return list
}

func appendUnits(list []uint16, r rune) []uint16 {
	if r < 0x10000 {
		return append(list, uint16(r))
	}
	r -= 0x10000
	return append(list, uint16(0xD800+r>>10), uint16(0xDC00+r&0x3ff))
}

// unitsLen is the number of UTF-16 units of a text.
func unitsLen(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r >= 0x10000 {
			n++
		}
	}
	return n
}

// cut returns the units from from up to to of a text, which must lie inside of
// it. Half of a character is U+FFFD.
func cut(s string, from, to int) string {
	if isASCII(s) {
		return s[from:to]
	}
	return decodeUnits(units(s)[from:to])
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// folded returns a text in upper case, character by character: texts that
// differ in case alone become the same, places stay where they are.
func folded(s string) string { return strings.Map(upper, s) }

// placeOf is the place, in units, of byte i of a text; -1 stays -1.
func placeOf(text string, i int) int64 {
	if i < 0 {
		return -1
	}
	return int64(unitsLen(text[:i]))
}

// search is a function that looks for a text in another; both come folded.
func search(name, summary, result string, examples []Example, find func(text, search string) Value) *function {
	return &function{
		name: name, params: []param{{name: "text", takes: kindString}, {name: "search", takes: kindString}},
		result: result, summary: summary, examples: examples,
		call: func(_ *machine, a []Value) (Value, error) {
			return find(folded(a[0].(string)), folded(a[1].(string))), nil
		},
	}
}

func callLength(_ *machine, a []Value) (Value, error) {
	if list, ok := a[0].([]Value); ok {
		return int64(len(list)), nil
	}
	return int64(unitsLen(a[0].(string))), nil
}

func callNthIndexOf(m *machine, a []Value) (Value, error) {
	text, part, n := folded(a[0].(string)), folded(a[1].(string)), a[2].(int64)
	if n == 0 {
		return nil, wantsf(3, "be other than 0")
	}
	if part == "" {
		return int64(-1), nil
	}
	var places []int
	for i := 0; n < 0 || int64(len(places)) < n; {
		next := strings.Index(text[i:], part)
		if next < 0 {
			break
		}
		if err := m.charge(1 + len(part)/bytesPerStep); err != nil {
			return nil, err
		}
		places = append(places, i+next)
		_, size := utf8.DecodeRuneInString(text[i+next:])
		i += next + size
	}
	if n < 0 {
		n += int64(len(places)) + 1
	}
	if n < 1 || n > int64(len(places)) {
		return int64(-1), nil
	}
	return placeOf(text, places[n-1]), nil
}

func callReplace(m *machine, a []Value) (Value, error) {
	text, old, by := a[0].(string), a[1].(string), a[2].(string)
	if old == "" {
		return nil, failf("String cannot be of zero length. (Parameter 'oldValue')")
	}
	n := strings.Count(text, old)
	if n > 0 && len(by) > MaxText/n || len(text)+n*(len(by)-len(old)) > MaxText {
		return nil, errText
	}
	if err := m.chargeText(len(text)); err != nil {
		return nil, err
	}
	return strings.ReplaceAll(text, old, by), nil
}

var errSubstring = errors.New("parameters out of range: 'start index' and 'length' must be non-negative integers and their sum must be no larger than the length of the string")

func callSubstring(_ *machine, a []Value) (Value, error) {
	text, start := a[0].(string), a[1].(int64)
	size := int64(unitsLen(text))
	if start < 0 || start > size {
		return nil, errSubstring
	}
	length := size - start
	if len(a) > 2 {
		if length = a[2].(int64); length < 0 || length > size-start {
			return nil, errSubstring
		}
	}
	return cut(text, int(start), int(start+length)), nil
}

func callSlice(_ *machine, a []Value) (Value, error) {
	text := a[0].(string)
	size := int64(unitsLen(text))
	place := func(n int64) int64 {
		if n < 0 {
			n = max(n, -size) + size
		}
		return min(n, size)
	}
	start, end := place(a[1].(int64)), size
	if len(a) > 2 {
		end = place(a[2].(int64))
	}
	if end <= start {
		return "", nil
	}
	return cut(text, int(start), int(end)), nil
}

func callSplit(m *machine, a []Value) (Value, error) {
	text, delimiter := a[0].(string), a[1].(string)
	if delimiter == "" {
		return []Value{text}, nil
	}
	if err := m.charge(strings.Count(text, delimiter)); err != nil {
		return nil, err
	}
	parts := strings.Split(text, delimiter)
	list := make([]Value, len(parts))
	for i, part := range parts {
		list[i] = part
	}
	return list, nil
}

func callTrimByteOrderMark(_ *machine, a []Value) (Value, error) {
	if text, ok := a[0].(string); ok {
		return strings.TrimPrefix(text, "\uFEFF"), nil
	}
	e, ok := envelopeOf(a[0])
	if !ok {
		return nil, wants(1, "be a string, or content", a[0])
	}
	b, err := e.bytes()
	if err != nil {
		return nil, err
	}
	return wrap(e.contentType, []byte(strings.TrimPrefix(string(b), "\uFEFF"))), nil
}
