package expression

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// Bounds of exact decimal numbers.
const (
	// MaxDigits is how many digits a decimal may have.
	MaxDigits = 200
	// quotientDigits is how many significant digits / yields at most.
	quotientDigits = 34
)

// Decimal is an exact decimal number, as decimal() makes it. It keeps the
// digits behind the point that it was given, zeros too. Its JSON is the text
// of the number, so that nobody rounds it on the way. The zero value is 0. A
// Decimal is immutable.
type Decimal struct {
	digits *big.Int // the number without its point; nil: 0
	scale  int      // how many of the digits stand behind the point, 0 or more
}

var (
	errDigits  = &Error{Code: CodeExpressionLimit, Message: fmt.Sprintf("a decimal has more than %d digits", MaxDigits)}
	errDecimal = errors.New("write a decimal like 12.50 or -1e-3")
)

// ParseDecimal reads a decimal number: a sign, digits, a point and an
// exponent, as JSON has them; a plus sign is allowed.
func ParseDecimal(s string) (Decimal, error) {
	text := strings.TrimPrefix(strings.TrimSpace(s), "+")
	if len(text) > 2*MaxDigits {
		return Decimal{}, errDigits
	}
	if !isNumber(text) {
		return Decimal{}, fmt.Errorf("%q is no decimal: %w", shorten(s), errDecimal)
	}
	text, exponent, hasExponent := strings.Cut(strings.ToLower(text), "e")
	shift := 0
	if hasExponent {
		n, err := strconv.Atoi(exponent)
		if err != nil || n > MaxDigits || n < -MaxDigits {
			return Decimal{}, errDigits
		}
		shift = n
	}
	whole, fraction, _ := strings.Cut(text, ".")
	digits, ok := new(big.Int).SetString(whole+fraction, 10)
	if !ok {
		return Decimal{}, errDecimal
	}
	return bounded(digits, len(fraction)-shift)
}

// bounded returns digits with scale of them behind the point, when they are
// within the bounds. digits is taken over.
func bounded(digits *big.Int, scale int) (Decimal, error) {
	if scale < 0 {
		if -scale > MaxDigits {
			return Decimal{}, errDigits
		}
		digits.Mul(digits, tenTo(-scale))
		scale = 0
	}
	if scale > MaxDigits || digits.CmpAbs(decimalBound) >= 0 {
		return Decimal{}, errDigits
	}
	return Decimal{digits: digits, scale: scale}, nil
}

var decimalBound = tenTo(MaxDigits)

