package books_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
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

// testdata/triggers*.txt: set OVERLAP CATCHUP CRON… · every OVERLAP CATCHUP
// INTERVAL · on OVERLAP TYPE · http · gone, each with a first word "ruled" when
// the engine has a say, or "rate COUNT PER" · pause · resume · now · ended ·
// failed CODE · event ID · give WINDOW KEY… (a list of elements: * before it;
// - is filtered, . has no key) · wrong CODE · request RUN=KEY… (rate COUNT PER
// before it) · state.
func TestTriggers(t *testing.T) {
	for _, file := range []string{"triggers.txt", "triggers_rules.txt"} {
		t.Run(file, func(t *testing.T) {
			s := &script{open: func() machine { return books.NewFirings("trigger/w/t") }, family: books.TriggerFacts}
			s.input = func(t *testing.T, words []string) []fact.Input {
				return triggerInput(t, s.live.(*books.Firings), words)
			}
			s.show = func(m machine, words []string) (string, bool) {
				if words[0] != "state" {
					return "", false
				}
				return showTrigger(m.(*books.Firings).Trigger()), true
			}
			s.play(t, file)
		})
	}
}

func showTrigger(s books.TriggerState) string {
	out := fmt.Sprintf("%s, %d running, %d waiting", s.Kind, s.Running, s.Waiting)
	add := func(show bool, format string, args ...any) {
		if show {
			out += fmt.Sprintf(", "+format, args...)
		}
	}
	add(s.Paused, "paused: %s", s.Why)
	add(!s.Next.IsZero(), "next %s", s.Next.Format(time.DateTime))
	add(s.LastRun != "", "last %s %s", s.LastDue.Format(time.DateTime), s.LastRun)
	add(s.Code != "", "%s: %s", s.Code, s.Message)
	add(s.Keys+int(s.Duplicates+s.Filtered) > 0, "%d keys, %d duplicates, %d filtered", s.Keys, s.Duplicates, s.Filtered)
	add(!s.Frees.IsZero(), "free %s", s.Frees.Format(time.DateTime))
	return out
}

func triggerInput(t *testing.T, b *books.Firings, words []string) []fact.Input {
	set := fact.TriggerSet{Workflow: "w", ID: "t"}
	if words[0] == "ruled" {
		set.Rules, words = true, words[1:]
	}
	if words[0] == "rate" {
		set.Rate, words = fact.Rate{Count: number(t, words[1]), Per: duration(t, words[2])}, words[3:]
	}
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
	case "http":
		set.HTTP = true
	case "gone":
	case "pause":
		return []fact.Input{fact.Suspend{Reason: "holidays"}}
	case "resume":
		return []fact.Input{fact.Resume{}}
	case "now":
		return []fact.Input{books.FireNow{}}
	case "ended":
		return []fact.Input{fact.ChildEnded{Child: b.Trigger().LastRun, Status: "succeeded"}}
	case "failed":
		return []fact.Input{fact.FiringFailed{Run: b.Trigger().LastRun, Code: words[1], Message: "why"}}
	case "event":
		return []fact.Input{fact.Emitted{Event: fact.CloudEvent{ID: words[1], Source: "/s", Type: "e", Data: expression.Raw([]byte("1"))}}}
	case "wrong":
		return []fact.Input{fact.SlotGranted{}}
	case "refuse":
		b.Give(books.Answer{Code: words[1], Message: "why"})
		return nil
	case "give":
		b.Give(answerOf(t, words[1:]))
		return nil
	case "request":
		return []fact.Input{requestOf(set.Rate, words[1:])}
	default:
		t.Fatalf("unknown command %q", words[0])
	}
	return []fact.Input{set}
}

func answerOf(t *testing.T, words []string) books.Answer {
	a := books.Answer{Window: duration(t, words[0])}
	for i, w := range words[1:] {
		item := books.Item{Data: expression.Raw(fmt.Append(nil, i)), Filtered: w == "-"}
		switch w {
		case "*":
			a.Split = true
			continue
		case "-", ".":
		default:
			item.Key = w
		}
		a.Items = append(a.Items, item)
	}
	return a
}

func requestOf(r fact.Rate, words []string) books.Request {
	x := books.Request{Version: "1", Window: time.Hour, Rate: r, Trigger: expression.Raw([]byte(`{"id":"t"}`))}
	for _, w := range words {
		run, key, _ := strings.Cut(w, "=")
		key, forget, _ := strings.Cut(key, "/")
		x.Items = append(x.Items, books.RequestItem{Run: run, Key: key, Forget: forget, Body: expression.Raw([]byte("1"))})
	}
	return x
}

