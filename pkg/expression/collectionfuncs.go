package expression

import (
	"cmp"
	"slices"
)

func typeList(elem *Type) *Type { return &Type{Kind: TypeList, Elem: elem} }

// allLists is the type of a list of what all arguments hold.
func allLists(args []*Type) *Type {
	t := sameList(args)
	for _, arg := range args[1:] {
		t = Union(t, sameList([]*Type{arg}))
	}
	return t
}

var collectionFunctions = []*function{
	{
		name: "zip", params: []param{{name: "lists", takes: aList, rest: true}}, result: typeList(listType),
		summary:  "Lists of the first elements of all lists, of the second ones, and so on; as many as the shortest list has.",
		examples: []Example{{`zip(["a", "b"], [1, 2, 3])`, `[["a",1],["b",2]]`}},
		call:     zip,
	},
	{
		name: "chunk", passes: true, params: []param{{name: "list", takes: aList}, {name: "size", takes: anInt}}, wdl: "chunk",
		resultOf: func(args []*Type) *Type { return typeList(sameList(args)) },
		summary:  "The list cut into lists of that size; the last one may be shorter.",
		examples: []Example{{`chunk([1, 2, 3], 2)`, `[[1,2],[3]]`}},
		call:     chunk,
	},
	{
		name: "skip", passes: true, params: []param{{name: "list", takes: aList}, {name: "count", takes: anInt}}, resultOf: sameList, wdl: "skip",
		summary:  "The elements without the first ones.",
		examples: []Example{{`skip([7, 8, 9], 2)`, `[9]`}},
		call: func(_ *evaluation, a []any) (any, error) {
			list, n := a[0].([]any), a[1].(int)
			if n < 0 {
				return nil, failf("skip() needs a count of 0 or more, got %d", n)
			}
			return list[min(n, len(list)):], nil
		},
	},
	{
		name: "union", params: []param{{name: "lists", takes: aList, rest: true}}, resultOf: allLists, wdl: "union",
		summary:  "The elements of all lists, each once, in the order of their first place.",
		examples: []Example{{`union([1, 2], [2, 3])`, `[1,2,3]`}},
		call: func(ev *evaluation, a []any) (any, error) {
			var s valueSet
			return s.collect(ev, a, func(found bool) bool { return !found })
		},
	},
	{
		name: "intersection", params: []param{{name: "list", takes: aList}, {name: "lists", takes: aList, rest: true}}, resultOf: sameList, wdl: "intersection",
		summary:  "The elements of the first list that all others have too, each once.",
		examples: []Example{{`intersection([1, 2, 3], [3, 2])`, `[2,3]`}},
		call:     intersection,
	},
	{
		name: "difference", params: []param{{name: "list", takes: aList}, {name: "lists", takes: aList, rest: true}}, resultOf: sameList,
		summary:  "The elements of the first list that no other has, each once.",
		examples: []Example{{`difference([1, 2, 3], [2])`, `[1,3]`}},
		call:     difference,
	},
	{
		name: "compact", passes: true, params: []param{{name: "list", takes: aList}},
		resultOf: func(args []*Type) *Type { return typeList(args[0].elem().withoutNull()) },
		summary:  "The elements that are not null.",
		examples: []Example{{`compact([1, null, 2])`, `[1,2]`}},
		call: func(_ *evaluation, a []any) (any, error) {
			kept := []any{}
			for _, elem := range a[0].([]any) {
				if elem != nil {
					kept = append(kept, elem)
				}
			}
			return kept, nil
		},
	},
	{
		name: "merge", passes: true, params: []param{{name: "objects", takes: anObject, rest: true}}, resultOf: mergedType, wdl: "mergeObjects",
		summary:  "One object with the members of all; of those with one name the last counts.",
		examples: []Example{{`merge({a: 1, b: 2}, {b: 3})`, `{"a":1,"b":3}`}},
		call: func(_ *evaluation, a []any) (any, error) {
			merged := map[string]any{}
			for _, object := range a {
				for name, x := range object.(map[string]any) { // order does not show: a map is made of maps
					merged[name] = x
				}
			}
			return merged, nil
		},
	},
	{
		name: "put", params: []param{{name: "object", takes: anObject}, {name: "name", takes: aText}, {name: "value", takes: anything}}, resultOf: putType, wdl: "setProperty",
		summary:  "The object with the member of that name, in place of one that it has.",
		examples: []Example{{`put({a: 1}, "b", 2)`, `{"a":1,"b":2}`}},
		call: func(_ *evaluation, a []any) (any, error) {
			object := copyOf(a[0].(map[string]any), func(string) bool { return true })
			object[a[1].(string)] = a[2]
			return object, nil
		},
	},
	{
		name: "pick", params: []param{{name: "object", takes: anObject}, {name: "names", takes: aList}}, result: objectType, judge: judgeNames("pick"),
		summary:  "The object with no other members than those of the names.",
		examples: []Example{{`pick({a: 1, b: 2}, ["a", "x"])`, `{"a":1}`}},
		call:     func(_ *evaluation, a []any) (any, error) { return choose("pick", a, true) },
	},
	{
		name: "omit", params: []param{{name: "object", takes: anObject}, {name: "names", takes: aList}}, result: objectType, judge: judgeNames("omit"), wdl: "removeProperty",
		summary:  "The object without the members of the names.",
		examples: []Example{{`omit({a: 1, b: 2}, ["b"])`, `{"a":1}`}},
		call:     func(_ *evaluation, a []any) (any, error) { return choose("omit", a, false) },
	},
	{
		name: "empty", passes: true, params: []param{{name: "value", takes: kindsOf(TypeNull, TypeString, TypeList, TypeObject)}}, result: boolType, wdl: "empty",
		summary:  "Whether the value is null, an empty text, an empty list or an object without members.",
		examples: []Example{{`empty("")`, `true`}, {`empty([0])`, `false`}, {`empty(null)`, `true`}},
		call: func(_ *evaluation, a []any) (any, error) {
			switch v := a[0].(type) {
			case string:
				return v == "", nil
			case []any:
				return len(v) == 0, nil
			case map[string]any:
				return len(v) == 0, nil
			}
			return true, nil
		},
	},
}

