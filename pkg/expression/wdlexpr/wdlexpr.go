// Package wdlexpr is the expression language of Azure's workflow definition
// language, as Logic Apps and Power Automate write it: strings with @ in
// front, interpolation with @{ }, some 136 functions, and the values, texts,
// numbers and dates of the .NET host that these functions speak of.
//
// A string is compiled once, to closures; a Program is immutable and may be
// evaluated by many at once. What an expression reads of a workflow comes
// through Env, which also gives the time and the seed of guid() and rand().
// The package is pure: it knows no clock, no machine and no network.
//
// Every bound has an error: the length and the nesting of a source, the steps
// of an evaluation, the size of any text and of the result.
package wdlexpr

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/keelstep/keelstep/pkg/expression"
)

// Value is a value of an expression: nil, bool, int64, float64, Decimal,
// string, []Value or *Object. Values are never changed once they are made and
// may be shared. Bytes that are no text, and XML, are objects with the members
// $content-type and $content (base64).
type Value = any

// Bounds of expressions.
const (
	MaxSource      = 8192   // characters of one expression
	MaxNesting     = 200    // calls and brackets inside of one another
	MaxExpressions = 10_000 // expressions in one string of a definition
	MaxProblems    = 100    // problems of one string that are reported
	MaxSteps       = expression.MaxSteps
	MaxText        = expression.MaxResult // bytes of any text on the way, and of a result's JSON
)

// RefKind says what a reference names.
type RefKind uint8

// The kinds of references.
const (
	RefTrigger        RefKind = iota // trigger(), triggerOutputs(), triggerBody()
	RefAction                        // actions('N'), outputs('N'), body('N')
	RefSelf                          // action()
	RefResult                        // result('N')
	RefItem                          // item()
	RefItems                         // items('N')
	RefIterationIndex                // iterationIndexes('N')
	RefVariable                      // variables('N')
	RefParameter                     // parameters('N')
	RefWorkflow                      // workflow()
	RefCallbackURL                   // listCallbackUrl()
	RefAppSetting                    // appsetting('N')
	RefAgentParameter                // agentParameters('N')
)

// Ref is something of a workflow that an expression reads. Names are as the
// expression spells them; Logic Apps does not tell upper from lower case in
// them. Field is outputs or body where only that part of a trigger or an
// action is read, else empty.
type Ref struct {
	Kind  RefKind
	Name  string
	Field string
}

// Env is what an expression is evaluated against.
type Env interface {
	// Value returns what a reference stands for: nil where the thing is known
	// and has no value. The error of one that is not known says so; a *Lack of
	// package expression passes through an evaluation as it is.
	Value(r Ref) (Value, error)
	// Now is the time that utcNow() and its kin tell.
	Now() time.Time
	// Seed identifies the evaluation: guid() and rand() derive from it.
	Seed() string
}

// Error is a failed evaluation. Code is one of those of package expression.
// Function is the function that failed, empty for another part; Argument is
// the number of its argument that is to blame, from 1 on, 0 when none is
// alone. Line and Col say where in Source it stands, from 1 on.
type Error struct {
	Code, Function string
	Argument       int
	Message        string
	Source         string
	Line, Col      int
	placed         bool
}

// Error returns the place and the message.
func (e *Error) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Col, e.Message) }

// As lets errors.As find an *expression.Error in e.
func (e *Error) As(target any) bool {
	plain, ok := target.(**expression.Error)
	if ok {
		*plain = &expression.Error{Code: e.Code, Message: e.Error(), Source: e.Source}
	}
	return ok
}

// failf is a failed evaluation; the call that it stands in gives it its place.
func failf(format string, args ...any) error {
	return &Error{Code: expression.CodeExpressionError, Message: fmt.Sprintf(format, args...)}
}

func limitf(format string, args ...any) error {
	return &Error{Code: expression.CodeExpressionLimit, Message: fmt.Sprintf(format, args...)}
}

// Program is one compiled string of a definition. It is immutable and safe for
// concurrent use.
type Program struct {
	source  string
	form    form
	literal string
	code    code
	refs    []Ref
	dynamic bool
}

// Source returns the string that was compiled.
func (p *Program) Source() string { return p.source }

// Literal returns the text of a string without expressions.
func (p *Program) Literal() (string, bool) { return p.literal, p.form == formLiteral }

// Interpolates tells whether the string has texts around @{ }, so that its value is always a
// string.
func (p *Program) Interpolates() bool { return p.form == formText }

// Refs returns what the program reads of the workflow, each once, in the order
// of its first use. References whose name is computed are not among them; see
// Dynamic. The caller must not change the list.
func (p *Program) Refs() []Ref { return p.refs }

// Dynamic tells whether the program computes the name of something that it
// reads.
func (p *Program) Dynamic() bool { return p.dynamic }

// Eval evaluates the program. The error is an *Error, or the *expression.Lack
// of env. It never panics.
func (p *Program) Eval(env Env) (result Value, err error) {
	if p.form == formLiteral {
		return p.literal, nil
	}
	m := &machine{env: env, program: p}
	defer func() {
		if r := recover(); r != nil {
			result, err = nil, m.place(failf("the expression failed: %v", r), 0)
		}
	}()
	result, err = p.code(m)
	if err != nil {
		return nil, m.place(err, 0)
	}
	switch result.(type) {
	case nil, bool, int64, float64:
		return result, nil
	}
	left := MaxText
	if err := measure(result, &left, 0); err != nil {
		return nil, m.place(err, 0)
	}
	return result, nil
}

// position returns line and column, from 1 on, of a byte of the source.
func position(source string, offset int) (line, col int) {
	before := source[:min(max(offset, 0), len(source))]
	start := strings.LastIndexByte(before, '\n') + 1
	return 1 + strings.Count(before, "\n"), 1 + utf8.RuneCountInString(before[start:])
}
