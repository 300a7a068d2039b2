package layout_test

import (
	"fmt"
	"strconv"
	"strings"
)

// flow writes a value in brackets or as a scalar of one line.
func (s *scribe) flow(v value, indent int, inside bool) {
	if inside {
		if alias, ok := s.anchorOrAlias(); ok {
			s.b.WriteString(alias + " ")
			return
		} else if alias != "" {
			s.b.WriteString(alias + " ")
			defer func() { s.anchors, s.open = append(s.anchors, "*"+alias[1:]), s.open-1 }()
		}
	}
	switch v := v.(type) {
	case nil:
		s.b.WriteString(s.pick("null", "~", "Null"))
	case bool:
		s.b.WriteString(strconv.FormatBool(v))
	case number:
		s.b.WriteString(string(v))
	case string:
		s.b.WriteString(s.quoted(v, indent))
	case []member:
		s.b.WriteString("{")
		s.space(indent)
		for i, m := range v {
			s.b.WriteString(s.key(m.key) + s.pick(": ", ":  "))
			s.flow(m.value, indent, true)
			s.comma(i, len(v), indent)
		}
		s.b.WriteString("}")
	case []value:
		s.b.WriteString("[")
		s.space(indent)
		for i, item := range v {
			if m, ok := item.([]member); ok && len(m) == 1 && s.one(2, "pair") {
				s.b.WriteString(s.key(m[0].key) + ": ")
				s.flow(m[0].value, indent, true)
			} else {
				s.flow(item, indent, true)
			}
			s.comma(i, len(v), indent)
		}
		s.b.WriteString("]")
	}
}

func (s *scribe) comma(i, n, indent int) {
	s.space(indent)
	if i < n-1 || s.one(5, "last comma") {
		s.b.WriteString(",")
		s.b.WriteString(s.pick("", " ", "  ")) // a comment needs a space
		s.space(indent)
	}
}

// space writes what may stand between two tokens in brackets.
func (s *scribe) space(indent int) {
	switch {
	case s.one(12, "comment"):
		s.b.WriteString(" " + s.comment() + "\n")
		s.pad(indent)
	case s.one(12, "break"):
		s.b.WriteString("\n")
		s.pad(indent + 2)
	default:
		s.b.WriteString(s.pick("", " "))
	}
}

// quoted returns a text as a scalar in one of the ways that hold it.
func (s *scribe) quoted(text string, indent int) string {
	if plainly(text, false) && !strings.Contains(text, ":") && s.one(2, "plain") {
		return text
	}
	if !strings.ContainsAny(text, "\n\t\u0085\u2028\ufeff\x1b") && s.one(2, "single") {
		return "'" + s.broken(strings.ReplaceAll(text, "'", "''"), indent) + "'"
	}
	out := double(text)
	if s.one(4, "escapes") {
		out = strings.NewReplacer("é", `\xe9`, "a", `\x61`, "/", `\/`, "🙂", `\U0001F642`).Replace(strings.ReplaceAll(out, `\`, `\\`))
		out = strings.ReplaceAll(out, `\\`, `\`)
		if strings.Contains(text, `\`) {
			out = double(text)
		}
	}
	inner := out[1 : len(out)-1]
	if !strings.Contains(inner, `\`) {
		inner = s.broken(inner, indent)
	} else if words := strings.Split(inner, " "); len(words) > 2 && s.one(3, "continued") {
		inner = words[0] + " \\\n" + strings.Repeat(" ", indent+1) + `\` + s.pick(" ", "x20") + strings.Join(words[1:], " ")
	}
	return `"` + inner + `"`
}

// broken breaks a text at one of its single spaces into two lines.
func (s *scribe) broken(text string, indent int) string {
	words := strings.Split(text, " ")
	if len(words) < 3 || strings.Contains(text, "  ") || strings.Trim(text, " ") != text || !s.one(3, "broken") {
		return text
	}
	i := len(words) / 2
	return strings.Join(words[:i], " ") + s.pick("", " ", "\t") + "\n" + s.pick("", strings.Repeat(" ", indent+3)) +
		strings.Repeat(" ", indent+1) + strings.Join(words[i:], " ")
}

// lines writes a text as a block scalar, or plain over several lines, where
// that can hold it, and ends the last line.
func (s *scribe) lines(text string, indent int) bool {
	if strings.ContainsAny(text, "\u0085\u2028\ufeff\x1b") || strings.HasPrefix(text, "\t") {
		return false
	}
	if words := strings.Fields(text); plainly(text, false) && len(words) > 2 && strings.Join(words, " ") == text && s.one(2, "plain lines") {
		i := len(words) / 2
		if strings.HasPrefix(words[i], "#") {
			return false
		}
		s.b.WriteString(strings.Join(words[:i], " ") + "\n")
		s.pad(indent + 1 + len(words)%3)
		s.b.WriteString(strings.Join(words[i:], " "))
		s.eol()
		return true
	}
	body := strings.TrimRight(text, "\n")
	if body == "" {
		return false
	}
	step := indent + 2
	header := s.pick("|", "|", ">")
	if header == ">" && strings.Contains(body, "\n") {
		header = "|"
	}
	if strings.HasPrefix(body, " ") || strings.HasPrefix(body, "\n") || s.one(6, "explicit") {
		header += fmt.Sprint(2)
	}
	ends := len(text) - len(body)
	switch {
	case ends == 0:
		header += "-"
	case ends > 1:
		header += "+"
	}
	s.b.WriteString(header)
	s.eol()
	for _, line := range strings.Split(body, "\n") {
		if line != "" {
			s.pad(step)
		}
		s.b.WriteString(line + "\n")
	}
	s.b.WriteString(strings.Repeat("\n", max(ends-1, 0)))
	s.risky = true
	return true
}
