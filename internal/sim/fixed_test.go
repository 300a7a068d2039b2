package sim

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

var update = flag.Bool("update", false, "rewrite the expected output")

// fixed returns a program of testdata.
func fixed(t *testing.T, name string) *Program {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("testdata", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	input := map[string]string{"order": `{"id":"o1","tier":"gold","items":["a","b","c","d"]}`}[name]
	if input == "" {
		input = `{"n":3}`
	}
	var signals []Signal
	if name == "loops" {
		signals = []Signal{
			{"go", `{"ok":false}`, 0},
			{"vote", `{"ok":false}`, 10_000_000},
			{"vote", `{"ok":true}`, 20_000_000},
		}
	}
	p, err := Fixed(name, source, input, signals...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestFixed simulates workflows that were written by hand.
func TestFixed(t *testing.T) {
	for _, name := range []string{"order", "handlers", "loops"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, v := Simulator{}.Calm(fixed(t, name), 0)
			if v != nil {
				t.Fatal(v)
			}
			total := newReport()
			for seed := uint64(1); seed <= 300; seed++ {
				if v := (Simulator{}).Run(b, seed, total); v != nil {
					t.Fatal(v)
				}
			}
			if total.compared < 75 {
				t.Errorf("only %d of 300 runs were compared with the calm run", total.compared)
			}
		})
	}
}

// TestLong simulates a run whose consequences exceed a turn.
func TestLong(t *testing.T) {
	t.Parallel()
	b, v := Simulator{}.Calm(fixed(t, "long"), 0)
	if v != nil {
		t.Fatal(v)
	}
	for seed := uint64(1); seed <= 8; seed++ {
		if v := (Simulator{}).Run(b, seed, newReport()); v != nil {
			v.Trace = nil
			t.Fatal(v)
		}
	}
}

// TestEveryAppend fails each append of a run in turn: refused, not written
// though that is not known, written though that is not known; and ends the
// process at each point around it. The run must come to what it comes to
// without.
func TestEveryAppend(t *testing.T) {
	kinds := []Fault{CrashBefore, CrashAfter, CrashIssued, AppendFails, AppendLost, AppendKept}
	for _, name := range []string{"order", "handlers", "loops"} {
		b, v := Simulator{}.Calm(fixed(t, name), 0)
		if v != nil {
			t.Fatal(v)
		}
		for _, f := range kinds {
			n := 1
			for ; ; n++ {
				r := newReport()
				p := calmPlan(uint64(n))
				p.only, p.at = f, n
				if what := (Simulator{}).compare(b, p, r, nil); what != "" {
					t.Errorf("%s: %s at the %dth point: %s", name, f, n, what)
				}
				if r.struck[f] == 0 {
					break
				}
			}
			if n < 10 {
				t.Errorf("%s: %s could strike at %d points only", name, f, n-1)
			}
			t.Logf("%s: %s at %d points", name, f, n-1)
		}
	}
}

// TestKinds: the kinds of facts that generated runs reach are those of the
// golden file.
func TestKinds(t *testing.T) {
	total := simulate(Simulator{}, 1, 801, 1, func(v *Violation) { t.Error(v) }, func(uint64) {})
	var b strings.Builder
	for k := range total.kinds {
		if f := interpreter.Facts.New(fact.Kind(k)); f != nil && total.kinds[k] > 0 {
			b.WriteString(fact.NameOf(f) + "\n")
		}
	}
	golden := filepath.Join("testdata", "kinds.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Errorf("kinds of facts reached (-want +got), rerun with -update and read the diff:\n%s", d)
	}
}

// TestClockSteps: what ends by its timeout does, however the clock steps.
func TestClockSteps(t *testing.T) {
	t.Parallel()
	b, v := Simulator{}.Calm(fixed(t, "ends"), 0)
	if v != nil {
		t.Fatal(v)
	}
	for seed := uint64(1); seed <= 1000; seed++ {
		p := calmPlan(seed)
		p.percent[ClockForward], p.percent[ClockBack], p.percent[CrashIdle] = 35, 70, 35
		if what := (Simulator{}).compare(b, p, newReport(), nil); what != "" {
			t.Fatalf("seed %d: %s", seed, what)
		}
	}
}
