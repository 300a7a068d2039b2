package expression

import (
	"math"
	"strconv"
	"strings"
)

// aDecimal is what functions on exact numbers take.
var aDecimal = kindsOf(TypeInt, TypeNumber, TypeDecimal)

func modeForm(text string) error {
	_, err := parseMode(text)
	return err
}

var modeParam = param{name: "rounding", takes: aText, optional: true, form: modeForm}

var decimalFunctions = []*function{
	{
		name: "decimal", weight: decimalSteps, params: []param{{name: "value", takes: kindsOf(TypeInt, TypeNumber, TypeString, TypeDecimal), form: decimalForm}}, result: decimalType, wdl: "decimal",
		summary: "An exact decimal number of a number or a text. + - * compute exactly and keep the digits behind the point, / yields up to 34 digits; " +
			"other numbers beside it are taken as decimals. It is recorded as text, so nobody rounds it.",
		examples: []Example{
			{`decimal("0.1") + decimal("0.2")`, `"0.3"`},
			{`decimal("12.50") * 3`, `"37.50"`},
			{`decimal(1) / 3`, `"0.3333333333333333333333333333333333"`},
			{`decimal("1.0") == 1`, `true`},
		},
		call: func(_ *evaluation, a []any) (any, error) {
			d, err := decimalOf(a[0])
			return boxedDecimal(d, asFailure("decimal", err))
		},
	},
	{
		name: "divide", weight: decimalSteps, params: []param{{name: "number", takes: aDecimal}, {name: "by", takes: aDecimal}, {name: "digits", takes: anInt}, modeParam}, result: decimalType, wdl: "div",
		summary: `The exact quotient with so many digits behind the point. Rounding is one of "halfUp" (default), "halfEven", "halfDown", "up", "down", "ceiling", "floor".`,
		examples: []Example{
			{`divide(10, 3, 2)`, `"3.33"`}, {`divide(1, 8, 2, "halfEven")`, `"0.12"`}, {`int(divide(-7, 2, 0, "down"))`, `-3`},
		},
		call: divideExactly,
	},
	{
		name: "round", weight: decimalSteps, params: []param{{name: "number", takes: aDecimal}, {name: "digits", takes: anInt, optional: true}, modeParam},
		result: numberType, resultOf: roundedType,
		summary: "The nearest integer, or the number with so many digits behind the point; a half goes away from zero unless rounding says otherwise. " +
			"A decimal stays one.",
		examples: []Example{
			{`round(2.5)`, `3`}, {`round(2.345, 2)`, `2.35`}, {`round(2.5, 0, "halfEven")`, `2`}, {`round(decimal("2.345"), 2)`, `"2.35"`},
		},
		call: roundNumber,
	},
	{
		name: "formatNumber", weight: 2 * decimalSteps,
		params: []param{{name: "number", takes: aDecimal}, {name: "digits", takes: anInt}, {name: "group", takes: aText, optional: true}, {name: "point", takes: aText, optional: true}},
		result: stringType, wdl: "formatNumber",
		summary:  `The number as text for people, with so many digits behind the point, "," between groups of three and "." as the point unless others are given.`,
		examples: []Example{{`formatNumber(1234567.891, 2)`, `"1,234,567.89"`}, {`formatNumber(-1234.5, 2, ".", ",")`, `"-1.234,50"`}, {`formatNumber(1234, 0, "")`, `"1234"`}},
		call:     formatNumber,
	},
}

// asFailure makes a failure of the function of err; an *Error stays as it is.
func asFailure(fn string, err error) error {
	if err == nil {
		return nil
	}
	if own, ok := err.(*Error); ok { //nolint:errorlint // only an unwrapped *Error is one of ours
		return own
	}
	return failf("%s(): %v", fn, err)
}

// decimalSteps is what one operation on decimals weighs.
const decimalSteps = 20

func decimalForm(text string) error {
	_, err := ParseDecimal(text)
	return err
}

