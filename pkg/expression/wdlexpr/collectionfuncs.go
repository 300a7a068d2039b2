package wdlexpr

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf16"
)

// collectionFunctions work on arrays, objects and texts as a whole.
var collectionFunctions = []*function{
	{
		name: "contains", params: []param{{name: "collection", takes: kindObject | kindArray | kindString}, {name: "value"}}, result: "boolean",
		summary:  "Whether a text holds a text, an array an element, or an object a property. Case counts.",
		examples: []Example{{"@contains('hello world', 'World')", "false"}, {"@contains(createArray(1, 2), 2)", "true"}, {"@contains(json('{\"a\": null}'), 'a')", "true"}},
		call:     callContains,
	},
	{
		name: "empty", params: []param{{name: "collection", takes: kindObject | kindArray | kindString | kindNull}}, result: "boolean",
		summary:  "Whether a text, an array or an object holds nothing. null is empty.",
		examples: []Example{{"@empty('')", "true"}, {"@empty(null)", "true"}, {"@empty(createArray(null))", "false"}},
		call:     callEmpty,
	},
	{
		name: "first", params: []param{{name: "collection", takes: kindArray | kindString}}, result: "any",
		summary:  "The first element of an array, null when it is empty, or the first character of a text.",
		examples: []Example{{"@first('hello')", `"h"`}, {"@first(createArray(0, 1))", "0"}, {"@first(json('[]'))", "null"}},
		call:     func(_ *machine, a []Value) (Value, error) { return end(a[0], true), nil },
	},
	{
		name: "last", params: []param{{name: "collection", takes: kindArray | kindString}}, result: "any",
		summary:  "The last element of an array, null when it is empty, or the last character of a text.",
		examples: []Example{{"@last('abcd')", `"d"`}, {"@last(createArray(0, 1))", "1"}},
		call:     func(_ *machine, a []Value) (Value, error) { return end(a[0], false), nil },
	},
	{
		name: "intersection", params: []param{{name: "a", takes: kindObject | kindArray}, {name: "b", takes: kindObject | kindArray}, {name: "c", takes: kindObject | kindArray, optional: true, rest: true}}, result: "array or object",
		summary:  "The elements that all arrays hold, each once, in the order of the first one; or the properties that all objects hold with the same value.",
		examples: []Example{{"@intersection(createArray(3, 1, 3), createArray(1, 3))", "[3,1]"}},
		call:     callIntersection,
	},
	{
		name: "union", params: []param{{name: "a", takes: kindObject | kindArray}, {name: "b", takes: kindObject | kindArray}, {name: "c", takes: kindObject | kindArray, optional: true, rest: true}}, result: "array or object",
		summary:  "The elements of all arrays, each once, in the order in which they come first; or the properties of all objects, of which the last value counts.",
		examples: []Example{{"@union(createArray(1, 2), createArray(2, 3))", "[1,2,3]"}},
		call:     callUnion,
	},
	{
		name: "join", params: []param{{name: "array", takes: kindArray}, {name: "delimiter", takes: kindString}}, result: "string",
		summary:  "The texts of all elements with the delimiter between them, written as concat() writes them.",
		examples: []Example{{"@join(createArray('a', 1, true), '-')", `"a-1-True"`}},
		call:     func(m *machine, a []Value) (Value, error) { return boxed(m.join(a[0].([]Value), a[1].(string))) },
	},
	{
		name: "reverse", params: []param{{name: "array", takes: kindArray, wants: "be of type array"}}, result: "array",
		summary:  "The elements from the last to the first.",
		examples: []Example{{"@reverse(createArray(1, 2, 3))", "[3,2,1]"}},
		call: func(_ *machine, a []Value) (Value, error) {
			list := slices.Clone(a[0].([]Value))
			slices.Reverse(list)
			return list, nil
		},
	},
	{
		name: "skip", params: []param{{name: "array", takes: kindArray}, {name: "count", takes: kindInt}}, result: "array",
		summary:  "The elements behind the first count ones.",
		examples: []Example{{"@skip(createArray(1, 2, 3), 1)", "[2,3]"}, {"@skip(createArray(1), 5)", "[]"}},
		call: func(_ *machine, a []Value) (Value, error) {
			list, n := a[0].([]Value), a[1].(int64)
			if n < 0 {
				return nil, wants(2, "be a positive integer", n)
			}
			return slices.Clip(list[min(n, int64(len(list))):]), nil
		},
	},
	{
		name: "take", params: []param{{name: "collection", takes: kindArray | kindString}, {name: "count", takes: kindInt}}, result: "array or string",
		summary:  "The first count elements of an array, or characters of a text.",
		examples: []Example{{"@take(createArray(1, 2, 3), 2)", "[1,2]"}, {"@take('meow', 9)", `"meow"`}},
		call:     callTake,
	},
	{
		name: "chunk", params: []param{{name: "collection", takes: kindArray | kindString}, {name: "length", takes: kindInt}}, result: "array",
		summary:  "The array or text in pieces of that length; the last one may be shorter.",
		examples: []Example{{"@chunk('abcde', 2)", `["ab","cd","e"]`}, {"@chunk(createArray(1, 2, 3), 2)", "[[1,2],[3]]"}},
		call:     callChunk,
	},
	{
		name: "sort", params: []param{{name: "array", takes: kindArray}, {name: "by", takes: kindString, optional: true}}, result: "array",
		summary:  "The elements in rising order: of null, booleans, numbers, or texts by their characters; equal ones stay in their order. by names the property of objects to sort by.",
		examples: []Example{{"@sort(createArray(2, 1, 3))", "[1,2,3]"}, {"@reverse(sort(createArray('b', 'a')))", `["b","a"]`}},
		call:     callSort,
	},
}

