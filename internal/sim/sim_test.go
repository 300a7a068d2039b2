package sim

import (
	"bytes"
	"flag"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	count = flag.Uint64("sim.n", 4800, "how many seeds to simulate")
	only  = flag.Uint64("sim.seed", 0, "simulate this seed only")
	first = flag.Uint64("sim.from", 1, "the first seed")
	full  = flag.Int("sim.enough", 1_000_000, "from how many runs on each fault must have struck each verb in each container")
)

// TestMain lets the collector run seldom: runs are short and leave nothing.
func TestMain(m *testing.M) {
	runtime.MemProfileRate = 0
	debug.SetGCPercent(800)
	os.Exit(m.Run())
}

// TestSim simulates seeds, those that share a workflow one after another.
func TestSim(t *testing.T) {
	from, to := *first, *first+*count
	if *only > 0 {
		from, to = *only, *only+1
	}
	began := time.Now()
	total := simulate(Simulator{}, from, to, 3, func(v *Violation) { t.Error(v) }, func(runs uint64) {
		t.Logf("%d runs, %.0f runs/s", runs, float64(runs)/time.Since(began).Seconds())
	})
	took := time.Since(began)
	var b bytes.Buffer
	total.Write(&b)
	t.Logf("seeds %d to %d in %s, %.0f runs/s\n%s", from, to-1, took.Round(time.Millisecond), float64(to-from)/took.Seconds(), b.String())
	if total.runs >= *full {
		var b bytes.Buffer
		total.WriteCells(&b)
		t.Logf("how often each fault struck each verb in each container\n%s", b.String())
	}
	for _, what := range total.Missing(*full) {
		t.Errorf("never reached: %s", what)
	}
}

// progress is after how many runs a long simulation says how far it is.
const progress = 50_000

// simulate runs the seeds on all processors and stops after some violations.
func simulate(s Simulator, from, to uint64, enough int, found func(*Violation), far func(uint64)) *Report {
	var (
		mu         sync.Mutex
		wg         sync.WaitGroup
		total      = newReport()
		violations int
		next       atomic.Uint64
		runs       uint64
	)
	next.Store(from / seedsPerProgram)
	note := func(v *Violation) (stop bool) {
		mu.Lock()
		defer mu.Unlock()
		if v != nil {
			violations++
			found(v)
		}
		if runs++; runs%progress == 0 {
			far(runs)
		}
		return violations >= enough
	}
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			s, r := s, newReport()
			s.spare = newReport()
			defer func() {
				mu.Lock()
				defer mu.Unlock()
				total.Add(r)
			}()
			for {
				program := next.Add(1) - 1
				seed := max(program*seedsPerProgram, from)
				if seed >= to {
					return
				}
				b, v := s.Prepare(seed)
				if v != nil {
					if note(v) {
						return
					}
					continue
				}
				for ; seed < min(to, (program+1)*seedsPerProgram); seed++ {
					if note(s.Run(b, seed, r)) {
						return
					}
				}
			}
		})
	}
	wg.Wait()
	return total
}