// digitsAndMode reads the arguments behind the number.
func digitsAndMode(fn string, a []any) (digits int, m mode, err error) {
	if len(a) > 0 {
		digits = a[0].(int)
	}
	if digits < 0 || digits > MaxDigits {
		return 0, 0, failf("%s() needs 0 to %d digits, got %d", fn, MaxDigits, digits)
	}
	if len(a) > 1 {
		if m, err = parseMode(a[1].(string)); err != nil {
			return 0, 0, failf("%s(): %v", fn, err)
		}
	}
	return digits, m, nil
}

func divideExactly(_ *evaluation, a []any) (any, error) {
	digits, m, err := digitsAndMode("divide", a[2:])
	if err != nil {
		return nil, err
	}
	x, err := decimalOf(a[0])
	if err != nil {
		return nil, asFailure("divide", err)
	}
	y, err := decimalOf(a[1])
	if err != nil {
		return nil, asFailure("divide", err)
	}
	if y.num().Sign() == 0 {
		return nil, errZero
	}
	return boxedDecimal(x.quotient(y, digits, m))
}

// roundedType is an integer without digits, else a number like the first
// argument.
func roundedType(args []*Type) *Type {
	switch k := args[0].kind(); {
	case k == TypeDecimal:
		return decimalType
	case k == TypeAny:
		return anyType
	case k == TypeInt || len(args) == 1:
		return intType
	}
	return numberType
}

func roundNumber(_ *evaluation, a []any) (any, error) {
	digits, m, err := digitsAndMode("round", a[1:])
	if err != nil {
		return nil, err
	}
	switch v := a[0].(type) {
	case Decimal:
		return boxedDecimal(v.round(digits, m))
	case float64:
		return roundFloat(v, digits, m, len(a) == 1)
	}
	return a[0], nil
}

// roundFloat rounds by the decimal digits that the number is written with, so
// that 2.345 is a half.
func roundFloat(f float64, digits int, m mode, toInt bool) (any, error) {
	if math.Abs(f) >= maxExact {
		if toInt {
			return intOf(f)
		}
		return f, nil
	}
	d, err := decimalOf(f)
	if err != nil {
		d = Decimal{} // below 2^53, so it has too many digits behind the point and is next to 0
	}
	if d.scale > digits {
		if d, err = d.round(digits, m); err != nil {
			return nil, err
		}
	}
	rounded, err := floatOf(d)
	if err != nil || !toInt && digits > 0 {
		return rounded, err
	}
	return intOf(rounded)
}

// intOf returns a number without fraction as an integer.
func intOf(f float64) (any, error) {
	n, ok := asInt(f)
	if !ok {
		return nil, errOverflow
	}
	return n, nil
}

func formatNumber(_ *evaluation, a []any) (any, error) {
	digits, _, err := digitsAndMode("formatNumber", a[1:2])
	if err != nil {
		return nil, err
	}
	group, point := ",", "."
	if len(a) > 2 {
		group = a[2].(string)
	}
	if len(a) > 3 {
		point = a[3].(string)
	}
	if len(group)+len(point) > maxSeparator {
		return nil, failf("formatNumber() takes separators of at most %d bytes", maxSeparator)
	}
	d, err := decimalOf(a[0])
	if err != nil {
		return nil, asFailure("formatNumber", err)
	}
	if d, err = d.round(digits, halfUp); err != nil {
		return nil, err
	}
	text, negative := strings.CutPrefix(d.String(), "-")
	whole, fraction, _ := strings.Cut(text, ".")
	var b strings.Builder
	if negative {
		b.WriteByte('-')
	}
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(group)
		}
		b.WriteRune(digit)
	}
	if fraction != "" {
		b.WriteString(point + fraction)
	}
	return b.String(), nil
}

// maxSeparator bounds the separators of formatNumber().
const maxSeparator = 16

// floatOf returns the number nearest to d.
func floatOf(d Decimal) (float64, error) {
	f, err := strconv.ParseFloat(d.String(), 64)
	if err != nil {
		return 0, failf("the number is out of range")
	}
	return f, nil
}
