package crash_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// keep is how many verified runs are left in the log, to be looked at again.
const keep = 100

// settle lets all acknowledged runs end and looks at them, and again at those
// that were looked at before.
func (h *harness) settle() {
	out := h.start()
	h.await(out)
	ctx := context.Background()
	deadline := time.Now().Add(20 * time.Minute)
	h.resume(ctx)
	h.startAgain(ctx)
	done := lot{name: lotOf(h.round)}
	for _, order := range slices.Sorted(maps.Keys(h.acked)) {
		run := h.acked[order]
		h.tell(ctx, order, run)
		for end := time.Now().Add(3 * time.Minute); h.told[order] != messages && time.Now().Before(end); {
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
		delete(h.tried, order)
		switch {
		case !strings.HasPrefix(order, keptLot+"."):
			done.runs = append(done.runs, run)
		case len(h.kept) < keep:
			h.kept[order] = run
		default:
			h.doomed = append(h.doomed, run)
		}
	}
	h.round++
	if len(done.runs) > 0 {
		h.lots = append(h.lots, done)
	}
	if len(h.lots) > 2 {
		h.purgeLot(ctx)
	}
	h.repeat(ctx, deadline)
	h.stored(ctx)
	h.tally.answers = h.world.count()
	for _, f := range h.world.trouble() {
		h.t.Errorf("seed %d: %s", *seed, f)
	}
	h.stop(syscall.SIGTERM)
	h.tally.hear(out)
	h.check("it was ended in order")
}

// startAgain starts the orders whose start was not acknowledged.
func (h *harness) startAgain(ctx context.Context) {
	for len(h.again) > 0 {
		order := h.pick()
		run, err := h.startRun(ctx, order)
		if err != nil {
			h.t.Fatalf("seed %d: order %s does not start: %v", *seed, order, err)
		}
		h.tally.starts++
		h.acked[order] = run
	}
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
	h.stay(ctx)
}

// storedValue is how a view shows a value that is stored apart.
var storedValue = regexp.MustCompile(`"\$stored":\{"hash":"([0-9a-f]{64})"`)

// stored wants what the kept orders name to be there: an export holds it.
func (h *harness) stored(ctx context.Context) {
	want := map[string]bool{}
	for _, run := range h.kept {
		var view json.RawMessage
		if _, err := h.do(ctx, http.MethodGet, "/v1/runs/"+run, "", "", &view); err != nil {
			h.t.Fatalf("seed %d: run %s is kept: %v", *seed, run, err)
		}
		for _, m := range storedValue.FindAllSubmatch(view, -1) {
			want[string(m[1])] = true
		}
	}
	file := filepath.Join(h.project, "kept.jsonl")
	if out, err := exec.Command(h.bin, "export", file, "--workflow", "order", "--data", h.project).CombinedOutput(); err != nil {
		h.t.Fatalf("seed %d: export: %v\n%s", *seed, err, out)
	}
	b, err := os.ReadFile(file)
	if err = errors.Join(err, os.Remove(file)); err != nil {
		h.t.Fatal(err)
	}
	for line := range bytes.Lines(b) {
		var l struct{ Kind, Hash string }
		if err := json.Unmarshal(line, &l); err != nil {
			h.t.Fatal(err)
		}
		if l.Kind == "payload" {
			delete(want, l.Hash)
		}
	}
	if len(want) > 0 {
		h.t.Errorf("seed %d: %d values that kept orders name are gone, such as %s", *seed, len(want), slices.Sorted(maps.Keys(want))[0])
	}
}
