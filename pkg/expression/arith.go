package expression

import (
	"encoding/json"
	"math"
	"math/big"
	"math/bits"
	"time"
)

var errOverflow = &Error{Code: CodeExpressionError, Message: "the integer result does not fit into 64 bits"}

// add is the operator + on numbers, texts, durations, times and sealed texts.
func add(ev *evaluation, a, b any) (any, error) {
	switch x := a.(type) {
	case int:
		if y, ok := b.(int); ok {
			return addInts(x, y)
		}
	case string:
		if y, ok := b.(string); ok {
			return concat(ev, x, y)
		}
	case Duration:
		switch y := b.(type) {
		case Duration:
			sum, err := addInts(int(x), int(y))
			if err != nil {
				return nil, err
			}
			return Duration(sum.(int)), nil
		case time.Time:
			return y.Add(time.Duration(x)), nil
		}
	case time.Time:
		if y, ok := b.(Duration); ok {
			return x.Add(time.Duration(y)), nil
		}
	}
	if isSealable(a) && isSealable(b) && (isSealed(a) || isSealed(b)) {
		return Sealed{Fn: sealedConcat, Args: []any{a, b}}, nil
	}
	if x, y, ok, err := decimals(a, b); ok {
		return exactly(ev, x, y, err, Decimal.plus)
	}
	x, y, ok := floats(a, b)
	if !ok {
		hint := ""
		if isText(a) || isText(b) {
			hint = ": make a text of it with string()"
		}
		return nil, failf("cannot add %s and %s%s", describe(a), describe(b), hint)
	}
	return finite(x + y)
}

func isText(x any) bool { _, ok := x.(string); return ok }

func isSealed(x any) bool { _, ok := x.(Sealed); return ok }

// isSealable tells whether x can be a part of a sealed text.
func isSealable(x any) bool { return isText(x) || isSealed(x) }

func concat(ev *evaluation, x, y string) (any, error) {
	if len(x)+len(y) > MaxResult {
		return nil, errResultSize
	}
	if err := ev.chargeText(len(x) + len(y)); err != nil {
		return nil, err
	}
	return x + y, nil
}

func addInts(x, y int) (any, error) {
	sum := x + y
	if (x^sum)&(y^sum) < 0 {
		return nil, errOverflow
	}
	return sum, nil
}

func subtract(ev *evaluation, a, b any) (any, error) {
	switch x := a.(type) {
	case int:
		if y, ok := b.(int); ok {
			return subInts(x, y)
		}
	case Duration:
		if y, ok := b.(Duration); ok {
			d, err := subInts(int(x), int(y))
			if err != nil {
				return nil, err
			}
			return Duration(d.(int)), nil
		}
	case time.Time:
		switch y := b.(type) {
		case time.Time:
			return Duration(x.Sub(y)), nil
		case Duration:
			return x.Add(-time.Duration(y)), nil
		}
	}
	if x, y, ok, err := decimals(a, b); ok {
		return exactly(ev, x, y, err, Decimal.minus)
	}
	x, y, ok := floats(a, b)
	if !ok {
		return nil, failf("cannot subtract %s from %s", describe(b), describe(a))
	}
	return finite(x - y)
}

func subInts(x, y int) (any, error) {
	d := x - y
	if (x^y)&(x^d) < 0 {
		return nil, errOverflow
	}
	return d, nil
}

func multiply(ev *evaluation, a, b any) (any, error) {
	if d, ok := b.(Duration); ok {
		a, b = d, a
	}
	switch x := a.(type) {
	case int:
		if y, ok := b.(int); ok {
			return mulInts(x, y)
		}
	case Duration:
		switch y := b.(type) {
		case int:
			d, err := mulInts(int(x), y)
			if err != nil {
				return nil, err
			}
			return Duration(d.(int)), nil
		case float64:
			return durationOf(float64(x) * y)
		}
	}
	if x, y, ok, err := decimals(a, b); ok {
		return exactly(ev, x, y, err, Decimal.times)
	}
	x, y, ok := floats(a, b)
	if !ok {
		return nil, failf("cannot multiply %s by %s", describe(a), describe(b))
	}
	return finite(x * y)
}

