package dsl

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscale/hujson"
)

// readJSON parses the source, which may hold comments and trailing commas.
func (r *reader) readJSON() {
	src := r.tree.Source
	if off := jsonDepth(src, MaxDepth); off >= 0 {
		r.tooDeep(off)
		return
	}
	start := 0
	if bytes.HasPrefix(src, bom) {
		start = len(bom)
	}
	work := src[start:]
	for range maxSyntaxErrors {
		v, err := hujson.Parse(work)
		if err == nil {
			r.tree.root = r.convertJSON(v, start, 1)
			return
		}
		off, text := r.jsonError(err, start)
		switch {
		case off-start >= len(src)-start: // the end is missing
			if len(work) > len(src)-start {
				return
			}
			work = r.closeAll(work, start)
		case len(openAt(work, off-start)) == 0: // something stands behind the end
			clear := bytes.Clone(work)
			for i := off - start; i < len(clear); i++ {
				clear[i] = ' '
			}
			work = clear
		default:
			work = r.hideJSON(work, off-start, start, text)
		}
		if work == nil {
			return
		}
	}
}

// closeAll returns what was left open at its end with the brackets that close it.
// What may be missing from them is not known.
func (r *reader) closeAll(work []byte, base int) []byte {
	out := bytes.Clone(work)
	stack := openAt(work, len(work))
	for _, i := range stack {
		r.unclosed[base+i] = true
	}
	for i := len(stack) - 1; i >= 0; i-- {
		out = append(out, map[byte]byte{'{': '}', '[': ']'}[work[stack[i]]])
	}
	return out
}

// hideJSON puts null in place of the element of a list, or else of the member
// of the document, that holds the offset, so that the rest can be read; it
// returns nil when that cannot be done. text tells that a text is open at the
// offset: what it is in is taken to end with the line.
func (r *reader) hideJSON(work []byte, off, base int, text bool) []byte {
	from, top := -1, false
	stack := openAt(work, off)
	for i := len(stack) - 1; i > 0 && from < 0; i-- {
		switch {
		case work[stack[i]] == '{' && work[stack[i-1]] == '[':
			from = stack[i]
		case i == 1 && work[stack[0]] == '{':
			from, top = stack[i], true
		}
	}
	if from < 0 {
		return nil
	}
	end, null := closedAt(work, from), "null"
	if text {
		end, null = textEnd(work, off), "null,"
	}
	if end < off || end-from < len(null) {
		return nil
	}
	out := bytes.Clone(work)
	for i := from; i <= end; i++ {
		if out[i] != '\n' && out[i] != '\r' {
			out[i] = ' '
		}
	}
	copy(out[from:], null)
	r.tree.gaps = append(r.tree.gaps, gap{start: base + from, end: base + end + 1, top: top})
	return out
}

// textEnd returns where the lines end that a text is written over which is not
// closed on its line: before one that starts as a value or a member does.
func textEnd(work []byte, off int) int {
	end := nextLine(work, off)
	for end < len(work) {
		if line := bytes.TrimLeft(work[end:nextLine(work, end)], " \t"); len(line) > 0 && bytes.IndexByte([]byte("{}[]\""), line[0]) >= 0 {
			break
		}
		end = nextLine(work, end)
	}
	return end - 1
}

// openAt returns the offsets of the brackets and braces that are open at off,
// outermost first.
func openAt(src []byte, off int) []int {
	var stack []int
	eachBracket(src, func(i int) bool {
		if i >= off {
			return false
		}
		if src[i] == '[' || src[i] == '{' {
			stack = append(stack, i)
		} else if len(stack) > 0 {
			stack = stack[:len(stack)-1]
		}
		return true
	})
	return stack
}

// closedAt returns the offset of the brace that closes the one at from, or of
// what stands before a bracket that ends the list around it; -1 when there is
// neither.
func closedAt(src []byte, from int) int {
	var stack []byte
	end := -1
	eachBracket(src[from:], func(i int) bool {
		switch c := src[from+i]; {
		case c == '[' || c == '{':
			stack = append(stack, c)
		case c == ']' && !slices.Contains(stack, '['):
			end = from + i - 1
		default:
			stack = stack[:len(stack)-1]
			if len(stack) == 0 {
				end = from + i
			}
		}
		return end < 0
	})
	return end
}

