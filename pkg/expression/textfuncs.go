package expression

import (
	"strings"
	"unicode/utf8"
)

var textFunctions = []*function{
	{
		name: "upper", params: []param{{name: "text", takes: aText}}, result: stringType,
		summary:  "The text in upper case.",
		examples: []Example{{`upper("gold")`, `"GOLD"`}},
		call:     func(_ *evaluation, a []any) (any, error) { return strings.ToUpper(a[0].(string)), nil },
	},
	{
		name: "lower", params: []param{{name: "text", takes: aText}}, result: stringType,
		summary:  "The text in lower case.",
		examples: []Example{{`lower("GOLD")`, `"gold"`}},
		call:     func(_ *evaluation, a []any) (any, error) { return strings.ToLower(a[0].(string)), nil },
	},
	{
		name: "trim", params: []param{{name: "text", takes: aText}, {name: "characters", takes: aText, optional: true}}, result: stringType,
		summary:  "The text without white space, or without the given characters, at both ends.",
		examples: []Example{{`trim("  a ")`, `"a"`}, {`trim("--a-", "-")`, `"a"`}},
		call: func(_ *evaluation, a []any) (any, error) {
			if len(a) == 1 {
				return strings.TrimSpace(a[0].(string)), nil
			}
			return strings.Trim(a[0].(string), a[1].(string)), nil
		},
	},
	{
		name: "trimPrefix", params: []param{{name: "text", takes: aText}, {name: "prefix", takes: aText}}, result: stringType,
		summary:  "The text without the prefix, if it has it.",
		examples: []Example{{`trimPrefix("ORD-7", "ORD-")`, `"7"`}},
		call: func(_ *evaluation, a []any) (any, error) {
			return strings.TrimPrefix(a[0].(string), a[1].(string)), nil
		},
	},
	{
		name: "trimSuffix", params: []param{{name: "text", takes: aText}, {name: "suffix", takes: aText}}, result: stringType,
		summary:  "The text without the suffix, if it has it.",
		examples: []Example{{`trimSuffix("a.json", ".json")`, `"a"`}},
		call: func(_ *evaluation, a []any) (any, error) {
			return strings.TrimSuffix(a[0].(string), a[1].(string)), nil
		},
	},
	{
		name:   "split",
		params: []param{{name: "text", takes: aText}, {name: "separator", takes: aText}, {name: "most", takes: anInt, optional: true}},
		result: &Type{Kind: TypeList, Elem: stringType}, summary: "The parts of the text between the separators; most bounds how many.",
		examples: []Example{{`split("a,b,c", ",")`, `["a","b","c"]`}, {`split("a,b,c", ",", 2)`, `["a","b,c"]`}},
		call:     split,
	},
	{
		name:     "join",
		params:   []param{{name: "list", takes: aList}, {name: "separator", takes: aText, optional: true}},
		result:   stringType,
		summary:  "The texts, numbers and booleans of the list as one text.",
		examples: []Example{{`join(["a", "b"], "-")`, `"a-b"`}, {`join([1, 2])`, `"12"`}},
		call:     join,
	},
	{
		name:     "replace",
		params:   []param{{name: "text", takes: aText}, {name: "old", takes: aText}, {name: "new", takes: aText}, {name: "most", takes: anInt, optional: true}},
		result:   stringType,
		summary:  "The text with old replaced by new, everywhere or at most so often.",
		examples: []Example{{`replace("a-b-c", "-", "+")`, `"a+b+c"`}, {`replace("a-b-c", "-", "+", 1)`, `"a+b-c"`}},
		call:     replace,
	},
	{
		name: "repeat", params: []param{{name: "text", takes: aText}, {name: "times", takes: anInt}}, result: stringType,
		summary:  "The text so many times.",
		examples: []Example{{`repeat("ab", 3)`, `"ababab"`}},
		call:     repeat,
	},
	{
		name: "indexOf", params: []param{{name: "text", takes: aText}, {name: "part", takes: aText}}, result: intType,
		summary:  "The place of the first character of part in the text, -1 when it is not there.",
		examples: []Example{{`indexOf("größe", "e")`, `4`}, {`indexOf("a", "b")`, `-1`}},
		call: func(_ *evaluation, a []any) (any, error) {
			return runeIndex(a[0].(string), strings.Index(a[0].(string), a[1].(string))), nil
		},
	},
	{
		name: "lastIndexOf", params: []param{{name: "text", takes: aText}, {name: "part", takes: aText}}, result: intType,
		summary:  "The place of the last part in the text, -1 when it is not there.",
		examples: []Example{{`lastIndexOf("a-b-c", "-")`, `3`}},
		call: func(_ *evaluation, a []any) (any, error) {
			return runeIndex(a[0].(string), strings.LastIndex(a[0].(string), a[1].(string))), nil
		},
	},
	{
		name: "hasPrefix", params: []param{{name: "text", takes: aText}, {name: "prefix", takes: aText}}, result: boolType,
		summary:  "Whether the text starts with prefix.",
		examples: []Example{{`hasPrefix("ORD-7", "ORD")`, `true`}},
		call: func(_ *evaluation, a []any) (any, error) {
			return strings.HasPrefix(a[0].(string), a[1].(string)), nil
		},
	},
	{
		name: "hasSuffix", params: []param{{name: "text", takes: aText}, {name: "suffix", takes: aText}}, result: boolType,
		summary:  "Whether the text ends with suffix.",
		examples: []Example{{`hasSuffix("a.json", ".json")`, `true`}},
		call: func(_ *evaluation, a []any) (any, error) {
			return strings.HasSuffix(a[0].(string), a[1].(string)), nil
		},
	},
	{
		name: "string", params: []param{{name: "value", takes: allValues}}, result: stringType,
		summary:  "The value as text: a list or an object as JSON, a duration as 36h, a time as RFC 3339.",
		examples: []Example{{`string(1.5)`, `"1.5"`}, {`string([1, "a"])`, `"[1,\"a\"]"`}, {`string(duration("90m"))`, `"1h30m"`}},
		call: func(ev *evaluation, a []any) (any, error) {
			if text, err := textOf(a[0]); err == nil {
				return text, nil
			}
			return toJSON(ev, a)
		},
	},
}

