package layout

import (
	"bytes"
	"slices"
	"strings"
)

// kind is what a node is.
type kind uint8

const (
	kindScalar kind = iota
	kindAlias
	kindList
	kindMap
)

// style is how a scalar is written.
type style uint8

const (
	stylePlain style = iota
	styleSingle
	styleDouble
	styleLiteral
	styleFolded
	styleJSON // as it stands in a JSON file
)

// node is one value as it is written.
type node struct {
	kind    kind
	style   style
	flow    bool   // a collection that may stand on one line
	bracket bool   // a collection that has brackets of its own
	other   bool   // a scalar that is no text: a number, a boolean or null
	direct  bool   // a plain scalar with a comment right behind it
	anchor  string // without its &
	text    string // decoded; of an alias its name
	raw     string // of a scalar, as it stands in the source
	body    []string
	start   int // of the value itself, behind its anchor
	end     int
	col     int // of the entries of a block collection
	entries []*entry
	foot    []string // lines behind the last entry
	noted   bool     // there are comments inside
	flat    string   // on one line, once it was asked for
}

// entry is a member of a mapping or an item of a list. Lines are comments as
// they stand, or empty.
type entry struct {
	key   *node // nil in a list
	value *node
	start int
	head  []string // lines in front of it
	tail  string   // the comment on its line
}

// document is a whole file.
type document struct {
	src      *source
	json     bool
	head     []string // what stands at the top, whatever comes first
	root     *node
	foot     []string
	comments []comment
}

// read builds the document of a file that dsl.Read has accepted.
func read(file string, text []byte) (*document, error) {
	src := newSource(text)
	d := &document{src: src}
	var err error
	if d.json = isJSON(file, src.text); d.json {
		d.root, err = readJSON(src)
		d.comments = jsonComments(src)
	} else {
		b := &builder{src: src}
		d.root, err = b.read()
		d.comments = yamlComments(src, b.leaves)
	}
	if err != nil {
		return nil, err
	}
	d.attach()
	d.root.note()
	return d, nil
}

// words returns the comments of the document, sorted.
func (d *document) words() []string {
	out := make([]string, len(d.comments))
	for i, c := range d.comments {
		out[i] = strings.Join(strings.Fields(c.text), " ")
	}
	slices.Sort(out)
	return out
}

// write returns the document in the standard form.
func (d *document) write() []byte {
	w := &writer{fresh: true}
	w.lines(d.head, 0)
	if d.json {
		w.jsonDocument(d.root)
	} else {
		w.document(d.root)
	}
	w.lines(d.foot, 0)
	return w.out.Bytes()
}

// note finds out which collections have comments inside.
func (n *node) note() bool {
	n.noted = len(n.foot) > 0
	for _, e := range n.entries {
		inside := e.value.note()
		n.noted = n.noted || inside || e.tail != "" || slices.ContainsFunc(e.head, func(s string) bool { return s != "" })
	}
	return n.noted
}

// isCollection tells whether n has entries to write.
func (n *node) isCollection() bool { return n.kind >= kindList && len(n.entries) > 0 }

// source is a text with its lines. Line breaks are LF.
type source struct {
	text   []byte
	starts []int
	blocks []extent // the lines of block scalars, in order

	lastLine, lastCol, lastOff int // of the last place looked up
}

func newSource(text []byte) *source {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	s := &source{text: text, starts: []int{0}}
	for i, c := range text {
		if c == '\n' {
			s.starts = append(s.starts, i+1)
		}
	}
	return s
}

// offset returns the offset of a line and column, both from 1, the column in
// characters.
func (s *source) offset(line, col int) int {
	if line < 1 || line > len(s.starts) {
		return len(s.text)
	}
	c, off := 1, s.starts[line-1]
	if s.lastLine == line && s.lastCol <= col {
		c, off = s.lastCol, s.lastOff
	}
	for ; c < col && off < len(s.text) && s.text[off] != '\n'; c++ {
		for off++; off < len(s.text) && s.text[off]&0xc0 == 0x80; {
			off++
		}
	}
	s.lastLine, s.lastCol, s.lastOff = line, c, off
	return off
}

// line returns the number, from 0, of the line that holds an offset.
func (s *source) line(off int) int {
	i, found := slices.BinarySearch(s.starts, off)
	if !found {
		i--
	}
	return i
}

// column returns how far an offset is into its line, in bytes.
func (s *source) column(off int) int { return off - s.starts[s.line(off)] }

// lineEnd returns the offset of the break that ends the line of an offset.
func (s *source) lineEnd(off int) int {
	if i := bytes.IndexByte(s.text[off:], '\n'); i >= 0 {
		return off + i
	}
	return len(s.text)
}

// leads tells whether nothing but white space stands before an offset on its
// line.
func (s *source) leads(off int) bool {
	return blank(s.text[s.starts[s.line(off)]:off])
}

// gap tells whether the line above that of an offset is blank, and not one of
// a block scalar.
func (s *source) gap(off int) bool {
	n := s.line(off)
	if n == 0 || !blank(s.text[s.starts[n-1]:s.starts[n]]) {
		return false
	}
	above := s.starts[n-1]
	i, _ := slices.BinarySearchFunc(s.blocks, above+1, func(b extent, off int) int { return b.start - off })
	return i == 0 || above >= s.blocks[i-1].end
}

func blank(b []byte) bool { return len(bytes.TrimLeft(b, " \t\n")) == 0 }