func mulInts(x, y int) (any, error) {
	hi, lo := bits.Mul64(magnitude(x), magnitude(y))
	negative := (x < 0) != (y < 0)
	switch {
	case hi != 0, !negative && lo > math.MaxInt64, negative && lo > 1<<63:
		return nil, errOverflow
	case negative:
		return int(-lo), nil
	}
	return int(lo), nil
}

func magnitude(x int) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}

var errZero = &Error{Code: CodeExpressionError, Message: "division by zero"}

// divide always computes with fractions, as expr does.
func divide(ev *evaluation, a, b any) (any, error) {
	if d, ok := a.(Duration); ok {
		if e, ok := b.(Duration); ok {
			if e == 0 {
				return nil, errZero
			}
			return float64(d) / float64(e), nil
		}
		if y, ok := asFloat(b); ok {
			if y == 0 {
				return nil, errZero
			}
			return durationOf(float64(d) / y)
		}
	}
	if x, y, ok, err := decimals(a, b); ok {
		return exactly(ev, x, y, err, Decimal.over)
	}
	x, y, ok := floats(a, b)
	if !ok {
		return nil, failf("cannot divide %s by %s", describe(a), describe(b))
	}
	if y == 0 {
		return nil, errZero
	}
	return finite(x / y)
}

func remainder(_ *evaluation, a, b any) (any, error) {
	x, okX := asInt(a)
	y, okY := asInt(b)
	switch {
	case !okX || !okY:
		return nil, failf("%% needs two integers, got %s and %s", describe(a), describe(b))
	case y == 0:
		return nil, errZero
	case y == -1:
		return 0, nil
	}
	return x % y, nil
}

func power(_ *evaluation, a, b any) (any, error) {
	x, y, ok := floats(a, b)
	if !ok {
		return nil, failf("** needs two numbers, got %s and %s", describe(a), describe(b))
	}
	return finite(math.Pow(x, y))
}

func negate(a any) (any, error) {
	switch x := a.(type) {
	case int:
		return subInts(0, x)
	case float64:
		return -x, nil
	case Duration:
		return multiply(nil, x, -1)
	case Decimal:
		return Decimal{digits: new(big.Int).Neg(x.num()), scale: x.scale}, nil
	}
	return nil, failf("- needs a number, got %s", describe(a))
}

// positive is the sign +.
func positive(a any) (any, error) {
	if _, ok := asFloat(a); ok {
		return a, nil
	}
	if _, ok := a.(Duration); ok || isDecimal(a) {
		return a, nil
	}
	return nil, failf("+ needs a number, got %s", describe(a))
}

func durationOf(f float64) (any, error) {
	if !(math.Abs(f) < math.MaxInt64) {
		return nil, failf("the duration is longer than 292 years")
	}
	return Duration(f), nil
}

func finite(f float64) (any, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, failf("the number is out of range")
	}
	return f, nil
}

// floats returns both operands as float64, when both are numbers that can be
// computed with.
func floats(a, b any) (x, y float64, ok bool) {
	x, okX := asFloat(a)
	y, okY := asFloat(b)
	return x, y, okX && okY
}

func asFloat(a any) (float64, bool) {
	switch x := a.(type) {
	case int:
		return float64(x), true
	case float64:
		return x, true
	}
	return 0, false
}

// asInt returns an integer, or a number without a fraction as one.
func asInt(a any) (int, bool) {
	switch x := a.(type) {
	case int:
		return x, true
	case float64:
		if x == math.Trunc(x) && x >= math.MinInt64 && x < math.MaxInt64 {
			return int(x), true
		}
	}
	return 0, false
}

// isTooLarge tells whether x is a number that cannot be computed with.
func isTooLarge(x any) bool { _, ok := x.(json.Number); return ok }

// exactly computes with two decimals; err is that of making them.
func exactly(ev *evaluation, x, y Decimal, err error, op func(x, y Decimal) (any, error)) (any, error) {
	if err != nil {
		return nil, asFailure("decimal", err)
	}
	if err := ev.charge(decimalSteps); err != nil {
		return nil, err
	}
	return op(x, y)
}
