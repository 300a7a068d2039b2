package bench

import (
	"math/rand/v2"
	"testing"
	"time"
)

// A duration is told as it was, or as up to 1/64 more.
func TestTimings(t *testing.T) {
	const seed = 1
	random := rand.New(rand.NewPCG(seed, seed))
	for i := range 100_000 {
		us := int64(i)
		if i >= 50_000 {
			us = random.Int64N(1 << (i % 40))
		}
		if top := longest(timingSlot(us)); top < us || top > us+us/64 {
			t.Fatalf("seed %d: %d µs is told as %d", seed, us, top)
		}
		if next := timingSlot(us + 1); next < timingSlot(us) || next > timingSlot(us)+1 {
			t.Fatalf("seed %d: %d µs in slot %d, one more in %d", seed, us, timingSlot(us), next)
		}
	}
	var all timings
	if all.quantile(0.99) != 0 {
		t.Error("a quantile of nothing")
	}
	for ms := range 1000 {
		all.add(time.Duration(ms) * time.Millisecond)
	}
	all.add(-1)
	all.add(1 << 62)
	if p50, p99 := all.quantile(0.5), all.quantile(0.99); all.count() != 1002 || p50 < 500 || p50 > 508 || p99 < 990 || p99 > 1006 {
		t.Errorf("%d timings: median %v ms, 99 %% within %v ms", all.count(), p50, p99)
	}
}
