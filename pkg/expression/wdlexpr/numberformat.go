package wdlexpr

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// formatFunction is formatNumber().
var formatFunction = &function{
	name: "formatNumber", params: []param{{name: "number", takes: kindNumber}, {name: "format", takes: kindString}, {name: "locale", takes: kindString | kindNull, optional: true}}, result: "string",
	summary:  "A number by a format of .NET: a letter with a number of digits (C2, N0, P1, F3, D5, X, E2, G), or a pattern such as #,##0.00.",
	examples: []Example{{"@formatNumber(1234567.5, '#,##0.00')", `"1,234,567.50"`}, {"@formatNumber(17.35, 'C2', 'de-DE')", `"17,35 €"`}, {"@formatNumber(0.125, 'P1')", `"12.5%"`}},
	call: func(_ *machine, a []Value) (Value, error) {
		c, err := localeArg(a, 2, english)
		if err != nil {
			return nil, err
		}
		text, err := c.formatNumber(a[0], a[1].(string))
		if err != nil {
			return nil, wantsf(2, "be a format that fits, got %s: %v", quote(a[1].(string)), err)
		}
		return text, nil
	},
}

var errNumberFormat = errors.New("it is a letter such as N2, or a pattern such as #,##0.00")

// figure is a number as formats write it: its digits from the first to the
// last one that counts, and how many of them stand in front of the point.
type figure struct {
	negative bool
	float    bool // a float, whose zero has a sign too
	digits   string
	scale    int
}

// figureOf takes a number apart. Of a float the 15 digits count that are sure.
func figureOf(x Value) figure {
	var text string
	switch v := x.(type) {
	case int64:
		text = strconv.FormatInt(v, 10)
	case Decimal:
		text = v.String()
	case float64:
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', 14, 64), "e")
		power := atoi(exponent)
		mantissa, negative := strings.CutPrefix(mantissa, "-")
		f := figure{negative, true, strings.Replace(mantissa, ".", "", 1), power + 1}
		return f.trim()
	}
	text, negative := strings.CutPrefix(text, "-")
	whole, fraction, _ := strings.Cut(text, ".")
	f := figure{negative, false, whole + fraction, len(whole)}
	return f.trim()
}

// trim takes zeros from both ends.
func (f figure) trim() figure {
	for strings.HasPrefix(f.digits, "0") {
		f.digits, f.scale = f.digits[1:], f.scale-1
	}
	f.digits = strings.TrimRight(f.digits, "0")
	if f.digits == "" {
		f.scale = 0
	}
	return f
}

// round keeps so many digits behind the point; a half goes away from zero.
func (f figure) round(places int) figure {
	keep := f.scale + places
	switch {
	case keep >= len(f.digits):
		return f
	case keep < 0 || keep == 0 && f.digits[0] < '5':
		return figure{negative: f.negative, float: f.float}
	}
	up := f.digits[keep] >= '5'
	digits := []byte(f.digits[:keep])
	for i := keep - 1; up && i >= 0; i-- {
		if digits[i]++; digits[i] <= '9' {
			up = false
		} else {
			digits[i] = '0'
		}
	}
	f.digits = string(digits)
	if up {
		f.digits, f.scale = "1"+f.digits, f.scale+1
	}
	return f.trim()
}

// whole returns the digits in front of the point, fraction those behind it, to
// so many places.
func (f figure) whole() string {
	if f.scale <= 0 {
		return ""
	}
	if f.scale <= len(f.digits) {
		return f.digits[:f.scale]
	}
	return f.digits + strings.Repeat("0", f.scale-len(f.digits))
}

func (f figure) fraction(places int) string {
	text := ""
	if f.scale < 0 {
		text = strings.Repeat("0", min(-f.scale, places))
	}
	if f.scale < len(f.digits) {
		text += f.digits[max(0, f.scale):]
	}
	if len(text) > places {
		return text[:places]
	}
	return text + strings.Repeat("0", places-len(text))
}

// maxDigits is how many digits a format may ask for.
const maxDigits = 1000

// formatNumber writes a number by a format.
func (c *culture) formatNumber(x Value, format string) (string, error) {
	if f, ok := x.(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
		switch {
		case math.IsNaN(f):
			return c.nan, nil
		case f < 0:
			return c.minus + c.infinity, nil
		}
		return c.infinity, nil
	}
	if format == "" {
		format = "G"
	}
	if len(format) > maxPath {
		return "", errNumberFormat
	}
	letter := format[0] &^ 0x20
	if isLetter(format[0]) {
		digits, standard := -1, strings.Trim(format[1:], "0123456789") == ""
		if len(format) > 1 {
			digits = atoi(format[1:])
		}
		switch {
		case standard && (strings.IndexByte("CDEFGNPRX", letter) < 0 || digits > maxDigits):
			return "", errNumberFormat
		case standard:
			return c.standardNumber(x, format[0], digits)
		}
	}
	return c.customNumber(figureOf(x), format), nil
}

