package screen

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// maxText is how many characters of a foreign text are shown.
const maxText = 400

// Clean makes a text from outside fit to be shown on one line: control
// characters do nothing, and it is not endless.
func Clean(s string) string {
	n := 0
	for i := range s {
		if n == maxText {
			s = s[:i] + "…"
			break
		}
		n++
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r < ' ' || r >= 0x7f && r < 0xa0:
			return '�'
		}
		return r
	}, s))
}

// JSON makes raw fit to stand behind a heading of the given width: on one line
// when it is short, else indented under the heading.
func JSON(raw json.RawMessage, heading int) string {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return Clean(string(raw))
	}
	if b.Len()+heading <= 80 {
		return b.String()
	}
	b.Reset()
	indent := strings.Repeat(" ", heading)
	if json.Indent(&b, raw, indent, "  ") != nil {
		return Clean(string(raw))
	}
	return b.String()
}

func width(s string) int { return ansi.StringWidth(s) }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
