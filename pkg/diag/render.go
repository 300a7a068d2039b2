package diag

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sources gives the text of a file by the name that spans use; nil when it is
// not at hand, and then only the message lines are printed.
type Sources func(file string) []byte

// Source returns Sources of one file.
func Source(file string, src []byte) Sources {
	return func(name string) []byte {
		if name == file {
			return src
		}
		return nil
	}
}

// maxShown is the length in characters up to which a source line is shown
// whole; of a longer one the part around the caret is.
const maxShown = 160

// tabWidth is the number of columns that a tab in a source line is shown as.
const tabWidth = 4

// Style says how the parts of a finding are set off from each other, such as
// with the colours of a terminal. A part without a function stays as it is.
type Style struct {
	Message func(string) string // the message of an error
	Warning func(string) string // the message of a warning
	Quiet   func(string) string // codes and labels
	Caret   func(string) string // what marks the token
}

// Render writes the findings of l to w as people read them: place, message
// and code, the source line with carets under the token, then what else is
// involved and what to do. It returns the first error of w.
func Render(w io.Writer, l List, src Sources) error { return Style{}.Render(w, l, src) }

// Render is Render in this style.
func (st Style) Render(w io.Writer, l List, src Sources) error {
	var b bytes.Buffer
	for i, d := range l {
		if i > 0 {
			b.WriteByte('\n')
		}
		st.one(&b, d, src)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// in sets a text in a part's style.
func in(part func(string) string, text string) string {
	if part == nil || text == "" {
		return text
	}
	return part(text)
}

// Text returns what Render writes.
func Text(l List, src Sources) string {
	var b strings.Builder
	_ = Render(&b, l, src) // a strings.Builder does not fail
	return b.String()
}

func (st Style) one(b *bytes.Buffer, d Diagnostic, src Sources) {
	message := in(st.Message, printable(d.Message))
	if d.Severity == Warning {
		message = in(st.Warning, "warning: ") + printable(d.Message)
	}
	fmt.Fprintf(b, "%s%s %s\n", placeOf(d.Span), message, in(st.Quiet, "["+string(d.Code)+"]"))
	st.excerpt(b, d.Span, src)
	for _, r := range d.Related {
		fmt.Fprintf(b, "%s%s\n", placeOf(r.Span), printable(r.Message))
		st.excerpt(b, r.Span, src)
	}
	if d.Hint != "" {
		fmt.Fprintf(b, "%s %s\n", in(st.Quiet, "hint:"), printable(d.Hint))
	}
}

// placeOf returns where a span starts, as it stands in front of a message.
func placeOf(s Span) string {
	at := fmt.Sprintf("%d:%d: ", s.Start.Line, s.Start.Col)
	if s.File != "" {
		at = printable(s.File) + ":" + at
	}
	return at
}

// excerpt writes the line in which s starts and carets under s, as far as it
// goes on that line.
func (st Style) excerpt(b *bytes.Buffer, s Span, src Sources) {
	if src == nil {
		return
	}
	text := src(s.File)
	if text == nil || s.Start.Offset < 0 || s.Start.Offset > len(text) {
		return
	}
	from, to := lineAround(text, s.Start.Offset, max(s.End.Offset, s.Start.Offset))
	end := min(max(s.End.Offset, s.Start.Offset), to)
	before, token, after := text[from:s.Start.Offset], text[s.Start.Offset:end], text[end:to]
	if from == 0 {
		before = bytes.TrimPrefix(before, []byte("\ufeff"))
	}
	before, token, after = clip(before, token, after)
	left, indent := shown(before)
	mid, run := shown(token)
	right, _ := shown(after)
	fmt.Fprintf(b, "%s\n", strings.TrimRight("    "+left+mid+right, " "))
	fmt.Fprintf(b, "    %s%s\n", strings.Repeat(" ", indent), in(st.Caret, strings.Repeat("^", max(run, 1))))
}

// lineAround returns the part of a line around a stretch of it that can be
// shown: of a longer line, more than that is never looked at.
func lineAround(text []byte, off, end int) (from, to int) {
	const most = 2 * maxShown * utf8.UTFMax
	from, to = max(off-most, 0), min(off+most, len(text))
	if end > off && end < to {
		to = min(end+most, len(text))
	}
	if i := bytes.LastIndexAny(text[from:off], "\n\r"); i >= 0 {
		from += i + 1
	}
	for from > 0 && from < off && !utf8.RuneStart(text[from]) {
		from++
	}
	if i := bytes.IndexAny(text[off:to], "\n\r"); i >= 0 {
		return from, off + i
	}
	for to < len(text) && to > off && !utf8.RuneStart(text[to]) {
		to--
	}
	return from, to
}

// clip shortens the parts of a long line around the token.
func clip(before, token, after []byte) (b, t, a []byte) {
	if utf8.RuneCount(before)+utf8.RuneCount(token)+utf8.RuneCount(after) <= maxShown {
		return before, token, after
	}
	const dots = "..."
	if n := utf8.RuneCount(before); n > maxShown/2 {
		before = append([]byte(dots), skipRunes(before, n-maxShown/2+len(dots))...)
	}
	if utf8.RuneCount(token) > maxShown/2 {
		token = firstRunes(token, maxShown/2)
		after = []byte(dots)
	}
	room := max(maxShown-utf8.RuneCount(before)-utf8.RuneCount(token), 0)
	if utf8.RuneCount(after) > room {
		after = append(bytes.Clone(firstRunes(after, max(room-len(dots), 0))), dots...)
	}
	return before, token, after
}

func skipRunes(b []byte, n int) []byte {
	return b[len(firstRunes(b, n)):]
}

func firstRunes(b []byte, n int) []byte {
	off := 0
	for range n {
		if off >= len(b) {
			break
		}
		_, size := utf8.DecodeRune(b[off:])
		off += size
	}
	return b[:off]
}

// shown returns b as it is printed and the number of columns it takes.
func shown(b []byte) (text string, width int) {
	var out strings.Builder
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		b = b[size:]
		switch {
		case r == '\t':
			out.WriteString(strings.Repeat(" ", tabWidth))
			width += tabWidth
		case hidden(r):
			out.WriteRune(utf8.RuneError)
			width++
		default:
			out.WriteRune(r)
			width += runeWidth(r)
		}
	}
	return out.String(), width
}

// printable replaces what would break a line or steer a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case hidden(r):
			return utf8.RuneError
		}
		return r
	}, s)
}

