package dsl

import (
	"bytes"
	"math"
	"regexp"
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
	v, err := hujson.Parse(src[start:])
	if err != nil {
		r.jsonError(err, start)
		return
	}
	r.tree.root = r.convertJSON(v, start, 1)
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

func (r *reader) jsonError(err error, start int) {
	m := jsonPlace.FindStringSubmatch(strings.ReplaceAll(err.Error(), "\n", " "))
	if m == nil {
		r.add(codeSyntax, start, start, "the file is not valid JSON: "+err.Error(), "")
		return
	}
	line, _ := strconv.Atoi(m[1])
	col, _ := strconv.Atoi(m[2]) // counts bytes
	off := len(r.tree.Source)
	if line <= len(r.lines.starts) {
		off = min(r.lines.starts[line-1]+col-1, off)
	}
	hint := "each member is \"name\": value, and commas stand between them"
	if strings.Contains(m[3], "unexpected EOF") {
		m[3], hint = "the file ends in the middle of a value", "close each bracket, brace and quote"
	}
	r.add(codeSyntax, off, off, "not valid JSON: "+m[3], hint)
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
	}
}
