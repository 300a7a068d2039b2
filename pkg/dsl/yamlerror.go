package dsl

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// yamlError reports a syntax error and returns the offset that has to be
// hidden to read on; ok is false when reading cannot go on.
func (r *reader) yamlError(err error, work []byte) (at int, ok bool) {
	var le *yaml.LoadError
	if !errors.As(err, &le) {
		r.add(codeSyntax, 0, 0, "the file is not valid YAML: "+err.Error(), "")
		return 0, false
	}
	if le.Mark.Line == 0 {
		r.yamlErrorOfFile(le)
		return 0, false
	}
	at = r.lines.offset(le.Mark.Line, le.Mark.Column)
	if strings.Contains(le.Message, "max depth") {
		r.tooDeep(at)
		return 0, false
	}
	if c, ok := r.causeOf(le, at, work); ok {
		r.add(codeSyntax, c.start, c.end, c.message, c.hint)
		return c.hide, true
	}
	opened := -1 // where the quote, bracket or brace was opened
	if c := le.ContextMsg; strings.Contains(c, "flow") || strings.Contains(c, "quoted scalar") {
		if opened = r.lines.offset(le.ContextMark.Line, le.ContextMark.Column); opened >= len(work) {
			opened = -1
		}
	}
	start, end, message, hint := r.explain(le.Message, at, opened, work)
	r.add(codeSyntax, start, end, message, hint)
	if opened >= 0 {
		return opened, true
	}
	return at, true
}

func (r *reader) yamlErrorOfFile(le *yaml.LoadError) {
	switch {
	case strings.Contains(le.Message, "no documents") && len(r.tree.gaps) > 0: // all of it is hidden
	case strings.Contains(le.Message, "no documents"):
		r.add(codeEmptyDocument, 0, 0, "the file is empty", `a workflow starts with "workflow: NAME"`)
	case strings.Contains(le.Message, "multiple"):
		off := secondDocument(r.tree.Source)
		r.add(codeManyDocuments, off, off+3, "the file holds more than one document", "one file, one workflow: move what follows into a file of its own")
	case strings.Contains(le.Message, "depth"):
		r.tooDeep(0)
	default:
		r.add(codeSyntax, 0, 0, "the file is not valid YAML: "+strings.TrimPrefix(le.Message, "yaml: "), "")
	}
}

var documentStart = regexp.MustCompile(`(?m)^---([ \t\r]|$)`)

// secondDocument returns the offset of the marker that starts a second
// document.
func secondDocument(src []byte) int {
	for _, m := range documentStart.FindAllIndex(src, 2) {
		if !blank(withoutComments(src[:m[0]])) {
			return m[0]
		}
	}
	return 0
}

var commentLine = regexp.MustCompile(`(?m)^[ \t]*(#.*|%.*|---[ \t\r]*)$`)

func withoutComments(b []byte) []byte { return commentLine.ReplaceAll(bytes.TrimPrefix(b, bom), nil) }

// explain says a syntax error in the author's words. at is where the reader
// stopped, opened where the construct that it was in begins, -1 when that
// does not matter.
func (r *reader) explain(raw string, at, opened int, work []byte) (start, end int, message, hint string) {
	line := r.lines.lineOf(at)
	if opened >= 0 {
		line = r.lines.lineOf(opened)
	}
	key, vstart, vend := r.valueOnLine(line, work)
	value := string(work[vstart:vend])
	start, end = at, tokenEnd(work, at)
	switch {
	case at < len(work) && work[at] == '\t':
		return at, at + 1, "a tab cannot indent a line", "indent with spaces"
	case strings.Contains(raw, "unknown anchor"):
		return at, wordEnd(work, at), fmt.Sprintf("there is no anchor for the alias %q", string(work[at:wordEnd(work, at)])),
			strings.Replace(quoteWhole(key, value), "quote", "to mean the text itself, quote", 1)
	case strings.HasPrefix(value, "@") && at == vstart:
		return vstart, vend, `a plain value cannot start with "@"`, neighbourExpression(key, value)
	case strings.HasPrefix(value, "%") || strings.HasPrefix(value, "`"):
		return vstart, vstart + 1, fmt.Sprintf("a plain value cannot start with %q", value[:1]), quoteWhole(key, value)
	case strings.Contains(value, "${") && (value[0] == '{' || value[0] == '['):
		return dollarInFlow(work, vstart+strings.Index(value, "${"), vstart)
	case strings.Contains(raw, "comment without preceding whitespace") && at > 0:
		return at - 1, at, "YAML reads what follows # here as a comment", "quote the whole value"
	case insideValue(work, at, r.lines.starts[line-1]) >= 0:
		in := insideValue(work, at, r.lines.starts[line-1])
		from := valueStart(work, in, r.lines.starts[line-1])
		to := flowValueEnd(work, from)
		return from, to, fmt.Sprintf("in { } and [ ], a value with %q must be quoted", string(work[in])), "quote it: " + quotedText(string(work[from:to]))
	case opened >= 0 && strings.Contains(raw, "end of stream"):
		return opened, opened + 1, fmt.Sprintf("what is opened by %s here is never closed", string(work[opened:opened+1])), "close it"
	case quotedHead(value) != "" && opened < 0 && at > vstart:
		i := vstart + len(quotedHead(value))
		return i, vend, fmt.Sprintf("the quoted text %s ends before the value does", quotedHead(value)), quoteWhole(key, value)
	case strings.HasPrefix(value, "[") && opened < 0 && at > vstart:
		return at, vend, "the list ends before the value does", quoteWhole(key, value)
	case strings.Contains(raw, "mapping values are not allowed") && at >= vstart && at < vend:
		return at, at + 1, "a plain value cannot hold \": \", YAML reads it as a key of its own", quoteWhole(key, value)
	case strings.Contains(raw, "mapping values are not allowed"):
		return start, end, "there is a key where no key can stand", "check the indentation of this line and the ones before it; a value over several lines must be quoted"
	case strings.Contains(raw, "block sequence entries are not allowed"):
		return start, start + 1, "a list cannot start on the line of its key", "put each item on a line of its own, or write [a, b]"
	case strings.Contains(raw, "expected '-' indicator"), strings.Contains(raw, "expected key"):
		return start, end, "the line fits neither the list nor the mapping around it", "check the indentation of this line and the ones before it"
	case opened >= 0:
		return start, end, fmt.Sprintf("the %s opened on line %d is not closed before this", bracketName(work[opened]), r.lines.lineOf(opened)),
			"close it, or put a comma between the entries"
	}
	return start, end, "not valid YAML: " + raw, "quote the value, or check the indentation"
}

