package wdlexpr

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"math/big"
	"math/bits"
	"strconv"
)

// mathFunctions compute with numbers.
var mathFunctions = []*function{
	{
		name: "add", params: numbers("a", "b"), result: "number",
		summary:  "The sum. Integers stay integers and must fit into 64 bits; a float makes the result a float, a decimal makes it a decimal.",
		examples: []Example{{"@add(1, 2)", "3"}, {"@add(1, 0.5)", "1.5"}, {"@add(9223372036854775807, 1)", "error: add(): the result does not fit into 64 bits"}},
		call:     arithmetic(addInts, func(x, y float64) float64 { return x + y }, Decimal.plus),
	},
	{
		name: "sub", params: numbers("a", "b"), result: "number",
		summary:  "The difference.",
		examples: []Example{{"@sub(10.3, .3)", "10.0"}, {"@sub(1, 2)", "-1"}},
		call:     arithmetic(subInts, func(x, y float64) float64 { return x - y }, Decimal.minus),
	},
	{
		name: "mul", params: numbers("a", "b"), result: "number",
		summary:  "The product.",
		examples: []Example{{"@mul(6, 7)", "42"}, {"@mul(1.5, 2)", "3.0"}},
		call:     arithmetic(mulInts, func(x, y float64) float64 { return x * y }, Decimal.times),
	},
	{
		name: "div", params: numbers("a", "b"), result: "number",
		summary:  "The quotient; of two integers without its fraction.",
		examples: []Example{{"@div(11, 5)", "2"}, {"@div(-11, 5)", "-2"}, {"@div(11, 5.0)", "2.2"}, {"@div(1, 0)", "error: div(): attempted to divide by zero"}},
		call:     arithmetic(divInts, func(x, y float64) float64 { return x / y }, Decimal.over),
	},
	{
		name: "mod", params: numbers("a", "b"), result: "number",
		summary:  "The remainder; it has the sign of a.",
		examples: []Example{{"@mod(-5, 2)", "-1"}, {"@mod(5.5, 2)", "1.5"}},
		call:     arithmetic(modInts, math.Mod, Decimal.rest),
	},
	{
		name: "max", params: []param{{name: "number", takes: kindNumber | kindArray, rest: true}}, result: "number",
		summary:  "The greatest of the numbers, or of an array of them.",
		examples: []Example{{"@max(1, 3, 2)", "3"}, {"@max(createArray(1, 2.5))", "2.5"}},
		call:     extreme(func(c int) bool { return c > 0 }),
	},
	{
		name: "min", params: []param{{name: "number", takes: kindNumber | kindArray, rest: true}}, result: "number",
		summary:  "The least of the numbers, or of an array of them.",
		examples: []Example{{"@min(1, 3, 2)", "1"}},
		call:     extreme(func(c int) bool { return c < 0 }),
	},
	{
		name: "rand", params: []param{{name: "from", takes: kindInt}, {name: "to", takes: kindInt}}, result: "integer",
		summary:  "An integer from from up to but not including to. It derives from the run, the step and the expression.",
		examples: []Example{{"@rand(5, 6)", "5"}},
		call:     callRand,
	},
	{
		name: "range", params: []param{{name: "start", takes: kindInt}, {name: "count", takes: kindInt}}, result: "array",
		summary:  "count integers from start on; 1 to 100,000 of them, none above 2,147,483,647.",
		examples: []Example{{"@range(3, 4)", "[3,4,5,6]"}},
		call:     callRange,
	},
}

func numbers(names ...string) []param {
	params := make([]param, len(names))
	for i, name := range names {
		params[i] = param{name: name, takes: kindNumber}
	}
	return params
}

var errOverflow = errors.New("the result does not fit into 64 bits")

// arithmetic is a function of two numbers, which are brought to one kind.
func arithmetic(ints func(x, y int64) (int64, error), floats func(x, y float64) float64, decimals func(x, y Decimal) (Decimal, error)) func(*machine, []Value) (Value, error) {
	return func(_ *machine, a []Value) (Value, error) {
		x, y, err := promote(a[0], a[1])
		if err != nil {
			return nil, err
		}
		switch v := x.(type) {
		case int64:
			return boxed(ints(v, y.(int64)))
		case float64:
			return floats(v, y.(float64)), nil
		default:
			return boxed(decimals(x.(Decimal), y.(Decimal)))
		}
	}
}

func boxed[T any](x T, err error) (Value, error) {
	if err != nil {
		return nil, err
	}
	return x, nil
}

// promote brings two numbers to the wider of their kinds.
func promote(a, b Value) (x, y Value, err error) {
	both := kindOf(a) | kindOf(b)
	switch {
	case both&kindDecimal != 0:
		d, err := toDecimal(a)
		if err != nil {
			return nil, nil, err
		}
		e, err := toDecimal(b)
		return d, e, err
	case both&kindFloat != 0:
		return toFloat(a), toFloat(b), nil
	}
	return a, b, nil
}