// hidden tells whether r steers a terminal or the order of text instead of
// showing anything.
func hidden(r rune) bool {
	return unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// wide lists the blocks whose characters take two columns.
var wide = [...][2]rune{
	{0x1100, 0x115f},
	{0x2e80, 0x303e},
	{0x3041, 0x33ff},
	{0x3400, 0x4dbf},
	{0x4e00, 0x9fff},
	{0xa000, 0xa4cf},
	{0xac00, 0xd7a3},
	{0xf900, 0xfaff},
	{0xfe30, 0xfe4f},
	{0xff00, 0xff60},
	{0xffe0, 0xffe6},
	{0x1f300, 0x1f64f},
	{0x1f680, 0x1f6ff},
	{0x1f900, 0x1f9ff},
	{0x20000, 0x3fffd},
}

func runeWidth(r rune) int {
	if r < 0x1100 {
		if unicode.Is(unicode.Mn, r) {
			return 0
		}
		return 1
	}
	for _, w := range wide {
		if r >= w[0] && r <= w[1] {
			return 2
		}
	}
	if unicode.Is(unicode.Mn, r) || r == 0x200b || r == 0x200d || r == 0xfe0f {
		return 0
	}
	return 1
}

// MarshalJSON writes the finding with its severity by name.
func (d Diagnostic) MarshalJSON() ([]byte, error) {
	type plain Diagnostic // without this method
	return json.Marshal(struct {
		Severity string `json:"severity"`
		plain
	}{d.Severity.String(), plain(d)})
}

// JSON returns the findings as a JSON list, empty for none.
func (l List) JSON() ([]byte, error) {
	if l == nil {
		l = List{}
	}
	return json.Marshal([]Diagnostic(l))
}

// Error returns the first error's message and how many more there are, so
// that a list can stand where one line has room.
func (l List) Error() string {
	n, first := 0, ""
	for _, d := range l {
		if d.Severity != Error {
			continue
		}
		if n == 0 {
			first = fmt.Sprintf("%s%s [%s]", placeOf(d.Span), d.Message, d.Code)
		}
		n++
	}
	switch n {
	case 0:
		return "no errors"
	case 1:
		return first
	}
	return fmt.Sprintf("%s, and %d more", first, n-1)
}
