package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/engine"
)

// partEnv holds the part of a measurement that a child of the test does.
const partEnv = "KEELSTEP_BENCH_PART"

// TestMain is also the process that does a part and is killed.
func TestMain(m *testing.M) {
	if text := os.Getenv(partEnv); text != "" {
		var p Part
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			os.Exit(2)
		}
		if err := Child(context.Background(), p, engine.SystemClock(), os.Stdout); err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// Every workload is measured, its line says what it is about, and nothing is
// left behind.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	var out bytes.Buffer
	err := Run(t.Context(), Options{
		Concurrency: []int{2}, Duration: 100 * time.Millisecond, Count: 20, HTTP: true, Dir: dir, Out: &out, Clock: engine.SystemClock(),
		Self: func(p Part) ([]string, error) {
			b, err := json.Marshal(p)
			return []string{"/usr/bin/env", partEnv + "=" + string(b), os.Args[0], "-test.run=^$"}, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for line := range bytes.Lines(out.Bytes()) {
		var r Result
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		seen[r.Workload]++
		switch {
		case r.Runs == 0:
			t.Errorf("no run: %s", line)
		case r.Workload == "w6" || r.Workload == "w8" || r.Workload == "w9":
			restartedLine(t, r, line)
		case r.Workload == "w4":
			if r.StartsPerSecond <= 0 || r.SignalsPerSecond <= 0 || r.Limit <= 0 || r.SignalsRatio <= 0 {
				t.Errorf("a figure is missing: %s", line)
			}
		case r.RunsPerSecond <= 0 || r.P50 <= 0 || r.P99 < r.P50 || r.Limit <= 0 || r.Ratio <= 0 || r.Turns <= 0 || r.Commits <= 0:
			t.Errorf("a figure is missing: %s", line)
		}
	}
	want := map[string]int{"w1": 3, "w2": 1, "w3": 1, "w4": 1, "w5": 1, "w6": 1, "w7": 1, "w8": 2, "w9": 1}
	for name, n := range want {
		if seen[name] != n {
			t.Errorf("%d lines of %s, want %d", seen[name], name, n)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A workload that there is none of is said before anything is measured.
func TestUnknown(t *testing.T) {
	var out bytes.Buffer
	err := Run(t.Context(), Options{Workloads: []string{"w1", "w0"}, Dir: t.TempDir(), Out: &out, Clock: engine.SystemClock()})
	if err == nil || out.Len() > 0 {
		t.Errorf("Run = %v with output %q", err, out.String())
	}
}

// restartedLine checks the line of a workload that a killed process left to
// another.
func restartedLine(t *testing.T, r Result, line []byte) {
	t.Helper()
	missing := r.FirstRequest <= 0 || r.File <= 0
	switch r.Workload {
	case "w6":
		missing = missing || r.P50 <= 0 || r.ListPage <= 0
	case "w8":
		missing = missing || r.LateMax <= 0 || r.Probes < 2
	case "w9":
		missing = missing || r.Resume <= 0 || r.Without <= 0 || r.Events < 100
	}
	if missing {
		t.Errorf("a figure is missing: %s", line)
	}
}
