package wdlexpr

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// timeSpanText writes a span of ticks as [-][d.]hh:mm:ss[.fffffff].
func timeSpanText(ticks int64) string {
	text, days, rest := "", ticks/ticksPerDay, ticks%ticksPerDay
	if ticks < 0 {
		text, days, rest = "-", -days, -rest
	}
	if days > 0 {
		text += strconv.FormatInt(days, 10) + "."
	}
	seconds := rest / ticksPerSecond
	text += fmt.Sprintf("%02d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	if fraction := rest % ticksPerSecond; fraction > 0 {
		text += fmt.Sprintf(".%07d", fraction)
	}
	return text
}

var errTimeSpan = errors.New("the text was not recognized as a time span: write it like 1.02:03:04.5")

// parseTimeSpan reads [-]d, [-][d.]hh:mm or [-][d.]hh:mm:ss[.fffffff].
func parseTimeSpan(text string) (int64, error) {
	s := strings.TrimSpace(text)
	s, negative := strings.CutPrefix(s, "-")
	parts := strings.Split(s, ":")
	var days, hours, minutes, seconds, fraction int64
	ok := len(parts) <= 3
	field := func(s string, most int64) int64 {
		n, err := strconv.ParseUint(s, 10, 31)
		ok = ok && err == nil && int64(n) <= most
		return int64(n)
	}
	if len(parts) == 1 {
		days = field(s, 10675199)
	} else {
		if d, h, dotted := strings.Cut(parts[0], "."); dotted {
			days, parts[0] = field(d, 10675199), h
		}
		hours, minutes = field(parts[0], 23), field(parts[1], 59)
		if len(parts) == 3 {
			whole, digits, dotted := strings.Cut(parts[2], ".")
			seconds = field(whole, 59)
			if dotted {
				fraction = field((digits + "0000000")[:max(7, len(digits))], ticksPerSecond-1)
				ok = ok && digits != "" && len(digits) <= 7
			}
		}
	}
	if !ok {
		return 0, errTimeSpan
	}
	ticks := days*ticksPerDay + (hours*3600+minutes*60+seconds)*ticksPerSecond + fraction
	if negative {
		ticks = -ticks
	}
	return ticks, nil
}

// formatTimeSpan writes a span by a format of .NET: c, g, G or a pattern.
func (c *culture) formatTimeSpan(ticks int64, format string) (string, error) {
	sign, left := "", ticks
	if ticks < 0 {
		sign, left = "-", -ticks
	}
	days, seconds, fraction := left/ticksPerDay, left%ticksPerDay/ticksPerSecond, leftPad(strconv.FormatInt(left%ticksPerSecond, 10), 7)
	hours, minutes := seconds/3600, seconds/60%60
	switch format {
	case "", "c", "t", "T":
		return timeSpanText(ticks), nil
	case "g":
		text := fmt.Sprintf("%d:%02d:%02d", hours, minutes, seconds%60)
		if days > 0 {
			text = strconv.FormatInt(days, 10) + ":" + text
		}
		if fraction = strings.TrimRight(fraction, "0"); fraction != "" {
			text += c.decimal + fraction
		}
		return sign + text, nil
	case "G":
		return fmt.Sprintf("%s%d:%02d:%02d:%02d%s%s", sign, days, hours, minutes, seconds%60, c.decimal, fraction), nil
	}
	if len(format) == 1 || len(format) > maxFormat {
		return "", errDateFormat
	}
	var b strings.Builder
	fields := map[byte]int64{'d': days, 'h': hours, 'm': minutes, 's': seconds % 60}
	for i := 0; i < len(format); {
		n, err := spanPart(&b, format[i:], fields, fraction)
		if err != nil {
			return "", err
		}
		i += n
	}
	return b.String(), nil
}

// spanPart writes what a pattern of spans starts with, and returns how long
// that is.
func spanPart(b *strings.Builder, p string, fields map[byte]int64, fraction string) (int, error) {
	n := repeats(p)
	switch p[0] {
	case 'd', 'h', 'm', 's':
		if most := 2; p[0] != 'd' && n > most || n > 8 {
			return 0, errDateFormat
		}
		fmt.Fprintf(b, "%0*d", n, fields[p[0]])
		return n, nil
	case 'f', 'F':
		if n > 7 {
			return 0, errDateFormat
		}
		digits := fraction[:n]
		if p[0] == 'F' {
			digits = strings.TrimRight(digits, "0")
		}
		b.WriteString(digits)
		return n, nil
	case '\'', '"':
		text, n, err := quotedPart(p)
		b.WriteString(text)
		return n, err
	case '\\':
		if len(p) < 2 {
			return 0, errDateFormat
		}
		b.WriteByte(p[1])
		return 2, nil
	case '%':
		if len(p) < 2 || p[1] == '%' {
			return 0, errDateFormat
		}
		n, err := spanPart(b, p[1:2], fields, fraction)
		return n + 1, err
	}
	return 0, errDateFormat
}
