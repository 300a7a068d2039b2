package layout_test

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// value is what a generated document says: nil, bool, a number as text, a
// text, a list or the members of a mapping in order.
type value any

type number string

type member struct {
	key   string
	value value
}

// texts are texts that writers and readers of YAML trip over.
var texts = []string{
	"a", "two words", "", " ", "a: b", "a:", "a # b", "a#b", "- a", "-", "--", "---", "...", "? a", "?", "*a", "&a", "!a", "@a", "%a", "`a",
	"[a", "]", "{a", "}", "a, b", "a]", "say \"hi\"", "\"hi\" there", "it's", "'", "'\"'", `C:\dir`, "\\", "a\tb", "\t", "a\nb", "\n", "\n\n", "a\n", "a\n\n",
	" a", "a ", "\na", "  a\n b\n", "a\n  b\n\n c\n", "${ input.x }", "a ${ input[\"x\"] } b", "$${", "${ a # b }", "${ a: b }",
	"true", "True", "yes", "no", "on", "off", "y", "N", "null", "~", "=", "<<", "12", "1.5", "1e3", "0755", "0x1f", "1_000", "12:30:00", "2026-01-01", ".5", "-1", "+1", ".inf", ".NaN",
	"1h30m", "30s", "1.2.0", "30 7 * * 1-5", "https://x.example/a?b=c#d", "é ü 漢字 🙂", "\u00a0", "\u0085", "\u2028x", "\ufeffx", "\x1b[0m", "a\u200db", "> a", "| a", ">", "|", "#", "#c", ",", "a,b",
	"steps.decision.output.outcome == \"approve\"", "error.code in ['a', 'b']", "a ? b : c", "1..3", "input.total > 10 and not x",
	strings.Repeat("a long text ", 14) + "end", strings.Repeat("x", 150), strings.Repeat("it's \"so\" ", 16) + "${ x }",
}

var names = []string{"a", "b", "key", "on", "y", "200", "true", "two words", "a.b", "x-y", "é", "key: x", "${ x }", "~", "- a", "it's", "q\"q", "a:b", " s", "#", "line\nline"}

// document draws a document of the language's shape, not always a right one.
func document(t *rapid.T) value {
	switch below(t, 10, "root") {
	case 0:
		return anything(t, 0)
	case 1:
		return []value{anything(t, 1), anything(t, 1)}
	}
	return mapping(t, 0, strings.Fields("workflow version description input parameters connections variables defaults concurrency timeout triggers steps output egress"), func(key string) value {
		switch key {
		case "steps":
			return steps(t, 1)
		case "triggers":
			return []value{mapping(t, 2, strings.Fields("id http schedule where input"), func(string) value { return anything(t, 3) })}
		}
		return anything(t, 2)
	})
}

func steps(t *rapid.T, depth int) value {
	list := []value{}
	for range below(t, 4, "steps") {
		all := "id name description runAfter if then else switch cases foreach as do output action connection with returns compose retry timeout catch finally unknown"
		list = append(list, mapping(t, depth, strings.Fields(all), func(key string) value {
			switch {
			case slices.Contains([]string{"then", "else", "do", "finally"}, key) && depth < 3:
				return steps(t, depth+1)
			case key == "catch":
				return []value{mapping(t, depth, []string{"when", "do"}, func(string) value { return anything(t, depth+2) })}
			case key == "retry":
				return mapping(t, depth, []string{"attempts", "delay", "backoff", "if"}, func(string) value { return scalar(t) })
			}
			return anything(t, depth+2)
		}))
	}
	return list
}

// mapping draws a few of the keys, in any order.
func mapping(t *rapid.T, depth int, keys []string, of func(string) value) value {
	order := rapid.Permutation(keys).Draw(t, "keys")
	order = order[:below(t, min(len(order), 6-min(depth, 3))+1, "members")]
	list := []member{}
	for _, k := range order {
		list = append(list, member{k, of(k)})
	}
	return list
}

func anything(t *rapid.T, depth int) value {
	n := 9
	if depth > 4 {
		n = 5
	}
	switch below(t, n+1, "kind") {
	default:
		return scalar(t)
	case 6, 7:
		list := []value{}
		for range below(t, 4, "items") {
			list = append(list, anything(t, depth+1))
		}
		return list
	case 8, 9:
		return mapping(t, depth, names, func(string) value { return anything(t, depth+1) })
	}
}

func scalar(t *rapid.T) value {
	switch below(t, 10, "scalar") {
	case 0:
		return nil
	case 1:
		return rapid.Bool().Draw(t, "bool")
	case 2:
		return number([]string{"0", "12", "-1", "1.50", "1e3", "2E-7", "123456789012345678901"}[below(t, 7, "number")])
	}
	return texts[below(t, len(texts), "text")]
}

// scribe writes a document in one of the many ways in which it can be
// written.
type scribe struct {
	t        *rapid.T
	b        strings.Builder
	comments []string
	anchors  []string // that an alias can name
	open     int      // collections with an anchor that are being written
	risky    bool     // behind a block scalar, where a line is easily part of it
}

// one is true once in so many times.
func (s *scribe) one(of int, what string) bool { return below(s.t, of, what) == of-1 }

func (s *scribe) pick(of ...string) string { return of[below(s.t, len(of), "pick")] }

// below draws a number from 0 to n-1, all alike, which the library's own
// ranges do not.
func below(t *rapid.T, n int, what string) int {
	x := 0
	for _, bit := range rapid.SliceOfN(rapid.Bool(), 10, 10).Draw(t, what) {
		x <<= 1
		if bit {
			x++
		}
	}
	return x * n >> 10
}

