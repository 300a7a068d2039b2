// Package sim simulates runs of workflows. One seed is one run: a workflow,
// fixed or generated, a world that answers its calls, a shell that drives the
// interpreter as the engine does, and faults. Clock, log, process and world
// are simulated in one goroutine, so a seed does the same each time.
//
// At every turn a twin that is folded from the record must be in the state of
// the live machine and decide as it does; at the end the run must have come
// to what the calm run comes to. The package promises nothing to others.
package sim

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/keelstep/keelstep/pkg/graph"
)

// Violation is what a simulated run did that no run may do.
type Violation struct {
	Seed    uint64
	Program *Program
	What    string
	Faults  string   // of the plan
	Needed  []string // the faults without which it does not happen
	Trace   []string // what happened, the last lines
}

// Error returns all that is needed to look into it.
func (v *Violation) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: %s\n", v.Seed, v.What)
	fmt.Fprintf(&b, "workflow %s (racy %t, timed %t), input %s, faults: %s; needed: %s\n",
		v.Program.Name, v.Program.Racy, v.Program.Timed, v.Program.Input, v.Faults, strings.Join(v.Needed, ", "))
	fmt.Fprintf(&b, "%s\n", v.Program.Source)
	for _, line := range v.Trace {
		fmt.Fprintf(&b, "%s\n", line)
	}
	fmt.Fprintf(&b, "rerun with go test ./internal/sim -run 'TestSim$' -sim.seed=%d", v.Seed)
	return b.String()
}

// broken is thrown by fail and caught by simulate.
type broken struct{ what string }

// fail ends the simulated run with a violation.
func fail(format string, args ...any) { panic(broken{fmt.Sprintf(format, args...)}) }

// Simulator runs seeds of one set of machines.
type Simulator struct {
	// New makes the machines; nil: those of the interpreter.
	New func(*graph.Workflow) Machine

	spare *Report // of runs that do not count
}

// seedsPerProgram is how many seeds share one workflow, each with other
// faults.
const seedsPerProgram = 8

// Baseline is a program with the outcome of its calm run.
type Baseline struct {
	*Program
	calm *outcome
}

// plan draws the faults of a seed.
func (b *Baseline) plan(seed uint64) *plan {
	p := newPlan(seed, b.calm.turns)
	if b.shows != nil {
		p.aim(b.calm.shown)
	}
	return p
}

// Prepare generates the workflow of a seed and runs it without faults.
func (s Simulator) Prepare(seed uint64) (*Baseline, *Violation) {
	p := Generate(seed / seedsPerProgram)
	if err := p.compileAll(); err != nil {
		return nil, &Violation{Seed: seed, Program: p, What: err.Error()}
	}
	return s.Calm(p, seed)
}

// Calm runs a compiled program without faults.
func (s Simulator) Calm(p *Program, seed uint64) (*Baseline, *Violation) {
	out, what := s.simulate(p, calmPlan(seed), s.calm(), nil)
	if what != "" {
		v := &Violation{Seed: seed, Program: p, What: "calm run: " + what, Faults: "none"}
		tr := &trace{}
		s.simulate(p, calmPlan(seed), newReport(), tr)
		v.Trace = tr.last()
		return nil, v
	}
	return &Baseline{p, out}, nil
}

// calm returns the report of a run that does not count.
func (s Simulator) calm() *Report {
	if s.spare == nil {
		return newReport()
	}
	return s.spare
}

// Run simulates one seed of a program, compares it with the calm run, and adds
// to the report what it reached.
func (s Simulator) Run(b *Baseline, seed uint64, r *Report) *Violation {
	what := s.compare(b, b.plan(seed), r, nil)
	if what == "" {
		return nil
	}
	v := &Violation{Seed: seed, Program: b.Program, What: what, Faults: b.plan(seed).String()}
	var out [faults]bool
	for f := range faults {
		if b.plan(seed).percent[f] == 0 {
			continue
		}
		out[f] = true
		if s.compare(b, b.plan(seed).without(out), newReport(), nil) == "" {
			out[f] = false
			v.Needed = append(v.Needed, f.String())
		}
	}
	tr := &trace{}
	if again := s.compare(b, b.plan(seed).without(out), newReport(), tr); again != "" && again != what {
		v.What += "\nwith the needed faults only: " + again
	}
	v.Trace = tr.last()
	return v
}

// compare simulates a plan and returns what is wrong, empty for nothing.
func (s Simulator) compare(b *Baseline, p *plan, r *Report, tr *trace) string {
	out, what := s.simulate(b.Program, p, r, tr)
	if what != "" {
		return what
	}
	return out.against(b.calm, b.Program, r)
}

// simulate runs a plan to its end.
func (s Simulator) simulate(p *Program, pl *plan, r *Report, tr *trace) (out *outcome, what string) {
	defer func() {
		switch x := recover().(type) {
		case nil:
		case broken:
			what = x.what
		default:
			what = fmt.Sprintf("panic: %v\n%s", x, debug.Stack())
		}
	}()
	sh := newShell(p, s.make(), pl, r, tr)
	sh.live()
	return sh.finish(), ""
}

func (s Simulator) make() func(*graph.Workflow) Machine {
	if s.New != nil {
		return s.New
	}
	return realMachine
}

// trace keeps what a failing run did.
type trace struct{ lines []string }

func (t *trace) add(format string, args ...any) {
	if t != nil {
		t.lines = append(t.lines, fmt.Sprintf(format, args...))
	}
}

// maxTrace is how many lines of a failing run are shown.
const maxTrace = 600

func (t *trace) last() []string {
	if n := len(t.lines) - maxTrace; n > 0 {
		return append([]string{fmt.Sprintf("(%d lines before)", n)}, t.lines[n:]...)
	}
	return t.lines
}
