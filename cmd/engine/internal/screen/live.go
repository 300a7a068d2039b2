package screen

import (
	"fmt"
	"io"
	"strings"
)

// Live draws a block of lines again and again at the same place of a
// terminal. It is not safe for concurrent use.
type Live struct {
	w     io.Writer
	drawn int // lines on the screen that the next drawing replaces
	begun bool
}

// NewLive returns a Live that draws to the terminal w.
func NewLive(w io.Writer) *Live { return &Live{w: w} }

// Draw replaces what was drawn before. No line may be wider than the
// terminal. The whole change is one write, so that nothing flickers.
func (l *Live) Draw(lines []string) {
	var b strings.Builder
	b.WriteString("\x1b[?2026h") // as one change, where the terminal knows it
	if !l.begun {
		b.WriteString("\x1b[?25l")
		l.begun = true
	}
	if l.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", l.drawn)
	}
	for _, s := range lines {
		b.WriteString("\r" + s + "\x1b[K\r\n")
	}
	b.WriteString("\x1b[J\x1b[?2026l")
	_, _ = io.WriteString(l.w, b.String()) // nobody can be told if the terminal is gone
	l.drawn = len(lines)
}

// Done leaves what is drawn where it is and gives the cursor back.
func (l *Live) Done() {
	if l.begun {
		_, _ = io.WriteString(l.w, "\x1b[?25h") // as above
	}
	l.drawn, l.begun = 0, false
}
