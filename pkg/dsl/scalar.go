package dsl

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// A walk goes through the source of a scalar and its decoded text side by
// side. at, where it is kept, holds the source offset of each decoded byte
// and that of the end.
type walk struct {
	src  []byte
	off  int
	text string
	done int // decoded bytes so far
	at   []int
	keep bool
	ok   bool
}

// take says that the next n decoded bytes come from the source at off.
func (w *walk) take(off, n int) {
	if w.done+n > len(w.text) {
		w.ok = false
		return
	}
	if w.keep {
		for range n {
			w.at = append(w.at, off)
		}
	}
	w.done += n
}

// same takes one byte that stands in the source as it is decoded.
func (w *walk) same() {
	if w.done >= len(w.text) || w.text[w.done] != w.src[w.off] {
		w.ok = false
		return
	}
	w.take(w.off, 1)
	w.off++
}

// fold takes white space with at least one line break in it: one break is a
// space, further ones are breaks. It tells whether there was a break.
func (w *walk) fold() bool {
	i, breaks, first := w.off, 0, w.off
	for i < len(w.src) && strings.IndexByte(" \t\r\n", w.src[i]) >= 0 {
		if w.src[i] == '\n' {
			if breaks == 0 {
				first = i
			}
			breaks++
		}
		i++
	}
	if breaks == 0 {
		return false
	}
	w.take(first, max(breaks-1, 1))
	w.off = i
	return true
}

// scalarEnd returns the offset behind the scalar n, whose start and text are
// known.
func scalarEnd(src []byte, n *node) int {
	w := walkScalar(src, n, false)
	return w.off
}

// offsets returns the source offset of each byte of the text of n and that of
// its end; ok is false when they could not be told.
func offsets(src []byte, n *node) (at []int, ok bool) {
	w := walkScalar(src, n, true)
	if !w.ok || len(w.at) != len(n.text) {
		return nil, false
	}
	end := w.off
	if n.style == styleSingle || n.style == styleDouble || n.style == styleJSON {
		end-- // the quote
	}
	return append(w.at, end), true
}

func walkScalar(src []byte, n *node, keep bool) *walk {
	w := &walk{src: src, off: n.start, text: n.text, keep: keep, ok: true}
	if keep {
		w.at = make([]int, 0, len(n.text)+1)
	}
	switch n.style {
	case styleSingle:
		w.single()
	case styleDouble:
		w.double()
	case styleJSON:
		w.json()
	case styleLiteral, styleFolded:
		w.block(n.style == styleFolded)
	default:
		w.plain()
	}
	return w
}

func (w *walk) plain() {
	for w.ok && w.done < len(w.text) && w.off < len(w.src) {
		c := w.src[w.off]
		if (c == ' ' || c == '\t' || c == '\r' || c == '\n') && w.fold() {
			continue
		}
		w.same()
	}
}

func (w *walk) single() {
	w.off++ // the quote
	for w.ok && w.off < len(w.src) {
		c := w.src[w.off]
		switch {
		case c == '\'' && w.off+1 < len(w.src) && w.src[w.off+1] == '\'':
			w.take(w.off, 1)
			w.off += 2
		case c == '\'':
			w.off++
			return
		case (c == ' ' || c == '\t' || c == '\r' || c == '\n') && w.fold():
		default:
			w.same()
		}
	}
}

func (w *walk) double() {
	w.off++
	for w.ok && w.off < len(w.src) {
		c := w.src[w.off]
		switch {
		case c == '"':
			w.off++
			return
		case c == '\\':
			w.escape()
		case (c == ' ' || c == '\t' || c == '\r' || c == '\n') && w.fold():
		default:
			w.same()
		}
	}
}

