package expression

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/conf"
)

// stateless is an operator that needs nothing but its operands.
type stateless func(args []any) (any, error)

// withState is an operator that charges what it does.
type withState func(ev *evaluation, args []any) (any, error)

var operators = map[string]stateless{
	".":    func(a []any) (any, error) { return member(a[0], a[1]) },
	"neg":  func(a []any) (any, error) { return negate(a[0]) },
	"pos":  func(a []any) (any, error) { return positive(a[0]) },
	"-":    func(a []any) (any, error) { return subtract(a[0], a[1]) },
	"*":    func(a []any) (any, error) { return multiply(a[0], a[1]) },
	"/":    func(a []any) (any, error) { return divide(a[0], a[1]) },
	"%":    func(a []any) (any, error) { return remainder(a[0], a[1]) },
	"**":   func(a []any) (any, error) { return power(a[0], a[1]) },
	"^":    func(a []any) (any, error) { return power(a[0], a[1]) },
	"bool": func(a []any) (any, error) { return truth(a[0]) },
}

var chargedOperators = map[string]withState{
	"+":  func(ev *evaluation, a []any) (any, error) { return add(ev, a[0], a[1]) },
	"==": func(ev *evaluation, a []any) (any, error) { return equal(ev, a[0], a[1], 0) },
	"!=": func(ev *evaluation, a []any) (any, error) {
		same, err := equal(ev, a[0], a[1], 0)
		return !same, err
	},
	"<":  ordered(func(c int) bool { return c < 0 }),
	"<=": ordered(func(c int) bool { return c <= 0 }),
	">":  ordered(func(c int) bool { return c > 0 }),
	">=": ordered(func(c int) bool { return c >= 0 }),
	"[]": func(ev *evaluation, a []any) (any, error) {
		if name, ok := a[1].(string); ok {
			if err := ev.chargeText(len(name)); err != nil {
				return nil, err
			}
		}
		return member(a[0], a[1])
	},
	"key": func(ev *evaluation, a []any) (any, error) { return keyText(ev, a[0]) },
	"in":  func(ev *evaluation, a []any) (any, error) { return contained(ev, a[0], a[1]) },
	"..":  func(ev *evaluation, a []any) (any, error) { return rangeOf(ev, a[0], a[1]) },
	"[:]": func(ev *evaluation, a []any) (any, error) {
		return slice(ev, a[0], a[1], a[2])
	},
	"contains":   textual("contains", strings.Contains),
	"startsWith": textual("startsWith", strings.HasPrefix),
	"endsWith":   textual("endsWith", strings.HasSuffix),
	"matches":    func(ev *evaluation, a []any) (any, error) { return matches(ev, a[0], a[1]) },
	"loop":       func(ev *evaluation, a []any) (any, error) { return loop(ev, a[0], a[1], a[2]) },
	"groupBy":    func(ev *evaluation, a []any) (any, error) { return groupBy(ev, a[0], a[1]) },
	"sortBy":     sortBy,
}

// callables are all functions that generated code calls, under the names that
// it calls them by; stateful are those that take the evaluation first.
var callables, stateful = allCallables()

func allCallables() (conf.FunctionsTable, map[string]bool) {
	table, charged := conf.FunctionsTable{}, map[string]bool{}
	for name, op := range operators { // order does not show: a map is made of a map
		table[name] = &builtin.Function{Name: name, Func: func(args ...any) (any, error) { return op(args) }}
	}
	add := func(name string, f withState) {
		charged[name] = true
		table[name] = &builtin.Function{Name: name, Func: func(args ...any) (any, error) {
			return f(args[0].(*evaluation), args[1:])
		}}
	}
	for name, op := range chargedOperators { // order does not show: a map is made of a map
		add(name, op)
	}
	for name, f := range library { // order does not show: a map is made of a map
		add(name, f.invoke)
	}
	return table, charged
}

func ordered(holds func(c int) bool) withState {
	return func(ev *evaluation, a []any) (any, error) {
		c, err := compare(ev, a[0], a[1])
		return holds(c), err
	}
}

func textual(name string, holds func(s, part string) bool) withState {
	return func(ev *evaluation, a []any) (any, error) {
		if a[0] == nil || a[1] == nil {
			return false, nil
		}
		s, okS := a[0].(string)
		part, okPart := a[1].(string)
		if !okS || !okPart {
			return nil, failf("%s needs two strings, got %s and %s", name, describe(a[0]), describe(a[1]))
		}
		return holds(s, part), ev.chargeText(len(s) + len(part))
	}
}

