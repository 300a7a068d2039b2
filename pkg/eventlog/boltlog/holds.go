package boltlog

import (
	"sync/atomic"
	"time"
)

// holdBounds are the upper bounds of the histogram of Holds; longer ones are
// counted behind the last.
var holdBounds = [...]time.Duration{
	500 * time.Microsecond, time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond,
	10 * time.Millisecond, 15 * time.Millisecond, 20 * time.Millisecond, 30 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond, time.Second,
}

// Holds counts transactions by how long they held the writer, from their
// beginning to the end of their commit.
type Holds struct {
	Counts [len(holdBounds) + 1]uint64
}

// Count returns how many there were.
func (h Holds) Count() (n uint64) {
	for _, c := range h.Counts {
		n += c
	}
	return n
}

// Since returns those of h that are not in an earlier count of the same log.
func (h Holds) Since(was Holds) Holds {
	for i := range h.Counts {
		h.Counts[i] -= was.Counts[i]
	}
	return h
}

// Quantile returns a bound that this part of the transactions kept below; zero
// when there were none. What is longer than any bound counts as an hour.
func (h Holds) Quantile(q float64) time.Duration {
	n := h.Count()
	if n == 0 {
		return 0
	}
	rank := uint64(q * float64(n))
	for i, c := range h.Counts[:len(holdBounds)] {
		if rank < c {
			return holdBounds[i]
		}
		rank -= c
	}
	return time.Hour
}

// histogram is Holds as it is counted.
type histogram [len(holdBounds) + 1]atomic.Uint64

func (h *histogram) add(d time.Duration) {
	for i, bound := range holdBounds {
		if d <= bound {
			h[i].Add(1)
			return
		}
	}
	h[len(holdBounds)].Add(1)
}

func (h *histogram) read() (out Holds) {
	for i := range h {
		out.Counts[i] = h[i].Load()
	}
	return out
}

// Holds returns the transactions since the log was opened: those that were
// made for callers alone, and those in which work of the background took part,
// such as a checkpoint, a purge or a sweep. Without Options.Now there are none.
func (l *Log) Holds() (callers, background Holds) {
	return l.holds[0].read(), l.holds[1].read()
}

// hold begins to measure a transaction and returns what ends it.
func (l *Log) hold(background bool) (end func()) {
	if l.opts.Now == nil {
		return func() {}
	}
	kind := 0
	if background {
		kind = 1
	}
	began := l.opts.Now()
	return func() { l.holds[kind].add(l.opts.Now().Sub(began)) }
}
