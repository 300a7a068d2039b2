package wdlexpr

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokenKind is the kind of a token.
type tokenKind uint8

const (
	tokenEnd     tokenKind = iota // of the source
	tokenName                     // a name
	tokenNumber                   // a number; value holds it
	tokenString                   // a string; value holds it
	tokenMark                     // one of ( ) [ ] , . ? }
	tokenInvalid                  // value holds what is wrong
)

// token is one token of an expression.
type token struct {
	kind     tokenKind
	mark     byte
	pos, end int
	value    Value // of a number, a string, or what is wrong
}

// scanner reads the tokens of an expression that starts somewhere in a string
// of a definition.
type scanner struct {
	src string
	i   int
}

func (s *scanner) next() token {
	for s.i < len(s.src) {
		r, size := utf8.DecodeRuneInString(s.src[s.i:])
		if !unicode.IsSpace(r) {
			break
		}
		s.i += size
	}
	t := token{pos: s.i, end: s.i}
	if s.i >= len(s.src) {
		return t
	}
	switch c := s.src[s.i]; {
	case strings.IndexByte("()[],?}", c) >= 0:
		s.i++
		t.kind, t.mark = tokenMark, c
	case c == '\'':
		s.text(&t)
	case c == '+' || c == '-' || c >= '0' && c <= '9' || c == '.' && s.digitAt(s.i+1):
		s.number(&t)
	case c == '.':
		s.i++
		t.kind, t.mark = tokenMark, c
	default:
		s.name(&t)
	}
	t.end = s.i
	return t
}

func (s *scanner) digitAt(i int) bool { return i < len(s.src) && s.src[i] >= '0' && s.src[i] <= '9' }

// text reads a string in single quotes; a quote inside is doubled.
func (s *scanner) text(t *token) {
	start := s.i + 1
	for i := start; i < len(s.src); i++ {
		if s.src[i] != '\'' {
			continue
		}
		if i+1 < len(s.src) && s.src[i+1] == '\'' {
			i++
			continue
		}
		s.i = i + 1
		t.kind, t.value = tokenString, strings.ReplaceAll(s.src[start:i], "''", "'")
		return
	}
	s.i = len(s.src)
	t.kind, t.value = tokenInvalid, "the string is not closed: a quote is missing"
}

// number reads a number. Whatever runs on behind it makes it invalid.
func (s *scanner) number(t *token) {
	start := s.i
	if c := s.src[s.i]; c == '+' || c == '-' {
		s.i++
	}
	digits, float := s.digits(), false
	if s.i < len(s.src) && s.src[s.i] == '.' {
		float = true
		s.i++
		digits += s.digits()
	}
	bad := digits == 0
	if !bad && s.i < len(s.src) && (s.src[s.i] == 'e' || s.src[s.i] == 'E') {
		float = true
		s.i++
		if s.i < len(s.src) && (s.src[s.i] == '+' || s.src[s.i] == '-') {
			s.i++
		}
		bad = s.digits() == 0
	}
	if r, _ := utf8.DecodeRuneInString(s.src[s.i:]); isNameRune(r) || r == '.' {
		bad = true
		s.digits()
	}
	text := strings.TrimPrefix(s.src[start:s.i], "+")
	if bad {
		t.kind, t.value = tokenInvalid, fmt.Sprintf("%s is no number", quote(text))
		return
	}
	t.kind = tokenNumber
	if float {
		t.value = floatOf(text)
		return
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.kind, t.value = tokenInvalid, fmt.Sprintf("the integer %s does not fit into 64 bits", text)
		return
	}
	t.value = n
}

func (s *scanner) digits() int {
	start := s.i
	for s.digitAt(s.i) {
		s.i++
	}
	return s.i - start
}

func (s *scanner) name(t *token) {
	start := s.i
	for s.i < len(s.src) {
		r, size := utf8.DecodeRuneInString(s.src[s.i:])
		if !isNameRune(r) {
			break
		}
		s.i += size
	}
	if s.i > start {
		t.kind = tokenName
		return
	}
	r, size := utf8.DecodeRuneInString(s.src[s.i:])
	s.i += size
	t.kind, t.value = tokenInvalid, fmt.Sprintf("%q cannot stand here", r)
	if r == '"' {
		t.value = "a string stands in single quotes: 'text'"
	}
}

func isNameRune(r rune) bool {
	return r == '_' || r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}