// valueSet finds equal values: scalars by a table, others one by one.
type valueSet struct {
	scalars map[any]bool
	others  []any
}

// add adds x and tells whether it was there.
func (s *valueSet) add(ev *evaluation, x any) (bool, error) {
	found, err := s.has(ev, x)
	if err != nil || found {
		return found, err
	}
	if key, ok := scalarKey(x); ok {
		if s.scalars == nil {
			s.scalars = map[any]bool{}
		}
		s.scalars[key] = true
		return false, nil
	}
	s.others = append(s.others, x)
	return false, nil
}

func (s *valueSet) has(ev *evaluation, x any) (bool, error) {
	if key, ok := scalarKey(x); ok {
		return s.scalars[key], nil
	}
	return contained(ev, x, s.others)
}

// collect adds the elements of lists and returns those for which keep is true;
// found tells whether the set had it before.
func (s *valueSet) collect(ev *evaluation, lists []any, keep func(found bool) bool) (any, error) {
	kept := []any{}
	for _, list := range lists {
		for _, elem := range list.([]any) {
			found, err := s.add(ev, elem)
			if err != nil {
				return nil, err
			}
			if keep(found) {
				kept = append(kept, elem)
			}
		}
	}
	return kept, nil
}

func intersection(ev *evaluation, a []any) (any, error) {
	others := make([]valueSet, len(a)-1)
	for i := range others {
		if _, err := others[i].collect(ev, a[i+1:i+2], func(bool) bool { return false }); err != nil {
			return nil, err
		}
	}
	var seen valueSet
	return seen.collectIf(ev, a[0].([]any), func(x any) (bool, error) {
		for i := range others {
			if found, err := others[i].has(ev, x); err != nil || !found {
				return false, err
			}
		}
		return true, nil
	})
}

