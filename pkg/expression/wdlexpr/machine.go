package wdlexpr

import (
	"errors"

	"github.com/keelstep/keelstep/pkg/expression"
)

// What weighs one step.
const (
	bytesPerStep    = 64 // bytes of text that are read or made
	elementsPerStep = 4  // elements that are looked at
)

// machine is the state of one evaluation.
type machine struct {
	env     Env
	program *Program
	steps   int
	calls   int // of guid() and rand()
}

// code is a compiled part of an expression.
type code func(m *machine) (Value, error)

var errSteps = limitf("the expression needs more than %d steps", MaxSteps)

// charge takes n steps.
func (m *machine) charge(n int) error {
	if n < 0 || m.steps > MaxSteps-n {
		return errSteps
	}
	m.steps += n
	return nil
}

// chargeIf takes n steps of a machine that may be missing.
func (m *machine) chargeIf(n int) error {
	if m == nil {
		return nil
	}
	return m.charge(n)
}

// chargeText takes the steps of work on n bytes, which may not be more than a
// text may have.
func (m *machine) chargeText(n int) error {
	if n > MaxText {
		return errText
	}
	return m.charge(n / bytesPerStep)
}

var (
	errText  = limitf("a text of the expression is larger than %d MiB", MaxText>>20)
	errDepth = limitf("a value of the expression is nested deeper than %d levels", expression.MaxDepth)
)

// place gives an error its place in the source, unless it has one. What is
// missing passes as it is.
func (m *machine) place(err error, offset int) error {
	var own *Error
	var lack *expression.Lack
	switch {
	case errors.As(err, &lack):
		return lack
	case !errors.As(err, &own):
		own = &Error{Code: expression.CodeExpressionError, Message: err.Error()}
	case own.placed:
		return own
	}
	placed := *own
	placed.Source, placed.placed = m.program.source, true
	placed.Line, placed.Col = position(m.program.source, offset)
	return &placed
}

// measure subtracts the size of x from left.
func measure(x Value, left *int, depth int) error {
	if depth > expression.MaxDepth {
		return errDepth
	}
	switch v := x.(type) {
	case string:
		*left -= len(v) + 2
	case []Value:
		*left -= 2
		for _, element := range v {
			if err := measure(element, left, depth+1); err != nil {
				return err
			}
		}
	case *Object:
		*left -= 2
		for i, member := range v.values {
			*left -= len(v.names[i]) + 4
			if err := measure(member, left, depth+1); err != nil {
				return err
			}
		}
	default:
		*left -= 4
	}
	if *left < 0 {
		return limitf("a value of the expression is larger than %d MiB", MaxText>>20)
	}
	return nil
}
