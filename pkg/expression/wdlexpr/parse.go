package wdlexpr

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/keelstep/keelstep/pkg/expression"
)

// The diagnostic codes of problems in expressions.
const (
	codeSyntax   = "E401" // the expression is not valid
	codeFunction = "E407" // unknown function
	codeArity    = "E408" // wrong number of arguments
	codeTooLarge = "E415" // too large
	codeSlotName = "E420" // a constant name is needed
)

// node is a part of an expression.
type node interface {
	// span returns where the part stands in the source.
	span() (pos, end int)
}

// literalNode is a string, a number, true, false or null.
type literalNode struct {
	pos, end int
	value    Value
}

// callNode is the call of a function.
type callNode struct {
	pos, end int
	name     string
	args     []node
}

// accessNode is a property or an element of a value: .name or [index], with ?
// in front of it or not.
type accessNode struct {
	pos, end int // of the access itself
	of       node
	index    node
	guarded  bool
}

func (n *literalNode) span() (int, int) { return n.pos, n.end }
func (n *callNode) span() (int, int)    { return n.pos, n.end }
func (n *accessNode) span() (int, int)  { return n.pos, n.end }

// parser reads the expressions of one string of a definition.
type parser struct {
	scanner
	tok   token
	depth int
}

func problemAt(code string, pos, end int, format string, args ...any) *expression.Problem {
	return &expression.Problem{Code: code, Offset: pos, Length: max(1, end-pos), Message: fmt.Sprintf(format, args...)}
}

func (p *parser) advance() { p.tok = p.next() }

// is tells whether the token here is a mark.
func (p *parser) is(mark byte) bool { return p.tok.kind == tokenMark && p.tok.mark == mark }

// expected is the problem of a token that is not what may stand here.
func (p *parser) expected(what string) *expression.Problem {
	t := p.tok
	switch t.kind {
	case tokenInvalid:
		return problemAt(codeSyntax, t.pos, t.end, "%s", t.value)
	case tokenEnd:
		// the caret stands under the last character
		pos := max(0, len(p.src)-1)
		return problemAt(codeSyntax, pos, len(p.src), "the expression ends too early: %s is expected", what)
	default:
		return problemAt(codeSyntax, t.pos, t.end, "%s is expected, not %s", what, quote(p.src[t.pos:t.end]))
	}
}

// expression reads an expression that starts at byte from. The token behind it
// is the next one.
func (p *parser) expression(from int) (node, *expression.Problem) {
	p.i, p.depth = from, 0
	p.advance()
	n, problem := p.value()
	if problem != nil {
		return nil, problem
	}
	if end := p.tok.pos; end-from > MaxSource && utf8.RuneCountInString(p.src[from:end]) > MaxSource {
		return nil, problemAt(codeTooLarge, from, end, "the expression is longer than %d characters", MaxSource)
	}
	return n, nil
}

// value reads a primary and what is accessed of it.
func (p *parser) value() (node, *expression.Problem) {
	if p.depth++; p.depth > MaxNesting {
		return nil, problemAt(codeTooLarge, p.tok.pos, p.tok.end, "the expression is nested deeper than %d levels", MaxNesting)
	}
	n, problem := p.primary()
	for problem == nil && (p.is('.') || p.is('[') || p.is('?')) {
		n, problem = p.access(n)
	}
	p.depth--
	return n, problem
}

func (p *parser) primary() (node, *expression.Problem) {
	t := p.tok
	switch t.kind {
	case tokenString, tokenNumber:
		p.advance()
		return &literalNode{t.pos, t.end, t.value}, nil
	case tokenName:
		name := p.src[t.pos:t.end]
		p.advance()
		if p.is('(') {
			return p.call(t, name)
		}
		switch {
		case equalFold(name, "true"):
			return &literalNode{t.pos, t.end, true}, nil
		case equalFold(name, "false"):
			return &literalNode{t.pos, t.end, false}, nil
		case equalFold(name, "null"):
			return &literalNode{t.pos, t.end, nil}, nil
		}
		problem := problemAt(codeSyntax, t.pos, t.end, "%s is no value: only functions have names", quote(name))
		problem.Hint = "call it as " + name + "(), or put it into single quotes"
		return nil, problem
	default:
		return nil, p.expected("a value")
	}
}

func (p *parser) call(name token, text string) (node, *expression.Problem) {
	n := &callNode{pos: name.pos, name: text}
	p.advance()
	if p.is(')') {
		n.end = p.tok.end
		p.advance()
		return n, nil
	}
	for {
		arg, problem := p.value()
		if problem != nil {
			return nil, problem
		}
		n.args = append(n.args, arg)
		switch {
		case p.is(','):
			p.advance()
		case p.is(')'):
			n.end = p.tok.end
			p.advance()
			return n, nil
		default:
			return nil, p.expected(`")" or ","`)
		}
	}
}

func (p *parser) access(of node) (node, *expression.Problem) {
	n := &accessNode{pos: p.tok.pos, of: of}
	if p.is('?') {
		n.guarded = true
		p.advance()
	}
	var problem *expression.Problem
	switch {
	case p.is('.'):
		p.advance()
		if p.tok.kind != tokenName {
			return nil, p.expected("the name of a property")
		}
		n.index, n.end = &literalNode{p.tok.pos, p.tok.end, p.src[p.tok.pos:p.tok.end]}, p.tok.end
		p.advance()
	case p.is('['):
		p.advance()
		if n.index, problem = p.value(); problem != nil {
			return nil, problem
		}
		if !p.is(']') {
			return nil, p.expected(`"]"`)
		}
		n.end = p.tok.end
		p.advance()
	default:
		return nil, p.expected(`"." or "["`)
	}
	return n, nil
}

// ordinals are how messages count arguments.
var ordinals = []string{"first", "second", "third", "fourth", "fifth"}

func ordinal(n int) string {
	if n >= 1 && n <= len(ordinals) {
		return ordinals[n-1]
	}
	return strconv.Itoa(n) + "th"
}
