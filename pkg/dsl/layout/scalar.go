package layout

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// place is what a scalar stands in, which decides what it can hold plain.
type place struct {
	flow bool   // in brackets
	key  bool   // of a mapping
	tail string // the comment behind it
}

// scalar returns n on one line.
func (n *node) scalar(p place) string {
	if n.style == styleJSON {
		return n.raw
	}
	if n.other {
		switch text := strings.ToLower(n.text); text {
		case "true", "false":
			return text
		case "", "~", "null":
			if n.text == "" && !p.flow {
				return ""
			}
			return "null"
		}
		return n.text
	}
	switch {
	case n.style == styleDouble && !strings.Contains(n.raw, "\n") && escaped(n.raw):
		return n.raw
	case p.tail != "" && n.direct:
		return n.text
	case strings.Contains(n.text, "${"):
		return double(n.text)
	case p.tail == "" && bare(n.text, p):
		return n.text
	}
	return quoted(n.text)
}

// escaped tells whether a double-quoted scalar has escapes that an author
// chose: others than those of quotes and backslashes.
func escaped(raw string) bool {
	for i := 0; i+1 < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		if i++; raw[i] != '"' && raw[i] != '\\' && raw[i] != '/' {
			return true
		}
	}
	return false
}

var (
	numeric  = regexp.MustCompile(`^[-+]?\.?[0-9]|^[-+]?\.(?i:inf|nan)$`)
	duration = regexp.MustCompile(`^([0-9]+(\.[0-9]+)?(ms|s|m|h|d|w))+$`)
	word     = regexp.MustCompile(`^(?i:y|n|yes|no|on|off|true|false|null)$|^[~=]$|^<<$`)
)

// bare tells whether a text can stand without quotes and is read as that text
// by readers of YAML 1.1 and 1.2 alike.
func bare(text string, p place) bool {
	if text == "" || word.MatchString(text) || numeric.MatchString(text) && !duration.MatchString(text) {
		return false
	}
	if strings.ContainsRune("?:,[]{}#&*!|>'\"%@` ", rune(text[0])) || text[0] == '-' && (len(text) < 2 || text[1] == ' ' || text[1] == '-') {
		return false
	}
	if strings.HasPrefix(text, "...") || strings.HasSuffix(text, " ") || strings.HasSuffix(text, ":") ||
		strings.Contains(text, ": ") || strings.Contains(text, " #") {
		return false
	}
	if p.flow && strings.ContainsAny(text, ",[]{}:") || p.key && strings.Contains(text, ":") {
		return false
	}
	return !strings.ContainsFunc(text, special)
}

// special tells whether r is not shown as itself in a file.
func special(r rune) bool {
	return unicode.IsControl(r) || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == 0xfffe || r == 0xffff || r == utf8.RuneError
}

// quoted returns a text in double quotes, or in single ones where these have
// fewer escapes.
func quoted(text string) string {
	escapes := strings.Count(text, `"`) + strings.Count(text, `\`)
	if escapes > strings.Count(text, "'") && !strings.ContainsFunc(text, special) {
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	}
	return double(text)
}

func double(text string) string { return `"` + escape(text) + `"` }

// escape returns a text as it stands between double quotes.
func escape(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case special(r) && r != utf8.RuneError:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// folds returns the lines of a scalar that the author wrote on several, in
// the style that it is to have; nil for one that has one line.
func (n *node) folds(tail string) []string {
	if n.kind != kindScalar || n.style > styleDouble || !strings.Contains(n.raw, "\n") {
		return nil
	}
	style := n.style
	if kept := tail != "" && n.direct; !kept && (strings.Contains(n.text, "${") || style == stylePlain && tail != "") {
		style = styleDouble
	}
	inner := n.raw
	if n.style != stylePlain {
		inner = inner[1 : len(inner)-1]
	}
	lines := strings.Split(inner, "\n")
	for i, line := range lines {
		if i > 0 {
			line = strings.TrimLeft(line, " \t")
		}
		if i < len(lines)-1 {
			line = trimFold(line, n.style)
		}
		if style != n.style {
			if n.style == styleSingle {
				line = strings.ReplaceAll(line, "''", "'")
			}
			line = escape(line)
		}
		lines[i] = line
	}
	quote := [...]string{stylePlain: "", styleSingle: "'", styleDouble: `"`}[style]
	lines[0] = quote + lines[0]
	lines[len(lines)-1] += quote
	return lines
}

// trimFold removes the white space in front of a line break that is not part
// of the text.
func trimFold(line string, s style) string {
	short := strings.TrimRight(line, " \t")
	slashes := len(short) - len(strings.TrimRight(short, `\`))
	if s == styleDouble && slashes%2 == 1 && len(short) < len(line) {
		return line[:len(short)+1] // an escaped space
	}
	return short
}
