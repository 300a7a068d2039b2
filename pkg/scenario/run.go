package scenario

import (
	"context"
	"regexp"
	"time"

	"github.com/keelstep/keelstep/pkg/diag"
)

// Options is how the scenarios of a file are run. The zero value runs all of
// them on the interpreter alone.
type Options struct {
	// Only runs the scenarios whose name it matches; nil: all.
	Only *regexp.Regexp
	// Driver runs them; nil: the interpreter alone.
	Driver Driver
	// Run is the ID of each run, from which random values derive; empty: one
	// that never changes.
	Run string
	// Tail is how many of the last events a failed scenario shows; 0: 20.
	Tail int
}

// Result is how one scenario ended.
type Result struct {
	Name     string
	Span     diag.Span // of the scenario in its file
	Findings []Finding // none: everything was as expected
	// Outcome is nil when the run could not be started.
	Outcome *Outcome
	Calls   []Request
	// History is the last events, where something was not as expected.
	History []Event
}

// Finding is one expectation that was not met.
type Finding struct {
	Span      diag.Span
	Path      string // JSON Pointer into the test file
	Message   string
	Got, Want string // empty where the message says it
}

// defaultRun is the ID of the runs of scenarios.
const defaultRun = "00000000-0000-8000-8000-000000000001"

const defaultTail = 20

// Passed tells whether everything was as expected.
func (r *Result) Passed() bool { return len(r.Findings) == 0 }

// Duration returns how long the run took, in the time of the scenario.
func (r *Result) Duration() time.Duration {
	if r.Outcome == nil {
		return 0
	}
	return r.Outcome.Duration
}

// Run runs the scenarios, one after another, in the order of the file. It ends
// early when ctx does; the scenario that was running then has a finding.
func (f *File) Run(ctx context.Context, o Options) []Result {
	if o.Driver == nil {
		o.Driver = bareDriver{}
	}
	if o.Run == "" {
		o.Run = defaultRun
	}
	if o.Tail <= 0 {
		o.Tail = defaultTail
	}
	var all []Result
	for i, s := range f.doc.Cases {
		if ctx.Err() != nil {
			break
		}
		if o.Only == nil || o.Only.MatchString(s.Name) {
			all = append(all, f.one(ctx, i, o))
		}
	}
	return all
}

func (f *File) one(ctx context.Context, i int, o Options) Result {
	x := &examiner{f: f, at: "/cases/" + itoa(i), doc: f.doc.Cases[i]}
	r := Result{Name: x.doc.Name, Span: f.tree.Span(x.at + "/name")}
	c, err := f.newCase(i, o.Run)
	if err == nil {
		r.Outcome, err = o.Driver.Drive(ctx, c)
	}
	if err != nil {
		x.report("", "the scenario cannot be run: "+err.Error(), "", "")
		r.Findings = x.found
		return r
	}
	r.Calls = c.World.Calls()
	x.examine(c, r.Outcome, r.Calls)
	r.Findings = x.found
	if !r.Passed() {
		r.History = r.Outcome.History[max(0, len(r.Outcome.History)-o.Tail):]
	}
	return r
}