func difference(ev *evaluation, a []any) (any, error) {
	var seen valueSet
	if _, err := seen.collect(ev, a[1:], func(bool) bool { return false }); err != nil {
		return nil, err
	}
	return seen.collect(ev, a[:1], func(found bool) bool { return !found })
}

// collectIf returns the elements that are wanted, each once.
func (s *valueSet) collectIf(ev *evaluation, list []any, wanted func(x any) (bool, error)) (any, error) {
	kept := []any{}
	for _, elem := range list {
		ok, err := wanted(elem)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		found, err := s.add(ev, elem)
		if err != nil {
			return nil, err
		}
		if !found {
			kept = append(kept, elem)
		}
	}
	return kept, nil
}

func zip(ev *evaluation, a []any) (any, error) {
	if len(a) == 0 {
		return []any{}, nil
	}
	n := len(a[0].([]any))
	for _, list := range a {
		n = min(n, len(list.([]any)))
	}
	if err := ev.charge(n); err != nil {
		return nil, err
	}
	rows := make([]any, n)
	for i := range rows {
		row := make([]any, len(a))
		for j, list := range a {
			row[j] = list.([]any)[i]
		}
		rows[i] = row
	}
	return rows, nil
}

func chunk(_ *evaluation, a []any) (any, error) {
	list, size := a[0].([]any), a[1].(int)
	if size < 1 {
		return nil, failf("chunk() needs a size of 1 or more, got %d", size)
	}
	chunks := []any{}
	for from := 0; from < len(list); {
		to := len(list)
		if size < to-from {
			to = from + size
		}
		chunks = append(chunks, list[from:to:to])
		from = to
	}
	return chunks, nil
}

// copyOf returns the members whose names are kept.
func copyOf(object map[string]any, keep func(name string) bool) map[string]any {
	made := make(map[string]any, len(object)+1)
	for name, x := range object { // order does not show: a map is made of a map
		if keep(name) {
			made[name] = x
		}
	}
	return made
}

func choose(fn string, a []any, listed bool) (any, error) {
	names := map[string]bool{}
	for i, name := range a[1].([]any) {
		text, ok := name.(string)
		if !ok {
			return nil, failf("%s(): name %d is %s", fn, i, describe(name))
		}
		names[text] = true
	}
	return copyOf(a[0].(map[string]any), func(name string) bool { return names[name] == listed }), nil
}

// mergedType joins the fields of all arguments; those of a later one count.
func mergedType(args []*Type) *Type {
	merged := &Type{Kind: TypeObject}
	for _, t := range args {
		if t.kind() != TypeObject {
			return objectType
		}
		if t.Open {
			// Unknown members may stand in the place of known ones.
			merged.Fields, merged.Elem, merged.Open = nil, nil, true
		}
		for _, f := range t.Fields {
			merged.override(f)
		}
	}
	if merged.Open {
		return &Type{Kind: TypeObject, Open: true, Fields: merged.Fields}
	}
	return merged
}

// override puts a field in the place of one with its name.
func (t *Type) override(f Field) {
	for i, g := range t.Fields {
		if g.Name != f.Name {
			continue
		}
		if f.Optional {
			f = Field{Name: f.Name, Type: Union(g.Type, f.Type), Optional: g.Optional, Denied: cmp.Or(f.Denied, g.Denied), Hint: cmp.Or(f.Hint, g.Hint)}
		}
		t.Fields[i] = f
		return
	}
	t.Fields = append(t.Fields, f)
}

// putType is the object with one more member, where its name is written out.
func putType(args []*Type) *Type {
	if len(args) < 3 || args[0].kind() != TypeObject || len(args[1].Enum) != 1 {
		return objectType
	}
	t, name := *args[0], args[1].Enum[0]
	t.Fields = slices.DeleteFunc(slices.Clone(t.Fields), func(f Field) bool { return f.Name == name })
	t.Fields = append(t.Fields, Field{Name: name, Type: args[2]})
	return &t
}