// member returns the member of an object, null when it has none of that name,
// or the element of a list.
func member(x, key any) (any, error) {
	switch v := x.(type) {
	case map[string]any:
		name, ok := key.(string)
		if !ok {
			return nil, failf("a member's name is a string, got %s", describe(key))
		}
		return v[name], nil
	case []any:
		i, ok := asInt(key)
		if isText(key) {
			return nil, failf("a list has no field %s", describeKey(key))
		}
		if !ok {
			return nil, failf("the place in a list is an integer, got %s", describe(key))
		}
		at := i
		if at < 0 {
			at += len(v)
		}
		if at < 0 || at >= len(v) {
			return nil, failf("the list has %d elements, there is no [%d]", len(v), i)
		}
		return v[at], nil
	}
	return nil, failf("cannot read %s of %s", describeKey(key), describe(x))
}

func describeKey(key any) string {
	switch k := key.(type) {
	case string:
		return strconv.Quote(shorten(k))
	case int:
		return "[" + strconv.Itoa(k) + "]"
	}
	return describe(key)
}

// shorten cuts a long text for messages.
func shorten(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}

func truth(x any) (any, error) {
	if b, ok := x.(bool); ok {
		return b, nil
	}
	return nil, failf("a condition must be true or false, got %s", describe(x))
}

// keyText returns the name of an object's member that a computed key makes.
func keyText(ev *evaluation, x any) (any, error) {
	if x == nil {
		return nil, failf("a member's name cannot be null")
	}
	text, err := textOf(x)
	if err != nil {
		return nil, failf("a member's name cannot be %s", describe(x))
	}
	return text, ev.chargeText(len(text))
}

// rangeOf is the operator .. and yields a list of integers.
func rangeOf(ev *evaluation, a, b any) (any, error) {
	from, okFrom := asInt(a)
	to, okTo := asInt(b)
	if !okFrom || !okTo {
		return nil, failf(".. needs two integers, got %s and %s", describe(a), describe(b))
	}
	if to < from {
		return []any{}, nil
	}
	n := uint64(to) - uint64(from)
	if n >= MaxSteps {
		return nil, errSteps
	}
	if err := ev.charge(1 + int(n)); err != nil {
		return nil, err
	}
	list := make([]any, n+1)
	for i := range list {
		list[i] = from + i
	}
	return list, nil
}

// slice returns a part of a list or of a text; places beyond the ends mean the
// ends, negative ones count from the end.
func slice(ev *evaluation, x, from, to any) (any, error) {
	if s, ok := x.(string); ok {
		if err := ev.chargeText(len(s)); err != nil {
			return nil, err
		}
		runes := []rune(s)
		i, j, err := bounds(len(runes), from, to)
		if err != nil {
			return nil, err
		}
		return string(runes[i:j]), nil
	}
	list, ok := x.([]any)
	if !ok {
		return nil, failf("[:] needs a list or a string, got %s", describe(x))
	}
	i, j, err := bounds(len(list), from, to)
	if err != nil {
		return nil, err
	}
	return list[i:j:j], nil
}

func bounds(n int, from, to any) (i, j int, err error) {
	place := func(x any, missing int) (int, error) {
		if x == nil {
			return missing, nil
		}
		at, ok := asInt(x)
		if !ok {
			return 0, failf("a place in [:] is an integer, got %s", describe(x))
		}
		if at < 0 {
			at += n
		}
		return max(0, min(at, n)), nil
	}
	if i, err = place(from, 0); err != nil {
		return 0, 0, err
	}
	if j, err = place(to, n); err != nil {
		return 0, 0, err
	}
	return min(i, j), j, nil
}

// loop is called with the list of a predicate before the first pass.
func loop(ev *evaluation, x, weight, fn any) (any, error) {
	list, ok := x.([]any)
	if !ok {
		return nil, failf("%s() needs a list, got %s", fn, describe(x))
	}
	// Each loop costs the machine a scope, however short its list is.
	const begin = 10
	w, _ := weight.(int)
	if len(list) > MaxSteps {
		return nil, errSteps
	}
	return list, ev.charge(begin + len(list)*w)
}
