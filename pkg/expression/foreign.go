package expression

import (
	"time"
)

// Foreign is what the evaluation of an expression in another language gets:
// the values of its slots in the order of its reads, the time, and a seed that
// no other program of the step has.
type Foreign struct {
	Slots []any
	Now   time.Time
	Seed  string
}

// NewForeign returns the program of an expression in another language, which
// run evaluates. Reads are its slots; they are read before run is called, so
// that all that is missing is named at once. The result of run is held against
// the bounds of a result, an *Error in its error keeps its code; source is the
// text that errors name.
func NewForeign(source string, reads []Read, run func(Foreign) (any, error)) *Program {
	return &Program{
		source: source, reads: reads, typ: anyType,
		code: func(m *machine) (any, error) {
			env, program := m.ev.env, m.ev.program
			return run(Foreign{Slots: m.slots, Now: env.Now(), Seed: program.place + "/" + env.Seed()})
		},
	}
}
