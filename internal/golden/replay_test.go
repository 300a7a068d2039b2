package golden_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// maxCuts is in how many places a history is cut at most.
const maxCuts = 150

// TestHistories folds each recorded history up to each of its events, goes on
// from there with what the run was told from then on, and wants the events
// that were recorded, the calls, and the outcome; from a folded machine and
// from one that was carried at that place.
func TestHistories(t *testing.T) {
	files, err := filepath.Glob("testdata/*/*.txt")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d histories, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(strings.TrimPrefix(file, "testdata/"), ".txt"), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			h, err := parse(src)
			if err != nil {
				t.Fatal(err)
			}
			wf, err := h.workflow()
			if err != nil {
				t.Fatal("the definition is not accepted any more:", err)
			}
			events, err := h.events()
			if err != nil {
				t.Fatal(err)
			}
			step := 1 + (len(events)-1)/maxCuts
			for cut := 1; cut <= len(events); cut += step {
				for _, carried := range []bool{false, true} {
					if err := h.goOn(wf, events, cut, carried); err != nil {
						t.Fatalf("cut behind event %d (%s), carried %v: %v", cut, fact.NameOf(events[cut-1].Fact), carried, err)
					}
				}
			}
		})
	}
}

// goOn goes on from the first cut events and compares.
func (h *history) goOn(wf *graph.Workflow, events []fact.Event, cut int, carried bool) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	m := interpreter.New(wf)
	for _, e := range events[:cut] {
		if err := m.Apply(e); err != nil {
			return err
		}
	}
	if carried {
		again := interpreter.New(wf)
		if err := again.Restore(m.State()); err != nil {
			return fmt.Errorf("restore: %w", err)
		}
		m = again
	}
	d := driver{wf: wf, m: m, h: &history{payloads: slices.Clone(h.payloads)}}
	d.issued(m.Outstanding())
	if err := h.tell(&d, uint64(cut)); err != nil {
		return err
	}
	for i, e := range d.events {
		if cut+i >= len(events) {
			return fmt.Errorf("event %d, %s, was not recorded", e.Seq, shown(e))
		}
		if want := events[cut+i]; !sameEvent(e, want) {
			return fmt.Errorf("event %d is %s, recorded is %s", e.Seq, shown(e), shown(want))
		}
	}
	if n := cut + len(d.events); n < len(events) {
		return fmt.Errorf("event %d, %s, does not come", n+1, shown(events[n]))
	}
	if diff := cmp.Diff(h.endOf(m), h.ends); diff != "" {
		return fmt.Errorf("the outcome is another one (-got +recorded):\n%s", diff)
	}
	for line := range strings.Lines(d.calls) {
		if !strings.Contains(h.calls, line) {
			return fmt.Errorf("call that was not recorded: %s", line)
		}
	}
	return nil
}

// tell tells the run what it had not been told when it had so many events,
// after what still follows from the last of them.
func (h *history) tell(d *driver, cut uint64) error {
	for i, x := range h.told {
		if x.after >= cut {
			continue
		}
		if i+1 == len(h.told) || h.told[i+1].after >= cut { // the last that it was told
			if err := d.decide(x.at); err != nil {
				return err
			}
		}
	}
	for _, x := range h.told {
		if x.after < cut {
			continue
		}
		in, err := input(d.wf, x.line)
		if err != nil {
			return err
		}
		if err := d.decide(x.at, in); err != nil {
			return err
		}
	}
	return nil
}

// sameEvent compares what two events say. Of a carried state only that it is
// one: newer builds may write more. The message of an error is for people and
// may be put better.
func sameEvent(a, b fact.Event) bool {
	if a.Seq != b.Seq || !a.Time.Equal(b.Time) || a.Fact.Kind() != b.Fact.Kind() {
		return false
	}
	return interpreter.IsCarried(a.Fact) || bytes.Equal(fact.Write(a.Fact.Fields), fact.Write(b.Fact.Fields)) ||
		bytes.Equal(unsaid(fact.ShowFields(a.Fact)), unsaid(fact.ShowFields(b.Fact)))
}

// unsaid returns what is shown of a fact without the message of its error.
func unsaid(b []byte) []byte {
	var m map[string]any
	if json.Unmarshal(b, &m) != nil {
		return b
	}
	failure, ok := m["error"].(map[string]any)
	if !ok {
		return b
	}
	delete(failure, "message")
	out, err := json.Marshal(m)
	if err != nil {
		return b
	}
	return out
}

func shown(e fact.Event) string {
	return fmt.Sprintf("%s %s %s", e.Time.Format("15:04:05.000"), fact.NameOf(e.Fact), fact.ShowFields(e.Fact))
}
