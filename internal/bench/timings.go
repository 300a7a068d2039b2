package bench

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// timings counts how long runs took, in the same memory however many there
// are, so that a long measurement does not measure itself. What it tells is at
// most 1/64 more than what was. Many may add at once.
type timings struct {
	counts [maxTiming]atomic.Int64
}

const (
	timingBits = 6                                   // of a duration that count, behind the first
	maxTiming  = (40 - timingBits + 1) << timingBits // up to 2^40 µs
)

func (t *timings) add(d time.Duration) {
	t.counts[timingSlot(max(d.Microseconds(), 0))].Add(1)
}

// timingSlot returns where a duration is counted: one slot a microsecond at
// first, then 64 for each doubling.
func timingSlot(us int64) int {
	up := max(bits.Len64(uint64(us))-timingBits-1, 0)
	return min(up<<timingBits+int(us>>up), maxTiming-1)
}

// longest returns the longest duration of a slot, in microseconds.
func longest(slot int) int64 {
	up := max(slot>>timingBits-1, 0)
	return int64(slot-up<<timingBits+1)<<up - 1
}

func (t *timings) count() (n int64) {
	for i := range t.counts {
		n += t.counts[i].Load()
	}
	return n
}

// quantile returns what the part q took at most, in milliseconds.
func (t *timings) quantile(q float64) Figure {
	n := int64(q * float64(t.count()))
	for i := range t.counts {
		if n -= t.counts[i].Load(); n < 0 {
			return Figure(longest(i)) / 1000
		}
	}
	return 0
}
