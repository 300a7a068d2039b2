package books

import (
	"time"

	"github.com/keelstep/keelstep/pkg/fact"
)

// rateWindow counts the runs that started since the first of them opened it.
type rateWindow struct {
	since time.Time
	used  int
}

// over tells whether the window is past.
func (w *rateWindow) over(at time.Time, r fact.Rate) bool {
	return w.since.IsZero() || !at.Before(w.since.Add(r.Per))
}

// frees returns when n runs may start, at most as many as the limit; zero when
// they may now.
func (w *rateWindow) frees(at time.Time, r fact.Rate, n int) time.Time {
	if r.Count == 0 || w.over(at, r) || w.used+n <= r.Count {
		return time.Time{}
	}
	return w.since.Add(r.Per)
}

// window returns the beginning of the window in which a run counts that starts
// now, zero without a limit.
func (w *rateWindow) window(at time.Time, r fact.Rate) time.Time {
	switch {
	case r.Count == 0:
		return time.Time{}
	case w.over(at, r):
		return at
	}
	return w.since
}

// count counts a run in the window that began at since.
func (w *rateWindow) count(since time.Time) {
	if since.IsZero() {
		return
	}
	if !since.Equal(w.since) {
		w.since, w.used = since, 0
	}
	w.used++
}

func (w *rateWindow) fields(c *fact.Coder, tag uint64) {
	present := true
	c.Sub(tag, "rate", &present, func(c *fact.Coder) {
		c.Time(1, "since", &w.since)
		c.Int(2, "used", &w.used)
	})
}
