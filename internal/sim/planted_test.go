package sim

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// planted is a machine with one mistake in it. Each function that is set takes
// the place of the machine's own.
type planted struct {
	Machine
	decide      func(m Machine, at time.Time, in []interpreter.Input) fact.Turn
	apply       func(m Machine, e fact.Event) error
	commands    func([]interpreter.Command) []interpreter.Command
	outstanding func([]interpreter.Command) []interpreter.Command
	sends       func([]interpreter.Message) []interpreter.Message
	state       func([]byte) []byte
}

func (p *planted) Decide(at time.Time, in ...interpreter.Input) fact.Turn {
	if p.decide == nil {
		return p.Machine.Decide(at, in...)
	}
	return p.decide(p.Machine, at, in)
}

func (p *planted) Apply(e fact.Event) error {
	if p.apply == nil {
		return p.Machine.Apply(e)
	}
	return p.apply(p.Machine, e)
}

func (p *planted) Commands(turn []fact.Event) []interpreter.Command {
	cs := p.Machine.Commands(turn)
	if p.commands == nil {
		return cs
	}
	return p.commands(cs)
}

func (p *planted) Outstanding() []interpreter.Command {
	cs := p.Machine.Outstanding()
	if p.outstanding == nil {
		return cs
	}
	return p.outstanding(cs)
}

func (p *planted) Sends(turn []fact.Event) []interpreter.Message {
	ms := p.Machine.Sends(turn)
	if p.sends == nil {
		return ms
	}
	return p.sends(ms)
}

func (p *planted) State() []byte {
	b := p.Machine.State()
	if p.state == nil {
		return b
	}
	return p.state(b)
}

// without drops the commands for which it returns true.
func without(drop func(interpreter.Command) bool) func([]interpreter.Command) []interpreter.Command {
	return func(cs []interpreter.Command) []interpreter.Command { return slices.DeleteFunc(cs, drop) }
}

// eachCall changes every call.
func eachCall(change func(*interpreter.Call)) func([]interpreter.Command) []interpreter.Command {
	return func(cs []interpreter.Command) []interpreter.Command {
		for i, c := range cs {
			if call, ok := c.(interpreter.Call); ok {
				change(&call)
				cs[i] = call
			}
		}
		return cs
	}
}

// dropping returns a Decide to which every n-th input of a kind is lost.
func dropping[T interpreter.Input](n int) func(Machine, time.Time, []interpreter.Input) fact.Turn {
	seen := 0
	return func(m Machine, at time.Time, in []interpreter.Input) fact.Turn {
		for i, x := range in {
			if _, ok := x.(T); !ok {
				continue
			}
			if seen++; seen%n != 0 {
				continue
			}
			t := m.Decide(at, in[:i]...) // what is behind it comes again
			if t.Taken == i && len(t.Wants) == 0 && !t.More {
				t.Taken++
			}
			return t
		}
		return m.Decide(at, in...)
	}
}