func decodeUnits(list []uint16) string { return string(utf16.Decode(list)) }

func callContains(m *machine, a []Value) (Value, error) {
	switch c := a[0].(type) {
	case string:
		part, ok := a[1].(string)
		if !ok {
			return nil, wants(2, "be of type string", a[1])
		}
		return strings.Contains(c, part), nil
	case *Object:
		name, ok := a[1].(string)
		if !ok {
			return nil, wants(2, "be of type string", a[1])
		}
		return c.exact(name) >= 0, nil
	}
	for _, element := range a[0].([]Value) {
		if same, err := m.equal(element, a[1]); same || err != nil {
			return same, err
		}
	}
	return false, nil
}

func callEmpty(_ *machine, a []Value) (Value, error) {
	switch c := a[0].(type) {
	case string:
		return c == "", nil
	case []Value:
		return len(c) == 0, nil
	case *Object:
		return c.Len() == 0, nil
	}
	return true, nil
}

// end returns the first or last element of a collection.
func end(x Value, first bool) Value {
	if list, ok := x.([]Value); ok {
		switch {
		case len(list) == 0:
			return nil
		case first:
			return list[0]
		}
		return list[len(list)-1]
	}
	runes := []rune(x.(string))
	switch {
	case len(runes) == 0:
		return ""
	case first:
		return string(runes[:1])
	}
	return string(runes[len(runes)-1:])
}

// sameKind returns an error unless all arguments are arrays or all are
// objects.
func sameKind(a []Value) error {
	for _, x := range a[1:] {
		if kindOf(x) != kindOf(a[0]) {
			return failf("expects parameters of same type, got %s and %s", describe(a[0]), describe(x))
		}
	}
	return nil
}

func callIntersection(m *machine, a []Value) (Value, error) {
	if err := sameKind(a); err != nil {
		return nil, err
	}
	if o, ok := a[0].(*Object); ok {
		return m.intersectObjects(o, a[1:])
	}
	sets := make([]map[string]bool, len(a)-1)
	for i, other := range a[1:] {
		sets[i] = map[string]bool{}
		for _, element := range other.([]Value) {
			key, err := m.key(element)
			if err != nil {
				return nil, err
			}
			sets[i][key] = true
		}
	}
	list, seen := []Value{}, map[string]bool{}
	for _, element := range a[0].([]Value) {
		key, err := m.key(element)
		if err != nil {
			return nil, err
		}
		if !seen[key] && !slices.ContainsFunc(sets, func(set map[string]bool) bool { return !set[key] }) {
			seen[key] = true
			list = append(list, element)
		}
	}
	return list, nil
}

func (m *machine) intersectObjects(o *Object, others []Value) (Value, error) {
	names, values := []string{}, []Value{}
	for i, name := range o.names {
		in := true
		for _, other := range others {
			value, ok := other.(*Object).Get(name)
			if !ok {
				in = false
				break
			}
			same, err := m.equal(value, o.values[i])
			if err != nil {
				return nil, err
			}
			in = in && same
		}
		if in {
			names, values = append(names, name), append(values, o.values[i])
		}
	}
	return NewObject(names, values), nil
}

