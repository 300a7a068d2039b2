package expression

import (
	"fmt"
	"strings"
)

// Program is one compiled expression. It is immutable and safe for concurrent
// use.
type Program struct {
	source string
	place  string
	code   code
	typ    *Type
	reads  []Read
	locals int // variables of let and predicates
}

// Source returns the expression's text.
func (p *Program) Source() string { return p.source }

// At returns the program as one that stands at a place of the document, such
// as a JSON pointer. uuid() and random() of programs that differ in their
// place or their source never yield the same.
func (p *Program) At(place string) *Program {
	q := *p
	q.place = place
	return &q
}

// Type returns the static type of the expression's value, any when it was
// loaded without being judged.
func (p *Program) Type() *Type { return p.typ }

// Reads returns the slots that the expression reads, each once, in the order
// of their first use. The caller must not change them.
func (p *Program) Reads() []Read { return p.reads }

// Compile compiles an expression as one place of a workflow sees it. It
// returns the program, the static type of its value, and all that is wrong
// with it, in the order of the source. The program is nil when a problem is
// an error. It never panics.
func Compile(src string, sc *Scope) (p *Program, t *Type, problems []Problem) {
	defer func() {
		if r := recover(); r != nil {
			p, t = nil, anyType
			problems = []Problem{wholeProblem(src, codeUnsupported, fmt.Sprintf("the expression cannot be compiled: %v", r))}
		}
	}()
	tree, problem := parse(src)
	if problem != nil {
		return nil, anyType, []Problem{*problem}
	}
	c := newChecker(src, sc)
	t = c.checkTop(tree.Node)
	if problems = c.result(); hasErrors(problems) {
		return nil, t, problems
	}
	p, err := generate(src, tree.Node, c.aliases())
	if err != nil {
		return nil, t, append(problems, wholeProblem(src, codeUnsupported, err.Error()))
	}
	p.typ = t
	return p, t, problems
}

// Load compiles an expression of an accepted definition again, without judging
// its types. aliases gives the slots that names of its own stand for, such as
// a loop's item.
func Load(src string, aliases map[string]Read) (p *Program, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("compile expression: %v", r)
		}
	}()
	tree, problem := parse(src)
	if problem != nil {
		return nil, fmt.Errorf("compile expression: %s", problem.Message)
	}
	p, err = generate(src, tree.Node, aliases)
	if err != nil {
		return nil, fmt.Errorf("compile expression: %w", err)
	}
	p.typ = anyType
	return p, nil
}

func hasErrors(problems []Problem) bool {
	for _, p := range problems {
		if !p.Warning {
			return true
		}
	}
	return false
}

// wholeProblem is a problem of the expression as a whole.
func wholeProblem(src, code, message string) Problem {
	trimmed := strings.TrimSpace(src)
	return Problem{Code: code, Offset: strings.Index(src, trimmed), Length: len(trimmed), Message: message}
}