// eachBracket calls visit with the offset of each bracket and brace outside of
// comments and strings, until it returns false. A string ends with its line.
func eachBracket(src []byte, visit func(i int) bool) {
	for i := 0; i < len(src); i++ {
		switch src[i] {
		case '"':
			for i++; i < len(src) && src[i] != '"' && src[i] != '\n'; i++ {
				if src[i] == '\\' {
					i++
				}
			}
		case '/':
			i = jsonComment(src, i)
		case '[', '{', ']', '}':
			if !visit(i) {
				return
			}
		}
	}
}

// jsonDepth returns the offset of the first bracket that opens a level beyond
// limit, -1 when there is none. Comments and strings do not count.
func jsonDepth(src []byte, limit int) int {
	depth := 0
	for i := 0; i < len(src); i++ {
		switch src[i] {
		case '"':
			for i++; i < len(src) && src[i] != '"'; i++ {
				if src[i] == '\\' {
					i++
				}
			}
		case '/':
			i = jsonComment(src, i)
		case '[', '{':
			if depth++; depth > limit {
				return i
			}
		case ']', '}':
			depth--
		}
	}
	return -1
}

// jsonComment returns the offset of the last byte of a comment at i, i when
// there is none.
func jsonComment(src []byte, i int) int {
	if i+1 >= len(src) {
		return i
	}
	end := ""
	switch src[i+1] {
	case '/':
		end = "\n"
	case '*':
		end = "*/"
	default:
		return i
	}
	n := bytes.Index(src[i+2:], []byte(end))
	if n < 0 {
		return len(src)
	}
	return i + 2 + n + len(end) - 1
}

var jsonPlace = regexp.MustCompile(`^hujson: line (\d+), column (\d+): (.*)$`)

// jsonError reports a syntax error and returns its offset; text tells that it
// is a text that is not closed.
func (r *reader) jsonError(err error, start int) (off int, text bool) {
	m := jsonPlace.FindStringSubmatch(strings.ReplaceAll(err.Error(), "\n", " "))
	if m == nil {
		r.add(codeSyntax, start, start, "the file is not valid JSON: "+err.Error(), "")
		return start, false
	}
	line, _ := strconv.Atoi(m[1])
	col, _ := strconv.Atoi(m[2]) // counts bytes
	off = len(r.tree.Source)
	if line <= len(r.lines.starts) {
		off = min(r.lines.starts[line-1]+col-1, off)
	}
	what, hint, length := r.jsonCause(m[3], off)
	text = strings.HasPrefix(m[3], `invalid literal: "`) && unclosed(r.tree.Source[min(off, len(r.tree.Source)):])
	r.add(codeSyntax, off, off+length, "not valid JSON: "+what, hint)
	return off, text
}

var (
	jsonWord   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*`)
	jsonEscape = regexp.MustCompile(`\\(u.{0,4}|.)`)
)

// jsonCause says a syntax error in the author's words, and how many bytes it is
// about.
func (r *reader) jsonCause(what string, off int) (message, hint string, length int) {
	src := r.tree.Source[min(off, len(r.tree.Source)):]
	word := string(jsonWord.Find(src))
	number := string(numberLike.Find(src))
	member := bytes.HasPrefix(bytes.TrimLeft(src[len(word):], " \t"), []byte(":"))
	switch {
	case strings.Contains(what, "unexpected EOF"):
		return "the file ends in the middle of a value", "close each bracket, brace and quote", 0
	case strings.Contains(what, "after top-level value"):
		return "something stands behind the end of the document", "take it out; one file holds one workflow", 0
	case strings.HasPrefix(what, `invalid literal: "`) && unclosed(src):
		return "the text is not closed on its line", `close it with "; a line break in a text is \n`, 0
	case strings.HasPrefix(what, `invalid literal: "`):
		for _, m := range jsonEscape.FindAllString(string(src[:jsonTextEnd(src)]), -1) {
			if !goodEscape.MatchString(m) {
				return m + " is no escape in a text", `write \\ for the character itself, or \u and four digits`, jsonTextEnd(src)
			}
		}
	case word != "" && member:
		return fmt.Sprintf("the name %s is not quoted", word), fmt.Sprintf("quote it: %q", word), len(word)
	case word != "":
		hint = fmt.Sprintf("quote it to make it a text: %q", word)
		if value := jsonWords[strings.ToLower(word)]; value != "" {
			hint = "write " + value
		}
		return fmt.Sprintf("%s is no value", word), hint, len(word)
	case number != "" && strings.HasPrefix(what, "invalid literal"):
		return number + " is not how a number is written", "no + and no 0 in front, a digit on both sides of the point; or quote it to make it a text", len(number)
	case bytes.HasPrefix(src, []byte("'")) || bytes.HasPrefix(src, []byte("`")):
		return "a text stands in double quotes", `write " in place of ` + string(src[:1]), 1
	case strings.HasSuffix(what, "at start of value"):
		return "a value is missing in front of this", jsonForm, 1
	case strings.Contains(what, "(expecting ','"):
		return "there is no comma in front of this", "put a comma between the two", 1
	case strings.Contains(what, "after object name"):
		return "there is no colon in front of this", jsonForm, 1
	}
	return what, jsonForm, 0
}

