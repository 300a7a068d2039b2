package dsl

import (
	"bytes"
	"fmt"
	"path"
	"sort"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v4"

	"github.com/keelstep/keelstep/pkg/diag"
)

// The bounds of a document.
const (
	MaxSource  = 1 << 20 // bytes
	MaxDepth   = 64      // of nested lists and mappings
	MaxNodes   = 100_000 // values, those that aliases repeat counted each time; keys are not
	MaxAliases = 100

	maxLoaderDepth = 1000 // where the YAML loader itself stops
)

// reader builds one tree.
type reader struct {
	tree     *Tree
	lines    *lines
	diags    diag.List
	nodes    int
	aliases  int
	deep     bool                // too deep was said
	many     bool                // too many was said
	open     map[*yaml.Node]bool // anchors whose value is being read
	unclosed map[int]bool        // where what the end of the file leaves open begins
}

// Read parses a YAML or JSON document into a tree with positions. JSON is
// what a file named *.json holds, or what starts with a brace in any other
// file than *.yaml and *.yml. The tree is never nil; where the findings have
// errors it may lack what could not be read.
func Read(file string, src []byte) (*Tree, diag.List) {
	t := &Tree{File: file, Source: src}
	r := &reader{tree: t, open: map[*yaml.Node]bool{}, unclosed: map[int]bool{}}
	if len(src) > MaxSource {
		t.Source = src[:MaxSource]
		r.lines = newLines(file, src[:64]) // enough to point at the start
		t.lines = r.lines
		r.add(codeTooLarge, 0, 1, fmt.Sprintf("the file has %d bytes, more than %d", len(src), MaxSource),
			"move data out of the workflow, or split it into several")
		return t, r.diags
	}
	r.lines = newLines(file, src)
	t.lines = r.lines
	if !r.legible() {
		return t, r.diags
	}
	if isJSON(file, src) {
		r.readJSON()
	} else {
		r.readYAML()
	}
	if r.many {
		t.root = nil // what is left out would be reported as missing
	}
	for i := range r.diags {
		r.diags[i].Path = r.pathAt(r.diags[i].Span.Start.Offset)
	}
	r.diags.Sort()
	return t, r.diags
}

// isJSON decides which reader a file gets.
func isJSON(file string, src []byte) bool {
	switch strings.ToLower(path.Ext(file)) {
	case ".json", ".jsonc", ".hujson":
		return true
	case ".yaml", ".yml":
		return false
	}
	src = bytes.TrimLeft(bytes.TrimPrefix(src, bom), " \t\r\n")
	return bytes.HasPrefix(src, []byte("{")) || bytes.HasPrefix(src, []byte("//")) || bytes.HasPrefix(src, []byte("/*"))
}

func (r *reader) add(code diag.Code, start, end int, message, hint string) {
	if len(r.diags) > maxFindings {
		return
	}
	r.diags = append(r.diags, diag.Diagnostic{Code: code, Span: r.lines.span(start, end), Message: message, Hint: hint})
}

// pathAt returns the pointer of the innermost node whose own token holds an
// offset; empty when there is none.
func (r *reader) pathAt(off int) string {
	n := r.tree.root
	if n == nil {
		return ""
	}
	for {
		before := func(i int) bool {
			return n.items[i].start <= off || n.kind == kindMap && n.keys[i].start <= off
		}
		at := len(n.items) - 1
		if r.aliases == 0 { // else what an alias names stands elsewhere
			at = sort.Search(len(n.items), func(i int) bool { return !before(i) }) - 1
		}
		for at >= 0 && !before(at) {
			at--
		}
		if at < 0 {
			return n.pointer()
		}
		n = n.items[at]
	}
}

// room counts a node and tells whether it is within the bounds.
func (r *reader) room(off, depth int) bool {
	r.nodes++
	if depth > MaxDepth {
		if !r.deep {
			r.tooDeep(off)
		}
		return false
	}
	if r.nodes > MaxNodes {
		if !r.many {
			r.many = true
			r.add(codeTooMany, off, off, fmt.Sprintf("the file holds more than %d values, those repeated by aliases counted each time", MaxNodes),
				"split the workflow into several")
		}
		return false
	}
	return true
}

func (r *reader) tooDeep(off int) {
	r.deep = true
	r.add(codeTooDeep, off, off, fmt.Sprintf("values are nested deeper than %d levels", MaxDepth),
		"move the inner part into a step or a workflow of its own")
}

// legible checks that the source is text that both readers count the same
// way: UTF-8, no control characters, no line breaks but LF and CR LF.
func (r *reader) legible() bool {
	src := r.tree.Source
	for off := 0; off < len(src); {
		c, size := utf8.DecodeRune(src[off:])
		switch {
		case c == utf8.RuneError && size == 1:
			r.add(codeNotText, off, off+1, fmt.Sprintf("byte 0x%02x is not UTF-8", src[off]), "save the file as UTF-8")
			return false
		case c == '\r' && (off+1 == len(src) || src[off+1] != '\n'):
			r.add(codeNotText, off, off+1, "a line ends with CR alone", "end lines with LF or CR LF")
			return false
		case illegible(c) && c != '\t' && c != '\n' && c != '\r':
			r.add(codeNotText, off, off+size, fmt.Sprintf("the control character U+%04X stands in the file", c),
				fmt.Sprintf("remove it, or write it as \"\\u%04x\" in double quotes", c))
			return false
		case c == 0xfeff && off == len(bom) && bytes.HasPrefix(src, bom):
			r.add(codeNotText, off, off+size, "a second byte order mark stands in the file", "save the file as UTF-8 with one byte order mark, or with none")
			return false
		}
		off += size
	}
	return true
}

// illegible tells that a character does not stand in a source as it is, but
// for tabs and the ends of lines.
func illegible(c rune) bool {
	return c < ' ' || c >= 0x7f && c < 0xa0 || c == 0x2028 || c == 0x2029 || c == 0xfffe || c == 0xffff
}

// gapAt returns the gap that holds an offset, nil when there is none.
func (t *Tree) gapAt(off int) *gap {
	for i := range t.gaps {
		if g := &t.gaps[i]; off >= g.start && off < g.end {
			return g
		}
	}
	return nil
}
