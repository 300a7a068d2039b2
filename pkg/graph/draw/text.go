package draw

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// style is how a text is set.
type style struct {
	class string
	size  int
	mono  bool
	bold  bool
}

// The styles. Their sizes are those of the style sheet.
var (
	headStyle   = style{class: "head", size: 18, bold: true}
	aboutStyle  = style{class: "about", size: 12}
	nameStyle   = style{class: "name", size: 14, bold: true}
	verbStyle   = style{class: "verb", size: 12, mono: true}
	detailStyle = style{class: "detail", size: 12, mono: true}
	noteStyle   = style{class: "note", size: 11}
	pillStyle   = style{class: "pilltext", size: 11, bold: true}
	labelStyle  = style{class: "label", size: 11}
)

// width estimates how wide a text is, in pixels, and rather too wide: the
// font is that of whoever looks at it.
func (st style) width(s string) int {
	units := 0 // hundredths of the size
	for _, r := range s {
		units += st.advance(r)
	}
	return (units*st.size + 99) / 100
}

func (st style) advance(r rune) int {
	if st.mono && !wide(r) {
		return 61
	}
	units := 62
	switch {
	case r >= 0x1f300 && r <= 0x1faff:
		units = 125
	case wide(r):
		units = 105
	case strings.ContainsRune("iljtfI.,:;'|!()[]{}/ -", r):
		units = 38
	case strings.ContainsRune("mwM%&", r):
		units = 95
	case strings.ContainsRune("W@", r):
		units = 105
	case unicode.IsUpper(r):
		units = 77
	}
	if st.bold {
		units += 9
	}
	return units
}

// wide tells whether a character takes the place of two.
func wide(r rune) bool {
	return r >= 0x1100 && r <= 0x115f || r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7a3 ||
		r >= 0xf900 && r <= 0xfaff || r >= 0xfe30 && r <= 0xfe6f || r >= 0xff00 && r <= 0xff60 || r >= 0x1f300 && r <= 0x1faff
}

// fit returns as much of a text on one line as fits a width.
func (st style) fit(s string, most int) string {
	s = short(s, 4*most) // no letter is narrower than a quarter of a pixel
	if st.width(s) <= most {
		return s
	}
	units := 100 // of …
	for i, r := range s {
		if units += st.advance(r); units*st.size > most*100 {
			return s[:i] + "…"
		}
	}
	return s
}

// escape writes a text so that it means nothing to XML. What XML cannot hold
// becomes a replacement character.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '"':
			b.WriteString("&quot;")
		case r == '\'':
			b.WriteString("&#39;")
		case r < ' ' || r >= 0x7f && r < 0xa0 || r == 0xfffe || r == 0xffff:
			b.WriteRune(utf8.RuneError)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
