package crash_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// keptLot is the lot of orders that are looked at again and again. The others
// belong to the round in which they were made, and are purged after it.
const keptLot = "kept"

func lotOf(round int) string { return fmt.Sprint("lot", round) }

// lot is orders of one round that were verified.
type lot struct {
	name  string
	runs  []string
	tries int // purges of it that came to their end
}

// purging has the server purge in a while: began is closed then, and wait waits
// for the end of it.
func (h *harness) purging(ctx context.Context) (began <-chan struct{}, wait func()) {
	begins, done := make(chan struct{}), make(chan struct{})
	in, first := time.Duration(h.rng.IntN(400))*time.Millisecond, h.rng.IntN(2) == 0
	go func() {
		defer close(done)
		select {
		case <-time.After(in):
		case <-ctx.Done():
			return
		}
		close(begins)
		if first {
			h.purgeNamed(ctx)
		}
		h.purgeLot(ctx)
		if !first {
			h.purgeNamed(ctx)
		}
	}()
	return begins, func() { <-done }
}

// purged is what the server answers.
type purged struct {
	Runs, KeptForFamily int
	Next                string
}

// purgeLot purges the oldest lot by a filter. An order for which something came
// at the same moment may stay, and goes with the next purge.
func (h *harness) purgeLot(ctx context.Context) {
	if len(h.lots) == 0 {
		return
	}
	l := &h.lots[0]
	dropped, ok := h.purge(ctx, l.name, false)
	left := 0
	if ok {
		left, ok = h.purge(ctx, l.name, true)
	}
	switch l.tries++; {
	case !ok:
		h.tally.cut++
		l.tries--
		return
	case dropped > len(l.runs):
		h.t.Errorf("seed %d: %d orders of %s were purged, there were %d", *seed, dropped, l.name, len(l.runs))
	case left > 0 && l.tries < 10:
		return
	case left > 0:
		h.t.Errorf("seed %d: %d of %d orders of %s stay, however often they are purged", *seed, left, len(l.runs), l.name)
	}
	h.tally.filtered += len(l.runs)
	h.vanished(ctx, l.runs)
	h.lots = h.lots[1:]
}

// purge purges a lot, or counts what is left of it. It reports whether all of
// that was answered.
func (h *harness) purge(ctx context.Context, lot string, dry bool) (runs int, ok bool) {
	for cursor := ""; ; {
		var p purged
		body := asJSON(map[string]any{
			"workflow": "order", "status": []string{"succeeded"}, "attributes": map[string]string{"lot": lot}, "cursor": cursor, "dryRun": dry,
		})
		if _, err := h.do(ctx, http.MethodPost, "/v1/purge", "", body, &p); err != nil {
			return runs, false
		}
		if runs += p.Runs; p.KeptForFamily > 0 {
			h.t.Errorf("seed %d: %d orders of %s stay for their family, and all of that ended", *seed, p.KeptForFamily, lot)
		}
		if cursor = p.Next; cursor == "" {
			return runs, true
		}
	}
}

// purgeNamed purges some of the kept orders that are too many.
func (h *harness) purgeNamed(ctx context.Context) {
	some := h.doomed[:min(len(h.doomed), 50)]
	if len(some) == 0 {
		return
	}
	var p purged
	for _, dry := range []bool{false, true} {
		if _, err := h.do(ctx, http.MethodPost, "/v1/purge", "", asJSON(map[string]any{"runs": some, "dryRun": dry}), &p); err != nil {
			h.tally.cut++
			return
		}
		if p.KeptForFamily > 0 || p.Next != "" {
			h.t.Errorf("seed %d: of %d orders %d stay, next %q", *seed, len(some), p.KeptForFamily, p.Next)
		}
	}
	if p.Runs > 0 {
		return // something came for one of them: the next purge takes it
	}
	h.tally.named += len(some)
	h.vanished(ctx, slices.Clone(some))
	h.doomed = h.doomed[len(some):]
}

// vanished notes runs whose purge was acknowledged, and looks for one of them.
func (h *harness) vanished(ctx context.Context, runs []string) {
	h.gone = append(h.gone, runs...)
	h.gone = h.gone[max(0, len(h.gone)-10_000):]
	var view any
	if status, err := h.do(ctx, http.MethodGet, "/v1/runs/"+runs[0], "", "", &view); status != 0 && status != http.StatusNotFound {
		h.t.Errorf("seed %d: run %s was purged just now, and is there: %v, %v", *seed, runs[0], view, err)
	}
}

// stay wants what was purged to stay away, whoever asks for it.
func (h *harness) stay(ctx context.Context) {
	for range min(50, len(h.gone)) {
		run := h.gone[h.rng.IntN(len(h.gone))]
		var view any
		if status, err := h.do(ctx, http.MethodGet, "/v1/runs/"+run, "", "", &view); status != http.StatusNotFound {
			h.t.Errorf("seed %d: run %s was purged, and is there: %v, %v", *seed, run, view, err)
		}
	}
}
