package crash_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"syscall"
	"time"
)

// keep is how many verified runs are left in the log, to be looked at again.
const keep = 100

// settle lets all acknowledged runs end and looks at them, and again at those
// that were looked at before.
func (h *harness) settle() {
	h.await(h.start())
	ctx := context.Background()
	deadline := time.Now().Add(20 * time.Minute)
	h.resume(ctx)
	for _, order := range slices.Sorted(maps.Keys(h.acked)) {
		run := h.acked[order]
		h.tell(ctx, order, run)
		for try := 0; h.told[order] != messages && try < 20; try++ {
			h.resume(ctx)
			time.Sleep(50 * time.Millisecond)
			h.tell(ctx, order, run)
		}
		if n := h.told[order]; n != messages {
			h.t.Errorf("seed %d: order %s was told %d of %d messages", *seed, order, n, messages)
		}
		h.verify(ctx, order, run, deadline)
		for !h.world.had(order, "mail") && time.Now().Before(deadline) {
			time.Sleep(5 * time.Millisecond) // nobody waits for that run's end
		}
		for _, wrong := range h.world.check(order) {
			h.t.Errorf("seed %d: %s", *seed, wrong)
		}
		h.world.close(order)
		h.tally.verified++
		delete(h.acked, order)
		delete(h.told, order)
		if len(h.kept) < keep {
			h.kept[order] = run
		} else {
			h.doomed = append(h.doomed, run)
		}
	}
	h.repeat(ctx, deadline)
	h.tally.answers = h.world.count()
	for _, f := range h.world.trouble() {
		h.t.Errorf("seed %d: %s", *seed, f)
	}
	h.stop(syscall.SIGTERM)
	h.check("it was ended in order")
}

// resume has runs tried again that were set aside because the server was
// killed three times in a row while it read them: it cannot know who ended it.
func (h *harness) resume(ctx context.Context) {
	var page struct {
		Runs []struct{ Run, Reason string }
	}
	if _, err := h.do(ctx, http.MethodGet, "/v1/runs?status=stuck&limit=1000", "", "", &page); err != nil {
		h.t.Fatalf("seed %d: list what is stuck: %v", *seed, err)
	}
	for _, r := range page.Runs {
		h.tally.aside++
		var answer any
		if _, err := h.do(ctx, http.MethodPost, "/v1/runs/"+r.Run+"/retry", "", "", &answer); err != nil || r.Reason != "panic" {
			h.t.Errorf("seed %d: run %s is stuck (%s): %v", *seed, r.Run, r.Reason, err)
		}
	}
}

// verify waits for the end of a run and compares it.
func (h *harness) verify(ctx context.Context, order, run string, deadline time.Time) {
	var view struct {
		Status string
		Output json.RawMessage
	}
	for try := 1; ; try++ {
		if _, err := h.do(ctx, http.MethodGet, "/v1/runs/"+run, "", "", &view); err != nil {
			h.t.Fatalf("seed %d: order %s, run %s was acknowledged: %v", *seed, order, run, err)
		}
		if view.Status == "stuck" || try%100 == 0 { // it, or one that it waits for
			h.resume(ctx)
			continue
		}
		if view.Status != "running" && view.Status != "waiting" && view.Status != "queued" {
			break
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("seed %d: order %s, run %s does not end: it is %s", *seed, order, run, view.Status)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if want := outputOf(order); view.Status != "succeeded" || string(view.Output) != want {
		h.t.Errorf("seed %d: run %s ended %s with %s, want %s", *seed, run, view.Status, view.Output, want)
	}
}

// repeat looks again at runs that are kept, by their ID and by their key, and
// at some that were purged.
func (h *harness) repeat(ctx context.Context, deadline time.Time) {
	for _, order := range slices.Sorted(maps.Keys(h.kept)) {
		h.verify(ctx, order, h.kept[order], deadline)
		if run, err := h.startRun(ctx, order); err != nil || run != h.kept[order] {
			h.t.Errorf("seed %d: the same key again gave run %s (%v), want %s", *seed, run, err, h.kept[order])
		}
	}
	for range min(50, len(h.gone)) {
		run := h.gone[h.rng.IntN(len(h.gone))]
		var view any
		if status, err := h.do(ctx, http.MethodGet, "/v1/runs/"+run, "", "", &view); status != http.StatusNotFound {
			h.t.Errorf("seed %d: run %s was purged, and is there: %v, %v", *seed, run, view, err)
		}
	}
}
