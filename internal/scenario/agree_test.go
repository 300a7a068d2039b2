package scenario_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
	"github.com/keelstep/keelstep/pkg/eventlog/memlog"
	"github.com/keelstep/keelstep/pkg/scenario"
)

// summary is what must not depend on what runs a scenario. Of calls it counts
// what has one key: the order between branches is nobody's.
type summary struct {
	Status, Output, Error string
	Response              string
	Steps                 []string
	Calls                 []string
	Refused               []int
}

func summaryOf(r *scenario.Result) summary {
	o := r.Outcome
	s := summary{Status: o.Status, Output: string(o.Output)}
	if o.Error != nil {
		s.Error = o.Error.Code + " " + o.Error.Step
	}
	if o.Response != nil {
		s.Response = fmt.Sprintf("%d %s", o.Response.Status, o.Response.Body)
	}
	for _, x := range o.Steps {
		s.Steps = append(s.Steps, x.Path+" "+x.Status)
	}
	for _, c := range r.Calls {
		s.Calls = append(s.Calls, fmt.Sprintf("%s@%d %s %s", c.Path, c.Attempt, c.Operation, c.Input))
	}
	for i := range o.Refused {
		s.Refused = append(s.Refused, i)
	}
	slices.Sort(s.Steps)
	slices.Sort(s.Calls)
	slices.Sort(s.Refused)
	return s
}

// only runs one scenario of a file.
func only(t *testing.T, f *scenario.File, name string, d scenario.Driver) scenario.Result {
	t.Helper()
	all := f.Run(t.Context(), scenario.Options{
		Only: regexp.MustCompile("^" + regexp.QuoteMeta(name) + "$"), Driver: d, Run: theRun,
	})
	if len(all) != 1 {
		t.Fatalf("%d scenarios are named %q", len(all), name)
	}
	if all[0].Outcome == nil {
		t.Fatalf("%s: %s", name, failures(&all[0]))
	}
	return all[0]
}

// theRun is the ID that an engine derives from the idempotency key of the
// driver, so that what is random is the same everywhere.
const theRun = "b7074ad2-74c7-8c26-9e99-f660bb3e41ff"

func each(t *testing.T, do func(t *testing.T, f *scenario.File, name string)) {
	for _, f := range files(t) {
		for _, name := range f.Scenarios {
			t.Run(filepath.Base(f.Name)+"/"+name, func(t *testing.T) { do(t, f, name) })
		}
	}
}

// memory returns what opens a log in memory, again after each kill.
func memory() func() eventlog.Store {
	log := memlog.New()
	return func() eventlog.Store {
		log = log.Reopen()
		return log
	}
}

func disk(t *testing.T) func() eventlog.Store {
	path := filepath.Join(t.TempDir(), "log")
	return func() eventlog.Store {
		log, err := boltlog.Open(path, boltlog.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return log
	}
}

// TestEngine: an engine with a log in memory ends each scenario as the
// interpreter alone does, and in the same time.
func TestEngine(t *testing.T) {
	each(t, func(t *testing.T, f *scenario.File, name string) {
		bare := only(t, f, name, nil)
		got := only(t, f, name, &engineDriver{t: t, open: memory()})
		if !got.Passed() {
			t.Error(failures(&got))
		}
		if d := cmp.Diff(summaryOf(&got), summaryOf(&bare)); d != "" {
			t.Errorf("on the engine (-) and bare (+) differ:\n%s", d)
		}
		if got.Duration() != bare.Duration() {
			t.Errorf("the run took %s on the engine and %s bare", got.Duration(), bare.Duration())
		}
	})
}

// TestKilledAnywhere kills an engine whose log is a file at each append from
// the start on, once before it is durable and once after: each scenario ends
// as the interpreter alone ends it.
func TestKilledAnywhere(t *testing.T) {
	each(t, func(t *testing.T, f *scenario.File, name string) {
		calm := only(t, f, name, nil)
		for _, after := range []bool{false, true} {
			for n, reached := 1, true; reached; n++ {
				d := &engineDriver{t: t, open: disk(t), kill: n, after: after}
				got := only(t, f, name, d)
				if doubted(&got) {
					checkDoubt(t, n, &got)
				} else if d := cmp.Diff(settled(&got, &calm, d.unsure), settled(&calm, &calm, d.unsure)); d != "" {
					t.Fatalf("killed at append %d, durable %t: (-) and bare (+) differ:\n%s%s", n, after, d, failures(&got))
				}
				reached = d.struck
			}
		}
	})
}

// doubted tells whether a call that is never repeated was under way when the
// engine was killed: its answer is lost, and that may show.
func doubted(r *scenario.Result) bool {
	return slices.ContainsFunc(r.Outcome.History, func(e scenario.Event) bool {
		return e.Type == "CallEnded" && strings.Contains(string(e.Data), "before a restart and its answer was lost")
	})
}

// checkDoubt: no doubt has a call made twice that must not be, and the run
// ends in the way that the workflow has for it.
func checkDoubt(t *testing.T, n int, r *scenario.Result) {
	t.Helper()
	made := map[string]int{}
	for _, c := range r.Calls {
		if c.Operation == "http.post" {
			made[c.Path]++
		}
		if made[c.Path] > 1 {
			t.Errorf("killed at append %d: the call of %s was made again", n, c.Path)
		}
	}
	if r.Outcome.Status != "succeeded" {
		t.Errorf("killed at append %d: the run ended %s", n, r.Outcome.Status)
	}
}

// settled is the summary of a run without what a kill may change: how a call
// ended that was being stopped, and whether an action was taken whose
// acknowledgement was lost.
func settled(r, calm *scenario.Result, unsure []int) summary {
	stopped := map[string]bool{}
	for _, x := range calm.Outcome.Steps {
		stopped[x.Path] = x.Error != nil && x.Error.Code == "Cancelled"
	}
	s := summaryOf(r)
	s.Steps = slices.DeleteFunc(s.Steps, func(line string) bool {
		path, _, _ := strings.Cut(line, " ")
		return stopped[path]
	})
	s.Refused = slices.DeleteFunc(s.Refused, func(i int) bool { return slices.Contains(unsure, i) })
	if len(s.Refused) == 0 {
		s.Refused = nil
	}
	return s
}
