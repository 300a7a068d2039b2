//go:build linux && amd64

package faults_test

import (
	"flag"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

var points = flag.Int("points", 8, "writes and flushes of each kind that are broken, in three ways each; 0: all")

// A write or a flush that fails, or says so, ends the engine with one clear
// line. What it acknowledged is there afterwards, even when the power is cut
// in the same moment, and every run goes on.
func TestFailedWrites(t *testing.T) {
	t.Parallel()
	r := random(t)
	tr := calm(t)
	struck := map[breakKind]int{}
	for _, kind := range []opKind{opWrite, opFlush} {
		for _, n := range some(r, tr.counts[kind]) {
			for _, how := range []breakKind{errorBefore, errorAfter, killAfter} {
				if breakOne(t, r, breakage{kind, n, how}) {
					struck[how]++
				}
			}
		}
	}
	t.Logf("%d failed, %d failed though they were done, %d were the last thing done",
		struck[errorBefore], struck[errorAfter], struck[killAfter])
	if struck[errorBefore] == 0 || struck[errorAfter] == 0 || struck[killAfter] == 0 {
		t.Error("too little happened")
	}
}

// some returns the numbers up to n that are tried.
func some(r *rand.Rand, n int) []int {
	all := r.Perm(n)
	if *points > 0 {
		all = all[:min(n, few(*points))]
	}
	for i := range all {
		all[i]++
	}
	return all
}

// breakOne records an engine with one fault and looks at what is left. It
// reports whether the engine came as far as that.
func breakOne(t *testing.T, r *rand.Rand, fault breakage) bool {
	t.Helper()
	tr := voyage(t, fault)
	struck := tr.counts[fault.kind] >= fault.n
	switch said := strings.TrimSpace(tr.stderr); {
	case !struck:
		if tr.status.ExitStatus() != 0 {
			t.Errorf("%s: it was not reached, and the engine ended with %d: %s", fault, tr.status.ExitStatus(), said)
		}
	case fault.how == killAfter:
		if tr.status.Signal() != unix.SIGKILL {
			t.Errorf("%s: the engine ended with %v: %s", fault, tr.status, said)
		}
	case tr.status.ExitStatus() != 1 || strings.Count(said, "\n") > 0 || !strings.Contains(said, "input/output error"):
		t.Errorf("%s: the engine ended with %d and said %q", fault, tr.status.ExitStatus(), said)
	}
	s, err := tr.saw(len(tr.ops))
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(tr.path)
	if err != nil {
		t.Fatal(err)
	}
	if err := judge(t, file, s); err != nil {
		t.Errorf("%s: the file that it left: %v", fault, err)
	}
	for range 2 {
		c := cut{at: len(tr.ops), kind: cutKind(r.IntN(int(cutKinds)))}
		s, err := tr.saw(c.at)
		if err != nil {
			t.Fatal(err)
		}
		if err := judge(t, tr.image(r, c), s); err != nil {
			t.Errorf("%s, and then the power is cut, %s: %v", fault, c.kind, err)
		}
	}
	return struck
}
