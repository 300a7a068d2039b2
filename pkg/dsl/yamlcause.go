package dsl

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// cause is what was wrong with YAML that could not be read, where it can be
// told better than by the place at which the reader stopped.
type cause struct {
	start, end    int
	message, hint string
	hide          int // what has to be hidden to read on
}

// causeOf finds the cause of a syntax error that was noticed at the offset at.
func (r *reader) causeOf(le *yaml.LoadError, at int, work []byte) (cause, bool) {
	context := min(r.lines.offset(le.ContextMark.Line, le.ContextMark.Column), len(work))
	switch m := le.Message; {
	case strings.Contains(m, "incompatible YAML document"), strings.Contains(m, "expected <document start>"):
		return r.directive(work)
	case strings.Contains(m, "could not find expected ':'"):
		return r.withoutColon(context, work)
	case strings.Contains(m, "mapping values are not allowed"):
		return r.lineBefore(at, work)
	case strings.Contains(m, "unknown escape character"):
		end := min(at+2, len(work))
		return cause{at, end, fmt.Sprintf("%s is no escape in double quotes", work[at:end]), fmt.Sprintf("write \"\\%s\"", work[at:end]), context}, true
	case strings.Contains(m, "expected comment or line break") && r.startsValue(context, work):
		end := r.lines.lineEnd(r.lines.lineOf(at))
		return cause{at, max(end, at+1), "nothing may stand behind | or > on its line", "begin the text on the next line, deeper than its key", at}, true
	case strings.Contains(m, "expected alphabetic or numeric character"):
		return r.badStart(context, work)
	case strings.Contains(m, "expected node content"):
		return r.missingValue(at, work)
	case strings.Contains(m, "expected ',' or"):
		return r.wrongBracket(at, context, work)
	case strings.Contains(m, "mapping keys are not allowed"):
		return r.badStart(at, work)
	case strings.Contains(m, "expected key"), strings.Contains(m, "expected '-' indicator"):
		if at < len(work) && (work[at] == '}' || work[at] == ']') {
			return cause{at, at + 1, fmt.Sprintf("there is nothing that this %c closes", work[at]), "take it out", at}, true
		}
		return r.quoteBefore(at, work)
	}
	return cause{}, false
}

var directiveLine = regexp.MustCompile(`(?m)^%.*$`)

// directive is a line that begins with %.
func (r *reader) directive(work []byte) (cause, bool) {
	m := directiveLine.FindIndex(work)
	if m == nil {
		return cause{}, false
	}
	end := m[0] + len(bytes.TrimRight(work[m[0]:m[1]], " \t\r"))
	return cause{m[0], end, "directives of YAML are not part of the language", "remove it: a workflow is read as YAML 1.2", m[0]}, true
}

var spacedKey = regexp.MustCompile(`^([A-Za-z_][\w-]*)[ \t]+(\S.*)$`)

// withoutColon is a line that has no colon where a key stands.
func (r *reader) withoutColon(off int, work []byte) (cause, bool) {
	end := r.lines.lineEnd(r.lines.lineOf(off))
	end = max(off+len(bytes.TrimRight(work[off:max(end, off)], " \t\r")), off+1)
	text := string(work[off:min(end, len(work))])
	c := cause{off, end, "there is no colon in this line", "each line is KEY: VALUE, or deeper than the text that it belongs to", off}
	if m := spacedKey.FindStringSubmatch(text); m != nil && len(text) < 80 {
		c.hint = fmt.Sprintf("write %s: %s", m[1], m[2])
	} else if plainName.MatchString(text) {
		c.hint = fmt.Sprintf("write %q, or indent it deeper than the text that it belongs to", text+":")
	}
	return c, true
}

var (
	gluedDash  = regexp.MustCompile(`^-([A-Za-z_][\w-]*:(?: .*)?)$`)
	gluedColon = regexp.MustCompile(`^((?:- )*)([A-Za-z_][\w-]*):([^\s:].*)$`)
	bareWord   = regexp.MustCompile(`^((?:- )*)([A-Za-z_][\w-]*)$`)
)

// lineBefore looks for what is wrong in the line above a key that cannot stand
// where it does.
func (r *reader) lineBefore(at int, work []byte) (cause, bool) {
	n := r.lines.lineOf(at) - 1
	for n > 0 && blank(withoutComments(r.lineText(work, n))) {
		n--
	}
	if n < 1 {
		return cause{}, false
	}
	line := r.lineText(work, n)
	off := r.lines.starts[n-1] + len(line) - len(bytes.TrimLeft(line, " "))
	text := strings.TrimSpace(string(line))
	if m := gluedDash.FindStringSubmatch(text); m != nil {
		return cause{off, off + len(text), "a dash needs a space behind it", fmt.Sprintf("write %q", "- "+m[1]), off}, true
	}
	if m := gluedColon.FindStringSubmatch(text); m != nil && !strings.Contains(m[3], ": ") {
		return cause{off + len(m[1]), off + len(text), "a colon needs a space behind it", fmt.Sprintf("write \"%s: %s\"", m[2], m[3]), off}, true
	}
	if m := bareWord.FindStringSubmatch(text); m != nil {
		return cause{off + len(m[1]), off + len(text), fmt.Sprintf("%q lacks its colon", m[2]), fmt.Sprintf("write %q", m[2]+":"), off}, true
	}
	return cause{}, false
}

