package layout

import (
	"slices"
	"strings"
)

// comment is one comment of a file.
type comment struct {
	start int
	text  string
	own   bool // nothing stands before it on its line
}

// yamlComments finds the comments of a text: what starts with # outside of
// the leaves.
func yamlComments(src *source, leaves []extent) []comment {
	slices.SortFunc(leaves, func(a, b extent) int { return a.start - b.start })
	var out []comment
	for off := 0; off < len(src.text); off++ {
		for len(leaves) > 0 && leaves[0].end <= off {
			leaves = leaves[1:]
		}
		if len(leaves) > 0 && leaves[0].start <= off {
			off = leaves[0].end - 1
			continue
		}
		if src.text[off] == '#' && src.opens(off) {
			end := src.lineEnd(off)
			out = append(out, comment{start: off, own: src.leads(off), text: strings.TrimRight(string(src.text[off:end]), " \t")})
			off = end
		}
	}
	return out
}

// attach gives each comment to the entry that it stands at, and marks which
// entries have a blank line above.
func (d *document) attach() {
	for _, c := range d.comments {
		d.give(c)
	}
	d.spaces(d.root)
	if len(d.root.entries) == 0 || d.root.bracket {
		return
	}
	// What stands above the first key of a file is about the file, except for
	// what a blank line divides from the rest.
	first := d.root.entries[0]
	cut := len(first.head)
	for i := cut - 2; i > 0 && first.head[cut-1] != ""; i-- {
		if first.head[i] == "" {
			cut = i + 1
		}
	}
	d.head, first.head = append(d.head, first.head[:cut]...), first.head[cut:]
}

func (d *document) give(c comment) {
	root := d.root
	switch {
	case root.bracket || root.kind < kindList:
		if c.start < root.start {
			d.head = append(d.head, d.lead(c)...)
			return
		}
		if c.start >= root.end || !root.isCollection() {
			d.foot = append(d.foot, d.lead(c)...)
			return
		}
	case c.start < root.entries[0].start:
		root.entries[0].head = append(root.entries[0].head, d.lead(c)...)
		return
	}
	if c.own {
		d.above(root, c)
	} else {
		d.behind(root, c)
	}
}

// lead returns the lines of a comment on its own line.
func (d *document) lead(c comment) []string {
	if c.own && d.src.gap(c.start) {
		return []string{"", c.text}
	}
	return []string{c.text}
}

// before returns the last entry of n that starts before off, -1 for none.
func (n *node) before(off int) int {
	i, _ := slices.BinarySearchFunc(n.entries, off, func(e *entry, off int) int { return e.start - off })
	return i - 1
}

// above gives a comment on a line of its own to what follows, or to the end
// of the collection that its indentation belongs to.
func (d *document) above(n *node, c comment) {
	lines := d.lead(c)
	for {
		i := n.before(c.start)
		if i < 0 {
			n.entries[0].head = append(n.entries[0].head, lines...)
			return
		}
		e := n.entries[i]
		v := e.value
		switch {
		case v.isCollection() && d.inside(n, v, c):
			n = v
		case c.start < v.end || c.start < v.start:
			e.head = append(e.head, lines...) // between a key and its value, or in empty brackets
			return
		case i+1 < len(n.entries):
			next := n.entries[i+1]
			next.head = append(next.head, lines...)
			return
		default:
			n.foot = append(n.foot, lines...)
			return
		}
	}
}

// inside tells whether a comment on a line of its own belongs into the
// collection v of n: it stands between its ends, or behind a block collection
// and is indented as part of it.
func (d *document) inside(n, v *node, c comment) bool {
	if v.flow || v.bracket {
		return c.start >= v.start && c.start < v.end
	}
	col := d.src.column(c.start)
	return c.start < v.end || col > v.col || col == v.col && v.col > n.col
}

// behind gives a comment to the entry on whose line it stands.
func (d *document) behind(n *node, c comment) {
	for {
		i := n.before(c.start)
		if i < 0 { // behind an opening bracket
			n.entries[0].head = append(n.entries[0].head, c.text)
			return
		}
		e := n.entries[i]
		v := e.value
		switch {
		case v.isCollection() && c.start >= d.opening(v) && (c.start < v.end || !v.flow && !v.bracket):
			n = v
			continue
		case c.start < v.start && !v.isCollection(), c.start < v.end && v.kind >= kindList && !v.isCollection(), e.tail != "":
			e.head = append(e.head, c.text)
		default:
			e.tail = c.text
			v.direct = v.style == stylePlain && v.kind == kindScalar && d.follows(v, c)
		}
		return
	}
}

// opening returns the offset from which on a comment belongs to what is in a
// collection. What follows a bracket in YAML goes behind the key, because the
// bracket goes away.
func (d *document) opening(v *node) int {
	if d.json {
		return v.start
	}
	return v.entries[0].start
}

// follows tells whether only white space stands between a scalar and a
// comment.
func (d *document) follows(v *node, c comment) bool {
	return v.end <= c.start && blank(d.src.text[v.end:c.start])
}

// spaces marks the entries that have a blank line above: their head ends with
// an empty line.
func (d *document) spaces(n *node) {
	for _, e := range n.entries {
		if d.src.leads(e.start) && d.src.gap(e.start) {
			e.head = append(e.head, "")
		}
		d.spaces(e.value)
	}
}