// runeIndex turns a place in bytes into one in characters.
func runeIndex(s string, i int) int {
	if i < 0 {
		return -1
	}
	return utf8.RuneCountInString(s[:i])
}

func split(ev *evaluation, a []any) (any, error) {
	s, separator := a[0].(string), a[1].(string)
	most := -1
	if len(a) == 3 {
		most = a[2].(int)
	}
	n := strings.Count(s, separator) + 1
	if most >= 0 {
		n = min(n, most)
	}
	if err := ev.charge(n); err != nil {
		return nil, err
	}
	parts := strings.SplitN(s, separator, most)
	list := make([]any, len(parts))
	for i, part := range parts {
		list[i] = part
	}
	return list, nil
}

func join(ev *evaluation, a []any) (any, error) {
	separator := ""
	if len(a) == 2 {
		separator = a[1].(string)
	}
	var b strings.Builder
	for i, elem := range a[0].([]any) {
		text, err := textOf(elem)
		if err != nil {
			return nil, failf("join(): element %d: %v", i, err)
		}
		if i > 0 {
			b.WriteString(separator)
		}
		if b.Len()+len(text)+len(separator) > MaxResult {
			return nil, errResultSize
		}
		if err := ev.charge((len(text) + len(separator)) / bytesPerStep); err != nil {
			return nil, err
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

func replace(ev *evaluation, a []any) (any, error) {
	s, before, after := a[0].(string), a[1].(string), a[2].(string)
	n := strings.Count(s, before)
	if len(a) == 4 && a[3].(int) >= 0 {
		n = min(n, a[3].(int))
	}
	size := len(s) + n*(len(after)-len(before))
	if size > MaxResult {
		return nil, errResultSize
	}
	if err := ev.chargeText(size); err != nil {
		return nil, err
	}
	return strings.Replace(s, before, after, n), nil
}

func repeat(ev *evaluation, a []any) (any, error) {
	s, n := a[0].(string), a[1].(int)
	if n < 0 {
		return nil, failf("repeat() needs a count of 0 or more, got %d", n)
	}
	if len(s) > 0 && n > MaxResult/len(s) {
		return nil, errResultSize
	}
	if err := ev.chargeText(len(s) * n); err != nil {
		return nil, err
	}
	return strings.Repeat(s, n), nil
}
