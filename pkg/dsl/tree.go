package dsl

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/keelstep/keelstep/pkg/diag"
)

// kind is the JSON kind of a node.
type kind uint8

const (
	kindNull kind = iota
	kindBool
	kindNumber
	kindString
	kindList
	kindMap
)

// String returns the kind as authors know it.
func (k kind) String() string {
	return [...]string{"nothing", "a boolean", "a number", "a text", "a list", "a mapping"}[k]
}

// style is how a scalar or a collection is written.
type style uint8

const (
	stylePlain style = iota
	styleSingle
	styleDouble
	styleLiteral
	styleFolded
	styleJSON
	styleFlow // of a collection
)

// node is one value of a document with its place. Offsets are bytes of the
// source. A bad node already has its finding: later stages skip it.
type node struct {
	kind    kind
	style   style
	bad     bool
	partial bool // of a collection: something is left out that has a finding
	start   int
	end     int // of a scalar: behind its last byte; of a collection: behind its first token
	text    string
	value   any // of a scalar: nil, bool, int, float64, json.Number or string
	keys    []*node
	items   []*node // of a list, or the values of keys
	byName  map[string]int
	parent  *node
	key     *node // of a member of a mapping
	index   int   // of an element of a list
	alias   span  // where the alias stands that repeats it here
}

// span is a stretch of the source; the zero value is none.
type span struct{ start, end int }

// get returns the member of that name, nil when there is none.
func (n *node) get(name string) *node {
	if n == nil || n.kind != kindMap {
		return nil
	}
	if n.byName != nil {
		if i, ok := n.byName[name]; ok {
			return n.items[i]
		}
		return nil
	}
	for i, k := range n.keys {
		if k.text == name {
			return n.items[i]
		}
	}
	return nil
}

// has tells whether there is a member of that name.
func (n *node) has(name string) bool { return n.get(name) != nil }

// seal links the children of a collection to it.
func (n *node) seal() {
	for i, c := range n.items {
		c.parent, c.index = n, i
		if n.kind == kindMap {
			c.key = n.keys[i]
			n.keys[i].parent = n
		}
	}
	if len(n.keys) > 16 {
		n.byName = make(map[string]int, len(n.keys))
		for i, k := range n.keys {
			if _, ok := n.byName[k.text]; !ok {
				n.byName[k.text] = i
			}
		}
	}
}

// rename lets the key at place i stand for another one.
func (n *node) rename(i int, name string) {
	n.keys[i].text = name
	if n.byName != nil {
		n.byName[name] = i
	}
}

// str returns the text of a string node.
func (n *node) str() (string, bool) {
	if n == nil || n.kind != kindString {
		return "", false
	}
	return n.text, true
}

// pointer returns the JSON Pointer of the node.
func (n *node) pointer() string {
	if n == nil || n.parent == nil {
		return ""
	}
	var parts []string
	for ; n.parent != nil; n = n.parent {
		if n.parent.kind == kindMap && n.key != nil {
			written, _ := n.key.value.(string) // a key that was renamed is written otherwise
			parts = append(parts, pointerEscape.Replace(written))
		} else {
			parts = append(parts, strconv.Itoa(n.index))
		}
	}
	var b strings.Builder
	for i := len(parts) - 1; i >= 0; i-- {
		b.WriteByte('/')
		b.WriteString(parts[i])
	}
	return b.String()
}

var (
	pointerEscape   = strings.NewReplacer("~", "~0", "/", "~1")
	pointerUnescape = strings.NewReplacer("~1", "/", "~0", "~")
)

// focus returns the offsets of the token that a finding about n points at:
// the scalar, the key of a collection, or the first token of one without key.
func (n *node) focus() (start, end int) {
	switch {
	case n.kind < kindList && n.end > n.start:
		return n.start, n.end
	case n.key != nil:
		return n.key.start, n.key.end
	case n.kind == kindMap && n.style != styleFlow && n.style != styleJSON && len(n.keys) > 0:
		return n.keys[0].start, n.keys[0].end
	case n.end > n.start || n.parent == nil:
		return n.start, n.end
	}
	return n.start, n.start
}

// decoded returns the plain JSON value of n: nil, bool, int, float64,
// json.Number, string, []any or map[string]any.
func (n *node) decoded() any {
	switch n.kind {
	case kindList:
		out := make([]any, len(n.items))
		for i, c := range n.items {
			out[i] = c.decoded()
		}
		return out
	case kindMap:
		out := make(map[string]any, len(n.items))
		for i, c := range n.items {
			out[n.keys[i].text] = c.decoded()
		}
		return out
	default:
		return n.value
	}
}

// numberValue returns the value of JSON number text: an int where it is an
// integer of that range, the text itself for a larger integer, a float64
// otherwise.
func numberValue(text string) any {
	if i, err := strconv.Atoi(text); err == nil {
		return i
	}
	if !strings.ContainsAny(text, ".eE") {
		return json.Number(text)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return json.Number(text)
	}
	return f
}

// Tree is one document that was read, with the place of each value. It is not
// changed once Read has returned it.
type Tree struct {
	File   string
	Source []byte
	root   *node
	lines  *lines
	gaps   []gap // what a syntax error hides
}

// gap is a stretch of the source that could not be read.
type gap struct {
	start, end int
	top        bool // a member of the document itself
}

// Value returns the document as plain JSON: nil, bool, int, float64,
// json.Number (an integer beyond int64), string, []any or map[string]any.
func (t *Tree) Value() any {
	if t == nil || t.root == nil {
		return nil
	}
	return t.root.decoded()
}

// Has tells whether there is a value at that JSON Pointer.
func (t *Tree) Has(pointer string) bool {
	_, whole := t.find(pointer)
	return whole
}

// Span returns the place of the value at that JSON Pointer: of a scalar its
// text, of a collection its key. A pointer to nothing gives the place of the
// nearest value around it.
func (t *Tree) Span(pointer string) diag.Span {
	n, _ := t.find(pointer)
	return t.spanOf(n)
}

// KeySpan is Span, but of the key of the value where it has one.
func (t *Tree) KeySpan(pointer string) diag.Span {
	n, _ := t.find(pointer)
	if n != nil && n.key != nil {
		return t.lines.span(n.key.start, n.key.end)
	}
	return t.spanOf(n)
}

// Diagnostic returns an error at the value of that JSON Pointer.
func (t *Tree) Diagnostic(code diag.Code, pointer, message, hint string) diag.Diagnostic {
	return diag.Diagnostic{Code: code, Span: t.Span(pointer), Path: pointer, Message: message, Hint: hint}
}

func (t *Tree) spanOf(n *node) diag.Span {
	if n == nil {
		return t.lines.span(0, 0)
	}
	start, end := n.focus()
	return t.lines.span(start, end)
}

// find returns the node at a pointer, or the last one on the way to it.
func (t *Tree) find(pointer string) (n *node, whole bool) {
	n = t.root
	if n == nil || pointer == "" {
		return n, n != nil
	}
	for _, part := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		var next *node
		switch n.kind {
		case kindMap:
			next = n.get(pointerUnescape.Replace(part))
		case kindList:
			if i, err := strconv.Atoi(part); err == nil && i >= 0 && i < len(n.items) {
				next = n.items[i]
			}
		default: // a scalar has no members
		}
		if next == nil {
			return n, false
		}
		n = next
	}
	return n, true
}
