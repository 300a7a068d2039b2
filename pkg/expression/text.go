package expression

import (
	"strings"
)

// Part is a stretch of a text with ${ } in it: literal text, or the source of
// an expression. Offset is the place of the expression's first byte in the
// whole text, of literal text the place of its own.
type Part struct {
	Expr   bool
	Text   string
	Offset int
}

// SplitText splits s into literal text and the expressions in ${ }. "$${"
// stands for a literal "${". An expression ends at its matching brace outside
// of string literals and comments. A text without ${ is one literal part, an
// empty text is none. The problem, if any, is a ${ without its end.
func SplitText(s string) (parts []Part, problem *Problem) {
	var text strings.Builder
	start := 0
	flush := func(end int) {
		if text.Len() > 0 {
			parts = append(parts, Part{Text: text.String(), Offset: start})
			text.Reset()
		}
		start = end
	}
	for i := 0; i < len(s); {
		switch {
		case strings.HasPrefix(s[i:], "$${"):
			text.WriteString("${")
			i += 3
		case strings.HasPrefix(s[i:], "${"):
			end := expressionEnd(s, i+2)
			if end < 0 {
				return nil, &Problem{
					Code: codeOpenText, Offset: i, Length: 2,
					Message: "this ${ has no closing }",
					Hint:    "close it, or write $${ for a literal ${",
				}
			}
			flush(end + 1)
			parts = append(parts, Part{Expr: true, Text: s[i+2 : end], Offset: i + 2})
			i = end + 1
		default:
			text.WriteByte(s[i])
			i++
		}
	}
	flush(len(s))
	return parts, nil
}

// expressionEnd returns the place of the brace that closes the expression
// which starts at i, -1 when there is none.
func expressionEnd(s string, i int) int {
	depth := 0
	for i < len(s) {
		if next := skipToken(s, i); next > i {
			i = next
			continue
		}
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth == 0 {
				return i
			}
			depth--
		}
		i++
	}
	return -1
}

// skipToken returns the place behind the string literal or comment that starts
// at i, and i when none does. One without an end reaches to the end of s.
func skipToken(s string, i int) int {
	switch c := s[i]; {
	case c == '"' || c == '\'':
		for i++; i < len(s); i++ {
			switch s[i] {
			case '\\':
				i++
			case c:
				return i + 1
			}
		}
		return len(s)
	case c == '`':
		if end := strings.IndexByte(s[i+1:], '`'); end >= 0 {
			return i + 1 + end + 1
		}
		return len(s)
	case strings.HasPrefix(s[i:], "/*"):
		if end := strings.Index(s[i+2:], "*/"); end >= 0 {
			return i + 2 + end + 2
		}
		return len(s)
	case strings.HasPrefix(s[i:], "//"):
		if end := strings.IndexByte(s[i:], '\n'); end >= 0 {
			return i + end
		}
		// A line comment at the end of the text still lets the brace close.
		return i + 2
	}
	return i
}
