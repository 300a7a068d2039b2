package wdlexpr

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// numberStyle says what may stand in the text of a number.
type numberStyle uint8

const (
	leadingSign numberStyle = 1 << iota
	trailingSign
	decimalPoint
	thousands
	exponent

	integerStyle = leadingSign
	decimalStyle = leadingSign | trailingSign | decimalPoint | thousands
	doubleStyle  = leadingSign | decimalPoint | thousands | exponent
	floatStyle   = doubleStyle | trailingSign
)

// normalize reads the text of a number, with white space around it, and
// returns it with a sign, digits, a point and an exponent as Go writes them.
// false: it is no number of that style.
func (c *culture) normalize(text string, style numberStyle) (string, bool) {
	s := strings.TrimRight(strings.TrimFunc(text, unicode.IsSpace), "\x00")
	negative, signed := false, false
	if style&leadingSign != 0 {
		s, negative, signed = c.cutSign(s)
	}
	var b strings.Builder
	if negative {
		b.WriteByte('-')
	}
	s, digits := c.readDigits(&b, s, style)
	if digits == 0 {
		return "", false
	}
	if style&exponent != 0 && s != "" && (s[0] == 'e' || s[0] == 'E') {
		s = readExponent(&b, s)
	}
	number := b.String()
	if style&trailingSign != 0 && !signed {
		var minus bool
		if s, minus, _ = c.cutSign(strings.TrimLeftFunc(s, unicode.IsSpace)); minus {
			number = "-" + number
		}
	}
	return number, strings.TrimFunc(s, unicode.IsSpace) == ""
}

// cutSign takes a sign from the front of s.
func (c *culture) cutSign(s string) (rest string, negative, found bool) {
	for _, minus := range []string{"-", "−", c.minus} {
		if rest, ok := strings.CutPrefix(s, minus); ok {
			return rest, true, true
		}
	}
	if rest, ok := strings.CutPrefix(s, "+"); ok {
		return rest, false, true
	}
	return s, false, false
}

// readDigits takes digits, groups and a point from the front of s. digits is
// how many there are.
func (c *culture) readDigits(b *strings.Builder, s string, style numberStyle) (rest string, digits int) {
	point := false
	for s != "" {
		switch {
		case s[0] >= '0' && s[0] <= '9':
			digits++
			b.WriteByte(s[0])
			s = s[1:]
		case style&decimalPoint != 0 && !point && strings.HasPrefix(s, c.decimal):
			if point = true; digits == 0 {
				b.WriteByte('0')
			}
			b.WriteByte('.')
			s = s[len(c.decimal):]
		case style&thousands != 0 && digits > 0 && !point && c.cutGroup(s) != s:
			s = c.cutGroup(s)
		default:
			return s, digits
		}
	}
	return s, digits
}

// cutGroup takes the sign between groups from the front of s. Where it is a
// space, any will do.
func (c *culture) cutGroup(s string) string {
	if rest, ok := strings.CutPrefix(s, c.group); ok {
		return rest
	}
	if own, _ := utf8.DecodeRuneInString(c.group); unicode.IsSpace(own) {
		if r, size := utf8.DecodeRuneInString(s); r == ' ' || r == 0xa0 || r == 0x202f {
			if next := s[size:]; next != "" && next[0] >= '0' && next[0] <= '9' {
				return next
			}
		}
	}
	return s
}

// readExponent takes an exponent from the front of s, unless it has no digits.
func readExponent(b *strings.Builder, s string) string {
	i := 1
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	first := i
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i == first {
		return s
	}
	b.WriteByte('e')
	b.WriteString(s[1:i])
	return s[i:]
}

// parseFloat reads a float as double.Parse does; names of what is no number
// count too.
func (c *culture) parseFloat(text string, style numberStyle) (float64, bool) {
	if number, ok := c.normalize(text, style); ok {
		number = strings.TrimSuffix(number, ".")
		return floatOf(strings.ReplaceAll(number, ".e", "e")), true
	}
	s := strings.TrimFunc(text, unicode.IsSpace)
	switch {
	case equalFold(s, c.infinity), equalFold(s, "+"+c.infinity):
		return math.Inf(1), true
	case equalFold(s, c.minus+c.infinity), equalFold(s, "-"+c.infinity):
		return math.Inf(-1), true
	case equalFold(s, c.nan), equalFold(s, "+"+c.nan), equalFold(s, "-"+c.nan):
		return math.NaN(), true
	}
	return 0, false
}

// parseDecimal reads a decimal as decimal.Parse does.
func (c *culture) parseDecimal(text string) (Decimal, bool, error) {
	number, ok := c.normalize(text, decimalStyle)
	if !ok {
		return Decimal{}, false, nil
	}
	d, err := parseDecimal(number)
	return d, true, err
}
