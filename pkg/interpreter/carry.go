package interpreter

import (
	"errors"
	"fmt"
	"slices"

	"github.com/keelstep/keelstep/pkg/fact"
)

// carriedVersion is the form of a carried state. Older forms are read for
// ever.
const carriedVersion = 1

// IsCarried tells whether a fact is a machine's whole state: a machine may be
// folded from there on.
func IsCarried(f fact.Fact) bool { return isCarried(f) }

func isCarried(f fact.Fact) bool {
	_, ok := f.(*carried)
	return ok
}

// carry returns the whole state as a fact. A machine that begins with it goes
// on as the one that recorded it.
func (m *Machine) carry() fact.Fact {
	return &carried{Version: carriedVersion, State: m.dump(nil)}
}

// restore makes the state that a carried fact holds the machine's own.
func (m *Machine) restore(f *carried) error {
	if f.Version != carriedVersion {
		return fmt.Errorf("the state has the form %d, this build knows up to %d: a newer version is needed", f.Version, carriedVersion)
	}
	d := dump{m: m}
	if err := fact.ReadFields(f.State, d.fields); err != nil {
		return err
	}
	return d.err
}

// dump appends the state to b.
func (m *Machine) dump(b []byte) []byte {
	d := dump{m: m}
	d.number(m.st.root)
	b = slices.Grow(b, 256+128*len(d.steps))
	return fact.Append(b, d.fields)
}

// dump carries a machine's state to bytes and back. Steps are numbered in the
// order in which the tree of frames holds them; what refers to a step holds
// its number, counted from 1.
type dump struct {
	m     *Machine
	steps []*step
	late  []func() // links that need all steps
	err   error
}

func (d *dump) fail(what string) {
	if d.err == nil {
		d.err = errors.New("the carried state does not fit the workflow: " + what)
	}
}

// ref carries a reference to a step.
func (d *dump) ref(c *fact.Coder, tag uint64, s **step) {
	n := d.numberOf(*s)
	c.Int(tag, "step", &n)
	if !c.Reading() || n == 0 {
		return
	}
	d.late = append(d.late, func() {
		if n > len(d.steps) {
			d.fail("a step is missing")
			return
		}
		*s = d.steps[n-1]
	})
}

// numberOf returns the number of a step, 0 for none and for one that is in no
// frame any more.
func (d *dump) numberOf(s *step) int {
	if s == nil || s.number == 0 || s.number > len(d.steps) || d.steps[s.number-1] != s {
		return 0
	}
	return s.number
}

// number gives the steps of a frame and of those inside it their numbers.
func (d *dump) number(f *frame) {
	if f == nil {
		return
	}
	for _, s := range f.steps {
		d.steps = append(d.steps, s)
		s.number = len(d.steps)
	}
	for _, s := range f.steps {
		for _, h := range s.allFrames() {
			d.number(h)
		}
	}
}

func (d *dump) fields(c *fact.Coder) {
	m, st := d.m, &d.m.st
	c.Uint(1, "seq", &st.seq)
	c.Time(2, "now", &st.now)
	present := true
	c.Sub(3, "run", &present, st.run.Fields)
	fact.Enum(c, 4, "status", &st.status)
	c.Time(5, "started", &st.startedAt)
	c.Time(6, "ended", &st.endedAt)
	d.cell(c, 7, &st.output)
	failureField(c, 8, "error", &st.fail)
	fact.Enum(c, 9, "ending", &st.ending)
	failureField(c, 10, "endError", &st.endFail)
	d.cell(c, 11, &st.endOutput)
	d.answer(c, 12, &st.answer)
	fact.List(c, 13, "vars", &st.vars, d.valueCell)
	c.Int(14, "burst", &st.burst)
	c.Int(15, "burstBytes", &st.burstBytes)
	fact.List(c, 16, "signals", &st.signals, d.signal)
	if c.Reading() {
		d.m.recount()
	}
	d.received(c, 17)
	root := st.root != nil
	if c.Reading() {
		st.root = &frame{kind: rootFrame, block: m.wf.Root}
	}
	c.Sub(18, "root", &root, func(c *fact.Coder) { d.frame(c, st.root) })
	if c.Reading() && !root {
		st.root = nil // the run has not begun
	}
	if c.Reading() {
		d.number(st.root)
		m.derived()
	}
	d.indexes(c)
	if c.Reading() {
		for _, link := range d.late {
			link()
		}
		d.relink()
	}
}

// derived sets what follows from how the run was started.
func (m *Machine) derived() {
	st := &m.st
	st.input, st.trigger = &cell{v: st.run.Input}, &cell{v: st.run.Trigger}
	st.params = nil
	for _, p := range st.run.Params {
		st.params = append(st.params, &cell{v: p.Value})
	}
}

func (d *dump) answer(c *fact.Coder, tag uint64, a **AnswerCaller) {
	if *a == nil && !c.Reading() {
		return
	}
	present := *a != nil
	into := *a
	if into == nil {
		into = &AnswerCaller{}
	}
	c.Sub(tag, "answer", &present, func(c *fact.Coder) {
		c.Int(1, "status", &into.Status)
		c.Value(2, "headers", &into.Headers)
		c.Value(3, "body", &into.Body)
	})
	if c.Reading() && present {
		*a = into
	}
}

func (d *dump) signal(c *fact.Coder, g **signal) {
	if c.Reading() {
		*g = &signal{data: &cell{}}
	}
	s := *g
	c.Uint(1, "seq", &s.seq)
	c.String(2, "id", &s.id)
	c.String(3, "name", &s.name)
	c.Time(4, "at", &s.at)
	c.Value(5, "data", &s.data.v)
	c.Bool(6, "taken", &s.taken)
	c.String(7, "type", &s.etype)
	c.String(8, "source", &s.source)
	c.String(9, "subject", &s.subject)
}

// received carries the IDs of the last signals, in the order of their arrival.
func (d *dump) received(c *fact.Coder, tag uint64) {
	fact.List(c, tag, "received", &d.m.st.signalIDs, func(c *fact.Coder, id *string) { c.String(1, "id", id) })
	if c.Reading() {
		for _, id := range d.m.st.signalIDs {
			put(&d.m.received, id, true)
		}
	}
}

// valueCell carries a cell that has a value of its own.
func (d *dump) valueCell(c *fact.Coder, into **cell) {
	if c.Reading() {
		*into = &cell{}
	}
	c.Value(1, "value", &(*into).v)
}

// cell carries a cell; one of a loop or a signal by what it is made of.
func (d *dump) cell(c *fact.Coder, tag uint64, into **cell) {
	if *into == nil && !c.Reading() {
		return
	}
	x, present := *into, *into != nil
	c.Sub(tag, "cell", &present, func(c *fact.Coder) {
		if x == nil {
			x = &cell{}
		}
		c.Value(1, "value", &x.v)
		d.ref(c, 2, &x.of)
		sig := x.sig != nil
		if c.Reading() {
			x.sig = nil
		}
		g := x.sig
		c.Sub(3, "signal", &sig, func(c *fact.Coder) { d.signal(c, &g) })
		if sig {
			x.sig = g
		}
	})
	if c.Reading() && present {
		*into = x
	}
}

// State returns the machine's whole state, for a snapshot: a cache of what
// its record folds into.
func (m *Machine) State() []byte {
	return m.dump([]byte{carriedVersion})
}

// Restore makes the state of State that of a machine that has not begun.
func (m *Machine) Restore(state []byte) error {
	if len(state) == 0 {
		return errors.New("the snapshot is empty")
	}
	return m.restore(&carried{Version: int(state[0]), State: state[1:]})
}
