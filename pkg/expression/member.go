package expression

import "strconv"

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
	n := 0
	for i := range s {
		if n == most {
			return s[:i] + "…"
		}
		n++
	}
	return s
}

// keyText returns the name of an object's member that a computed key makes.
func keyText(ev *evaluation, x any) (string, error) {
	if x == nil {
		return "", failf("a member's name cannot be null")
	}
	text, err := textOf(x)
	if err != nil {
		return "", failf("a member's name cannot be %s", describe(x))
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
