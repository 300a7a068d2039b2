package expression

import (
	"slices"
	"unicode/utf8"
)

// elemOf is the type of an element of the first argument, null when the list
// is empty.
func elemOf(args []*Type) *Type { return args[0].elem().withNull() }

// sameList is the type of a list like the first argument.
func sameList(args []*Type) *Type {
	if args[0].kind() != TypeList {
		return listType
	}
	return args[0].withoutNull()
}

var listFunctions = []*function{
	{
		name: "len", passes: true, params: []param{{name: "value", takes: kindsOf(TypeString, TypeList, TypeObject)}}, result: intType,
		wdl: "length", summary: "The number of elements, members or characters.",
		examples: []Example{{`len([1, 2])`, `2`}, {`len("größe")`, `5`}, {`len({a: 1})`, `1`}},
		call: func(_ *evaluation, a []any) (any, error) {
			switch v := a[0].(type) {
			case string:
				return utf8.RuneCountInString(v), nil
			case []any:
				return len(v), nil
			default:
				return len(v.(map[string]any)), nil
			}
		},
	},
	{
		name: "first", passes: true, params: []param{{name: "list", takes: aList}}, resultOf: elemOf,
		wdl: "first", summary: "The first element, null of an empty list.",
		examples: []Example{{`first([7, 8])`, `7`}, {`first([])`, `null`}},
		call:     func(_ *evaluation, a []any) (any, error) { return at(a[0].([]any), 0), nil },
	},
	{
		name: "last", passes: true, params: []param{{name: "list", takes: aList}}, resultOf: elemOf,
		wdl: "last", summary: "The last element, null of an empty list.",
		examples: []Example{{`last([7, 8])`, `8`}},
		call:     func(_ *evaluation, a []any) (any, error) { return at(a[0].([]any), -1), nil },
	},
	{
		name: "get", params: []param{{name: "value", takes: anything}, {name: "key", takes: kindsOf(TypeString, TypeInt)}},
		summary:  "The member of an object or the element of a list, null when it is not there.",
		examples: []Example{{`get({a: 1}, "b")`, `null`}, {`get([7], 0)`, `7`}, {`get(null, "a")`, `null`}},
		resultOf: func([]*Type) *Type { return anyType.withNull() },
		call:     get,
	},
	{
		name: "take", passes: true, params: []param{{name: "list", takes: aList}, {name: "count", takes: anInt}}, resultOf: sameList,
		wdl: "take", summary: "The first elements, all when there are fewer.",
		examples: []Example{{`take([7, 8, 9], 2)`, `[7,8]`}},
		call: func(_ *evaluation, a []any) (any, error) {
			list, n := a[0].([]any), a[1].(int)
			if n < 0 {
				return nil, failf("take() needs a count of 0 or more, got %d", n)
			}
			n = min(n, len(list))
			return list[:n:n], nil
		},
	},
	{
		name: "reverse", passes: true, params: []param{{name: "list", takes: aList}}, resultOf: sameList,
		wdl: "reverse", summary: "The elements in reverse order.",
		examples: []Example{{`reverse([1, 2, 3])`, `[3,2,1]`}},
		call: func(_ *evaluation, a []any) (any, error) {
			list := append([]any{}, a[0].([]any)...)
			slices.Reverse(list)
			return list, nil
		},
	},
	{
		name: "sort", params: []param{{name: "list", takes: aList}, {name: "order", takes: aText, optional: true, form: orderForm}}, resultOf: sameList, judge: judgeOrdered("sort"),
		wdl: "sort", summary: `The elements in ascending order, or in descending order with "desc". Equal elements keep their order.`,
		examples: []Example{{`sort([3, 1.5, 2])`, `[1.5,2,3]`}, {`sort(["b", "a"], "desc")`, `["b","a"]`}},
		call: func(ev *evaluation, a []any) (any, error) {
			list := a[0].([]any)
			return sortBy(ev, append([]any{list, list}, a[1:]...))
		},
	},
	{
		name: "uniq", params: []param{{name: "list", takes: aList}}, resultOf: sameList,
		summary:  "The elements without those that equal an earlier one.",
		examples: []Example{{`uniq([1, 2, 1.0])`, `[1,2]`}},
		call:     uniq,
	},
	{
		name: "concat", passes: true, params: []param{{name: "lists", takes: aList, rest: true}},
		resultOf: allLists,
		summary:  "The elements of all lists in one.",
		examples: []Example{{`concat([1], [2, 3])`, `[1,2,3]`}},
		call: func(_ *evaluation, a []any) (any, error) {
			all := []any{}
			for _, list := range a {
				all = append(all, list.([]any)...)
			}
			return all, nil
		},
	},
	{
		name: "flatten", params: []param{{name: "list", takes: aList}}, resultOf: flatType,
		summary:  "The elements, those of lists inside of the list in their place.",
		examples: []Example{{`flatten([1, [2, [3]]])`, `[1,2,3]`}},
		call: func(ev *evaluation, a []any) (any, error) {
			return flatten(ev, []any{}, a[0].([]any), 0)
		},
	},
	{
		name: "keys", passes: true, params: []param{{name: "object", takes: anObject}}, result: &Type{Kind: TypeList, Elem: stringType},
		summary:  "The names of the members, sorted.",
		examples: []Example{{`keys({b: 1, a: 2})`, `["a","b"]`}},
		call: func(_ *evaluation, a []any) (any, error) {
			list := []any{}
			for _, name := range sortedNames(a[0].(map[string]any)) {
				list = append(list, name)
			}
			return list, nil
		},
	},
	{
		name: "values", params: []param{{name: "object", takes: anObject}}, resultOf: valuesType,
		summary:  "The values of the members, sorted by their names.",
		examples: []Example{{`values({b: 1, a: 2})`, `[2,1]`}},
		call: func(_ *evaluation, a []any) (any, error) {
			object, list := a[0].(map[string]any), []any{}
			for _, name := range sortedNames(object) {
				list = append(list, object[name])
			}
			return list, nil
		},
	},
	{
		name: "toPairs", params: []param{{name: "object", takes: anObject}}, result: &Type{Kind: TypeList, Elem: listType},
		summary:  "The members as pairs of name and value, sorted by name.",
		examples: []Example{{`toPairs({b: 1, a: 2})`, `[["a",2],["b",1]]`}},
		call: func(_ *evaluation, a []any) (any, error) {
			object, list := a[0].(map[string]any), []any{}
			for _, name := range sortedNames(object) {
				list = append(list, []any{name, object[name]})
			}
			return list, nil
		},
	},
	{
		name: "fromPairs", params: []param{{name: "pairs", takes: aList}}, result: objectType,
		summary:  "The object of pairs of name and value; of a name that comes twice the last one counts.",
		examples: []Example{{`fromPairs([["a", 1], ["b", 2]])`, `{"a":1,"b":2}`}},
		call:     fromPairs,
	},
	{
		name: "type", passes: true, params: []param{{name: "value", takes: anything}},
		result:   &Type{Kind: TypeString, Enum: []string{"nil", "bool", "int", "float", "string", "array", "map", "duration", "time", "decimal"}},
		summary:  "The kind of the value: nil, bool, int, float, string, array, map, duration, time or decimal.",
		examples: []Example{{`type(1)`, `"int"`}, {`type([])`, `"array"`}, {`type(null)`, `"nil"`}},
		call:     func(_ *evaluation, a []any) (any, error) { return kindName(a[0]), nil },
	},
}