const jsonForm = "each member is \"name\": value, and commas stand between them"

// jsonWords are words that are meant as a value, in small letters.
var jsonWords = map[string]string{
	"true": "true", "false": "false", "yes": "true", "no": "false", "on": "true", "off": "false",
	"null": "null", "none": "null", "nil": "null", "undefined": "null", "nan": "null", "infinity": "null",
}

var (
	numberLike = regexp.MustCompile(`^[+-]?[0-9.][0-9A-Za-z_.+]*`)
	goodEscape = regexp.MustCompile(`^\\(["\\/bfnrt]|u[0-9A-Fa-f]{4})$`)
)

// jsonTextEnd returns the offset behind the text that src starts with, or of
// the end of its line.
func jsonTextEnd(src []byte) int {
	for i := 1; i < len(src) && src[i] != '\n'; i++ {
		switch src[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return max(bytes.IndexByte(src, '\n'), 1)
}

// unclosed tells that the text that src starts with does not end on its line.
func unclosed(src []byte) bool {
	for i := 1; i < len(src) && src[i] != '\n'; i++ {
		switch src[i] {
		case '"':
			return false
		case '\\':
			i++
		}
	}
	return true
}

func (r *reader) convertJSON(v hujson.Value, base, depth int) *node {
	n := &node{style: styleJSON, start: base + v.StartOffset, end: base + v.EndOffset}
	n.partial = r.unclosed[n.start]
	if !r.room(n.start, depth) {
		n.bad = true
		return n
	}
	switch x := v.Value.(type) {
	case *hujson.Object:
		n.kind, n.end = kindMap, n.start+1
		seen := map[string]*node{}
		for i := range x.Members {
			k := r.convertJSON(x.Members[i].Name, base, depth)
			r.nodes-- // a key is not a value
			val := r.convertJSON(x.Members[i].Value, base, depth+1)
			if first := seen[k.text]; first != nil {
				r.duplicate(k, first)
				continue
			}
			seen[k.text] = k
			n.keys, n.items = append(n.keys, k), append(n.items, val)
		}
	case *hujson.Array:
		n.kind, n.end = kindList, n.start+1
		for i := range x.Elements {
			n.items = append(n.items, r.convertJSON(x.Elements[i], base, depth+1))
		}
	case hujson.Literal:
		r.jsonLiteral(n, x)
	}
	n.seal()
	return n
}

func (r *reader) jsonLiteral(n *node, x hujson.Literal) {
	switch x.Kind() {
	case '"':
		n.kind, n.text = kindString, x.String()
		n.value = n.text
	case '0':
		n.kind, n.text = kindNumber, string(x)
		n.value = numberValue(n.text)
		if f, err := strconv.ParseFloat(n.text, 64); err != nil && math.IsInf(f, 0) {
			n.bad = true
			r.add(codeSurprise, n.start, n.end, n.text+" is too large for a number", "quote it to make it a text")
		}
	case 't', 'f':
		n.kind, n.text, n.value = kindBool, string(x), x.Bool()
	default:
		n.kind, n.text = kindNull, string(x)
		n.bad = r.tree.gapAt(n.start) != nil
	}
}
