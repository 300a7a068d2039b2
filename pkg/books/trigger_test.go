package books_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/books"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

var overlaps = map[string]graph.Overlap{
	"allow": graph.OverlapAllow, "skip": graph.OverlapSkip, "queue": graph.OverlapQueue, "cancel": graph.OverlapCancel,
}

// testdata/triggers.txt: set OVERLAP CATCHUP CRON… · every OVERLAP CATCHUP
// INTERVAL · on OVERLAP TYPE · gone · pause · resume · now · ended · failed
// CODE · event ID · state.
func TestTriggers(t *testing.T) {
	s := &script{open: func() machine { return books.NewFirings("trigger/w/t") }, family: books.TriggerFacts}
	s.input = func(t *testing.T, words []string) []fact.Input {
		set := fact.TriggerSet{Workflow: "w", ID: "t"}
		if len(words) > 1 {
			set.Overlap = uint8(overlaps[words[1]])
		}
		switch words[0] {
		case "set":
			set.CatchUp, set.Cron, set.Zone = duration(t, words[2]), strings.Join(words[3:], " "), "Europe/Berlin"
		case "every":
			set.CatchUp, set.Every = duration(t, words[2]), duration(t, words[3])
		case "on":
			set.Event = words[2]
		case "gone":
		case "pause":
			return []fact.Input{fact.Suspend{Reason: "holidays"}}
		case "resume":
			return []fact.Input{fact.Resume{}}
		case "now":
			return []fact.Input{books.FireNow{}}
		case "ended":
			return []fact.Input{fact.ChildEnded{Child: s.live.(*books.Firings).Trigger().LastRun, Status: "succeeded"}}
		case "failed":
			return []fact.Input{fact.FiringFailed{Run: s.live.(*books.Firings).Trigger().LastRun, Code: words[1], Message: "why"}}
		case "event":
			return []fact.Input{fact.Emitted{Event: fact.CloudEvent{ID: words[1], Source: "/s", Type: "e", Data: expression.Raw([]byte("1"))}}}
		case "wrong":
			return []fact.Input{fact.SlotGranted{}}
		default:
			t.Fatalf("unknown command %q", words[0])
		}
		return []fact.Input{set}
	}
	s.show = func(m machine, words []string) (string, bool) {
		if words[0] != "state" {
			return "", false
		}
		b, err := json.Marshal(m.(*books.Firings).Trigger())
		if err != nil {
			t.Fatal(err)
		}
		return string(b), true
	}
	s.play(t, "triggers.txt")
}

func duration(t *testing.T, s string) time.Duration {
	d, err := expression.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// However often the book is read again, and wherever the clock is set to, no
// moment fires twice, and with a window that is long enough each fires once.
func TestFiringsOverClockSteps(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	b := books.NewFirings("trigger/w/t")
	b.Decide(start, fact.TriggerSet{Workflow: "w", ID: "t", Every: time.Minute, CatchUp: 1000 * time.Hour})
	now, newest := start, start
	fired, runs := map[time.Time]bool{}, map[string]bool{}
	for range 5000 {
		switch now = now.Add(time.Duration(r.Int64N(int64(3 * time.Minute)))); r.IntN(10) {
		case 0:
			now = now.Add(-time.Duration(r.Int64N(int64(time.Hour))))
		case 1:
			now = now.Add(time.Duration(r.Int64N(int64(time.Hour))))
		case 2:
			twin := books.NewFirings("trigger/w/t")
			if err := twin.Restore(b.State()); err != nil {
				t.Fatal(err)
			}
			b = twin
		}
		if now.After(newest) {
			newest = now
		}
		turn := b.Decide(now)
		for _, e := range turn.Events {
			f, ok := e.Fact.(*books.Fired)
			if !ok || fired[f.Due] || runs[f.Run] {
				t.Fatalf("seed %d: %s %s twice", seed, fact.NameOf(e.Fact), fact.ShowFields(e.Fact))
			}
			fired[f.Due], runs[f.Run] = true, true
		}
	}
	if want := int(newest.Sub(start) / time.Minute); len(fired) != want {
		t.Errorf("seed %d: %d firings, want %d", seed, len(fired), want)
	}
}

// So many firings wait for the run before them, and no more; a turn takes so
// many.
func TestFiringBounds(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	b := books.NewFirings("trigger/w/t")
	b.Decide(at, fact.TriggerSet{Workflow: "w", ID: "t", Every: time.Second, CatchUp: time.Hour, Overlap: uint8(graph.OverlapQueue)})
	at = at.Add(1003 * time.Second)
	turn := b.Decide(at)
	if !turn.More || len(turn.Events) != 1000 {
		t.Fatalf("a turn of %d events, more %v", len(turn.Events), turn.More)
	}
	turn = b.Decide(at)
	if s := b.Trigger(); s.Waiting != 1000 || s.Running != 1 || turn.More {
		t.Errorf("%d wait, %d run, more %v", s.Waiting, s.Running, turn.More)
	}
	last := turn.Events[len(turn.Events)-1].Fact
	if f, ok := last.(*books.FiringSkipped); !ok || f.Reason != "full" {
		t.Errorf("the last is %s", fmt.Sprint(string(fact.ShowFields(last))))
	}
}