// badStart is a plain value that begins with a character that none can.
func (r *reader) badStart(off int, work []byte) (cause, bool) {
	if off >= len(work) {
		return cause{}, false
	}
	c := cause{start: off, hide: off, message: fmt.Sprintf("a plain value cannot start with %q", string(work[off:off+1]))}
	line := r.lines.lineOf(off)
	if opener(work, off, r.lines.starts[line-1]) >= 0 {
		c.end = max(flowValueEnd(work, off), off+1)
		c.hint = "quote it: " + quotedText(string(work[off:c.end]))
		return c, true
	}
	key, start, end := r.valueOnLine(line, work)
	if start != off { // such as */5 * * * *, of which */5 can be read
		if start >= end || strings.IndexByte("*&", work[start]) < 0 {
			return cause{}, false
		}
		c.start, c.hide, c.message = start, start, fmt.Sprintf("a plain value cannot start with %q", string(work[start:start+1]))
	}
	c.end, c.hint = max(end, off+1), quoteWhole(key, string(work[start:end]))
	return c, true
}

// startsValue tells whether the value of its line starts at off.
func (r *reader) startsValue(off int, work []byte) bool {
	_, start, _ := r.valueOnLine(r.lines.lineOf(off), work)
	return start == off
}

// opener returns the offset of the bracket or brace between from and at that
// is open there, the innermost; -1 when there is none.
func opener(work []byte, at, from int) int {
	var open []int
	eachOutside(string(work[from:at]), func(i, _ int) bool {
		switch work[from+i] {
		case '[', '{':
			open = append(open, from+i)
		case ']', '}':
			open = open[:max(len(open)-1, 0)]
		}
		return true
	})
	if len(open) == 0 {
		return -1
	}
	return open[len(open)-1]
}

// stepStart returns the start of the line, at or above that of off, at which
// reading could begin anew: one with a dash, or not indented.
func (r *reader) stepStart(off int, work []byte) int {
	for n := r.lines.lineOf(min(off, len(work))); n > 1; n-- {
		if line := r.lineText(work, n); len(line) > 0 && (dashOf(line) >= 0 || strings.IndexByte(" \t#", line[0]) < 0) {
			return r.lines.starts[n-1]
		}
	}
	return r.lines.starts[0]
}

// missingValue is a place in a flow collection, or behind a key, at which a
// value should stand.
func (r *reader) missingValue(at int, work []byte) (cause, bool) {
	open := opener(work, min(at, len(work)), r.stepStart(at-1, work))
	switch {
	case blank(work[min(at, len(work)):]) && open >= 0:
		return cause{open, open + 1, fmt.Sprintf("what is opened by %c here is never closed", work[open]), "close it", open}, true
	case at >= len(work):
		return cause{}, false
	case work[at] == ',':
		return cause{at, at + 1, "a value is missing in front of this comma", "take it out", at}, true
	case work[at] == '}' || work[at] == ']':
		return r.badStart(at, work)
	}
	return cause{}, false
}

// wrongBracket is a collection that is closed by the bracket of the other
// kind.
func (r *reader) wrongBracket(at, opened int, work []byte) (cause, bool) {
	if at >= len(work) || opened >= len(work) {
		return cause{}, false
	}
	right := map[byte]byte{'{': '}', '[': ']'}[work[opened]]
	if right == 0 || work[at] != '}' && work[at] != ']' {
		return cause{}, false
	}
	return cause{
		at, at + 1, fmt.Sprintf("the %c opened on line %d is closed by %c", work[opened], r.lines.lineOf(opened), work[at]),
		fmt.Sprintf("write %q", string(right)), opened,
	}, true
}

var openedQuote = regexp.MustCompile(`(?:[:,\[{]|-) +("[^"]*|'[^']*)$`)

// maxQuoteLines is how far above what follows a text in quotes its beginning
// is looked for.
const maxQuoteLines = 200

// quoteBefore is a text in quotes that was not closed on its line, so that the
// quote that was meant to open the next one closes it.
func (r *reader) quoteBefore(at int, work []byte) (cause, bool) {
	line := r.lines.lineOf(at)
	before := string(work[r.lines.starts[line-1]:min(at, len(work))])
	quote := byte('"')
	if strings.HasSuffix(before, "'") {
		quote = '\''
	}
	if !strings.HasSuffix(before, string(quote)) || strings.Count(before, string(quote))%2 == 0 {
		return cause{}, false
	}
	for n := line - 1; n > max(line-maxQuoteLines, 0); n-- {
		text := bytes.TrimRight(r.lineText(work, n), " \t\r")
		if m := openedQuote.FindSubmatchIndex(text); m != nil && text[m[2]] == quote {
			off := r.lines.starts[n-1] + m[2]
			return cause{off, off + 1, fmt.Sprintf("what is opened by %c here is not closed on its line", quote), "close it", off}, true
		}
	}
	return cause{}, false
}
