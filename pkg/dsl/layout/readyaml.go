package layout

import (
	"fmt"
	"regexp"
	"strings"

	yaml "go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// maxLoaderDepth is far above what dsl.Read accepts.
const maxLoaderDepth = 1000

// builder turns the nodes of the YAML loader into ours, which know where they
// end.
type builder struct {
	src    *source
	leaves []extent // the texts in which # is no comment, in order
}

// extent is a stretch of the source.
type extent struct{ start, end int }

func (b *builder) read() (*node, error) {
	var doc yaml.Node
	err := yaml.Load(b.src.text, &doc, yaml.WithUniqueKeys(false),
		yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxLoaderDepth), loaderlimits.AliasNone())))
	if err != nil {
		return nil, fmt.Errorf("read as YAML: %w", err)
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return nil, ErrUnsafe
	}
	return b.value(doc.Content[0], -1, 0), nil
}

// value builds the node of y. parent is the column of the block collection
// around it, -1 for none; after is where an empty value stands.
func (b *builder) value(y *yaml.Node, parent, after int) *node {
	off := b.src.offset(y.Line, y.Column)
	n := &node{anchor: y.Anchor, text: y.Value}
	switch {
	case y.Kind == yaml.AliasNode:
		n.kind, n.start, n.end = kindAlias, off, off+1+len(y.Value)
		return n
	case y.Kind == yaml.ScalarNode && y.Value == "" && plain(y):
		n.other, n.start, n.end = true, after, after
		if y.Anchor != "" {
			n.start, n.end = off, off+1+len(y.Anchor)
		}
		return n
	case y.Anchor != "":
		off = b.src.skip(off+1+len(y.Anchor), "")
	}
	n.start, n.end = off, off
	switch y.Kind {
	case yaml.ScalarNode:
		b.scalar(n, y, parent)
	case yaml.SequenceNode:
		n.kind = kindList
		b.list(n, y)
	default:
		n.kind = kindMap
		b.mapping(n, y)
	}
	return n
}

func plain(y *yaml.Node) bool {
	return y.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
}

var number = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

func (b *builder) scalar(n *node, y *yaml.Node, parent int) {
	src := b.src.text
	switch {
	case y.Style&yaml.DoubleQuotedStyle != 0:
		n.style = styleDouble
		n.end = quotedEnd(src, n.start, '"')
	case y.Style&yaml.SingleQuotedStyle != 0:
		n.style = styleSingle
		n.end = quotedEnd(src, n.start, '\'')
	case y.Style&yaml.LiteralStyle != 0:
		n.style = styleLiteral
		b.block(n, parent)
		return
	case y.Style&yaml.FoldedStyle != 0:
		n.style = styleFolded
		b.block(n, parent)
		return
	default:
		n.end = plainEnd(src, n.start, n.text)
		n.other = y.Tag == "!!null" || y.Tag == "!!bool" || number.MatchString(n.text)
	}
	n.raw = string(src[n.start:n.end])
	b.leaves = append(b.leaves, extent{n.start, n.end})
}

// quotedEnd returns the offset behind the quote that closes the one at off.
func quotedEnd(src []byte, off int, quote byte) int {
	for i := off + 1; i < len(src); i++ {
		switch {
		case src[i] == '\\' && quote == '"':
			i++
		case src[i] != quote:
		case quote == '\'' && i+1 < len(src) && src[i+1] == quote:
			i++
		default:
			return i + 1
		}
	}
	return len(src)
}

// plainEnd returns the offset behind a plain scalar: its text stands in the
// source as it is, but for white space.
func plainEnd(src []byte, off int, text string) int {
	for i := 0; i < len(text) && off < len(src); i++ {
		if text[i] == ' ' || text[i] == '\t' || text[i] == '\n' {
			continue
		}
		for off < len(src) && (src[off] == ' ' || src[off] == '\t' || src[off] == '\n') {
			off++
		}
		off++
	}
	return min(off, len(src))
}

func (b *builder) list(n *node, y *yaml.Node) {
	n.flow = y.Style&yaml.FlowStyle != 0
	n.bracket = n.flow
	n.col = b.src.column(n.start)
	last, between := n.start, ""
	if n.bracket {
		last, between = n.start+1, ","
	}
	for _, c := range y.Content {
		e := &entry{start: b.src.skip(last, between)}
		after := e.start
		if !n.bracket {
			after++
		}
		e.value = b.value(c, n.col, after)
		last = max(last, after, e.value.end)
		n.entries = append(n.entries, e)
	}
	b.close(n, last)
}

func (b *builder) mapping(n *node, y *yaml.Node) {
	n.flow = y.Style&yaml.FlowStyle != 0
	n.bracket = n.flow && n.start < len(b.src.text) && b.src.text[n.start] == '{'
	n.col = b.src.column(n.start)
	last, between := n.start, ""
	if n.bracket {
		last, between = n.start+1, ","
	}
	for i := 0; i+1 < len(y.Content); i += 2 {
		e := &entry{start: b.src.skip(last, between)}
		e.key = b.value(y.Content[i], n.col, e.start)
		e.key.other = false // keys are texts
		after := e.key.end
		if colon := b.src.skip(after, ""); colon < len(b.src.text) && b.src.text[colon] == ':' {
			after = colon + 1
		}
		e.value = b.value(y.Content[i+1], n.col, after)
		last = max(last, after, e.value.end)
		n.entries = append(n.entries, e)
	}
	b.close(n, last)
}

// close finds the end of a collection whose last entry ends at last.
func (b *builder) close(n *node, last int) {
	n.end = last
	if n.bracket {
		n.end = min(b.src.skip(last, ",")+1, len(b.src.text))
	}
}

// skip returns the offset of the first byte from off on that is neither white
// space, nor in a comment, nor one of extra.
func (s *source) skip(off int, extra string) int {
	for off < len(s.text) {
		c := s.text[off]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || strings.IndexByte(extra, c) >= 0:
			off++
		case c == '#' && s.opens(off):
			off = s.lineEnd(off)
		default:
			return off
		}
	}
	return off
}

// opens tells whether a # at off starts a comment.
func (s *source) opens(off int) bool {
	return off == 0 || strings.IndexByte(" \t\n", s.text[off-1]) >= 0
}