// comment returns a new comment.
func (s *scribe) comment() string {
	c := fmt.Sprintf("#c%d;", len(s.comments))
	s.comments = append(s.comments, c)
	return c + s.pick("", "", " more", " ${ x }", " a: b # c", " \"")
}

// between writes what may stand between two lines.
func (s *scribe) between(indent int) {
	for s.one(5, "blank") {
		s.b.WriteString(s.pick("\n", "\n", "  \n"))
	}
	for s.one(5, "own") {
		col := indent
		if !s.risky {
			col = below(s.t, indent+7, "col")
		}
		s.b.WriteString(strings.Repeat(" ", col) + s.comment() + "\n")
		for s.one(4, "blank") {
			s.b.WriteString("\n")
		}
	}
}

// eol ends a line.
func (s *scribe) eol() {
	if s.one(6, "tail") {
		s.b.WriteString(s.pick(" ", "  ", "\t") + s.comment())
	} else if s.one(8, "space") {
		s.b.WriteString(" ")
	}
	s.b.WriteString("\n")
	s.risky = false
}

func (s *scribe) pad(n int) { s.b.WriteString(strings.Repeat(" ", n)) }

// block writes a collection over several lines, the first entry on the line
// that was begun where inline says so.
func (s *scribe) block(v value, indent int, inline bool) {
	first := true
	begin := func() {
		if !first || !inline {
			s.between(indent)
			s.pad(indent)
		}
		first = false
	}
	switch v := v.(type) {
	case []member:
		for _, m := range v {
			begin()
			key := s.key(m.key)
			if s.one(12, "explicit") {
				s.b.WriteString("? " + key)
				s.eol()
				s.pad(indent)
				s.b.WriteString(":")
			} else {
				s.b.WriteString(key + s.pick("", "", " ") + ":")
			}
			s.value(m.value, indent, true)
		}
	case []value:
		for _, item := range v {
			begin()
			s.b.WriteString("-")
			s.value(item, indent, false)
		}
	}
}

// value writes what stands behind a key or a dash, and ends the line.
func (s *scribe) value(v value, indent int, key bool) {
	if alias, ok := s.anchorOrAlias(); ok {
		s.b.WriteString(" " + alias)
		s.eol()
		return
	} else if alias != "" {
		s.b.WriteString(" " + alias)
		key = true // an anchored collection starts on the next line
		defer func() { s.anchors, s.open = append(s.anchors, "*"+alias[1:]), s.open-1 }()
	}
	if size(v) > 0 && !s.one(3, "flow") {
		step := 1 + below(s.t, 4, "indent")
		if _, isList := v.([]value); isList && key && s.one(3, "compact") && s.onKey() {
			step = 0
		}
		if !key && !s.one(4, "next") {
			s.pad(step)
			s.block(v, indent+1+step, true)
			return
		}
		s.eol()
		s.block(v, indent+step, false)
		return
	}
	if size(v) < 0 && s.one(8, "own line") {
		s.eol()
		s.pad(indent + 1 + below(s.t, 4, "indent"))
	} else if v != nil {
		s.b.WriteString(s.pick(" ", " ", "  "))
	}
	if text, ok := v.(string); ok && s.one(3, "lines") && s.lines(text, indent) {
		return
	}
	if v == nil && s.one(2, "empty") {
		s.eol()
		return
	}
	s.b.WriteString(" ")
	s.flow(v, indent+1, false)
	s.eol()
}

// onKey tells whether what was begun is a key, not an anchor or an explicit
// value.
func (s *scribe) onKey() bool {
	line := s.b.String()
	line = line[strings.LastIndex(line, "\n")+1:]
	return !strings.HasPrefix(strings.TrimLeft(line, " "), ":") && strings.HasSuffix(line, ":")
}

// size returns the number of entries, -1 for a scalar.
func size(v value) int {
	switch v := v.(type) {
	case []member:
		return len(v)
	case []value:
		return len(v)
	}
	return -1
}

// anchorOrAlias returns an alias, ok, or an anchor for what comes.
func (s *scribe) anchorOrAlias() (string, bool) {
	if len(s.anchors) > 0 && len(s.anchors) < 4 && s.one(30, "alias") {
		return s.pick(s.anchors...), true
	}
	if s.one(40, "anchor") {
		s.open++
		return fmt.Sprintf("&n%d", len(s.anchors)*10+s.open), false
	}
	return "", false
}

func (s *scribe) key(text string) string {
	switch {
	case strings.ContainsAny(text, "\n"):
		return double(text)
	case plainly(text, true) && !s.one(4, "quote"):
		return text
	case s.one(2, "single"):
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	}
	return double(text)
}

// plainly tells whether a text can be written without quotes; what numbers and
// the like are then read as does not matter for keys.
func plainly(text string, key bool) bool {
	if text == "" || strings.TrimSpace(text) != text || strings.ContainsAny(text, "\n\t,[]{}\u0085\u2028\ufeff\x1b") {
		return false
	}
	if strings.ContainsAny(text[:1], "?:-#&*!|>'\"%@`=.<") || strings.Contains(text, ": ") || strings.Contains(text, " #") || strings.HasSuffix(text, ":") {
		return false
	}
	switch strings.ToLower(text) {
	case "true", "null", "~", "false":
		return key && text != "~"
	}
	return key && !strings.Contains(text, ":") || !key && (text[0] > '9' || text == "30s" || text == "1h30m")
}

func double(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r < ' ' || r == 0x85 || r == 0x2028 || r == 0xfeff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return `"` + b.String() + `"`
}
