package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/engine"
)

const fillEnv = "KEELSTEP_BENCH_FILL"

// TestMain is also the process that fills a log and is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(fillEnv); dir != "" {
		n, _ := strconv.Atoi(os.Getenv(fillEnv + "_RUNS"))
		if err := Fill(context.Background(), dir, n, engine.SystemClock(), os.Stdout); err != nil {
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
		Self: func(dir string, runs int) ([]string, error) {
			return []string{"/usr/bin/env", fillEnv + "=" + dir, fillEnv + "_RUNS=" + strconv.Itoa(runs), os.Args[0], "-test.run=^$"}, nil
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
		case r.Workload == "w6":
			if r.FirstRequest <= 0 {
				t.Errorf("no first request: %s", line)
			}
		case r.Workload == "w4":
			if r.StartsPerSecond <= 0 || r.SignalsPerSecond <= 0 || r.Limit <= 0 || r.SignalsRatio <= 0 {
				t.Errorf("a figure is missing: %s", line)
			}
		case r.RunsPerSecond <= 0 || r.P50 <= 0 || r.P99 < r.P50 || r.Limit <= 0 || r.Ratio <= 0 || r.Turns <= 0 || r.Commits <= 0:
			t.Errorf("a figure is missing: %s", line)
		}
	}
	want := map[string]int{"w1": 3, "w2": 1, "w3": 1, "w4": 1, "w5": 1, "w6": 1, "w7": 1}
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
	err := Run(t.Context(), Options{Workloads: []string{"w1", "w9"}, Dir: t.TempDir(), Out: &out, Clock: engine.SystemClock()})
	if err == nil || out.Len() > 0 {
		t.Errorf("Run = %v with output %q", err, out.String())
	}
}
