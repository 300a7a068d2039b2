package dsl

import (
	"bytes"
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
		if work = r.hideJSON(work, off-start, start, text); work == nil {
			return
		}
	}
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
		end, null = nextLine(work, off)-1, "null,"
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
	hint := "each member is \"name\": value, and commas stand between them"
	what := m[3]
	switch {
	case strings.Contains(what, "unexpected EOF"):
		what, hint = "the file ends in the middle of a value", "close each bracket, brace and quote"
	case strings.HasPrefix(what, `invalid literal: "`) && unclosed(r.tree.Source[off:]):
		what, hint, text = "the text is not closed on its line", `close it with "; a line break in a text is \n`, true
	case strings.HasSuffix(what, "at start of value"):
		what = "a value is missing in front of this"
	}
	r.add(codeSyntax, off, off, "not valid JSON: "+what, hint)
	return off, text
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
