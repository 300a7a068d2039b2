package layout

import "strings"

// block reads the lines of a literal or folded scalar, without the
// indentation that is not part of the text. parent is the column of the
// collection around it.
func (b *builder) block(n *node, parent int) {
	src := b.src
	header := string(src.text[n.start:src.lineEnd(n.start)])
	first := min(src.lineEnd(n.start)+1, len(src.text))
	indent := 0
	for _, c := range []byte(header)[1:] {
		if c >= '1' && c <= '9' {
			indent = max(parent, 0) + int(c-'0')
		} else if c != '+' && c != '-' {
			break
		}
	}
	if indent == 0 {
		indent = b.contentIndent(first, parent)
	}
	end := first
	for off := first; off < len(src.text); off = src.lineEnd(off) + 1 {
		line := string(src.text[off:src.lineEnd(off)])
		spaces := len(line) - len(strings.TrimLeft(line, " "))
		if spaces < len(line) && spaces < indent {
			break
		}
		if len(line) <= indent {
			n.body = append(n.body, "")
			continue
		}
		n.body = append(n.body, line[indent:])
		end = min(src.lineEnd(off)+1, len(src.text))
	}
	for len(n.body) > 0 && n.body[len(n.body)-1] == "" {
		n.body = n.body[:len(n.body)-1]
	}
	n.end = max(end, src.lineEnd(n.start))
	lines := extent{first, max(end, first)}
	b.leaves = append(b.leaves, lines)
	src.blocks = append(src.blocks, lines)
}

// contentIndent returns the indentation of the first line with text in it;
// one that no line has where there is none.
func (b *builder) contentIndent(off, parent int) int {
	src := b.src
	for ; off < len(src.text); off = src.lineEnd(off) + 1 {
		line := string(src.text[off:src.lineEnd(off)])
		text := strings.TrimLeft(line, " ")
		if text == "" {
			continue
		}
		if n := len(line) - len(text); n > parent {
			return n
		}
		break
	}
	return len(src.text) + 1
}

// header returns the first line of a block scalar and the number of blank
// lines that belong to its end. What is left out at the end is told by the
// text, not by how the author wrote it.
func (n *node) header() (line string, blanks int) {
	line = "|"
	if n.style == styleFolded {
		line = ">"
	}
	for _, s := range n.body {
		if s != "" {
			if s[0] == ' ' || s[0] == '\t' {
				line += "2"
			}
			break
		}
	}
	ends := len(n.text) - len(strings.TrimRight(n.text, "\n"))
	switch {
	case ends == 0:
		return line + "-", 0
	case len(n.body) == 0:
		return line + "+", ends
	case ends == 1:
		return line, 0
	}
	return line + "+", ends - 1
}
