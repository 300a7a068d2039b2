package wdlexpr

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/keelstep/keelstep/pkg/expression"
)

// form is what a string of a definition is.
type form uint8

const (
	formLiteral    form = iota // text, as it stands
	formExpression             // @ and an expression
	formText                   // text with expressions in @{ }
)

// part is a piece of text or an expression of a text form.
type part struct {
	text string
	node node // nil: text
}

// formOf tells what a string is; literal is the text of a literal.
func formOf(source string) (f form, literal string) {
	switch {
	case strings.HasPrefix(source, "@@"):
		return formLiteral, source[1:]
	case strings.HasPrefix(source, "@{"):
		return formText, ""
	case len(source) > 1 && source[0] == '@':
		return formExpression, ""
	case strings.Contains(source, "@{"):
		return formText, ""
	}
	return formLiteral, source
}

// Compile compiles one string of a definition: a literal, an expression, or a
// text with expressions. It returns the program and all that is wrong with it,
// in the order of the source, but no more than MaxProblems; the program is nil
// when something is. It never panics.
func Compile(source string) (program *Program, problems []expression.Problem) {
	defer func() {
		if r := recover(); r != nil {
			program = nil
			problems = []expression.Problem{*problemAt(codeSyntax, 0, len(source), "the expression cannot be compiled: %v", r)}
		}
	}()
	p := &Program{source: source}
	if p.form, p.literal = formOf(source); p.form == formLiteral {
		return p, nil
	}
	if len(source) > MaxText {
		return nil, []expression.Problem{*problemAt(codeTooLarge, 0, len(source), "the text is larger than %d MiB", MaxText>>20)}
	}
	c := &compiler{program: p}
	ps := &parser{scanner: scanner{src: source}}
	if p.form == formExpression {
		n, problem := ps.expression(1)
		if problem == nil && ps.tok.kind != tokenEnd {
			problem = ps.expected("the end of the expression")
		}
		if problem != nil {
			return nil, []expression.Problem{*problem}
		}
		p.code = c.value(n)
		return c.result()
	}
	parts, problem := ps.text()
	if problem != nil {
		if strings.HasPrefix(source, "[") && strings.HasSuffix(source, "]") {
			problem.Hint = "this is an expression of a deployment template: deploy the template, and take the definition from what was deployed"
		}
		return nil, []expression.Problem{*problem}
	}
	p.code = c.text(parts)
	return c.result()
}

// text reads a text with expressions. @@{ stands for @{.
func (p *parser) text() ([]part, *expression.Problem) {
	var parts []part
	rest, count := 0, 0
	var plain strings.Builder
	for {
		n := strings.Index(p.src[rest:], "@{")
		if n < 0 {
			plain.WriteString(p.src[rest:])
			break
		}
		at := rest + n
		if at > rest && p.src[at-1] == '@' {
			plain.WriteString(p.src[rest : at-1])
			plain.WriteString("@{")
			rest = at + 2
			continue
		}
		plain.WriteString(p.src[rest:at])
		if plain.Len() > 0 {
			parts = append(parts, part{text: plain.String()})
			plain.Reset()
		}
		if count++; count > MaxExpressions {
			return nil, problemAt(codeTooLarge, at, at+2, "the text has more than %d expressions", MaxExpressions)
		}
		node, problem := p.expression(at + 2)
		if problem == nil && !p.is('}') {
			problem = p.expected(`"}"`)
			if p.tok.kind == tokenEnd {
				problem = problemAt(codeSyntax, at, at+2, "@{ is never closed: } is missing")
				problem.Hint = "write @@{ where the two characters @{ are meant"
			}
		}
		if problem != nil {
			return nil, problem
		}
		parts = append(parts, part{node: node})
		rest = p.tok.end
	}
	if plain.Len() > 0 {
		parts = append(parts, part{text: plain.String()})
	}
	return parts, nil
}

// result returns the program, or what is wrong with it.
func (c *compiler) result() (*Program, []expression.Problem) {
	if len(c.problems) > 0 {
		slices.SortStableFunc(c.problems, func(a, b expression.Problem) int { return cmp.Compare(a.Offset, b.Offset) })
		return nil, c.problems
	}
	return c.program, nil
}

// text compiles a text with expressions.
func (c *compiler) text(parts []part) code {
	codes := make([]code, len(parts))
	for i, part := range parts {
		if part.node == nil {
			text := part.text
			codes[i] = func(*machine) (Value, error) { return text, nil }
			continue
		}
		codes[i] = c.value(part.node)
	}
	return func(m *machine) (Value, error) {
		values := make([]Value, len(codes))
		for i, code := range codes {
			x, err := code(m)
			if err != nil {
				return nil, err
			}
			if values[i], err = m.text(x); err != nil {
				pos, _ := parts[i].node.span()
				return nil, m.place(fmt.Errorf("the value cannot stand in a text: %w", err), pos)
			}
		}
		return m.join(values, "")
	}
}