// insideValue returns the place of a bracket or brace that stands inside of a
// plain value of a flow collection, as in { when: x[0] == 1 }: the first one
// between the start of the line and at. It is -1 when there is none.
func insideValue(work []byte, at, line int) int {
	in, flow := -1, 0
	eachOutside(string(work[line:min(at+1, len(work))]), func(i, _ int) bool {
		c := work[line+i]
		if c != '[' && c != '{' {
			return true
		}
		if flow > 0 && !strings.ContainsRune(" \t,:[{$", rune(work[line+i-1])) {
			in = line + i
			return false
		}
		flow++
		return true
	})
	return in
}

// valueStart returns where the plain value that holds at begins.
func valueStart(work []byte, at, opened int) int {
	for at > opened+1 && !strings.ContainsRune(",[{\n", rune(work[at-1])) && string(work[at-2:at]) != ": " {
		at--
	}
	for work[at] == ' ' {
		at++
	}
	return at
}

// flowValueEnd returns where the value ends that begins at from: at a comma or
// a closing bracket outside of its own brackets and string literals.
func flowValueEnd(work []byte, from int) int {
	line := string(work[from:nextLine(work, from)])
	end := from + len(line)
	eachOutside(line, func(i, depth int) bool {
		if depth < 0 || depth == 0 && line[i] == ',' {
			end = from + i
			return false
		}
		return true
	})
	return from + len(strings.TrimRight(string(work[from:end]), " \t\r"))
}

// dollarInFlow explains a value in { } or [ ] that is not quoted and has the ${
// at i. The collection begins at opened.
func dollarInFlow(work []byte, i, opened int) (start, end int, message, hint string) {
	start = valueStart(work, i, opened)
	end = max(flowValueEnd(work, start), i+len("${"))
	return start, end, "in { } and [ ], a value with ${ } must be quoted", "quote it: " + quotedText(string(work[start:end]))
}

