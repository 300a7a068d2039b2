package crash_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"
)

var (
	kills  = flag.Int("crash.n", 6, "how often the server is killed")
	period = flag.Duration("crash.for", 0, "how long it is killed again and again, whatever crash.n says")
	seed   = flag.Uint64("crash.seed", uint64(time.Now().UnixNano()), "seed of the moments and kinds of kills")
	rate   = flag.Int("crash.rate", 120, "starts a second that are tried")
	binary = flag.String("crash.engine", "", "the engine's binary; empty: it is built")
)

// TestMain makes the test binary the process that keeps a log in order.
func TestMain(m *testing.M) {
	if path := os.Getenv(maintainEnv); path != "" {
		maintain(path)
	}
	os.Exit(m.Run())
}

// roundKills is after how many kills everything that was acknowledged is
// looked at.
const roundKills = 40

// TestCrash starts runs over HTTP (calls in parallel, a timer, loops, a child
// that waits in line, signals in order, a task, an event, a run that an event
// starts, values that are stored apart), and kills the server at random
// moments: some of them while it recovers, some by SIGTERM, some while or after
// it stood still, some while it copies its log or purges what it is told to. It
// drops runs by their age and values that nothing names all the time. Between
// its lives other processes make checkpoints, copy, purge, compact and restore
// the log, and are killed too. The log is checked after each kill. Every
// acknowledged run must be there, end well, and stay as it ended, with each
// effect made once under one key; what was purged must stay away, what is named
// must be there, and nobody who was killed leaves a file behind.
func TestCrash(t *testing.T) {
	t.Logf("seed %d (rerun with -crash.seed=%d -crash.n=%d -crash.for=%s)", *seed, *seed, *kills, *period)
	h := newHarness(t)
	began := time.Now()
	more := func() bool {
		if *period > 0 {
			return time.Now().Before(began.Add(*period))
		}
		return h.tally.kills < *kills
	}
	round := roundKills
	if *period == 0 {
		round = min(round, *kills/2+1)
	}
	for more() {
		for n := 0; n < round && more() && !t.Failed(); n++ {
			h.life()
			h.between()
		}
		h.settle()
		if t.Failed() {
			break
		}
		for more() && !h.maintained() {
			h.check("the process that purges was killed again")
		}
		if *period > 0 {
			fmt.Fprintf(os.Stderr, "%s %s\n", time.Since(began).Round(time.Second), h.tally)
		}
	}
	h.settle()
	t.Logf("seed %d, %.0f s: %s", *seed, time.Since(began).Seconds(), h.tally)
	if h.tally.starts < h.tally.kills {
		t.Errorf("only %d starts were acknowledged: too little happened", h.tally.starts)
	}
}

// life is one life of the server, from its start to its kill.
func (h *harness) life() {
	h.tally.kills++
	out := h.start()
	if h.rng.IntN(100) < 15 { // while it recovers
		h.tally.early++
		time.Sleep(time.Duration(h.rng.IntN(150)) * time.Millisecond)
		h.stop(syscall.SIGKILL)
		h.check("it was killed during recovery")
		return
	}
	h.await(out)
	stop, waits := h.loaded(), []func(){}
	switch h.rng.IntN(10) {
	case 0, 1:
		waits = append(waits, h.copying())
	case 2:
		waits = append(waits, h.copyingThere())
	}
	lives := time.Duration(20+h.rng.IntN(500)) * time.Millisecond
	purge, cancel := context.WithCancel(context.Background())
	defer cancel()
	if h.rng.IntN(2) == 0 {
		began, wait := h.purging(purge)
		waits = append(waits, wait)
		if h.rng.IntN(2) == 0 { // it ends while it purges
			<-began
			lives = time.Duration(h.rng.IntN(40)) * time.Millisecond
		}
	}
	time.Sleep(lives)
	sig := syscall.SIGKILL
	switch dice := h.rng.IntN(100); {
	case dice < 5:
		h.tally.terms++
		sig = syscall.SIGTERM
	case dice < 10:
		h.tally.pauses++
		_ = h.server.Process.Signal(syscall.SIGSTOP)
		time.Sleep(time.Duration(h.rng.IntN(1000)) * time.Millisecond)
		if h.rng.IntN(2) == 0 {
			_ = h.server.Process.Signal(syscall.SIGCONT)
			time.Sleep(time.Duration(h.rng.IntN(300)) * time.Millisecond)
		}
	}
	h.stop(sig)
	stop()
	cancel()
	for _, wait := range waits {
		wait()
	}
	h.tally.hear(out)
	h.check(fmt.Sprint("it was ended by ", sig))
}
