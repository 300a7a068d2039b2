package layout

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"
)

// writer puts out lines.
type writer struct {
	out   bytes.Buffer
	fresh bool // at the start of the file or of a block: no blank line
	kept  bool // behind a block scalar that would take a blank line as its own
	empty bool // behind a blank line
}

// lines writes comments and blank lines.
func (w *writer) lines(list []string, indent int) {
	for _, s := range list {
		if s != "" {
			w.pad(indent)
			w.out.WriteString(s)
			w.end("")
		} else if !w.fresh && !w.kept && !w.empty {
			w.out.WriteByte('\n')
			w.empty = true
		}
	}
}

func (w *writer) pad(indent int) {
	for range indent {
		w.out.WriteByte(' ')
	}
}

// end ends a line with its comment.
func (w *writer) end(tail string) {
	if tail != "" {
		w.out.WriteString(" " + tail)
	}
	w.out.WriteByte('\n')
	w.fresh, w.kept, w.empty = false, false, false
}

// document writes the value of a YAML file.
func (w *writer) document(root *node) {
	if !root.isCollection() {
		if root.other && root.text == "" {
			root.text = "null" // what would be left is no document
		}
		w.value(&entry{value: root}, 0, -1)
		return
	}
	if root.anchor != "" {
		w.out.WriteString("&" + root.anchor)
		w.end("")
		w.fresh = true
	}
	w.collection(root, 0, false)
}

// collection writes the entries of n and what stands behind them. The first
// one goes on with the line where inline says so.
func (w *writer) collection(n *node, indent int, inline bool) {
	for i, e := range n.entries {
		if i > 0 || !inline {
			w.lines(w.above(e, indent), indent)
			w.pad(indent)
		}
		prefix := "-"
		if e.key != nil {
			prefix = name(e.key, place{key: true}) + ":"
		}
		w.out.WriteString(prefix)
		w.value(e, indent, indent+utf8.RuneCountInString(prefix))
	}
	w.lines(n.foot, indent)
}

// name returns a key as it stands in front of its colon.
func name(k *node, p place) string {
	text := k.scalar(p)
	if k.kind == kindAlias {
		text = "*" + k.text + " "
	}
	if k.anchor != "" {
		return "&" + k.anchor + " " + text
	}
	return text
}

// above returns the lines in front of an entry. A list item goes on with the
// first entry of its collection on the same line, so what stands in front of
// that one comes first.
func (w *writer) above(e *entry, indent int) []string {
	v := e.value
	if e.key != nil || !v.isCollection() || v.anchor != "" || w.fits(v, e, indent+1) {
		return e.head
	}
	lines := slices.Clone(e.head)
	if e.tail != "" {
		lines = append(lines, e.tail)
	}
	first := w.above(v.entries[0], indent+2)
	for len(first) > 0 && first[0] == "" {
		first = first[1:]
	}
	return append(lines, first...)
}

// fits tells whether a collection stands on one line behind col columns.
func (w *writer) fits(v *node, e *entry, col int) bool {
	if !v.flow || v.noted {
		return v.kind < kindList || len(v.entries) == 0
	}
	return col+1+utf8.RuneCountInString(v.line(e.tail)) <= MaxWidth
}

// value writes what stands behind a key or dash that ends at col, and the
// entry's line break. indent is that of the entry.
func (w *writer) value(e *entry, indent, col int) {
	v := e.value
	switch {
	case v.isCollection() && !w.fits(v, e, col):
		w.open(e, indent)
		return
	case v.kind == kindScalar && (v.style == styleLiteral || v.style == styleFolded):
		w.block(e, indent, col)
		return
	}
	text := v.line(e.tail)
	if lines := v.folds(e.tail); lines != nil && !v.joins(col+1+utf8.RuneCountInString(text)) {
		if v.anchor != "" {
			lines[0] = "&" + v.anchor + " " + lines[0]
		}
		for i, line := range lines {
			if i > 0 {
				w.out.WriteByte('\n')
				if line != "" {
					w.pad(indent + 2)
				}
			} else if col >= 0 {
				w.out.WriteByte(' ')
			}
			w.out.WriteString(line)
		}
		w.end(e.tail)
		return
	}
	if text != "" && col >= 0 {
		w.out.WriteByte(' ')
	}
	w.out.WriteString(text)
	w.end(e.tail)
}

// joins tells whether a scalar that was written over several lines becomes
// one line, which ends at col.
func (n *node) joins(col int) bool {
	return col <= MaxWidth && !strings.Contains(n.text, "\n") && (n.style != styleDouble || !escapedFold(n.raw))
}

// escapedFold is escaped for a scalar of several lines, in which a backslash
// at the end of one says that the text goes on.
func escapedFold(raw string) bool { return escaped(strings.ReplaceAll(raw, "\\\n", "\n")) }

// open writes a collection over several lines.
func (w *writer) open(e *entry, indent int) {
	v := e.value
	if e.key == nil && v.anchor == "" {
		w.out.WriteByte(' ')
		w.collection(v, indent+2, true)
		return
	}
	if v.anchor != "" {
		w.out.WriteString(" &" + v.anchor)
	}
	w.end(e.tail)
	w.fresh = true
	w.collection(v, indent+2, false)
}

// block writes a literal or folded scalar.
func (w *writer) block(e *entry, indent, col int) {
	v := e.value
	header, blanks := v.header()
	if v.text == "" {
		header = `""`
	}
	if v.anchor != "" {
		header = "&" + v.anchor + " " + header
	}
	if col >= 0 {
		w.out.WriteByte(' ')
	}
	w.out.WriteString(header)
	w.end(e.tail)
	for _, line := range v.body {
		if line != "" {
			w.pad(indent + 2)
		}
		w.out.WriteString(line)
		w.end("")
	}
	for range blanks {
		w.out.WriteByte('\n')
	}
	w.kept = blanks > 0
}

// line returns the whole of n on one line.
func (n *node) line(tail string) string {
	if n.flat == "" {
		n.flat = n.inline(place{tail: tail})
		if n.anchor != "" {
			n.flat = strings.TrimRight("&"+n.anchor+" "+n.flat, " ")
		}
	}
	return n.flat
}

func (n *node) inline(p place) string {
	var parts []string
	switch n.kind {
	case kindAlias:
		return "*" + n.text
	case kindScalar:
		return n.scalar(p)
	case kindList:
		for _, e := range n.entries {
			parts = append(parts, e.value.inFlow())
		}
		return "[" + strings.Join(parts, ", ") + "]"
	default:
		for _, e := range n.entries {
			parts = append(parts, name(e.key, place{flow: true, key: true})+": "+e.value.inFlow())
		}
		if parts == nil {
			return "{}"
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	}
}

// inFlow returns n on one line as part of another collection in brackets.
func (n *node) inFlow() string {
	text := n.inline(place{flow: true})
	if n.anchor != "" {
		return "&" + n.anchor + " " + text
	}
	return text
}
