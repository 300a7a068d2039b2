package dsl

import (
	"bytes"
	"sort"
	"unicode/utf8"

	"github.com/keelstep/keelstep/pkg/diag"
)

// lines finds places in one source text.
type lines struct {
	file   string
	src    []byte
	starts []int  // offset of the first byte of each line
	ascii  []bool // of each line

	// The last place looked up by column, so that a walk in document order
	// over one long line stays linear.
	lastLine, lastCol, lastOff int
	// The same for the other way round.
	posLine, posCol, posOff int
}

func newLines(file string, src []byte) *lines {
	l := &lines{file: file, src: src, starts: []int{0}}
	if bytes.HasPrefix(src, bom) {
		l.starts[0] = len(bom)
	}
	ascii := true
	for i := l.starts[0]; i < len(src); i++ {
		switch c := src[i]; {
		case c == '\n' || c == '\r' && (i+1 == len(src) || src[i+1] != '\n'):
			l.starts = append(l.starts, i+1)
			l.ascii = append(l.ascii, ascii)
			ascii = true
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	l.ascii = append(l.ascii, ascii)
	return l
}

var bom = []byte("\ufeff")

// offset returns the byte offset of a line and column, both from 1, the
// column in characters. Places beyond the text are clamped to it.
func (l *lines) offset(line, col int) int {
	if line < 1 {
		return 0
	}
	if line > len(l.starts) {
		return len(l.src)
	}
	end := l.lineEnd(line)
	start := l.starts[line-1]
	if l.ascii[line-1] {
		return min(start+max(col-1, 0), end)
	}
	c, off := 1, start
	if l.lastLine == line && l.lastCol <= col {
		c, off = l.lastCol, l.lastOff
	}
	for c < col && off < end {
		_, size := utf8.DecodeRune(l.src[off:])
		off += size
		c++
	}
	l.lastLine, l.lastCol, l.lastOff = line, c, off
	return off
}

// lineEnd returns the offset behind the last byte of a line, its break left
// out.
func (l *lines) lineEnd(line int) int {
	end := len(l.src)
	if line < len(l.starts) {
		end = l.starts[line]
	}
	for end > l.starts[line-1] && (l.src[end-1] == '\n' || l.src[end-1] == '\r') {
		end--
	}
	return end
}

// lineOf returns the line, from 1, that holds an offset.
func (l *lines) lineOf(off int) int {
	return max(sort.SearchInts(l.starts, off+1), 1)
}

// pos returns the place of an offset.
func (l *lines) pos(off int) diag.Pos {
	off = min(max(off, 0), len(l.src))
	line := l.lineOf(off)
	start := l.starts[line-1]
	col := max(off-start, 0) + 1
	if !l.ascii[line-1] && off > start {
		from, before := start, 0
		if l.posLine == line && l.posOff <= off {
			from, before = l.posOff, l.posCol-1
		}
		col = before + utf8.RuneCount(l.src[from:off]) + 1
		l.posLine, l.posCol, l.posOff = line, col, off
	}
	return diag.Pos{Line: line, Col: col, Offset: off}
}

// span returns the span of two offsets. An empty one is widened to a
// character where the text has one.
func (l *lines) span(start, end int) diag.Span {
	start = min(max(start, 0), len(l.src))
	end = min(max(end, start), len(l.src))
	if start == end {
		start, end = l.widen(start)
	}
	return diag.Span{File: l.file, Start: l.pos(start), End: l.pos(end)}
}

func (l *lines) widen(off int) (start, end int) {
	at := func(i int) bool { return i >= 0 && i < len(l.src) && l.src[i] != '\n' && l.src[i] != '\r' }
	if at(off) {
		_, size := utf8.DecodeRune(l.src[off:])
		return off, off + size
	}
	for i := off; i > 0; i-- { // the last character before it
		if at(i - 1) {
			_, size := utf8.DecodeLastRune(l.src[:i])
			return i - size, i
		}
	}
	return off, min(off+1, len(l.src))
}
