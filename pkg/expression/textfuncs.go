package expression

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

var textFunctions = []*function{
	{
		name: "upper", params: []param{{name: "text", takes: aText}}, result: stringType,
		wdl: "toUpper", summary: "The text in upper case.",
		examples: []Example{{`upper("gold")`, `"GOLD"`}},
		call:     func(_ *evaluation, a []any) (any, error) { return strings.ToUpper(a[0].(string)), nil },
	},
	{
		name: "lower", params: []param{{name: "text", takes: aText}}, result: stringType,
		wdl: "toLower", summary: "The text in lower case.",
		examples: []Example{{`lower("GOLD")`, `"gold"`}},
		call:     func(_ *evaluation, a []any) (any, error) { return strings.ToLower(a[0].(string)), nil },
	},
	{
		name: "trim", params: []param{{name: "text", takes: aText}, {name: "characters", takes: aText, optional: true}}, result: stringType,
		wdl: "trim", summary: "The text without white space, or without the given characters, at both ends.",
		examples: []Example{{`trim("  a ")`, `"a"`}, {`trim("--a-", "-")`, `"a"`}},
		call: func(_ *evaluation, a []any) (any, error) {
			if len(a) == 1 {
				return strings.TrimSpace(a[0].(string)), nil
			}
			return strings.Trim(a[0].(string), a[1].(string)), nil
		},
	},
	transform("trimStart", "", "The text without white space at its start.", certain(func(s string) string { return strings.TrimLeftFunc(s, unicode.IsSpace) }),
		Example{`trimStart("  a ")`, `"a "`}),
	transform("trimEnd", "", "The text without white space at its end.", certain(func(s string) string { return strings.TrimRightFunc(s, unicode.IsSpace) }),
		Example{`trimEnd("  a ")`, `"  a"`}),
	transform("title", "", "The text with the first letter of each word in upper case.", certain(title), Example{`title("anna-maria o'neil")`, `"Anna-Maria O'neil"`}),
	padding("padStart", "The text with pad in front of it, so often that it has at least width characters; pad is a blank unless it is given.", true,
		Example{`padStart("7", 3, "0")`, `"007"`}),
	padding("padEnd", "The text with pad behind it, so often that it has at least width characters; pad is a blank unless it is given.", false,
		Example{`padEnd("ab", 4)`, `"ab  "`}),
	{
		name: "substring", params: []param{{name: "text", takes: aText}, {name: "from", takes: anInt}, {name: "length", takes: anInt, optional: true}}, result: stringType,
		wdl: "substring", summary: "The characters of the text from a place on, all or so many; what lies beyond the end is left out. The same as text[from:to].",
		examples: []Example{{`substring("größer", 2, 3)`, `"öße"`}, {`substring("ab", 1)`, `"b"`}},
		call:     substring,
	},
	{
		name: "truncate", params: []param{{name: "text", takes: aText}, {name: "most", takes: anInt}, {name: "ending", takes: aText, optional: true}}, result: stringType,
		summary:  "The text when it has no more characters than that, else its start and the ending, together so many.",
		examples: []Example{{`truncate("a long text", 6, "...")`, `"a l..."`}, {`truncate("abc", 2)`, `"ab"`}},
		call:     truncate,
	},
	{
		name: "extract", params: []param{{name: "text", takes: aText}, {name: "pattern", takes: aText, form: patternForm, code: codePattern, prepare: preparePattern}, {name: "group", takes: anInt, optional: true}},
		result:   stringType.withNull(),
		summary:  "The first part of the text that matches the pattern (RE2), or a group of it; null when nothing matches.",
		examples: []Example{{"extract(\"order A-17\", `[A-Z]-(\\d+)`, 1)", `"17"`}, {"extract(\"none\", `\\d+`)", `null`}},
		call:     extract,
	},
	{
		name: "isInt", params: []param{{name: "text", takes: aText}}, result: boolType, wdl: "isInt",
		summary:  "Whether int() can read the text.",
		examples: []Example{{`isInt("42")`, `true`}, {`isInt("4.2")`, `false`}},
		call:     func(ev *evaluation, a []any) (any, error) { _, err := toInt(ev, a); return err == nil, nil },
	},
	{
		name: "isFloat", params: []param{{name: "text", takes: aText}}, result: boolType, wdl: "isFloat",
		summary:  "Whether float() can read the text.",
		examples: []Example{{`isFloat("4.2e3")`, `true`}, {`isFloat("4,2")`, `false`}},
		call:     func(_ *evaluation, a []any) (any, error) { _, ok := parseFloat(a[0].(string)); return ok, nil },
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
		result: &Type{Kind: TypeList, Elem: stringType}, wdl: "split", summary: "The parts of the text between the separators; most bounds how many.",
		examples: []Example{{`split("a,b,c", ",")`, `["a","b","c"]`}, {`split("a,b,c", ",", 2)`, `["a","b,c"]`}},
		call:     split,
	},
	{
		name:   "join",
		params: []param{{name: "list", takes: aList}, {name: "separator", takes: aText, optional: true}},
		result: stringType, judge: judgeElements(0, "join() takes texts, numbers and booleans", TypeBool, TypeInt, TypeNumber, TypeString, TypeDuration, TypeTime, TypeDecimal),
		wdl: "join", summary: "The texts, numbers and booleans of the list as one text.",
		examples: []Example{{`join(["a", "b"], "-")`, `"a-b"`}, {`join([1, 2])`, `"12"`}},
		call:     join,
	},
	{
		name:   "replace",
		params: []param{{name: "text", takes: aText}, {name: "old", takes: aText}, {name: "new", takes: aText}, {name: "most", takes: anInt, optional: true}},
		result: stringType,
		wdl:    "replace", summary: "The text with old replaced by new, everywhere or at most so often.",
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
		wdl: "indexOf", summary: "The place of the first character of part in the text, -1 when it is not there.",
		examples: []Example{{`indexOf("größe", "e")`, `4`}, {`indexOf("a", "b")`, `-1`}},
		call: func(_ *evaluation, a []any) (any, error) {
			return runeIndex(a[0].(string), strings.Index(a[0].(string), a[1].(string))), nil
		},
	},
	{
		name: "lastIndexOf", params: []param{{name: "text", takes: aText}, {name: "part", takes: aText}}, result: intType,
		wdl: "lastIndexOf", summary: "The place of the last part in the text, -1 when it is not there.",
		examples: []Example{{`lastIndexOf("a-b-c", "-")`, `3`}},
		call: func(_ *evaluation, a []any) (any, error) {
			return runeIndex(a[0].(string), strings.LastIndex(a[0].(string), a[1].(string))), nil
		},
	},
	{
		name: "hasPrefix", params: []param{{name: "text", takes: aText}, {name: "prefix", takes: aText}}, result: boolType,
		wdl: "startsWith", summary: "Whether the text starts with prefix.",
		examples: []Example{{`hasPrefix("ORD-7", "ORD")`, `true`}},
		call: func(_ *evaluation, a []any) (any, error) {
			return strings.HasPrefix(a[0].(string), a[1].(string)), nil
		},
	},
	{
		name: "hasSuffix", params: []param{{name: "text", takes: aText}, {name: "suffix", takes: aText}}, result: boolType,
		wdl: "endsWith", summary: "Whether the text ends with suffix.",
		examples: []Example{{`hasSuffix("a.json", ".json")`, `true`}},
		call: func(_ *evaluation, a []any) (any, error) {
			return strings.HasSuffix(a[0].(string), a[1].(string)), nil
		},
	},
	{
		name: "string", params: []param{{name: "value", takes: allValues}}, result: stringType,
		wdl: "string", summary: "The value as text: a list or an object as JSON, a duration as 36h, a time as RFC 3339.",
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

// title puts the first letter of each word in upper case; an apostrophe does
// not end a word.
func title(s string) string {
	inWord := false
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\'' || r == '’':
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r):
			inWord = false
		case !inWord:
			inWord = true
			return unicode.ToTitle(r)
		}
		return r
	}, s)
}