// bugs are the mistakes that the simulator must find, each within some seeds.
var bugs = []struct {
	name  string
	plant func() *planted
}{
	{"a count is kept outside of the events", func() *planted {
		timers := 0
		return &planted{decide: func(m Machine, at time.Time, in []interpreter.Input) fact.Turn {
			in = slices.Clone(in)
			for i, x := range in {
				if _, ok := x.(interpreter.TimerFired); ok {
					if timers++; timers%3 == 0 {
						in[i] = interpreter.TimerFired{Timer: "wait:nowhere"}
					}
				}
			}
			return m.Decide(at, in...)
		}}
	}},
	{"the last event of a turn is lost", func() *planted {
		return &planted{decide: func(m Machine, at time.Time, in []interpreter.Input) fact.Turn {
			t := m.Decide(at, in...)
			if n := len(t.Events); n > 4 {
				t.Events = t.Events[:n-1]
			}
			return t
		}}
	}},
	{"an event is recorded twice", func() *planted {
		return &planted{decide: func(m Machine, at time.Time, in []interpreter.Input) fact.Turn {
			t := m.Decide(at, in...)
			if n := len(t.Events); n > 4 {
				t.Events = append(t.Events, t.Events[n-1])
			}
			return t
		}}
	}},
	{"inputs are taken in another order", func() *planted {
		return &planted{decide: func(m Machine, at time.Time, in []interpreter.Input) fact.Turn {
			if len(in) == 2 {
				if _, start := in[0].(interpreter.Start); !start {
					in = []interpreter.Input{in[1], in[0]}
				}
			}
			return m.Decide(at, in...)
		}}
	}},
	{"a signal is dropped", func() *planted { return &planted{decide: dropping[interpreter.Signal](1)} }},
	{"a cancel is dropped", func() *planted { return &planted{decide: dropping[interpreter.Cancel](1)} }},
	{"an answer of a person is dropped", func() *planted { return &planted{decide: dropping[interpreter.Answer](1)} }},
	{"a late event is folded as if it came in time", func() *planted {
		return &planted{apply: func(m Machine, e fact.Event) error {
			e.Time = e.Time.Truncate(time.Second)
			return m.Apply(e)
		}}
	}},
	{"each attempt has a key of its own", func() *planted {
		return &planted{
			commands:    eachCall(func(c *interpreter.Call) { c.Key += itoa(c.Attempt) }),
			outstanding: eachCall(func(c *interpreter.Call) { c.Key += itoa(c.Attempt) }),
		}
	}},
	{"all calls have one key", func() *planted {
		return &planted{commands: eachCall(func(c *interpreter.Call) { c.Key = "k" })}
	}},
	{"a call that must not be repeated is issued again as if it could", func() *planted {
		return &planted{outstanding: eachCall(func(c *interpreter.Call) {
			if c.Repeat == graph.Never {
				c.Repeat = graph.Safe
			}
		})}
	}},
	{"a timer is not cleared", func() *planted {
		return &planted{commands: without(func(c interpreter.Command) bool { _, ok := c.(interpreter.ClearTimer); return ok })}
	}},
	{"a timer is forgotten at a restart", func() *planted {
		return &planted{outstanding: without(func(c interpreter.Command) bool { _, ok := c.(interpreter.SetTimer); return ok })}
	}},
	{"a call is forgotten at a restart", func() *planted {
		return &planted{outstanding: without(func(c interpreter.Command) bool { _, ok := c.(interpreter.Call); return ok })}
	}},
	{"a slot is not given back", func() *planted {
		return &planted{sends: func(ms []interpreter.Message) []interpreter.Message {
			return slices.DeleteFunc(ms, func(m interpreter.Message) bool { return strings.HasPrefix(m.To, interpreter.LimitPrefix) && m.Seq > 2 })
		}}
	}},
	{"a parent does not hear of its child", func() *planted {
		return &planted{sends: func(ms []interpreter.Message) []interpreter.Message {
			return slices.DeleteFunc(ms, func(m interpreter.Message) bool { _, ok := m.Body.(fact.ChildEnded); return ok })
		}}
	}},
	{"a snapshot loses its last byte", func() *planted {
		return &planted{state: func(b []byte) []byte { return b[:len(b)-1] }}
	}},
}

// Each planted mistake is found, and the report says how to see it again.
func TestPlantedBugs(t *testing.T) {
	for _, bug := range bugs {
		t.Run(strings.ReplaceAll(bug.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			s := Simulator{New: func(wf *graph.Workflow) Machine {
				p := bug.plant()
				p.Machine = interpreter.New(wf)
				return p
			}}
			for seed := uint64(1); seed < 1200; seed++ {
				b, v := s.Prepare(seed)
				if v == nil {
					v = s.Run(b, seed, newReport())
				}
				if v == nil {
					continue
				}
				what, _, _ := strings.Cut(v.What, "\n")
				t.Logf("found at seed %d: %s", seed, what)
				if !strings.Contains(v.Error(), "-sim.seed=") {
					t.Error("the violation does not say how to see it again")
				}
				return
			}
			t.Error("1,200 seeds did not find the planted bug")
		})
	}
}
