package expression

// predicateDocs describes the functions that take a predicate: an expression
// in which # is the element, .name its member and #index its place.
var predicateDocs = []Function{
	{"all", "all(list, condition) -> boolean", "Whether the condition holds for all elements.", []Example{{`all([1, 2], # > 0)`, `true`}}, "Lists", ""},
	{"any", "any(list, condition) -> boolean", "Whether the condition holds for at least one element.", []Example{{`any([1, 2], # > 1)`, `true`}}, "Lists", ""},
	{"none", "none(list, condition) -> boolean", "Whether the condition holds for no element.", []Example{{`none([1, 2], # > 2)`, `true`}}, "Lists", ""},
	{"one", "one(list, condition) -> boolean", "Whether the condition holds for exactly one element.", []Example{{`one([1, 2], # > 1)`, `true`}}, "Lists", ""},
	{"filter", "filter(list, condition) -> list", "The elements for which the condition holds.", []Example{{`filter([1, 2, 3], # > 1)`, `[2,3]`}}, "Lists", ""},
	{"map", "map(list, value) -> list", "What the second argument yields for each element.", []Example{{`map([{sku: "a"}, {sku: "b"}], .sku)`, `["a","b"]`}}, "Lists", ""},
	{"count", "count(list, condition?) -> integer", "The number of elements for which the condition holds, or that are true.", []Example{{`count([1, 2, 3], # > 1)`, `2`}}, "Lists", ""},
	{"find", "find(list, condition) -> any value", "The first element for which the condition holds, null when there is none.", []Example{{`find([1, 2, 3], # > 1)`, `2`}}, "Lists", ""},
	{"findIndex", "findIndex(list, condition) -> integer", "The place of that element, null when there is none.", []Example{{`findIndex([1, 2, 3], # > 1)`, `1`}}, "Lists", ""},
	{"findLast", "findLast(list, condition) -> any value", "The last element for which the condition holds, null when there is none.", []Example{{`findLast([1, 2, 3], # > 1)`, `3`}}, "Lists", ""},
	{"findLastIndex", "findLastIndex(list, condition) -> integer", "The place of that element, null when there is none.", []Example{{`findLastIndex([1, 2, 3], # > 1)`, `2`}}, "Lists", ""},
	{"groupBy", "groupBy(list, key) -> object", "An object of lists: the elements that have one key.", []Example{{`groupBy([{k: "a", n: 1}, {k: "b", n: 2}, {k: "a", n: 3}], .k)`, `{"a":[{"k":"a","n":1},{"k":"a","n":3}],"b":[{"k":"b","n":2}]}`}}, "Lists", ""},
	{"sortBy", "sortBy(list, key, order?) -> list", `The elements sorted by their keys, in descending order with "desc". Equal ones keep their order.`, []Example{{`sortBy([{n: 2}, {n: 1}], .n)`, `[{"n":1},{"n":2}]`}, {`sortBy([1, 3, 2], #, "desc")`, `[3,2,1]`}}, "Lists", ""},
	{"reduce", "reduce(list, value, first?) -> any value", "What the second argument yields at last; #acc is what it yielded for the element before.", []Example{{`reduce([1, 2, 3], #acc + #, 10)`, `16`}}, "Lists", ""},
}

// predicateNames are the names of the functions that take a predicate; sum is
// one of them and in the library as well.
var predicateNames = func() map[string]bool {
	names := map[string]bool{"sum": true}
	for _, f := range predicateDocs {
		names[f.Name] = true
	}
	return names
}()