// escape takes an escape sequence of a double-quoted YAML scalar.
func (w *walk) escape() {
	off := w.off
	if off+1 >= len(w.src) {
		w.ok = false
		return
	}
	c := w.src[off+1]
	switch c {
	case '\n', '\r': // the line goes on
		w.off += 2
		for w.off < len(w.src) && strings.IndexByte(" \t\r\n", w.src[w.off]) >= 0 {
			w.off++
		}
	case 'x', 'u', 'U':
		digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
		w.off += 2 + digits
		if w.off > len(w.src) {
			w.ok = false
			return
		}
		r, err := strconv.ParseUint(string(w.src[off+2:w.off]), 16, 32)
		w.ok = err == nil
		w.take(off, utf8.RuneLen(rune(r)))
	case 'N', '_': // U+0085, U+00A0
		w.off += 2
		w.take(off, 2)
	case 'L', 'P': // U+2028, U+2029
		w.off += 2
		w.take(off, 3)
	default:
		w.off += 2
		w.take(off, 1)
	}
}

// json takes a JSON string, or any other literal as it stands.
func (w *walk) json() {
	if w.src[w.off] != '"' {
		w.off += len(w.text)
		w.take(w.off-len(w.text), len(w.text))
		return
	}
	w.off++
	for w.ok && w.off < len(w.src) {
		switch w.src[w.off] {
		case '"':
			w.off++
			return
		case '\\':
			w.jsonEscape()
		default:
			w.same()
		}
	}
}

func (w *walk) jsonEscape() {
	off := w.off
	if off+1 < len(w.src) && w.src[off+1] != 'u' {
		w.off += 2
		w.take(off, 1)
		return
	}
	r, _ := utf8.DecodeRuneInString(w.text[min(w.done, len(w.text)):])
	w.off += 6
	if r > 0xffff { // a surrogate pair
		w.off += 6
	}
	w.off = min(w.off, len(w.src))
	w.take(off, utf8.RuneLen(r))
}

// block takes the lines of a literal or folded scalar.
func (w *walk) block(folded bool) {
	w.off = nextLine(w.src, w.off) // the header
	indent := w.blockIndent()
	for w.ok && w.off < len(w.src) && w.done < len(w.text) {
		for i := 0; i < indent && w.off < len(w.src) && w.src[w.off] == ' '; i++ {
			w.off++
		}
		for w.ok && w.off < len(w.src) && w.done < len(w.text) && w.src[w.off] != '\n' && w.src[w.off] != '\r' {
			w.same()
		}
		if w.done >= len(w.text) {
			return
		}
		w.breakLine(folded)
	}
}

// breakLine takes the end of a line of a block scalar. Folded, a single break
// is a space and of several the first vanishes; breaks around deeper lines
// stay as they are. The text says which it was.
func (w *walk) breakLine(folded bool) {
	off := w.off
	w.off = nextLine(w.src, w.off)
	if !folded {
		w.ok = w.text[w.done] == '\n'
		w.take(off, 1)
		return
	}
	if w.text[w.done] == ' ' {
		w.take(off, 1)
		return
	}
	w.ok = w.text[w.done] == '\n'
	for w.ok && w.done < len(w.text) && w.text[w.done] == '\n' {
		w.take(off, 1)
		if end := nextLine(w.src, w.off); blank(w.src[w.off:end]) {
			off, w.off = w.off, end
		}
	}
}

// blockIndent returns the indentation that is not part of the text: the first
// line that is not blank has it before what is decoded.
func (w *walk) blockIndent() int {
	decoded := 0
	for _, line := range strings.Split(w.text, "\n") {
		if trimmed := strings.TrimLeft(line, " "); trimmed != "" {
			decoded = len(line) - len(trimmed)
			break
		}
	}
	for off := w.off; off < len(w.src); {
		end := nextLine(w.src, off)
		if line := w.src[off:end]; !blank(line) {
			n := 0
			for line[n] == ' ' {
				n++
			}
			return max(n-decoded, 0)
		}
		off = end
	}
	return 0
}

func blank(line []byte) bool {
	return strings.Trim(string(line), " \t\r\n") == ""
}

// nextLine returns the offset of the line behind the one that holds off.
func nextLine(src []byte, off int) int {
	for off < len(src) {
		if src[off] == '\n' {
			return off + 1
		}
		off++
	}
	return off
}