// flatType is the list without the lists inside of it.
func flatType(args []*Type) *Type {
	elem, nullable := args[0].elem(), false
	for range maxTypeDepth {
		nullable = nullable || elem.nullable()
		if elem.kind() != TypeList {
			break
		}
		elem = elem.elem()
	}
	if nullable {
		elem = elem.withNull()
	}
	return typeList(elem)
}

// valuesType is a list of what the members of the object are.
func valuesType(args []*Type) *Type {
	t := args[0]
	if t.kind() != TypeObject {
		return listType
	}
	var elem *Type
	if t.Open {
		elem = t.elem()
	}
	for _, f := range t.Fields {
		elem = unionWith(elem, f.Type)
	}
	return typeList(elem)
}

// at returns element i, counted from the end when negative, null when there is
// none.
func at(list []any, i int) any {
	if i < 0 {
		i += len(list)
	}
	if i < 0 || i >= len(list) {
		return nil
	}
	return list[i]
}

func get(_ *evaluation, a []any) (any, error) {
	switch v := a[0].(type) {
	case nil:
		return nil, nil
	case map[string]any:
		if name, ok := a[1].(string); ok {
			return v[name], nil
		}
	case []any:
		if i, ok := a[1].(int); ok {
			return at(v, i), nil
		}
	}
	return nil, failf("get() cannot read %s of %s", describeKey(a[1]), describe(a[0]))
}

// stableSort puts order, which holds places of keys, into the order of the
// keys.
func stableSort(ev *evaluation, order []int, keys []any, sign int) error {
	var failed error
	slices.SortStableFunc(order, func(i, j int) int {
		if failed != nil {
			return 0
		}
		c, err := compare(ev, keys[i], keys[j])
		failed = err
		return sign * c
	})
	return failed
}

// groupBy returns an object of lists: the elements that have one key.
func groupBy(ev *evaluation, list, keys []any) (any, error) {
	groups := map[string]any{}
	for i, elem := range list {
		name, err := keyText(ev, keys[i])
		if err != nil {
			return nil, err
		}
		group, _ := groups[name].([]any)
		groups[name] = append(group, elem)
	}
	return groups, nil
}

// uniq keeps the first of equal elements.
func uniq(ev *evaluation, a []any) (any, error) {
	var s valueSet
	return s.collect(ev, a, func(found bool) bool { return !found })
}

// scalarKey returns a key that two scalars share only when they are equal.
func scalarKey(x any) (any, bool) {
	switch v := x.(type) {
	case nil, bool, int, string, Duration:
		return v, true
	case float64:
		if n, ok := asInt(v); ok {
			return n, true
		}
		return v, true
	}
	return nil, false
}

func flatten(ev *evaluation, into, list []any, depth int) ([]any, error) {
	if depth > MaxDepth {
		return nil, errValueDepth
	}
	if err := ev.charge(1 + len(list)); err != nil {
		return nil, err
	}
	var err error
	for _, elem := range list {
		inner, ok := elem.([]any)
		if !ok {
			into = append(into, elem)
			continue
		}
		if into, err = flatten(ev, into, inner, depth+1); err != nil {
			return nil, err
		}
	}
	return into, nil
}

func fromPairs(ev *evaluation, a []any) (any, error) {
	object := map[string]any{}
	for i, elem := range a[0].([]any) {
		pair, ok := elem.([]any)
		if !ok || len(pair) != 2 {
			return nil, failf("fromPairs(): element %d is no pair of name and value", i)
		}
		name, ok := pair[0].(string)
		if !ok {
			return nil, failf("fromPairs(): the name of element %d is %s", i, describe(pair[0]))
		}
		if err := ev.chargeText(len(name)); err != nil {
			return nil, err
		}
		object[name] = pair[1]
	}
	return object, nil
}
