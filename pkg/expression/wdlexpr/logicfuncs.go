package wdlexpr

import (
	"cmp"
	"unicode/utf8"
)

// logicFunctions decide and compare.
var logicFunctions = []*function{
	{
		name: "and", params: []param{{name: "condition", takes: kindBool, rest: true}}, result: "boolean", aritySay: "Expected at least one argument",
		summary: "Whether all conditions are true. What stands behind the first false one is not evaluated.",
		examples: []Example{
			{"@and(true, equals(1, 1))", "true"},
			{"@and(false, int('x'))", "false"},
			{"@and(1)", "error: and() expects its first parameter to be true or false: Expected boolean, got 1"},
		},
		compile: junction(false),
	},
	{
		name: "or", params: []param{{name: "condition", takes: kindBool, rest: true}}, result: "boolean", aritySay: "Expected at least one argument",
		summary:  "Whether any condition is true. What stands behind the first true one is not evaluated.",
		examples: []Example{{"@or(false, true)", "true"}, {"@or(true, int('x'))", "true"}},
		compile:  junction(true),
	},
	{
		name: "not", params: []param{{name: "condition", takes: kindBool}}, result: "boolean",
		summary:  "The opposite of a condition.",
		examples: []Example{{"@not(false)", "true"}},
		call:     func(_ *machine, a []Value) (Value, error) { return !a[0].(bool), nil },
	},
	{
		name: "if", params: []param{{name: "condition", takes: kindBool}, {name: "then"}, {name: "else"}}, result: "any",
		summary:  "The one value or the other. Only that one is evaluated.",
		examples: []Example{{"@if(true, 'yes', 'no')", `"yes"`}, {"@if(false, int('x'), 'no')", `"no"`}},
		compile:  compileIf,
	},
	{
		name: "equals", params: []param{{name: "a"}, {name: "b"}}, result: "boolean",
		summary: "Whether two values are equal: numbers of all kinds by their value, texts with their case, arrays and objects by what they hold. true equals 1 and the text true.",
		examples: []Example{
			{"@equals(1, 1.0)", "true"},
			{"@equals('a', 'A')", "false"},
			{"@equals(null, '')", "false"},
		},
		call: func(m *machine, a []Value) (Value, error) { return m.equal(a[0], a[1]) },
	},
	comparison("greater", "Whether a is greater than b: two numbers, or two texts by their characters.", []Example{{"@greater(10, 9.5)", "true"}}, func(c int) bool { return c > 0 }),
	comparison("greaterOrEquals", "Whether a is greater than b or equal to it.", []Example{{"@greaterOrEquals(5, 5)", "true"}}, func(c int) bool { return c >= 0 }),
	comparison("less", "Whether a is less than b.", []Example{{"@less('apple', 'banana')", "true"}}, func(c int) bool { return c < 0 }),
	comparison("lessOrEquals", "Whether a is less than b or equal to it.", []Example{{"@lessOrEquals('b', 'a')", "false"}}, func(c int) bool { return c <= 0 }),
	{
		name: "coalesce", params: []param{{name: "value", rest: true}}, result: "any",
		summary:  "The first value that is not null; what stands behind it is not evaluated. Empty texts, arrays and objects are not null.",
		examples: []Example{{"@coalesce(null, '', 'x')", `""`}, {"@coalesce(null)", "null"}},
		compile:  compileCoalesce,
	},
}

// junction compiles and() and or(); decisive is the value that ends them.
func junction(decisive bool) func(*compiler, *function, *callNode) code {
	return func(c *compiler, _ *function, n *callNode) code {
		conditions := make([]code, len(n.args))
		for i, arg := range n.args {
			conditions[i] = c.value(arg)
		}
		return func(m *machine) (Value, error) {
			for i, condition := range conditions {
				x, err := condition(m)
				if err != nil {
					return nil, err
				}
				is, ok := x.(bool)
				if !ok {
					return nil, wants(i+1, wantsBool, x)
				}
				if is == decisive {
					return decisive, nil
				}
			}
			return !decisive, nil
		}
	}
}

func compileIf(c *compiler, _ *function, n *callNode) code {
	condition, then, otherwise := c.value(n.args[0]), c.value(n.args[1]), c.value(n.args[2])
	return func(m *machine) (Value, error) {
		x, err := condition(m)
		if err != nil {
			return nil, err
		}
		is, ok := x.(bool)
		switch {
		case !ok:
			return nil, wants(1, wantsBool, x)
		case is:
			return then(m)
		}
		return otherwise(m)
	}
}

func compileCoalesce(c *compiler, _ *function, n *callNode) code {
	values := make([]code, len(n.args))
	for i, arg := range n.args {
		values[i] = c.value(arg)
	}
	return func(m *machine) (Value, error) {
		for _, value := range values {
			x, err := value(m)
			if err != nil || x != nil {
				return x, err
			}
		}
		return nil, nil
	}
}

func comparison(name, summary string, examples []Example, holds func(int) bool) *function {
	return &function{
		name: name, params: []param{{name: "a"}, {name: "b"}}, result: "boolean", summary: summary, examples: examples,
		call: func(_ *machine, a []Value) (Value, error) {
			if x, ok := a[0].(string); ok {
				if y, ok := a[1].(string); ok {
					return holds(compareTexts(x, y)), nil
				}
			}
			if kindOf(a[0])&kindNumber == 0 || kindOf(a[1])&kindNumber == 0 {
				return nil, failf("expects two numbers or two strings, got %s and %s", describe(a[0]), describe(a[1]))
			}
			c, ok := compareNumbers(a[0], a[1])
			return ok && holds(c), nil
		},
	}
}

// compareTexts compares texts by their characters, as UTF-16 has them.
func compareTexts(a, b string) int {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	if i == len(a) || i == len(b) {
		return len(a) - len(b)
	}
	for i > 0 && !utf8.RuneStart(a[i]) { // both are in the same character, or at its start
		i--
	}
	x, _ := utf8.DecodeRuneInString(a[i:])
	y, _ := utf8.DecodeRuneInString(b[i:])
	return cmp.Compare(unitOrder(x), unitOrder(y))
}

// unitOrder is where a character stands among others in UTF-16, whose
// surrogates stand in front of U+E000.
func unitOrder(r rune) int {
	if r >= 0x10000 {
		return 0xD800<<20 + int(r) - 0x10000
	}
	return int(r) << 20
}