// standardNumber writes a number by a letter; digits is -1 where none are
// given.
func (c *culture) standardNumber(x Value, letter byte, digits int) (string, error) {
	f := figureOf(x)
	other := func(n int) int {
		if digits >= 0 {
			return digits
		}
		return n
	}
	switch letter &^ 0x20 {
	case 'C':
		return c.pattern(f, c.currencyPattern, other(c.currencyDigits)), nil
	case 'N':
		return c.signed(f.round(other(2)), func(f figure) string { return c.plain(f, other(2), c.groups) }), nil
	case 'F':
		return c.signed(f.round(other(2)), func(f figure) string { return c.plain(f, other(2), nil) }), nil
	case 'P':
		if f.scale += 2; f.digits == "" {
			f.scale = 0
		}
		return c.pattern(f, c.percent, other(2)), nil
	case 'E':
		return c.scientific(f, letter, other(6)), nil
	case 'D', 'X':
		n, ok := x.(int64)
		if !ok {
			return "", errors.New("it is for integers alone")
		}
		if letter&^0x20 == 'D' {
			return c.signed(f, func(f figure) string { return leftPad(zeroIfEmpty(f.whole()), digits) }), nil
		}
		text := strconv.FormatUint(uint64(n), 16)
		if letter == 'X' {
			text = strings.ToUpper(text)
		}
		return leftPad(text, digits), nil
	case 'R':
		return c.general(x, f, letter, -1), nil
	}
	return c.general(x, f, letter, digits), nil
}

func zeroIfEmpty(s string) string {
	if s == "" {
		return "0"
	}
	return s
}

// minus tells whether a number is written with a sign: zero only when it is a
// float.
func (f figure) minus() bool { return f.negative && (f.float || f.digits != "") }

// signed puts the sign in front.
func (c *culture) signed(f figure, write func(figure) string) string {
	if f.minus() {
		return c.minus + write(f)
	}
	return write(f)
}

// plain writes digits with a point and groups.
func (c *culture) plain(f figure, places int, groups []int) string {
	text := group(zeroIfEmpty(f.whole()), groups, c.group)
	if places > 0 {
		text += c.decimal + f.fraction(places)
	}
	return text
}

// group puts a sign between groups of digits. The last size holds for all
// further groups.
func group(digits string, sizes []int, sign string) string {
	var parts []string
	for i := 0; len(sizes) > 0 && sizes[i] > 0 && len(digits) > sizes[i]; {
		cut := len(digits) - sizes[i]
		parts = append([]string{digits[cut:]}, parts...)
		digits = digits[:cut]
		i = min(i+1, len(sizes)-1)
	}
	return strings.Join(append([]string{digits}, parts...), sign)
}

// pattern writes a number into a pattern of the CLDR, such as ¤#,##0.00.
func (c *culture) pattern(f figure, pattern string, places int) string {
	f = f.round(places)
	positive, negative, hasNegative := strings.Cut(pattern, "|")
	if f.minus() {
		positive = "-" + positive
		if hasNegative {
			positive = negative
		}
	}
	first, last := strings.IndexAny(positive, "#0"), strings.LastIndexAny(positive, "#0")
	signs := strings.NewReplacer("¤", c.currency, "-", c.minus)
	return signs.Replace(positive[:first]) + c.plain(f, places, c.groups) + signs.Replace(positive[last+1:])
}

// scientific writes a number with an exponent of three digits.
func (c *culture) scientific(f figure, letter byte, places int) string {
	if f.digits == "" {
		f.scale = 1
	}
	power := f.scale - 1
	f.scale = 1
	if f = f.round(places); f.scale > 1 {
		power, f.scale = power+1, 1
	}
	sign := "+"
	if power < 0 {
		sign, power = c.minus, -power
	}
	return c.signed(f, func(f figure) string {
		return c.plain(f, places, nil) + string(letter) + sign + leftPad(strconv.Itoa(power), 3)
	})
}

// general writes a number the shorter way.
func (c *culture) general(x Value, f figure, letter byte, digits int) string {
	if digits <= 0 {
		text := ""
		switch v := x.(type) {
		case int64:
			text = strconv.FormatInt(v, 10)
		case Decimal:
			text = v.String()
		case float64:
			text = floatText(v)
		}
		if letter >= 'a' {
			text = strings.ToLower(text)
		}
		text = strings.Replace(text, ".", c.decimal, 1)
		if rest, negative := strings.CutPrefix(text, "-"); negative {
			return c.minus + rest
		}
		return text
	}
	f = f.round(digits - f.scale)
	if f.scale > digits || f.scale < -3 {
		power := f.scale - 1
		f.scale = 1
		sign := "+"
		if power < 0 {
			sign, power = c.minus, -power
		}
		mark := "E"
		if letter >= 'a' {
			mark = "e"
		}
		return c.signed(f, func(f figure) string {
			return c.plain(f, max(0, len(f.digits)-1), nil) + mark + sign + leftPad(strconv.Itoa(power), 2)
		})
	}
	return c.signed(f, func(f figure) string { return c.plain(f, max(0, len(f.digits)-f.scale), nil) })
}