func padding(name, summary string, front bool, example Example) *function {
	return &function{
		name: name, params: []param{{name: "text", takes: aText}, {name: "width", takes: anInt}, {name: "pad", takes: aText, optional: true}}, result: stringType,
		summary: summary, examples: []Example{example},
		call: func(ev *evaluation, a []any) (any, error) {
			pad := " "
			if len(a) > 2 {
				pad = a[2].(string)
			}
			text, err := paddingOf(ev, a[0].(string), a[1].(int), pad)
			if err != nil {
				return nil, err
			}
			if front {
				return text + a[0].(string), nil
			}
			return a[0].(string) + text, nil
		},
	}
}

// paddingOf returns what is missing of so many characters.
func paddingOf(ev *evaluation, s string, width int, pad string) (string, error) {
	missing := width - utf8.RuneCountInString(s)
	if missing <= 0 {
		return "", nil
	}
	if pad == "" {
		return "", failf("an empty text cannot fill another")
	}
	if missing > MaxResult || len(s)+missing*len(pad) > MaxResult {
		return "", errResultSize
	}
	if err := ev.chargeText(missing * len(pad)); err != nil {
		return "", err
	}
	n := utf8.RuneCountInString(pad)
	filled := []rune(strings.Repeat(pad, (missing+n-1)/n))
	return string(filled[:missing]), nil
}

func substring(ev *evaluation, a []any) (any, error) {
	from := a[1].(int)
	var to any
	if len(a) > 2 {
		length := a[2].(int)
		if length < 0 {
			return nil, failf("substring() needs a length of 0 or more, got %d", length)
		}
		to = from + min(length, MaxResult)
	}
	if from < 0 || from > MaxResult {
		return nil, failf("substring() needs a place of 0 or more, got %d", from)
	}
	return slice(ev, a[0], from, to)
}

func truncate(_ *evaluation, a []any) (any, error) {
	text, most, ending := a[0].(string), a[1].(int), ""
	if len(a) > 2 {
		ending = a[2].(string)
	}
	if most < 0 {
		return nil, failf("truncate() needs a count of 0 or more, got %d", most)
	}
	if utf8.RuneCountInString(text) <= most {
		return text, nil
	}
	end := []rune(ending)
	if len(end) > most {
		return string([]rune(text)[:most]), nil
	}
	return string([]rune(text)[:most-len(end)]) + ending, nil
}

func extract(ev *evaluation, a []any) (any, error) {
	p, err := patternOf(ev, a[1])
	if err != nil {
		return nil, err
	}
	text := a[0].(string)
	if err := p.charge(ev, text); err != nil {
		return nil, err
	}
	group := 0
	if len(a) > 2 {
		group = a[2].(int)
	}
	if group < 0 || group > p.re.NumSubexp() {
		return nil, failf("extract(): the pattern has %d groups, there is no %d", p.re.NumSubexp(), group)
	}
	found := p.re.FindStringSubmatchIndex(text)
	if found == nil || found[2*group] < 0 {
		return nil, nil
	}
	return text[found[2*group]:found[2*group+1]], nil
}
