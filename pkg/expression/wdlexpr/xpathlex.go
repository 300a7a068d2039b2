package wdlexpr

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// pathKind is the kind of a token of a path.
type pathKind uint8

const (
	pathEnd      pathKind = iota
	pathSymbol            // ( ) [ ] , @ . .. / //
	pathOperator          // or and = != < <= > >= + - * div mod |
	pathName              // a test of names: name, *
	pathCall              // a name in front of (
	pathAxis              // a name in front of ::, which is skipped
	pathText              // a literal
	pathNumber            // a number
)

// pathToken is one token of a path of XPath.
type pathToken struct {
	kind   pathKind
	text   string
	number float64
	pos    int
}

// is tells whether the token is that symbol or operator.
func (t pathToken) is(text string) bool {
	return (t.kind == pathSymbol || t.kind == pathOperator) && t.text == text
}

// pathSymbols are the symbols and operators, longer ones first.
var pathSymbols = []string{"//", "..", "!=", "<=", ">=", "(", ")", "[", "]", ",", "@", ".", "/", "|", "+", "-", "=", "<", ">", "*"}

// pathScanner reads the tokens of a path.
type pathScanner struct {
	src    string
	i      int
	tokens []pathToken
}

func scanPath(src string) ([]pathToken, error) {
	s := &pathScanner{src: src}
	for {
		for s.i < len(src) && isXMLSpace(src[s.i]) {
			s.i++
		}
		if s.i >= len(src) {
			s.tokens = append(s.tokens, pathToken{pos: s.i})
			return s.tokens, nil
		}
		t, err := s.next()
		if err != nil {
			return nil, err
		}
		s.tokens = append(s.tokens, t)
	}
}

func (s *pathScanner) next() (pathToken, error) {
	t := pathToken{pos: s.i}
	switch c := s.src[s.i]; {
	case c == '\'' || c == '"':
		end := strings.IndexByte(s.src[s.i+1:], c)
		if end < 0 {
			return t, fmt.Errorf("the text at character %d is not closed", s.i+1)
		}
		t.kind, t.text = pathText, s.src[s.i+1:s.i+1+end]
		s.i += end + 2
	case isDigit(c) || c == '.' && s.i+1 < len(s.src) && isDigit(s.src[s.i+1]):
		s.number(&t)
	default:
		if name := s.name(); name != "" {
			return t, s.named(&t, name)
		}
		for _, symbol := range pathSymbols {
			if strings.HasPrefix(s.src[s.i:], symbol) {
				s.symbol(&t, symbol)
				return t, nil
			}
		}
		return t, fmt.Errorf("%s cannot stand at character %d", quote(string(firstRune(s.src[s.i:]))), s.i+1)
	}
	return t, nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

func (s *pathScanner) number(t *pathToken) {
	start := s.i
	for s.i < len(s.src) && isDigit(s.src[s.i]) {
		s.i++
	}
	if s.i < len(s.src) && s.src[s.i] == '.' {
		s.i++
		for s.i < len(s.src) && isDigit(s.src[s.i]) {
			s.i++
		}
	}
	t.kind, t.text = pathNumber, s.src[start:s.i]
	t.number, _ = strconv.ParseFloat(t.text, 64) // digits and a point: only the range can be wrong, which is infinite
}

// name takes a name without colons, empty when there is none.
func (s *pathScanner) name() string {
	start := s.i
	for s.i < len(s.src) {
		r, size := utf8.DecodeRuneInString(s.src[s.i:])
		if s.i == start && !isNameStart(r) || !isNamePart(r) {
			break
		}
		s.i += size
	}
	return s.src[start:s.i]
}

// behindOperand tells whether what comes next stands behind an operand: then *
// and names are operators.
func (s *pathScanner) behindOperand() bool {
	if len(s.tokens) == 0 {
		return false
	}
	switch t := s.tokens[len(s.tokens)-1]; t.kind {
	case pathOperator, pathAxis:
		return false
	case pathSymbol:
		return t.text == ")" || t.text == "]" || t.text == "." || t.text == ".."
	case pathCall:
		return false
	default:
		return true
	}
}

func (s *pathScanner) symbol(t *pathToken, text string) {
	s.i += len(text)
	t.kind, t.text = pathSymbol, text
	switch text {
	case "*":
		if t.kind = pathName; s.behindOperand() {
			t.kind = pathOperator
		}
	case "!=", "<=", ">=", "=", "<", ">", "+", "-", "|":
		t.kind = pathOperator
	}
}

// named makes a token of a name: an operator, an axis, a call or a test.
func (s *pathScanner) named(t *pathToken, name string) error {
	t.kind, t.text = pathName, name
	if s.behindOperand() {
		switch name {
		case "or", "and", "div", "mod":
			t.kind = pathOperator
			return nil
		}
	}
	if strings.HasPrefix(s.src[s.i:], ":") && !strings.HasPrefix(s.src[s.i:], "::") {
		return fmt.Errorf("Namespace Manager needed: the prefix %s stands for nothing, write *[local-name()='...'] in place of the name", quote(name)) //nolint:staticcheck // the words by which authors know it
	}
	rest := strings.TrimLeft(s.src[s.i:], " \t\r\n")
	switch {
	case strings.HasPrefix(rest, "::"):
		t.kind = pathAxis
		s.i = len(s.src) - len(rest) + 2
	case strings.HasPrefix(rest, "("):
		t.kind = pathCall
	}
	return nil
}