func callUnion(m *machine, a []Value) (Value, error) {
	if err := sameKind(a); err != nil {
		return nil, err
	}
	if _, ok := a[0].(*Object); ok {
		return m.merge(a)
	}
	list, seen := []Value{}, map[string]bool{}
	for _, other := range a {
		for _, element := range other.([]Value) {
			key, err := m.key(element)
			if err != nil {
				return nil, err
			}
			if !seen[key] {
				seen[key] = true
				list = append(list, element)
			}
		}
	}
	return list, nil
}

// merge joins objects: of a property the last value counts, the first place
// stays.
func (m *machine) merge(objects []Value) (Value, error) {
	names, values, places := []string{}, []Value{}, map[string]int{}
	for _, x := range objects {
		o := x.(*Object)
		if err := m.charge(o.Len()); err != nil {
			return nil, err
		}
		for i, name := range o.names {
			if at, ok := places[name]; ok {
				values[at] = o.values[i]
				continue
			}
			places[name] = len(names)
			names, values = append(names, name), append(values, o.values[i])
		}
	}
	return NewObject(names, values), nil
}

func callTake(_ *machine, a []Value) (Value, error) {
	n := a[1].(int64)
	if n < 0 {
		return nil, wants(2, "be a positive integer", n)
	}
	if list, ok := a[0].([]Value); ok {
		return slices.Clip(list[:min(n, int64(len(list)))]), nil
	}
	text := a[0].(string)
	return cut(text, 0, int(min(n, int64(unitsLen(text))))), nil
}

func callChunk(m *machine, a []Value) (Value, error) {
	n := a[1].(int64)
	if n < 1 {
		return nil, wants(2, "be a positive integer", n)
	}
	chunks := []Value{}
	if list, ok := a[0].([]Value); ok {
		if err := m.charge(int(int64(len(list)) / n)); err != nil {
			return nil, err
		}
		for i := int64(0); i < int64(len(list)); i += min(n, int64(len(list))) {
			chunks = append(chunks, Value(slices.Clip(list[i:min(i+n, int64(len(list)))])))
		}
		return chunks, nil
	}
	text := units(a[0].(string))
	size := int64(len(text))
	if err := m.charge(int(size / n)); err != nil {
		return nil, err
	}
	for i := int64(0); i < size; i += min(n, size) {
		chunks = append(chunks, decodeUnits(text[i:min(i+min(n, size), size)]))
	}
	return chunks, nil
}

func callSort(m *machine, a []Value) (Value, error) {
	list := slices.Clone(a[0].([]Value))
	keys := make([]Value, len(list))
	places := make([]int, len(list))
	var ranks kinds
	for i, element := range list {
		places[i], keys[i] = i, element
		if len(a) > 1 {
			o, ok := element.(*Object)
			if !ok {
				return nil, wantsf(1, "hold objects, got %s at place %d", describe(element), i)
			}
			keys[i], _ = o.Find(a[1].(string))
		}
		kind := kindOf(keys[i])
		if kind&(kindArray|kindObject) != 0 {
			return nil, wantsf(1, "hold values that can be sorted, got %s at place %d", describe(keys[i]), i)
		}
		if kind&kindNumber != 0 {
			kind = kindNumber
		}
		if ranks |= kind &^ kindNull; ranks != 0 && ranks != kind && kind != kindNull {
			return nil, wantsf(1, "hold values of one kind, got %s at place %d", describe(keys[i]), i)
		}
	}
	if err := m.charge(len(list) * bits.Len(uint(len(list))) / elementsPerStep); err != nil {
		return nil, err
	}
	slices.SortStableFunc(places, func(i, j int) int { return compareKeys(keys[i], keys[j]) })
	for i, place := range places {
		list[i] = a[0].([]Value)[place]
	}
	return list, nil
}

// compareKeys compares two scalars of one kind, or null.
func compareKeys(a, b Value) int {
	switch x := a.(type) {
	case nil:
		if b == nil {
			return 0
		}
		return -1
	case string:
		if y, ok := b.(string); ok {
			return compareTexts(x, y)
		}
		return 1
	case bool:
		if y, ok := b.(bool); ok {
			return cmp.Compare(map[bool]int{true: 1}[x], map[bool]int{true: 1}[y])
		}
		return 1
	}
	if b == nil {
		return 1
	}
	c, _ := compareNumbers(a, b)
	return c
}