// quotedText writes a text as a quoted YAML value.
func quotedText(s string) string {
	if strings.ContainsAny(s, "\"\\") {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	return "\"" + s + "\""
}

func bracketName(c byte) string {
	switch c {
	case '{':
		return "{"
	case '[':
		return "["
	}
	return "quote"
}

var keyValue = regexp.MustCompile(`^(?:[ \t]*- )*[ \t]*(?:([A-Za-z_][\w-]*)[ \t]*:[ \t]+)?`)

// valueOnLine returns the key of a line and the place of what stands behind
// it.
func (r *reader) valueOnLine(line int, work []byte) (key string, start, end int) {
	start, end = r.lines.starts[line-1], r.lines.lineEnd(line)
	end = min(end, len(work))
	m := keyValue.FindSubmatchIndex(work[start:end])
	if m == nil {
		return "", start, end
	}
	if m[2] >= 0 {
		key = string(work[start+m[2] : start+m[3]])
	}
	start += m[1]
	for end > start && (work[end-1] == ' ' || work[end-1] == '\t') {
		end--
	}
	return key, start, end
}

// quotedHead returns the quoted text that value starts with, when more
// follows.
func quotedHead(value string) string {
	if value == "" || value[0] != '"' && value[0] != '\'' {
		return ""
	}
	for i := 1; i < len(value); i++ {
		switch {
		case value[0] == '"' && value[i] == '\\':
			i++
		case value[i] == value[0]:
			rest := strings.TrimSpace(value[i+1:])
			if rest == "" || strings.HasPrefix(rest, "#") {
				return ""
			}
			return value[:i+1]
		}
	}
	return ""
}

// quoteWhole is the hint to quote a value, written out where it is short.
func quoteWhole(key, value string) string {
	if value == "" || len(value) > 80 {
		return "quote the whole value"
	}
	quoted := "'" + strings.ReplaceAll(value, "'", "''") + "'"
	if key != "" {
		return fmt.Sprintf("quote the whole value: %s: %s", key, quoted)
	}
	return "quote the whole value: " + quoted
}

// barePlaces are keys at which an expression stands as it is.
var barePlaces = map[string]bool{"if": true, "while": true, "until": true, "foreach": true, "switch": true, "when": true, "where": true, "splitOn": true, "key": true}

func neighbourExpression(key, value string) string {
	if strings.HasPrefix(value, "@") {
		t := translated(value[1:])
		switch {
		case t == "" || key == "":
			return ofLogicApps
		case barePlaces[key]:
			return fmt.Sprintf("write %s: %s", key, yamlText(t))
		}
		return fmt.Sprintf("write %s: \"${ %s }\"", key, t)
	}
	return quoteWhole(key, value)
}

func tokenEnd(src []byte, off int) int {
	end := off
	for end < len(src) && !strings.ContainsRune(" \t\r\n,:", rune(src[end])) {
		end++
	}
	return max(end, off+1)
}

// hide blanks the step, or the entry of the document, that holds the offset
// at, so that the rest can be read. ok is false when there is nothing left to
// hide.
func (r *reader) hide(work []byte, at int) (out []byte, ok bool) {
	at = min(at, len(work))
	g := gapLines{through: r.lines.lineOf(at), dash: -1}
	for g.from = g.through; g.from > 1; g.from-- {
		line := r.lineText(work, g.from)
		if blank(line) || bytes.HasPrefix(bytes.TrimLeft(line, " \t"), []byte("#")) {
			continue
		}
		if g.dash = dashOf(line); g.dash >= 0 || line[0] != ' ' && line[0] != '\t' {
			break
		}
	}
	if g.from == 1 {
		g.dash = dashOf(r.lineText(work, 1))
	}
	g.top = g.dash < 0
	g.last = r.gapEnd(work, g)
	if g.dash >= 0 && at == r.lines.starts[g.from-1]+g.dash {
		g.dash = -1 // the dash itself is where none can be
	}
	return r.blankOut(work, g)
}

// gapLines are the lines that are hidden: from the start of a step or entry to
// at least the line of the error. dash is the column of the step's dash, -1 to
// hide that as well.
type gapLines struct {
	from, through, last int
	dash                int
	top                 bool
}

// dashOf returns the place of the dash that starts a line, -1 when none does.
func dashOf(line []byte) int {
	n := indentOf(line)
	if n < len(line) && line[n] == '-' && (n+1 == len(line) || line[n+1] == ' ' || gluedDash.Match(bytes.TrimRight(line[n:], " \t"))) {
		return n
	}
	return -1
}

func (r *reader) lineText(work []byte, line int) []byte {
	return work[r.lines.starts[line-1]:max(r.lines.lineEnd(line), r.lines.starts[line-1])]
}

func indentOf(line []byte) int {
	n := 0
	for n < len(line)-1 && line[n] == ' ' {
		n++
	}
	return n
}

// gapEnd returns the last line of a gap: of those that are indented deeper
// than its start, and at least the line of the error.
func (r *reader) gapEnd(work []byte, g gapLines) int {
	last := max(g.from, g.through)
	for l := g.from + 1; l <= len(r.lines.starts); l++ {
		line := r.lineText(work, l)
		if blank(line) {
			continue
		}
		if n := indentOf(line); l > g.through && n <= max(g.dash, 0) && line[n] != '\t' {
			break
		}
		last = max(last, l)
	}
	return last
}

// blankOut replaces the lines of a gap by spaces; the dash of a list item
// stays, so that it is read as an empty item.
func (r *reader) blankOut(work []byte, g gapLines) ([]byte, bool) {
	start, end := r.lines.starts[g.from-1], r.lines.lineEnd(g.last)
	out := bytes.Clone(work)
	changed := false
	for i := start; i < end; i++ {
		if g.dash >= 0 && i == start+g.dash {
			continue
		}
		if c := out[i]; c != '\n' && c != '\r' && c != ' ' {
			out[i], changed = ' ', true
		}
	}
	r.tree.gaps = append(r.tree.gaps, gap{start: start, end: end + 1, top: g.top})
	return out, changed
}
