//go:build linux && amd64

package faults_test

import (
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

var (
	images = flag.Int("images", 200, "power cuts that are tried")
	seed   = flag.Uint64("seed", 0, "seed of the cuts; 0: a new one")
)

// few is n, or less of it where time is short.
func few(n int) int {
	if testing.Short() {
		return (n + 4) / 5
	}
	return n
}

// random returns a source whose seed is printed when the test fails.
func random(t *testing.T) *rand.Rand {
	t.Helper()
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("rerun with -run='^%s$' -seed=%d (another schedule may come of it)", t.Name(), s)
		}
	})
	return rand.New(rand.NewPCG(s, 0))
}

// voyage records an engine from its first start to its end, or to the fault.
func voyage(t *testing.T, fault breakage) *trace {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log.db")
	l, err := boltlog.Open(path, logOptions)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+path)
	return record(t, cmd, path, fault)
}

// calm is a voyage without a fault.
func calm(t *testing.T) *trace {
	t.Helper()
	tr := voyage(t, breakage{})
	if !tr.status.Exited() || tr.status.ExitStatus() != 0 {
		t.Fatalf("the engine ended with %v: %s", tr.status, tr.stderr)
	}
	if tr.counts[opFlush] < 40 || tr.counts[opWrite] < 100 {
		t.Fatalf("%d flushes and %d writes are too few", tr.counts[opFlush], tr.counts[opWrite])
	}
	return tr
}

// Whatever a power cut leaves of a running engine's file, it opens clean, with
// all that was acknowledged, and every run goes on to the end that it would
// have had.
func TestPowerLoss(t *testing.T) {
	t.Parallel()
	r := random(t)
	// One record serves many cuts; another has its own schedule.
	const each = 100
	var tr *trace
	for i := range few(*images) {
		if i%each == 0 {
			tr = calm(t)
		}
		c := cut{at: r.IntN(len(tr.ops) + 1), kind: cutKind(r.IntN(int(cutKinds)))}
		if at := tr.moments(); r.IntN(3) > 0 {
			c.at = at[r.IntN(len(at))]
		}
		s, err := tr.saw(c.at)
		if err != nil {
			t.Fatal(err)
		}
		if err := judge(t, tr.image(r, c), s); err != nil {
			t.Errorf("image %d, %s: %v", i, c, err)
		}
	}
}

// The images bite: of an engine that flushes nothing most are bad.
func TestPowerLossWithoutFlushes(t *testing.T) {
	t.Parallel()
	r := random(t)
	tr := calm(t)
	kinds := []cutKind{cutNone, cutSubset, cutTorn, cutLast} // the others leave nearly all
	bad := 0
	n := few(60)
	for i := range n {
		c := cut{at: len(tr.ops) - r.IntN(len(tr.ops)/2), kind: kinds[i%len(kinds)], noFlush: true}
		s, err := tr.saw(c.at)
		if err != nil {
			t.Fatal(err)
		}
		if judge(t, tr.image(r, c), s) != nil {
			bad++
		}
	}
	t.Logf("%d of %d images are bad", bad, n)
	if bad < n*9/10 {
		t.Errorf("%d of %d images without flushes are bad: the images do not bite", bad, n)
	}
}
