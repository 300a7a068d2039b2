package books_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/books"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// machine is what every book is.
type machine interface {
	Apply(e fact.Event) error
	Decide(at time.Time, in ...fact.Input) fact.Turn
	Sends(turn []fact.Event) []fact.Message
	WakeAt() time.Time
	Seq() uint64
	Size() int
	State() []byte
	Restore(state []byte) error
}

// script plays a case file: each line that is not indented is an input, and
// what is indented below it is what the book makes of it. After each, a book
// that is folded from the record and one that is restored from the state equal
// the live one.
type script struct {
	open   func() machine
	family *fact.Family
	// input returns the inputs that a line stands for; show says what a line
	// that only looks prints.
	input func(t *testing.T, words []string) []fact.Input
	show  func(m machine, words []string) (string, bool)

	t       *testing.T
	live    machine
	now     time.Time
	records [][]byte
	left    []fact.Input // what was not taken
	out     strings.Builder
}

func (s *script) play(t *testing.T, file string) {
	path := filepath.Join("testdata", file)
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s.t, s.live, s.now = t, s.open(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for line := range strings.Lines(string(src)) {
		if strings.HasPrefix(line, "  ") {
			continue
		}
		s.out.WriteString(line)
		if words := strings.Fields(line); len(words) > 0 && words[0] != "#" {
			s.line(words)
		}
	}
	if *update {
		if err := os.WriteFile(path, []byte(s.out.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(s.out.String(), string(src)); d != "" {
		t.Errorf("got -, want +:\n%s", d)
	}
}

func (s *script) line(words []string) {
	if words[0] == "fresh" {
		s.live, s.records = s.open(), nil
		return
	}
	if words[0] == "at" { // the clock shows another time
		at, err := time.Parse("2006-01-02T15:04:05Z07:00", words[1])
		if err != nil {
			s.t.Fatal(err)
		}
		s.now, words = at, words[2:]
	}
	var in []fact.Input
	if len(words) > 0 && words[0] != "tick" {
		if s.show != nil {
			if text, ok := s.show(s.live, words); ok {
				fmt.Fprintf(&s.out, "  %s\n", text)
				return
			}
		}
		in = append(s.left, s.input(s.t, words)...)
	}
	for more := true; more; {
		turn := s.live.Decide(s.now, in...)
		s.turn(turn)
		more, in = turn.More, in[turn.Taken:]
	}
	s.left = in
	if at := s.live.WakeAt(); !at.IsZero() && !at.After(s.now) && len(in) == 0 && !s.wants() {
		s.t.Errorf("%v: it wakes at %s, and it is %s already: it would wake without end", words, at, s.now)
	}
	s.twins(words)
}

func (s *script) turn(turn fact.Turn) {
	for _, e := range turn.Events {
		fmt.Fprintf(&s.out, "  %d %s %s %s\n", e.Seq, e.Time.Format(time.DateTime), fact.NameOf(e.Fact), fact.ShowFields(e.Fact))
	}
	for _, r := range turn.Refused {
		fmt.Fprintf(&s.out, "  refused %v\n", r)
	}
	for _, m := range s.live.Sends(turn.Events) {
		fmt.Fprintf(&s.out, "  -> %s %T\n", m.To, m.Body)
	}
	if turn.More {
		s.out.WriteString("  more\n")
	}
	if b, ok := s.live.(*books.Firings); ok && b.Wanted() != nil {
		fmt.Fprintf(&s.out, "  wants to know of %s\n", b.Wanted().Due.Format(time.DateTime))
	}
	if len(turn.Events) > 0 {
		s.records = append(s.records, fact.EncodeTurn(turn.Events))
	}
}

// wants tells that the book waits to be told the rules' outcome.
func (s *script) wants() bool {
	b, ok := s.live.(*books.Firings)
	return ok && b.Wanted() != nil
}

func (s *script) twins(words []string) {
	replayed, restored := s.open(), s.open()
	for _, b := range s.records {
		events, err := fact.DecodeTurn(b, s.family)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, e := range events {
			if err := replayed.Apply(e); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	if err := restored.Restore(s.live.State()); err != nil {
		s.t.Fatalf("%v: restore: %v", words, err)
	}
	for name, m := range map[string]machine{"replayed": replayed, "restored": restored} {
		if !bytes.Equal(m.State(), s.live.State()) || !m.WakeAt().Equal(s.live.WakeAt()) || m.Seq() != s.live.Seq() || m.Size() != s.live.Size() {
			s.t.Errorf("%v: the %s book differs from the live one", words, name)
		}
	}
}

// testdata/limits.txt: want RUN KEY LIMIT ON-LIMIT [QUEUE] · free RUN · key KEY.
func TestLimits(t *testing.T) {
	s := &script{
		open: func() machine { return books.NewLimit() }, family: books.LimitFacts,
		input: limitInput,
		show: func(m machine, words []string) (string, bool) {
			if words[0] != "key" {
				return "", false
			}
			l := m.(*books.Limit)
			return fmt.Sprintf("holding %v, waiting %v, keys %q", l.Holders(words[1]), l.Waiting(words[1]), l.Keys()), true
		},
	}
	s.play(t, "limits.txt")
}

// testdata/shared.txt: as limits.txt, and: offer SLOTS.
func TestSharedLimits(t *testing.T) {
	s := &script{
		open: func() machine { return books.NewSharedLimit() }, family: books.LimitFacts,
		input: limitInput,
		show: func(m machine, words []string) (string, bool) {
			l := m.(*books.Limit)
			switch words[0] {
			case "offer":
				n, err := strconv.Atoi(words[1])
				l.Offer(n)
				return fmt.Sprintf("for the next turn, %d would do", l.Wants([]fact.Input{fact.SlotWanted{}, fact.SlotFreed{}})-1), err == nil
			case "key":
				return fmt.Sprintf("holding %v, waiting %v", l.Holders(""), l.Waiting("")), true
			}
			return "", false
		},
	}
	s.play(t, "shared.txt")
}

func limitInput(t *testing.T, words []string) []fact.Input {
	switch words[0] {
	case "want":
		n, err := strconv.Atoi(words[3])
		if err != nil {
			t.Fatal(err)
		}
		on := map[string]graph.OnLimit{
			"queue": graph.Queue, "reject": graph.Reject, "cancelRunning": graph.CancelRunning, "skip": graph.Skip,
		}[words[4]]
		x := fact.SlotWanted{Run: words[1], Key: words[2], Limit: n, OnLimit: uint8(on)}
		if len(words) > 5 {
			if x.Queue, err = strconv.Atoi(words[5]); err != nil {
				t.Fatal(err)
			}
		}
		return []fact.Input{x}
	case "free":
		return []fact.Input{fact.SlotFreed{Run: words[1]}}
	case "wrong":
		return []fact.Input{fact.Resume{}}
	}
	t.Fatalf("unknown command %q", words[0])
	return nil
}

// So many runs wait under a key as may by default, and no more.
func TestQueueBound(t *testing.T) {
	l := books.NewLimit()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var in []fact.Input
	for i := range books.MaxQueue + 2 {
		in = append(in, fact.SlotWanted{Run: fmt.Sprint("r", i), Key: "k", Limit: 1})
	}
	turn := l.Decide(at, in...)
	if n := len(l.Waiting("k")); n != books.MaxQueue {
		t.Errorf("%d runs wait, want %d", n, books.MaxQueue)
	}
	last := turn.Events[len(turn.Events)-1].Fact
	if f, ok := last.(*books.SlotDenied); !ok || f.Code != books.QueueFull {
		t.Errorf("the run beyond the bound got %s", fact.ShowFields(last))
	}
	for i := range books.MaxQueue + 1 { // in the order in which they asked
		if got, want := l.Holders("k"), fmt.Sprint("r", i); len(got) != 1 || got[0] != want {
			t.Fatalf("%v hold, want %s", got, want)
		}
		l.Decide(at, fact.SlotFreed{Run: fmt.Sprint("r", i)})
	}
	if l.Size() != 0 || len(l.Keys()) != 0 {
		t.Errorf("%d entries are left", l.Size())
	}
}

// So many dead letters are kept, and so much of their data; the oldest go, with
// a code.
func TestDeadLetterBounds(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	wide := `"` + strings.Repeat("x", expression.MaxInline-2) + `"`
	for _, c := range []struct {
		data string
		most int
	}{{"1", books.MaxDeadLetters}, {wide, books.MaxDeadLetterBytes / len(wide)}} {
		b := books.NewEvents()
		for i := range c.most + 1 {
			letter := fact.DeadLetter{Trigger: "trigger/a/t", Code: "X", Event: event(fmt.Sprint(i), "t", "s", c.data).Event}
			turn := b.Decide(at, letter)
			all, lost := b.DeadLetters()
			if want := min(i+1, c.most); len(all) != want || lost != uint64(i+1-want) {
				t.Fatalf("of %d, %d are kept and %d lost, want %d", i+1, len(all), lost, want)
			}
			if i == c.most {
				f, ok := turn.Events[1].Fact.(*books.DeadDropped)
				if !ok || f.Code != books.DeadLettersFull || f.ID != 1 {
					t.Errorf("the one beyond the bound: %s", fact.ShowFields(turn.Events[1].Fact))
				}
			}
		}
		twin := books.NewEvents()
		if err := twin.Restore(b.State()); err != nil {
			t.Fatal(err)
		}
		turn := twin.Decide(at, fact.DeadLetter{Trigger: "trigger/a/t", Event: event("z", "t", "s", c.data).Event})
		if len(turn.Events) != 2 {
			t.Errorf("a book that was read keeps %d bytes too many", len(c.data))
		}
	}
}

// testdata/events.txt: dead TRIGGER EVENT CODE [ruled] · redeliver ID ·
// discard ID · letters · open RUN PATH TYPE [MEMBER=JSON]… · close RUN [PATH] ·
// subscribe TRIGGER [TYPE] · event ID TYPE SOURCE DATA.
func TestEvents(t *testing.T) {
	s := &script{
		open: func() machine { return books.NewEvents() }, family: books.EventFacts, input: eventInput,
		show: func(m machine, words []string) (string, bool) {
			if words[0] == "letters" {
				all, lost := m.(*books.Events).DeadLetters()
				var ids []uint64
				for _, x := range all {
					ids = append(ids, x.ID)
				}
				return fmt.Sprintf("%v, %d lost", ids, lost), true
			}
			return fmt.Sprint(m.(*books.Events).Open(), " open"), words[0] == "count"
		},
	}
	s.play(t, "events.txt")
}

func eventInput(t *testing.T, words []string) []fact.Input {
	arg := func(i int) string {
		if i < len(words) {
			return words[i]
		}
		return ""
	}
	switch words[0] {
	case "open":
		x := fact.MatchOpened{Run: words[1], Path: words[2], Type: words[3]}
		for _, m := range words[4:] {
			path, v, _ := strings.Cut(m, "=")
			x.Match = append(x.Match, fact.Match{Path: path, Value: expression.Raw([]byte(v))})
		}
		return []fact.Input{x}
	case "close":
		return []fact.Input{fact.MatchClosed{Run: words[1], Path: arg(2)}}
	case "subscribe":
		return []fact.Input{fact.Subscribed{Trigger: words[1], Type: arg(2)}}
	case "event":
		return []fact.Input{event(words[1], words[2], words[3], words[4])}
	case "dead":
		return []fact.Input{fact.DeadLetter{
			Trigger: words[1], Code: words[3], Message: "as asked", Ruled: arg(4) == "ruled", Event: event(words[2], "t", "/s", `{"k":1}`).Event,
		}}
	case "redeliver", "discard":
		id, err := strconv.ParseUint(words[1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if words[0] == "discard" {
			return []fact.Input{books.Discard{ID: id}}
		}
		return []fact.Input{books.Redeliver{ID: id}}
	case "wrong":
		return []fact.Input{fact.Resume{}}
	}
	t.Fatalf("unknown command %q", words[0])
	return nil
}

func event(id, kind, source, data string) fact.Emitted {
	return fact.Emitted{Event: fact.CloudEvent{ID: id, Type: kind, Source: source, Data: expression.Raw([]byte(data))}}
}

// An event reaches each of many once, in the order in which they waited, over
// many turns, though the book is read again between any two; one that closes
// in between is left out, one that opens is not reached.
func TestSpreadOverTurns(t *testing.T) {
	const n = 30_000
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	b := books.NewEvents()
	for i := range n {
		b.Decide(at, fact.MatchOpened{Run: fmt.Sprint("r", i), Path: "a", Type: "t", Match: []fact.Match{{Path: "data.k", Value: expression.Raw([]byte("1"))}}})
	}
	in := []fact.Input{
		event("1", "t", "s", `{"k":1}`),
		fact.MatchClosed{Run: fmt.Sprint("r", n-1)},
		fact.MatchOpened{Run: "late", Path: "a", Type: "t", Match: []fact.Match{{Path: "data.k", Value: expression.Raw([]byte("1"))}}},
	}
	var got []string
	turns := 0
	for more := true; more; turns++ {
		turn := b.Decide(at, in...)
		in, more = in[turn.Taken:], turn.More
		for _, m := range b.Sends(turn.Events) {
			got = append(got, m.To)
		}
		twin := books.NewEvents()
		if err := twin.Restore(b.State()); err != nil {
			t.Fatal(err)
		}
		b = twin
	}
	if len(got) != n || turns < 3 || b.Open() != n {
		t.Fatalf("%d of %d were reached in %d turns, %d are open", len(got), n, turns, b.Open())
	}
	for i, run := range got {
		if run != fmt.Sprint("r", i) {
			t.Fatalf("receiver %d is %s", i, run)
		}
	}
}

// Data that is stored is asked for, once.
func TestStoredData(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	b := books.NewEvents()
	b.Decide(at, fact.MatchOpened{Run: "r", Path: "a", Type: "t", Match: []fact.Match{{Path: "data.k", Value: expression.Raw([]byte("1"))}}})
	big, payloads := expression.Pack([]byte(`{"k":1,"x":"` + strings.Repeat("x", expression.MaxInline) + `"}`))
	e := fact.Emitted{Event: fact.CloudEvent{ID: "1", Type: "t", Source: "s", Data: big}}
	turn := b.Decide(at, e)
	if len(turn.Wants) != 1 || turn.Taken != 0 {
		t.Fatalf("wants %d, took %d", len(turn.Wants), turn.Taken)
	}
	b.Provide(payloads[0].Hash, payloads[0].Bytes)
	turn = b.Decide(at, e)
	if ms := b.Sends(turn.Events); len(ms) != 1 || turn.Taken != 1 {
		t.Errorf("%d messages, took %d", len(ms), turn.Taken)
	}
}

// So many events are recognised, and so long.
func TestSeenBound(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	b := books.NewEvents()
	again := func(id string) bool { return len(b.Decide(at, event(id, "t", "s", "1")).Refused) > 0 }
	for i := range books.MaxSeen {
		again(fmt.Sprint(i))
	}
	if !again("0") {
		t.Error("the oldest of the window was forgotten")
	}
	again("one more")
	if again("0") {
		t.Error("more are recognised than may be")
	}
	at = at.Add(books.SeenFor)
	if !again("one more") {
		t.Error("one was forgotten before its time")
	}
	at = at.Add(time.Nanosecond)
	again("tick") // what is too old goes with the next that comes
	if again("one more") {
		t.Error("one was recognised behind its time")
	}
}

// BenchmarkEvent is an event that one of 100,000 open matches waits for.
func BenchmarkEvent(b *testing.B) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	book := books.NewEvents()
	for i := range 100_000 {
		book.Decide(at, fact.MatchOpened{Run: fmt.Sprint("r", i), Path: "a", Type: "t", Match: []fact.Match{{Path: "data.k", Value: expression.Raw(fmt.Append(nil, i))}}})
	}
	size, n := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		turn := book.Decide(at, event(fmt.Sprint("e", n), "t", "s", fmt.Sprintf(`{"k":%d}`, n%100_000)))
		if len(book.Sends(turn.Events)) != 1 {
			b.Fatal("nobody was reached")
		}
		size, n = len(fact.EncodeTurn(turn.Events)), n+1
	}
	b.ReportMetric(float64(size), "record-B")
}