func tenTo(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// num returns the number without its point. It must not be changed.
func (d Decimal) num() *big.Int {
	if d.digits == nil {
		return new(big.Int)
	}
	return d.digits
}

// String returns the number as text, with all digits that it has behind the
// point.
func (d Decimal) String() string { return DigitsText(d.num(), d.scale) }

// DigitsText writes a number that is given as its digits and how many of them
// stand behind the point, all of them.
func DigitsText(digits *big.Int, scale int) string {
	text := new(big.Int).Abs(digits).String()
	if scale > 0 {
		if missing := scale + 1 - len(text); missing > 0 {
			text = strings.Repeat("0", missing) + text
		}
		text = text[:len(text)-scale] + "." + text[len(text)-scale:]
	}
	if digits.Sign() < 0 {
		return "-" + text
	}
	return text
}

// MarshalJSON writes the number as a JSON string.
func (d Decimal) MarshalJSON() ([]byte, error) { return []byte(`"` + d.String() + `"`), nil }

// decimalOf returns a number as decimal: of a float64 the shortest text that
// means it.
func decimalOf(x any) (Decimal, error) {
	switch v := x.(type) {
	case Decimal:
		return v, nil
	case int:
		return Decimal{digits: big.NewInt(int64(v))}, nil
	case float64:
		return ParseDecimal(strconv.FormatFloat(v, 'g', -1, 64))
	case json.Number:
		return ParseDecimal(string(v))
	case string:
		return ParseDecimal(v)
	}
	return Decimal{}, fmt.Errorf("%s is no number", describe(x))
}

func isDecimal(x any) bool { _, ok := x.(Decimal); return ok }

// decimals returns two operands as decimals; ok tells that at least one is a
// decimal and the other one a number.
func decimals(a, b any) (x, y Decimal, ok bool, err error) {
	number := func(v any) bool {
		_, isFloat := asFloat(v)
		return isFloat || isDecimal(v)
	}
	if !isDecimal(a) && !isDecimal(b) || !number(a) || !number(b) {
		return Decimal{}, Decimal{}, false, nil
	}
	if x, err = decimalOf(a); err == nil {
		y, err = decimalOf(b)
	}
	return x, y, true, err
}

// aligned returns both numbers without their points, with the same scale.
func aligned(x, y Decimal) (a, b *big.Int, scale int) {
	return AlignDigits(x.num(), x.scale, y.num(), y.scale)
}

// AlignDigits brings two numbers, given as their digits and how many of them
// stand behind the point, to the greater of their scales. It changes neither.
func AlignDigits(x *big.Int, xScale int, y *big.Int, yScale int) (a, b *big.Int, scale int) {
	a, b, scale = x, y, max(xScale, yScale)
	if n := scale - xScale; n > 0 {
		a = new(big.Int).Mul(a, tenTo(n))
	}
	if n := scale - yScale; n > 0 {
		b = new(big.Int).Mul(b, tenTo(n))
	}
	return a, b, scale
}

func (d Decimal) compare(e Decimal) int {
	a, b, _ := aligned(d, e)
	return a.Cmp(b)
}

func (d Decimal) plus(e Decimal) (any, error) {
	a, b, scale := aligned(d, e)
	return boxedDecimal(bounded(new(big.Int).Add(a, b), scale))
}

func (d Decimal) minus(e Decimal) (any, error) {
	a, b, scale := aligned(d, e)
	return boxedDecimal(bounded(new(big.Int).Sub(a, b), scale))
}

func (d Decimal) times(e Decimal) (any, error) {
	return boxedDecimal(bounded(new(big.Int).Mul(d.num(), e.num()), d.scale+e.scale))
}

// over is the operator /: exact when the quotient has at most quotientDigits
// digits, else rounded to them, a half to the even digit.
func (d Decimal) over(e Decimal) (any, error) {
	if e.num().Sign() == 0 {
		return nil, errZero
	}
	ideal := max(0, d.scale-e.scale)
	magnitude := len(new(big.Int).Abs(d.num()).String()) - d.scale - len(new(big.Int).Abs(e.num()).String()) + e.scale
	places := max(ideal, quotientDigits-magnitude)
	if places > MaxDigits {
		places = MaxDigits
	}
	q, err := d.quotient(e, places, halfEven)
	if err != nil {
		return nil, err
	}
	ten, rest := big.NewInt(10), new(big.Int)
	digits := new(big.Int).Set(q.num())
	for q.scale > ideal {
		whole, left := new(big.Int).QuoRem(digits, ten, rest)
		if left.Sign() != 0 {
			break
		}
		digits, q.scale = whole, q.scale-1
	}
	return Decimal{digits: digits, scale: q.scale}, nil
}

// quotient returns d / e with so many digits behind the point. e is not 0.
func (d Decimal) quotient(e Decimal, scale int, m mode) (Decimal, error) {
	if scale > MaxDigits {
		return Decimal{}, errDigits
	}
	a, b := new(big.Int).Set(d.num()), new(big.Int).Set(e.num())
	if shift := scale + e.scale - d.scale; shift >= 0 {
		a.Mul(a, tenTo(shift))
	} else {
		b.Mul(b, tenTo(-shift))
	}
	return bounded(m.divide(a, b), scale)
}

// round returns d with so many digits behind the point.
func (d Decimal) round(scale int, m mode) (Decimal, error) {
	return d.quotient(Decimal{digits: big.NewInt(1)}, scale, m)
}

func boxedDecimal(d Decimal, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return d, nil
}

// mode says which way a number is rounded.
type mode uint8

const (
	halfUp   mode = iota // the nearest, a half away from zero
	halfEven             // the nearest, a half to the even digit
	halfDown             // the nearest, a half towards zero
	up                   // away from zero
	down                 // towards zero
	ceiling              // towards the larger number
	floor                // towards the smaller number
)

// modeNames are the modes in the order of their values.
var modeNames = []string{"halfUp", "halfEven", "halfDown", "up", "down", "ceiling", "floor"}

func parseMode(name string) (mode, error) {
	for i, known := range modeNames {
		if known == name {
			return mode(i), nil
		}
	}
	return 0, fmt.Errorf("rounding is one of %s", quoteAll(modeNames))
}

// divide returns a / b as an integer, rounded. b is not 0.
func (m mode) divide(a, b *big.Int) *big.Int {
	q, rest := new(big.Int).QuoRem(a, b, new(big.Int))
	if rest.Sign() == 0 {
		return q
	}
	sign := int64(a.Sign() * b.Sign())
	half := new(big.Int).Lsh(rest.Abs(rest), 1).CmpAbs(b)
	away := false
	switch m {
	case halfUp:
		away = half >= 0
	case halfEven:
		away = half > 0 || half == 0 && q.Bit(0) == 1
	case halfDown:
		away = half > 0
	case up:
		away = true
	case down:
	case ceiling:
		away = sign > 0
	case floor:
		away = sign < 0
	}
	if away {
		q.Add(q, big.NewInt(sign))
	}
	return q
}
