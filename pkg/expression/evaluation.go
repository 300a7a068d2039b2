package expression

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"
)

// Bounds of an evaluation.
const (
	MaxSteps  = 1_000_000 // weighted: passes of predicates, elements and blocks of text that are worked on
	MaxResult = 10 << 20  // bytes of a result's JSON, and of any text on the way
)

// What weighs one step.
const (
	bytesPerStep    = 64 // bytes of text that are read or made
	elementsPerStep = 4  // elements that are looked at or compared
)

var (
	errSteps      = &Error{Code: CodeExpressionLimit, Message: fmt.Sprintf("the expression needs more than %d steps", MaxSteps)}
	errResultSize = &Error{Code: CodeExpressionLimit, Message: fmt.Sprintf("a value of the expression is larger than %d MiB", MaxResult>>20)}
	errValueDepth = &Error{Code: CodeExpressionLimit, Message: fmt.Sprintf("a value of the expression is nested deeper than %d levels", MaxDepth)}
)

// evaluation is the state of one evaluation: of a program, or of all programs
// of a template.
type evaluation struct {
	env     Env
	program *Program // that runs
	steps   int      // of that program
	calls   int      // of uuid() and random()
}

// charge takes n steps.
func (ev *evaluation) charge(n int) error {
	if n < 0 || ev.steps > MaxSteps-n {
		return errSteps
	}
	ev.steps += n
	return nil
}

// chargeText takes the steps of work on n bytes.
func (ev *evaluation) chargeText(n int) error { return ev.charge(n / bytesPerStep) }

// Eval evaluates the expression. The result is made of what Decode yields and
// of Duration, time.Time and Sealed. The error is an *Error, or the *Lack of
// env; a *Lack names all that the expression's slots lack.
func (p *Program) Eval(env Env) (any, error) {
	return p.eval(env, nil)
}

// machine is what the evaluation of one program needs, in one piece of memory.
type machine struct {
	ev            *evaluation
	slots, locals []any
	own           evaluation
	few           [6]any // slots and locals, when they are few
}

// eval evaluates the program as a part of ev, or on its own when ev is nil.
func (p *Program) eval(env Env, ev *evaluation) (result any, err error) {
	defer func() {
		if r := recover(); r != nil {
			result, err = nil, p.errorf(CodeExpressionError, "the expression failed: %v", r)
		}
	}()
	m := &machine{ev: ev}
	if ev == nil {
		m.own.env = env
		m.ev = &m.own
	}
	m.ev.steps, m.ev.program = 0, p
	places := m.few[:]
	if n := len(p.reads) + p.locals; n > len(places) {
		places = make([]any, n)
	}
	m.slots, m.locals = places[:len(p.reads)], places[len(p.reads):]
	if err := p.readSlots(env, m.slots); err != nil {
		return nil, err
	}
	result, err = p.code(m)
	if err != nil {
		return nil, p.errorOf(err)
	}
	if err := checkResult(result); err != nil {
		return nil, p.errorOf(err)
	}
	return result, nil
}

// readSlots reads all slots of the program into slots.
func (p *Program) readSlots(env Env, slots []any) error {
	var lack *Lack
	for i, r := range p.reads {
		x, err := env.Read(r)
		if err != nil {
			if lack, err = lackOf(lack, err); err != nil {
				return err
			}
		}
		slots[i] = x
	}
	if lack != nil {
		return lack
	}
	return nil
}

func (p *Program) errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Source: p.source}
}

// errorOf turns an error of the code into an *Error that names the source.
func (p *Program) errorOf(err error) *Error {
	var own *Error
	if errors.As(err, &own) {
		return &Error{Code: own.Code, Message: own.Message, Source: p.source}
	}
	return p.errorf(CodeExpressionError, "%v", err)
}

// checkResult holds a result against the bounds of size and depth, and against
// what a value may be made of.
func checkResult(x any) error {
	switch v := x.(type) {
	case nil, bool, int:
		return nil
	case float64:
		return checkFloat(v)
	}
	left := MaxResult
	return measure(x, &left, 0)
}

func checkFloat(f float64) error {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return failf("the number is out of range")
	}
	return nil
}

// measure subtracts the size of x from left.
func measure(x any, left *int, depth int) error {
	if depth > MaxDepth {
		return errValueDepth
	}
	switch v := x.(type) {
	case nil, bool, int, float64, Duration, time.Time:
		*left -= 4
	case Decimal:
		*left -= v.num().BitLen()/3 + 4
	case string:
		*left -= len(v) + 2
	case json.Number:
		*left -= len(v)
	case Sealed:
		*left -= len(v.Secret) + 12
		for _, arg := range v.Args {
			if err := measure(arg, left, depth+1); err != nil {
				return err
			}
		}
	case []any:
		*left -= 2
		for _, elem := range v {
			if err := measure(elem, left, depth+1); err != nil {
				return err
			}
		}
	case map[string]any:
		*left -= 2
		for name, member := range v { // order does not show: a sum
			*left -= len(name) + 4
			if err := measure(member, left, depth+1); err != nil {
				return err
			}
		}
	default:
		return failf("%s is no value that can be recorded", describe(x))
	}
	if *left < 0 {
		return errResultSize
	}
	return nil
}

// failf is a failed evaluation.
func failf(format string, args ...any) error {
	return &Error{Code: CodeExpressionError, Message: fmt.Sprintf(format, args...)}
}
