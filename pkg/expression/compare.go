package expression

import (
	"cmp"
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"time"
)

// compare orders two numbers, texts, durations or times.
func compare(ev *evaluation, a, b any) (int, error) {
	switch x := a.(type) {
	case int:
		switch y := b.(type) {
		case int:
			return cmp.Compare(x, y), nil
		case float64:
			return compareMixed(x, y), nil
		}
	case float64:
		switch y := b.(type) {
		case int:
			return -compareMixed(y, x), nil
		case float64:
			return cmp.Compare(x, y), nil
		}
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(x, y), ev.chargeText(min(len(x), len(y)))
		}
	case Duration:
		if y, ok := b.(Duration); ok {
			return cmp.Compare(x, y), nil
		}
	case time.Time:
		if y, ok := b.(time.Time); ok {
			return x.Compare(y), nil
		}
	}
	if x, y, ok, err := decimals(a, b); ok {
		if err != nil {
			return 0, asFailure("decimal", err)
		}
		return x.compare(y), ev.charge(decimalSteps)
	}
	return 0, failf("cannot compare %s with %s", describe(a), describe(b))
}

// compareMixed compares without rounding the integer.
func compareMixed(x int, f float64) int {
	switch {
	case f >= math.MaxInt64:
		return -1
	case f < math.MinInt64:
		return 1
	}
	whole := math.Trunc(f)
	if c := cmp.Compare(x, int(whole)); c != 0 {
		return c
	}
	return cmp.Compare(0, f-whole)
}

// equal tells whether two values are equal: numbers by what they are worth,
// lists and objects by their parts. Values of different kinds are not equal.
func equal(ev *evaluation, a, b any, depth int) (bool, error) {
	if depth > MaxDepth {
		return false, errValueDepth
	}
	switch x := a.(type) {
	case nil:
		return b == nil, nil
	case bool:
		y, ok := b.(bool)
		return ok && x == y, nil
	case int, float64, json.Number, Decimal:
		if v, w, ok, err := decimals(a, b); ok {
			if err != nil {
				return false, asFailure("decimal", err)
			}
			return v.compare(w) == 0, ev.charge(decimalSteps)
		}
		return equalNumbers(a, b), nil
	case string:
		y, ok := b.(string)
		if !ok || len(x) != len(y) {
			return false, nil
		}
		return x == y, ev.chargeText(len(x))
	case Duration:
		y, ok := b.(Duration)
		return ok && x == y, nil
	case time.Time:
		y, ok := b.(time.Time)
		return ok && x.Equal(y), nil
	case []any:
		y, ok := b.([]any)
		return equalLists(ev, x, y, ok, depth)
	case map[string]any:
		y, ok := b.(map[string]any)
		return equalObjects(ev, x, y, ok, depth)
	}
	return false, failf("cannot compare %s", describe(a))
}

func equalLists(ev *evaluation, x, y []any, ok bool, depth int) (bool, error) {
	if !ok || len(x) != len(y) {
		return false, nil
	}
	if err := ev.charge(1 + len(x)/elementsPerStep); err != nil {
		return false, err
	}
	for i := range x {
		if same, err := equal(ev, x[i], y[i], depth+1); err != nil || !same {
			return false, err
		}
	}
	return true, nil
}

func equalObjects(ev *evaluation, x, y map[string]any, ok bool, depth int) (bool, error) {
	if !ok || len(x) != len(y) {
		return false, nil
	}
	if err := ev.charge(1 + len(x)); err != nil {
		return false, err
	}
	for _, name := range sortedNames(x) {
		other, ok := y[name]
		if !ok {
			return false, nil
		}
		if same, err := equal(ev, x[name], other, depth+1); err != nil || !same {
			return false, err
		}
	}
	return true, nil
}

func equalNumbers(a, b any) bool {
	switch x := a.(type) {
	case int:
		switch y := b.(type) {
		case int:
			return x == y
		case float64:
			return compareMixed(x, y) == 0
		}
	case float64:
		switch y := b.(type) {
		case int:
			return compareMixed(y, x) == 0
		case float64:
			return x == y
		}
	}
	return equalLarge(a, b)
}

// equalLarge compares when at least one is too large to compute with.
func equalLarge(a, b any) bool {
	x, okX := ratOf(a)
	y, okY := ratOf(b)
	return okX && okY && x.Cmp(y) == 0
}

// ratOf returns a number exactly. A number with a huge exponent is refused.
func ratOf(a any) (*big.Rat, bool) {
	switch x := a.(type) {
	case int:
		return new(big.Rat).SetInt64(int64(x)), true
	case float64:
		return new(big.Rat).SetFloat64(x), !math.IsInf(x, 0) && !math.IsNaN(x)
	case json.Number:
		if len(x) > 400 || strings.ContainsAny(string(x), "eE") {
			return nil, false
		}
		return new(big.Rat).SetString(string(x))
	}
	return nil, false
}

// contained is the operator in: an element of a list, a member of an object.
func contained(ev *evaluation, needle, in any) (bool, error) {
	switch v := in.(type) {
	case []any:
		if err := ev.charge(1 + len(v)/elementsPerStep); err != nil {
			return false, err
		}
		for _, elem := range v {
			if same, err := equal(ev, needle, elem, 0); err != nil || same {
				return same, err
			}
		}
		return false, nil
	case map[string]any:
		name, ok := needle.(string)
		if needle == nil {
			return false, nil
		}
		if !ok {
			return false, failf("in needs the name of a member, got %s", describe(needle))
		}
		_, ok = v[name]
		return ok, ev.chargeText(len(name))
	case nil:
		return false, nil
	}
	return false, failf("in needs a list or an object behind it, got %s", describe(in))
}
