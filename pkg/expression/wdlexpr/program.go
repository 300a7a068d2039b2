package wdlexpr

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
)

// Slot is where the engine holds what a reference stands for: a slot, and the
// members to go down from its value, which may be missing.
type Slot struct {
	Read expression.Read
	Path []string
}

var errDynamic = errors.New("the expression computes the name of something that it reads: a constant name is needed")

// Expression returns p as a program of package expression. slot tells where
// what p reads is held. Objects of slots have no order of their own: their
// members come sorted, and so do those of the result.
func (p *Program) Expression(slot func(Ref) (Slot, error)) (*expression.Program, error) {
	if p.dynamic {
		return nil, errDynamic
	}
	var reads []expression.Read
	held := make([]heldRef, len(p.refs))
	for i, r := range p.refs {
		s, err := slot(r)
		if err != nil {
			return nil, err
		}
		at := slices.Index(reads, s.Read)
		if at < 0 {
			at = len(reads)
			reads = append(reads, s.Read)
		}
		held[i] = heldRef{ref: r, at: at, path: s.Path}
	}
	return expression.NewForeign(p.source, reads, func(f expression.Foreign) (any, error) {
		x, err := p.Eval(&slotEnv{f: f, held: held, values: make([]Value, len(held))})
		if err != nil {
			return nil, err
		}
		return Plain(x), nil
	}), nil
}

// heldRef is a reference, the place of its slot, and the way from there.
type heldRef struct {
	ref  Ref
	at   int
	path []string
}

// slotEnv reads references from slots, each once.
type slotEnv struct {
	f      expression.Foreign
	held   []heldRef
	values []Value // of the references that were read; nil is read again
}

// Value returns what a reference stands for.
func (e *slotEnv) Value(r Ref) (Value, error) {
	i := slices.IndexFunc(e.held, func(h heldRef) bool { return h.ref == r })
	if i < 0 {
		return nil, fmt.Errorf("%s is not known here", quote(r.Name))
	}
	if e.values[i] != nil {
		return e.values[i], nil
	}
	x := e.f.Slots[e.held[i].at]
	for _, name := range e.held[i].path {
		o, _ := x.(map[string]any)
		x = o[name]
	}
	var err error
	e.values[i], err = FromPlain(x)
	return e.values[i], err
}

// Now is the time of the evaluation.
func (e *slotEnv) Now() time.Time { return e.f.Now }

// Seed identifies the evaluation.
func (e *slotEnv) Seed() string { return e.f.Seed }

// FromPlain returns a value of package expression as one of this package.
// Times, durations and decimals are texts. A secret is an error.
func FromPlain(x any) (Value, error) {
	switch v := x.(type) {
	case nil, bool, float64, string:
		return v, nil
	case int:
		return int64(v), nil
	case json.Number:
		return numberOf(string(v)), nil
	case []any:
		list := make([]Value, len(v))
		for i, element := range v {
			var err error
			if list[i], err = FromPlain(element); err != nil {
				return nil, err
			}
		}
		return list, nil
	case map[string]any:
		names := make([]string, 0, len(v))
		for name := range v { // order does not show: sorted below
			names = append(names, name)
		}
		slices.Sort(names)
		values := make([]Value, len(names))
		for i, name := range names {
			var err error
			if values[i], err = FromPlain(v[name]); err != nil {
				return nil, err
			}
		}
		return NewObject(names, values), nil
	case time.Time:
		return expression.FormatTime(v), nil
	case expression.Sealed:
		return nil, failf("a secret cannot be read by an expression")
	case fmt.Stringer: // a duration, a decimal
		return v.String(), nil
	}
	return nil, failf("a %T is no value", x)
}

// Plain returns a value as one of package expression. A decimal keeps its
// digits; a float that JSON has not is its text.
func Plain(x Value) any {
	switch v := x.(type) {
	case int64:
		return int(v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return floatText(v)
		}
		return v
	case Decimal:
		text := v.String()
		if !v.whole && !strings.Contains(text, ".") {
			text += ".0"
		}
		return json.Number(text)
	case []Value:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = Plain(element)
		}
		return list
	case *Object:
		object := make(map[string]any, len(v.names))
		for i, name := range v.names {
			object[name] = Plain(v.values[i])
		}
		return object
	default:
		return v
	}
}
