package wdlexpr

import (
	"strconv"
	"strings"
)

// customNumber writes a number by a pattern. Up to three sections are for
// positive numbers, negative ones and zero; the first one stands in for one
// that is empty or missing. What is rounded to zero is written as zero is.
func (c *culture) customNumber(f figure, format string) string {
	sections := splitSections(format)
	own := func(n int) int {
		if n < len(sections) && sections[n] != "" {
			return n
		}
		return 0
	}
	n := 0
	switch {
	case f.digits == "":
		n = own(2)
	case f.negative:
		n = own(1)
	}
	w := newPatternWriter(sections[n])
	rounded := w.rounded(f)
	if rounded.digits == "" && n != own(2) {
		w = newPatternWriter(sections[own(2)])
		rounded = w.rounded(f)
	}
	text := w.write(c, rounded)
	if f.negative && n == 0 && rounded.digits != "" {
		return c.minus + text
	}
	return text
}

// splitSections cuts a pattern at the semicolons outside of quotes.
func splitSections(format string) []string {
	var sections []string
	start := 0
	for i := 0; i < len(format); i++ {
		switch format[i] {
		case '\\':
			i++
		case '\'', '"':
			if n := strings.IndexByte(format[i+1:], format[i]); n >= 0 {
				i += n + 1
			}
		case ';':
			sections = append(sections, format[start:i])
			start = i + 1
		}
	}
	return append(sections, format[start:])
}

// patternPart is a part of a pattern: a digit, the point, an exponent or text.
type patternPart struct {
	kind byte // 0 # . E, or t for text
	text string
}

// patternWriter writes numbers by one section of a pattern.
type patternWriter struct {
	parts         []patternPart
	whole, places int // places of digits in front of the point and behind it
	firstZero     int // of the places in front of the point
	lastZero      int // of the places behind it, counted from 1
	grouped       bool
	divide        int // powers of ten
	exponent      bool
	exponentPlus  bool
	exponentWidth int
	exponentMark  string
}

func newPatternWriter(section string) *patternWriter {
	w := &patternWriter{firstZero: -1}
	point, commas := false, 0
	for i := 0; i < len(section); i++ {
		ch := section[i]
		switch ch {
		case '0', '#':
			if commas > 0 && !point {
				w.grouped = w.grouped || w.whole > 0
			}
			commas = 0
			w.digit(ch, point)
		case ',':
			if !point {
				commas++
			}
		case '.':
			if !point {
				w.divide -= 3 * commas
				commas, point = 0, true
				w.add('.', "")
			}
		case '%':
			w.divide += 2
			w.add('t', "%")
		case '\\':
			if i++; i < len(section) {
				w.add('t', section[i:i+1])
			}
		case '\'', '"':
			n := strings.IndexByte(section[i+1:], ch)
			if n < 0 {
				n = len(section) - i - 1
			}
			w.add('t', section[i+1:i+1+n])
			i += n + 1
		case 'E', 'e':
			i += w.takeExponent(section[i:])
		default:
			if rest, ok := strings.CutPrefix(section[i:], "‰"); ok {
				w.divide += 3
				w.add('t', "‰")
				i = len(section) - len(rest) - 1
				continue
			}
			w.add('t', section[i:i+1])
		}
	}
	w.divide -= 3 * commas
	return w
}

func (w *patternWriter) add(kind byte, text string) {
	w.parts = append(w.parts, patternPart{kind, text})
}

func (w *patternWriter) digit(ch byte, point bool) {
	w.add(ch, "")
	if point {
		if w.places++; ch == '0' {
			w.lastZero = w.places
		}
		return
	}
	if ch == '0' && w.firstZero < 0 {
		w.firstZero = w.whole
	}
	w.whole++
}

// takeExponent takes E0, E+0 or E-0 and returns how many further characters
// that is; without digits the letter stands for itself.
func (w *patternWriter) takeExponent(s string) int {
	i := 1
	plus := i < len(s) && s[i] == '+'
	if plus || i < len(s) && s[i] == '-' {
		i++
	}
	width := len(s[i:]) - len(strings.TrimLeft(s[i:], "0"))
	if width == 0 || w.exponent {
		w.add('t', s[:1])
		return 0
	}
	w.exponent, w.exponentPlus, w.exponentWidth, w.exponentMark = true, plus, min(width, 10), s[:1]
	w.add('E', "")
	return i + width - 1
}

// rounded scales a number and rounds it to the places of the pattern.
func (w *patternWriter) rounded(f figure) figure {
	if f.digits == "" {
		return f
	}
	if w.exponent {
		power := f.scale
		f.scale = w.whole
		f = f.round(w.places)
		f.scale += power - w.whole
		return f
	}
	f.scale += w.divide
	return f.round(w.places)
}

// write writes a number that was rounded.
func (w *patternWriter) write(c *culture, f figure) string {
	power := 0
	if w.exponent && f.digits != "" {
		power, f.scale = f.scale-w.whole, w.whole
	}
	whole := f.whole()
	least := 0
	if w.firstZero >= 0 {
		least = w.whole - w.firstZero
	}
	whole = leftPad(whole, least)
	fraction := f.fraction(w.places)
	for len(fraction) > w.lastZero && strings.HasSuffix(fraction, "0") {
		fraction = fraction[:len(fraction)-1]
	}
	if w.grouped {
		whole = group(whole, c.groups, c.group)
	}
	var b strings.Builder
	placed, point := 0, false
	digits := []rune(whole)
	for _, part := range w.parts {
		switch part.kind {
		case 't':
			b.WriteString(part.text)
		case '.':
			b.WriteString(string(digits)) // those that no place took
			digits, point = nil, true
			if fraction != "" {
				b.WriteString(c.decimal)
			}
		case 'E':
			b.WriteString(w.exponentText(c, power))
		default:
			if point {
				if fraction != "" {
					b.WriteByte(fraction[0])
					fraction = fraction[1:]
				}
				continue
			}
			placed++
			digits = w.place(&b, digits, placed)
		}
	}
	return b.String()
}

// place writes the digits of the place-th place in front of the point: the
// first takes all that there are more of than places.
func (w *patternWriter) place(b *strings.Builder, digits []rune, place int) []rune {
	after := w.whole - place // places behind this one
	for len(digits) > 0 {
		n := 0
		for _, r := range digits {
			if r >= '0' && r <= '9' {
				n++
			}
		}
		if n <= after {
			break
		}
		b.WriteRune(digits[0])
		digits = digits[1:]
		for len(digits) > 0 && (digits[0] < '0' || digits[0] > '9') {
			b.WriteRune(digits[0])
			digits = digits[1:]
		}
	}
	return digits
}

func (w *patternWriter) exponentText(c *culture, power int) string {
	sign := ""
	if power < 0 {
		sign, power = c.minus, -power
	} else if w.exponentPlus {
		sign = "+"
	}
	return w.exponentMark + sign + leftPad(strconv.Itoa(power), w.exponentWidth)
}