// toDecimal returns a number as a decimal.
func toDecimal(x Value) (Decimal, error) {
	switch v := x.(type) {
	case int64:
		return Decimal{digits: big.NewInt(v)}, nil
	case float64:
		return decimalOfFloat(v)
	}
	return x.(Decimal), nil
}

// toFloat returns a number as a float.
func toFloat(x Value) float64 {
	switch v := x.(type) {
	case int64:
		return float64(v)
	case float64:
		return v
	}
	return x.(Decimal).float()
}

// compareNumbers compares two numbers of any kind; false when one of them is
// none.
func compareNumbers(a, b Value) (int, bool) {
	x, okX := a.(int64)
	y, okY := b.(int64)
	if okX && okY {
		switch {
		case x < y:
			return -1, true
		case x > y:
			return 1, true
		}
		return 0, true
	}
	if kindOf(a)&kindFloat == 0 && kindOf(b)&kindFloat == 0 {
		d, err := toDecimal(a)
		e, err2 := toDecimal(b)
		return d.compare(e), err == nil && err2 == nil
	}
	f, g := toFloat(a), toFloat(b)
	switch {
	case f < g:
		return -1, true
	case f > g:
		return 1, true
	}
	return 0, f == g
}

func addInts(x, y int64) (int64, error) {
	sum := x + y
	if (x^sum)&(y^sum) < 0 {
		return 0, errOverflow
	}
	return sum, nil
}

func subInts(x, y int64) (int64, error) {
	d := x - y
	if (x^y)&(x^d) < 0 {
		return 0, errOverflow
	}
	return d, nil
}

func mulInts(x, y int64) (int64, error) {
	abs := func(n int64) uint64 {
		if n < 0 {
			return -uint64(n)
		}
		return uint64(n)
	}
	hi, lo := bits.Mul64(abs(x), abs(y))
	negative := (x < 0) != (y < 0)
	switch {
	case hi != 0, !negative && lo > math.MaxInt64, negative && lo > 1<<63:
		return 0, errOverflow
	case negative:
		return int64(-lo), nil
	}
	return int64(lo), nil
}

func divInts(x, y int64) (int64, error) {
	switch y {
	case 0:
		return 0, errDivideByZero
	case -1:
		return subInts(0, x)
	}
	return x / y, nil
}

func modInts(x, y int64) (int64, error) {
	switch y {
	case 0:
		return 0, errDivideByZero
	case -1:
		return 0, nil
	}
	return x % y, nil
}

// extreme is max() and min(). The result is of the widest kind among the
// numbers.
func extreme(better func(int) bool) func(*machine, []Value) (Value, error) {
	return func(_ *machine, a []Value) (Value, error) {
		list, inside := a[0].([]Value)
		if inside = inside && len(a) == 1; !inside {
			list = a
		}
		if len(list) == 0 {
			return nil, wantsf(1, "hold a number, got an empty array")
		}
		best := list[0]
		for i, x := range list {
			switch {
			case kindOf(x)&kindNumber != 0:
			case inside:
				return nil, wantsf(1, "hold numbers, got %s at place %d", describe(x), i)
			default:
				return nil, wants(i+1, "be a number", x)
			}
			w, y, err := promote(best, x)
			if err != nil {
				return nil, err
			}
			best = w
			if c, ok := compareNumbers(y, w); ok && better(c) || !ok && math.IsNaN(toFloat(y)) {
				best = y
			}
		}
		return best, nil
	}
}

func callRange(_ *machine, a []Value) (Value, error) {
	start, count := a[0].(int64), a[1].(int64)
	if count < 1 || count > 100_000 {
		return nil, wantsf(2, "be from 1 to 100,000, got %d", count)
	}
	if start > math.MaxInt32-count || start < math.MinInt32 {
		return nil, wantsf(1, "be such that no number is above 2,147,483,647, got %d", start)
	}
	list := make([]Value, count)
	for i := range list {
		list[i] = start + int64(i)
	}
	return list, nil
}

func callRand(m *machine, a []Value) (Value, error) {
	from, to := a[0].(int64), a[1].(int64)
	if from > to {
		return nil, wantsf(1, "not be greater than the second one, got %d", from)
	}
	if from == to {
		return from, nil
	}
	digest := m.digest("rand")
	return from + int64(binary.BigEndian.Uint64(digest[:])%(uint64(to)-uint64(from))), nil
}

// digest returns bytes that no other call in this evaluation and no other
// evaluation gets.
func (m *machine) digest(purpose string) [32]byte {
	m.calls++
	own := sha256.Sum256([]byte(m.program.source))
	return sha256.Sum256([]byte(purpose + "/" + strconv.Itoa(m.calls) + "/" + hex.EncodeToString(own[:8]) + "/" + m.env.Seed()))
}
