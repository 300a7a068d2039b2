package expression

import (
	"encoding/json"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// numberLike is the type of a number like the first argument.
func numberLike(args []*Type) *Type {
	switch args[0].kind() {
	case TypeInt:
		return intType
	case TypeDecimal:
		return decimalType
	case TypeAny:
		return anyType
	default:
		return numberType
	}
}

var numberFunctions = []*function{
	{
		name: "int", params: []param{{name: "value", takes: kindsOf(TypeInt, TypeNumber, TypeString, TypeDecimal)}}, result: intType, wdl: "int",
		summary:  "The number without its fraction, or the integer that a text holds.",
		examples: []Example{{`int(2.9)`, `2`}, {`int("42")`, `42`}},
		call:     toInt,
	},
	{
		name: "float", params: []param{{name: "value", takes: kindsOf(TypeInt, TypeNumber, TypeString, TypeDecimal)}}, result: numberType, wdl: "float",
		summary:  "The number that a text holds.",
		examples: []Example{{`float("1.5")`, `1.5`}},
		call: func(_ *evaluation, a []any) (any, error) {
			if d, ok := a[0].(Decimal); ok {
				return floatOf(d)
			}
			text, ok := a[0].(string)
			if !ok {
				f, _ := asFloat(a[0])
				return f, nil
			}
			f, ok := parseFloat(text)
			if !ok {
				return nil, failf("float(): %s is no number", describeKey(text))
			}
			return f, nil
		},
	},
	{
		name: "abs", params: []param{{name: "number", takes: aDecimal}}, result: numberType, resultOf: numberLike,
		summary:  "The number without its sign.",
		examples: []Example{{`abs(-3)`, `3`}},
		call: func(_ *evaluation, a []any) (any, error) {
			if n, ok := a[0].(int); ok && n < 0 {
				return subInts(0, n)
			}
			if d, ok := a[0].(Decimal); ok {
				return Decimal{digits: new(big.Int).Abs(d.num()), scale: d.scale}, nil
			}
			if f, ok := a[0].(float64); ok {
				return math.Abs(f), nil
			}
			return a[0], nil
		},
	},
	rounding("ceil", "The next integer that is not smaller.", Example{`ceil(1.2)`, `2`}, math.Ceil, ceiling),
	rounding("floor", "The next integer that is not larger.", Example{`floor(1.8)`, `1`}, math.Floor, floor),
	{
		name: "sum", params: []param{{name: "list", takes: aList}}, result: numberType,
		resultOf: func(args []*Type) *Type {
			if k := args[0].elem().kind(); k == TypeInt || k == TypeDuration || k == TypeDecimal {
				return args[0].elem().withoutNull()
			}
			return numberType
		},
		summary:  "The sum of the numbers; exact for integers. With a second argument, of what it yields for each element.",
		examples: []Example{{`sum([1, 2, 3])`, `6`}, {`sum([{qty: 2}, {qty: 3}], .qty)`, `5`}},
		call:     sum,
	},
	extreme("max", "The largest of the numbers, texts, durations or times, null of none. Takes a list or single values.", Example{`max([3, 7, 5])`, `7`}, 1),
	extreme("min", "The smallest of the numbers, texts, durations or times, null of none. Takes a list or single values.", Example{`min(3, 7, 5)`, `3`}, -1),
	{
		name: "mean", params: []param{{name: "list", takes: aList}}, result: numberType, judge: judgeNumbers("mean"),
		summary:  "The average of the numbers, 0 of none.",
		examples: []Example{{`mean([1, 2, 6])`, `3`}},
		call: func(_ *evaluation, a []any) (any, error) {
			numbers, err := numbersOf("mean", a[0].([]any))
			if err != nil || len(numbers) == 0 {
				return 0.0, err
			}
			total := 0.0
			for _, f := range numbers {
				total += f
			}
			return finite(total / float64(len(numbers)))
		},
	},
	{
		name: "median", params: []param{{name: "list", takes: aList}}, result: numberType, judge: judgeNumbers("median"),
		summary:  "The number in the middle of the sorted list, 0 of none.",
		examples: []Example{{`median([9, 1, 2])`, `2`}, {`median([1, 2])`, `1.5`}},
		call: func(ev *evaluation, a []any) (any, error) {
			numbers, err := numbersOf("median", a[0].([]any))
			if err != nil || len(numbers) == 0 {
				return 0.0, err
			}
			if err := ev.charge(4 * len(numbers)); err != nil {
				return nil, err
			}
			slices.Sort(numbers)
			middle := len(numbers) / 2
			if len(numbers)%2 == 1 {
				return numbers[middle], nil
			}
			return finite(numbers[middle-1]/2 + numbers[middle]/2)
		},
	},
}

func rounding(name, summary string, example Example, round func(float64) float64, m mode) *function {
	return &function{
		name: name, params: []param{{name: "number", takes: aDecimal}}, result: intType,
		summary: summary, examples: []Example{example},
		call: func(_ *evaluation, a []any) (any, error) {
			if d, ok := a[0].(Decimal); ok {
				whole, err := d.round(0, m)
				if err != nil {
					return nil, err
				}
				return toInt(nil, []any{whole})
			}
			f, ok := a[0].(float64)
			if !ok {
				return a[0], nil
			}
			n, ok := asInt(round(f))
			if !ok {
				return nil, errOverflow
			}
			return n, nil
		},
	}
}

func extreme(name, summary string, example Example, sign int) *function {
	return &function{
		name: name, params: []param{{name: "values", takes: anything, rest: true}}, judge: judgeExtreme(name),
		resultOf: func(args []*Type) *Type {
			if len(args) == 1 && args[0].kind() == TypeList {
				return args[0].elem().withoutEnum().withNull()
			}
			t := args[0]
			for _, arg := range args[1:] {
				t = Union(t, arg)
			}
			return t.withoutEnum()
		},
		summary: summary, examples: []Example{example}, wdl: name,
		call: func(ev *evaluation, a []any) (any, error) {
			values := a
			if list, ok := a[0].([]any); ok && len(a) == 1 {
				values = list
			}
			var best any
			for i, x := range values {
				if i == 0 {
					best = x
				}
				c, err := compare(ev, x, best)
				if err != nil {
					return nil, err
				}
				if c == sign {
					best = x
				}
			}
			return best, nil
		},
	}
}

func toInt(_ *evaluation, a []any) (any, error) {
	switch v := a[0].(type) {
	case float64:
		n, ok := asInt(math.Trunc(v))
		if !ok {
			return nil, errOverflow
		}
		return n, nil
	case Decimal:
		whole, err := v.round(0, down)
		if err != nil || !whole.num().IsInt64() {
			return nil, errOverflow
		}
		return int(whole.num().Int64()), nil
	case string:
		n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
		if err != nil {
			return nil, failf("int(): %s is no integer of 64 bits", describeKey(v))
		}
		return int(n), nil
	default:
		return v, nil
	}
}

// sum adds integers exactly; with any other number among them it adds as
// float64. Durations are added as such.
func sum(ev *evaluation, a []any) (any, error) {
	var total any = 0
	for i, elem := range a[0].([]any) {
		if _, ok := elem.(Duration); ok && i == 0 {
			total = Duration(0)
		}
		if _, ok := elem.(time.Time); ok || isSealable(elem) {
			return nil, failf("sum(): element %d is %s", i, describe(elem))
		}
		next, err := add(ev, total, elem)
		if err != nil {
			if isTooLarge(elem) || describe(elem) == "null" {
				return nil, failf("sum(): element %d is %s", i, describe(elem))
			}
			return nil, err
		}
		total = next
	}
	return total, nil
}

func numbersOf(fn string, list []any) ([]float64, error) {
	numbers := make([]float64, len(list))
	for i, elem := range list {
		f, ok := asFloat(elem)
		if !ok {
			return nil, failf("%s(): element %d is %s", fn, i, describe(elem))
		}
		numbers[i] = f
	}
	return numbers, nil
}

// kindName is the name of a value's kind as expr has it.
func kindName(x any) string {
	switch x.(type) {
	case nil:
		return "nil"
	case bool:
		return "bool"
	case int:
		return "int"
	case float64, json.Number:
		return "float"
	case string:
		return "string"
	case []any:
		return "array"
	case map[string]any:
		return "map"
	case Duration:
		return "duration"
	case time.Time:
		return "time"
	case Decimal:
		return "decimal"
	}
	return "unknown"
}

// parseFloat reads a number as JSON has it; a plus sign is allowed.
func parseFloat(text string) (float64, bool) {
	text = strings.TrimPrefix(strings.TrimSpace(text), "+")
	if !isNumber(text) {
		return 0, false
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil
}
