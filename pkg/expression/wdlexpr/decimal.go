package wdlexpr

import (
	"errors"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/keelstep/keelstep/pkg/expression"
)

// Decimal is a number of at most 96 bits with up to 28 digits behind its
// point, as .NET has it. It keeps the zeros behind the point. The zero value
// is 0.
type Decimal struct {
	digits *big.Int // the number without its point; nil: 0
	scale  int      // how many digits stand behind the point
	whole  bool     // an integer of JSON, which has no point there
}

// maxScale is how many digits may stand behind the point.
const maxScale = 28

var (
	decimalLimit = new(big.Int).Lsh(big.NewInt(1), 96)
	ten          = big.NewInt(10)

	errDecimalRange = errors.New("the number is too large or too small for a decimal")
	errDivideByZero = errors.New("attempted to divide by zero")
)

func tenTo(n int) *big.Int { return new(big.Int).Exp(ten, big.NewInt(int64(n)), nil) }

func (d Decimal) num() *big.Int {
	if d.digits == nil {
		return new(big.Int)
	}
	return d.digits
}

// newDecimal returns digits with scale of them behind the point, rounded to
// what a decimal can hold, a half to the even digit.
func newDecimal(digits *big.Int, scale int) (Decimal, error) {
	if scale < 0 {
		digits, scale = new(big.Int).Mul(digits, tenTo(-scale)), 0
	}
	drop := max(0, scale-maxScale)
	for {
		rounded := roundHalfEven(digits, drop)
		if rounded.CmpAbs(decimalLimit) < 0 {
			return Decimal{digits: rounded, scale: scale - drop}, nil
		}
		if drop++; drop > scale {
			return Decimal{}, errDecimalRange
		}
	}
}

// roundHalfEven returns n without its last drop digits.
func roundHalfEven(n *big.Int, drop int) *big.Int {
	if drop == 0 {
		return n
	}
	unit := tenTo(drop)
	q, rest := new(big.Int).QuoRem(n, unit, new(big.Int))
	half := new(big.Int).Lsh(rest.Abs(rest), 1).Cmp(unit)
	if half > 0 || half == 0 && q.Bit(0) == 1 {
		q.Add(q, big.NewInt(int64(n.Sign())))
	}
	return q
}

// parseDecimal reads a sign, digits and a point.
func parseDecimal(text string) (Decimal, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	if len(whole)+len(fraction) > 400 {
		whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
		if len(whole) > 60 {
			return Decimal{}, errDecimalRange
		}
		fraction = fraction[:min(len(fraction), 300)]
	}
	digits, ok := new(big.Int).SetString(whole+fraction, 10)
	if !ok {
		return Decimal{}, errors.New("the text is no decimal")
	}
	return newDecimal(digits, len(fraction))
}

// String returns the number with all digits that it has behind the point.
func (d Decimal) String() string { return expression.DigitsText(d.num(), d.scale) }

// float returns the nearest float.
func (d Decimal) float() float64 { return floatOf(d.String()) }

// decimalOfFloat takes the 15 digits of a float that count.
func decimalOfFloat(f float64) (Decimal, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) || math.Abs(f) >= 1e29 {
		return Decimal{}, errDecimalRange
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', 14, 64), "e")
	power, err := strconv.Atoi(exponent)
	if err != nil {
		return Decimal{}, err
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	fraction = strings.TrimRight(fraction, "0")
	digits, _ := new(big.Int).SetString(whole+fraction, 10)
	d, err := newDecimal(digits, len(fraction)-power)
	if err != nil || d.scale == 0 {
		return d, err
	}
	return d.trimmed(0), nil
}

// trimmed returns d without zeros behind the point beyond least digits.
func (d Decimal) trimmed(least int) Decimal {
	digits, rest := d.num(), new(big.Int)
	for d.scale > least {
		q, _ := new(big.Int).QuoRem(digits, ten, rest)
		if rest.Sign() != 0 {
			break
		}
		digits, d.scale = q, d.scale-1
	}
	return Decimal{digits: digits, scale: d.scale}
}

// aligned returns both numbers without their points, with one scale.
func aligned(x, y Decimal) (a, b *big.Int, scale int) {
	return expression.AlignDigits(x.num(), x.scale, y.num(), y.scale)
}

func (d Decimal) compare(e Decimal) int {
	a, b, _ := aligned(d, e)
	return a.Cmp(b)
}

func (d Decimal) plus(e Decimal) (Decimal, error) {
	a, b, scale := aligned(d, e)
	return newDecimal(new(big.Int).Add(a, b), scale)
}

func (d Decimal) minus(e Decimal) (Decimal, error) {
	a, b, scale := aligned(d, e)
	return newDecimal(new(big.Int).Sub(a, b), scale)
}

func (d Decimal) times(e Decimal) (Decimal, error) {
	return newDecimal(new(big.Int).Mul(d.num(), e.num()), d.scale+e.scale)
}

// over divides: as exact as a decimal can be, with no more zeros behind the
// point than its operands have.
func (d Decimal) over(e Decimal) (Decimal, error) {
	if e.num().Sign() == 0 {
		return Decimal{}, errDivideByZero
	}
	const extra = maxScale + 2
	a := new(big.Int).Mul(d.num(), tenTo(extra+e.scale))
	q, rest := new(big.Int).QuoRem(a, e.num(), new(big.Int))
	if rest.Sign() != 0 { // a digit that is no half and no zero, so that rounding goes the right way
		q.Add(q.Mul(q, ten), big.NewInt(int64(d.num().Sign()*e.num().Sign())))
	} else {
		q.Mul(q, ten)
	}
	quotient, err := newDecimal(q, extra+d.scale+1)
	if err != nil {
		return Decimal{}, err
	}
	return quotient.trimmed(max(0, d.scale-e.scale)), nil
}

// rest is what remains of d over e; it has the sign of d.
func (d Decimal) rest(e Decimal) (Decimal, error) {
	if e.num().Sign() == 0 {
		return Decimal{}, errDivideByZero
	}
	a, b, scale := aligned(d, e)
	return newDecimal(new(big.Int).Rem(a, b), scale)
}