func duration(t *testing.T, s string) time.Duration {
	d, err := expression.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func number(t *testing.T, s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
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

// Whatever the engine finds in a firing, however often it is asked, and
// whenever the book is read again: each element of each moment starts once, in
// order, and no window has more starts than the limit allows.
func TestRulesOverClockSteps(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 2))
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	rate := fact.Rate{Count: 5, Per: time.Minute}
	b := books.NewFirings("trigger/w/t")
	b.Decide(start, fact.TriggerSet{Workflow: "w", ID: "t", Every: time.Minute, CatchUp: 1000 * time.Hour, Rules: true, Rate: rate})
	elements := func(due time.Time) int { return due.Minute() % 4 }
	type start1 struct {
		due    time.Time
		number int
	}
	fired, windows := map[start1]bool{}, map[time.Time]int{}
	var last start1
	now, newest, window := start, start, time.Time{}
	check := func(turn fact.Turn) {
		for _, e := range turn.Events {
			f, ok := e.Fact.(*books.Fired)
			if !ok {
				continue
			}
			x := start1{f.Due, f.Element.Number}
			if fired[x] || x.due.Before(last.due) || x.due.Equal(last.due) && x.number < last.number {
				t.Fatalf("seed %d: %v after %v, or twice", seed, x, last)
			}
			fired[x], last = true, x
			if !f.Rate.Equal(window) && f.Rate.Sub(window) < rate.Per {
				t.Fatalf("seed %d: a window begins at %s, the one before it at %s", seed, f.Rate, window)
			}
			window = f.Rate
			if windows[window]++; windows[window] > rate.Count {
				t.Fatalf("seed %d: %d starts in the window of %s", seed, windows[window], window)
			}
		}
	}
	decide := func() {
		for {
			turn := b.Decide(now)
			check(turn)
			ask := b.Wanted()
			switch {
			case ask == nil && !turn.More:
				return
			case ask == nil, r.IntN(10) == 0: // the process ended before it could answer
				continue
			}
			a := books.Answer{Split: true}
			for range elements(ask.Due) {
				a.Items = append(a.Items, books.Item{Data: expression.Raw([]byte("1"))})
			}
			b.Give(a)
		}
	}
	for range 3000 {
		switch now = now.Add(time.Duration(r.Int64N(int64(2 * time.Minute)))); r.IntN(20) {
		case 0:
			now = now.Add(-time.Duration(r.Int64N(int64(time.Hour))))
		case 1:
			now = now.Add(time.Duration(r.Int64N(int64(20 * time.Minute))))
		case 2, 3, 4:
			twin := books.NewFirings("trigger/w/t")
			if err := twin.Restore(b.State()); err != nil {
				t.Fatal(err)
			}
			b = twin
		}
		if now.After(newest) {
			newest = now
		}
		decide()
	}
	want := 0
	for at := start.Add(time.Minute); !at.After(newest); at = at.Add(time.Minute) {
		want += elements(at)
	}
	now = newest
	for range 2000 { // what waits for the rate is started, and what falls due meanwhile
		decide()
		if at := b.WakeAt(); at.Before(now.Add(-time.Hour)) {
			t.Fatalf("seed %d: it wakes at %s, that is past %s", seed, at, now)
		}
		now = now.Add(rate.Per / 10)
	}
	n := 0
	for x := range fired {
		if !x.due.After(newest) {
			n++
		}
	}
	if n != want {
		t.Errorf("seed %d: %d starts, want %d", seed, n, want)
	}
}

// So many events wait for the rate limit, and no more; none of those is lost.
func TestRateQueueBounds(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	b := books.NewFirings("trigger/w/t")
	b.Decide(at, fact.TriggerSet{Workflow: "w", ID: "t", Event: "e", Rate: fact.Rate{Count: 1, Per: time.Hour}})
	publish := func(n int) fact.Fact {
		turn := b.Decide(at, fact.Emitted{Event: fact.CloudEvent{ID: fmt.Sprint(n), Source: "/s", Type: "e"}})
		return turn.Events[len(turn.Events)-1].Fact
	}
	for i := range 1001 {
		publish(i)
	}
	if s := b.Trigger(); s.Waiting != 1000 || s.Code != "" {
		t.Fatalf("%d wait, %q", s.Waiting, s.Code)
	}
	f, ok := publish(1001).(*books.FiringRefused)
	if !ok || f.Code != books.QueueOverflow || f.Event == nil || f.Event.ID != "1001" {
		t.Errorf("the one too many is %v", f)
	}
	if s := b.Trigger(); s.Waiting != 1000 || s.Code != books.QueueOverflow {
		t.Errorf("%d wait, %q", s.Waiting, s.Code)
	}
	at = at.Add(time.Hour)
	b.Decide(at)
	if _, ok := publish(1002).(*books.FiringQueued); !ok {
		t.Error("there is room again and it is not used")
	}
}

// So many keys are remembered, and no more: none is forgotten before its time,
// and once some had theirs there is room.
func TestKeyBounds(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	b := books.NewFirings("trigger/w/t")
	request := func(from, n int, window time.Duration) fact.Turn {
		x := books.Request{Window: window}
		for i := range n {
			x.Items = append(x.Items, books.RequestItem{Run: fmt.Sprint("run", from+i), Key: fmt.Sprint(from + i)})
		}
		return b.Decide(at, x)
	}
	refused := func(turn fact.Turn) string {
		if len(turn.Refused) == 0 {
			return ""
		}
		return turn.Refused[0].Code
	}
	request(0, 1000, time.Hour)
	request(1000, books.MaxKeys-1001, time.Minute)
	if code := refused(request(books.MaxKeys, 2, time.Minute)); code != books.KeysFull {
		t.Errorf("two more than there is room for: %q", code)
	}
	if code := refused(request(books.MaxKeys, 1, time.Minute)); code != "" {
		t.Errorf("the last one: %q", code)
	}
	if code := refused(request(books.MaxKeys+1, 1, time.Minute)); code != books.KeysFull {
		t.Errorf("one too many: %q", code)
	}
	at = at.Add(time.Minute)
	if code := refused(request(books.MaxKeys+1, 5000, time.Minute)); code != "" {
		t.Errorf("once most had their time: %q", code)
	}
	if n := b.Trigger().Keys; n != 6000 {
		t.Errorf("%d keys, want 6000", n)
	}
	if turn := request(0, 1, time.Hour); len(turn.Events) != 1 || fact.NameOf(turn.Events[0].Fact) != "FiringSkipped" {
		t.Error("a key was forgotten before its time")
	}
}
