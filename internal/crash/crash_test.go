package crash_test

import (
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
// that waits in line, signals in order, an event, a run that an event starts),
// and kills the server at random moments: some of them while it recovers, some
// by SIGTERM, some while or after it stood still. Between its lives another
// process makes checkpoints, copies, and purges what has ended, and is killed
// too; some servers are killed while they copy their log. The
// log is checked after each kill. Every acknowledged run must be there, end
// well, and stay as it ended, with each effect made once under one key; what
// was purged must stay away.
func TestCrash(t *testing.T) {
	t.Logf("seed %d (rerun with -crash.seed=%d -crash.n=%d -crash.for=%s)", *seed, *seed, *kills, *period)
	h := newHarness(t)
	began := time.Now()
	more := func() bool {
		if *period > 0 {
			return time.Since(began) < *period
		}
		return h.tally.kills < *kills
	}
	for more() {
		for n := 0; n < roundKills && more() && !t.Failed(); n++ {
			h.life()
			if h.rng.IntN(10) == 0 && !h.maintained() {
				h.check("the process that purges was killed")
			}
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

// tally is what happened.
type tally struct {
	kills, early, terms, pauses, purgers      int
	copies, aside                             int
	starts, messages, refused, verified, gone int
	answers                                   int
}

func (c tally) String() string {
	return fmt.Sprintf("%d kills (%d during recovery, %d SIGTERM, %d with a pause, %d of the process that purges), "+
		"%d starts and %d messages acknowledged, %d requests refused or cut off, %d answers of the world, "+
		"%d runs verified, %d of them set aside and retried, %d purged, %d copies, 0 lost", c.kills, c.early, c.terms, c.pauses, c.purgers,
		c.starts, c.messages, c.refused, c.answers, c.verified, c.aside, c.gone, c.copies)
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
	stop, copied := h.loaded(), func() {}
	if h.rng.IntN(5) == 0 {
		copied = h.copying()
	}
	time.Sleep(time.Duration(20+h.rng.IntN(500)) * time.Millisecond)
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
	copied()
	h.check(fmt.Sprint("it was ended by ", sig))
}
