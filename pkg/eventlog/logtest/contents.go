package logtest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

func testSummary(t *testing.T, b *bench) {
	full := eventlog.Summary{
		Kind: "run", Workflow: "order", Version: "3", Digest: "abc", Status: "waiting",
		StartedAt: epoch, EndedAt: epoch.Add(time.Hour), WakeAt: epoch.Add(time.Minute), Ended: true,
		Keys: []string{"k1", "k2"}, Attributes: []eventlog.Attribute{{Name: "customer", Value: "42"}, {Name: "e"}},
		Attempts: -2, Reason: "panic", Error: "Timeout",
	}
	given := full.Clone()
	given.Stream, given.Records, given.Inbox = "ignored", 99, 99
	b.append(eventlog.Batch{Stream: "r", Summary: &given})
	given.Keys[0], given.Attributes[0].Value = "changed", "changed"
	want := full
	want.Stream = "r"
	check := func() {
		t.Helper()
		got, ok, err := b.Head(t.Context(), "r")
		if !ok || err != nil {
			t.Fatalf("Head = %v, %v", ok, err)
		}
		equal(t, "summary", got, want)
		equal(t, "list", b.list(eventlog.Filter{}), []eventlog.Summary{want})
	}
	check()
	got, _, _ := b.Head(t.Context(), "r")
	got.Keys[0] = "changed by a reader"
	check()
	b.append(rec("r", 0), eventlog.Batch{Stream: "r", Send: []eventlog.Message{msg("x", 1, "r")}})
	want.Records, want.Inbox = 1, 1
	check()
	b.reopen()
	check()
	// Each field changes alone, and back to zero.
	for i, change := range []func(*eventlog.Summary){
		func(s *eventlog.Summary) { s.Kind = "" }, func(s *eventlog.Summary) { s.Workflow = "" },
		func(s *eventlog.Summary) { s.Version = "" }, func(s *eventlog.Summary) { s.Digest = "" },
		func(s *eventlog.Summary) { s.Status = "" }, func(s *eventlog.Summary) { s.Ended = false },
		func(s *eventlog.Summary) { s.StartedAt = time.Time{} }, func(s *eventlog.Summary) { s.EndedAt = time.Time{} },
		func(s *eventlog.Summary) { s.WakeAt = time.Time{} }, func(s *eventlog.Summary) { s.Keys = s.Keys[1:] },
		func(s *eventlog.Summary) { s.Attributes = nil }, func(s *eventlog.Summary) { s.Attempts = 7 },
		func(s *eventlog.Summary) { s.Reason = "" }, func(s *eventlog.Summary) { s.Error = "" },
	} {
		change(&want)
		next := want.Clone()
		b.append(eventlog.Batch{Stream: "r", Summary: &next})
		if i%4 == 0 {
			b.reopen()
		}
		check()
	}
	b.append(eventlog.Batch{Stream: "r", Summary: &eventlog.Summary{}})
	want = eventlog.Summary{Stream: "r", Records: 1, Inbox: 1}
	check()
}

func testHead(t *testing.T, b *bench) {
	head := func(stream string) (eventlog.Summary, bool) {
		t.Helper()
		s, ok, err := b.Head(t.Context(), stream)
		if err != nil {
			t.Fatal(err)
		}
		return s, ok
	}
	b.append(
		rec("records", 0),
		eventlog.Batch{Stream: "summary", Summary: &eventlog.Summary{}},
		eventlog.Batch{Stream: "sender", Send: []eventlog.Message{msg("sender", 1, "messages")}},
	)
	for range 2 {
		for stream, want := range map[string]eventlog.Summary{
			"records":  {Stream: "records", Records: 1},
			"summary":  {Stream: "summary"},
			"messages": {Stream: "messages", Inbox: 1},
		} {
			got, ok := head(stream)
			if !ok {
				t.Errorf("there is no stream %s", stream)
			}
			equal(t, "head", got, want)
		}
		for _, stream := range []string{"sender", "nobody"} {
			if s, ok := head(stream); ok {
				t.Errorf("Head(%s) = %+v", stream, s)
			}
		}
		b.reopen()
	}
	b.append(eventlog.Batch{Stream: "messages", Took: []eventlog.MessageID{msg("sender", 1, "messages").ID}})
	if s, ok := head("messages"); ok {
		t.Errorf("a stream whose only message was taken has the head %+v", s)
	}
	equal(t, "streams", names(b.list(eventlog.Filter{})), "summary records")
}

func names(ss []eventlog.Summary) string {
	var n []string
	for _, s := range ss {
		n = append(n, s.Stream)
	}
	return strings.Join(n, " ")
}

func testList(t *testing.T, b *bench) {
	sum := func(stream, kind, workflow, status string, ended bool) {
		b.append(eventlog.Batch{Stream: stream, Summary: &eventlog.Summary{
			Kind: kind, Workflow: workflow, Status: status, Ended: ended,
		}})
	}
	sum("a1", "run", "w", "running", false)
	sum("a2", "run", "v", "ended", true)
	sum("a3", "run", "w", "failed", true)
	sum("b\xff", "book", "", "", false)
	sum("b\xff\xff", "book", "", "", true)
	b.append(rec("c", 0))
	b.append(eventlog.Batch{Stream: "a1", Send: []eventlog.Message{msg("x", 1, "a3")}})
	for range 2 {
		for _, c := range []struct {
			filter eventlog.Filter
			want   string
		}{
			{eventlog.Filter{}, "c b\xff\xff b\xff a3 a2 a1"},
			{eventlog.Filter{Oldest: true}, "a1 a2 a3 b\xff b\xff\xff c"},
			{eventlog.Filter{Prefix: "a"}, "a3 a2 a1"},
			{eventlog.Filter{Prefix: "a", Oldest: true}, "a1 a2 a3"},
			{eventlog.Filter{Prefix: "b\xff"}, "b\xff\xff b\xff"},
			{eventlog.Filter{Prefix: "\xff"}, ""},
			{eventlog.Filter{Kind: "run"}, "a3 a2 a1"},
			{eventlog.Filter{Kind: "run", Workflow: "w"}, "a3 a1"},
			{eventlog.Filter{Statuses: []string{"failed", "running"}}, "a3 a1"},
			{eventlog.Filter{Statuses: []string{"none"}}, ""},
			{eventlog.Filter{Open: true}, "c b\xff a3 a1"},
			{eventlog.Filter{Open: true, Oldest: true, Kind: "run"}, "a1 a3"},
			{eventlog.Filter{Limit: 2}, "c b\xff\xff"},
			{eventlog.Filter{Limit: 1, Workflow: "v"}, "a2"},
			{eventlog.Filter{Before: "a3"}, "a2 a1"},
			{eventlog.Filter{Before: "a3", Oldest: true}, "b\xff b\xff\xff c"},
			{eventlog.Filter{Before: "a25"}, "a2 a1"},
			{eventlog.Filter{Before: "a25", Oldest: true, Prefix: "a"}, "a3"},
			{eventlog.Filter{Before: "a", Prefix: "b"}, ""},
			{eventlog.Filter{Before: "z", Prefix: "b"}, "b\xff\xff b\xff"},
			{eventlog.Filter{Before: "z", Prefix: "b", Oldest: true}, ""},
		} {
			equal(t, fmt.Sprintf("%+v", c.filter), names(b.list(c.filter)), c.want)
		}
		b.reopen()
	}
}

func testCursor(t *testing.T, b *bench) {
	const streams = 2500
	var batches []eventlog.Batch
	for i := range streams {
		batches = append(batches, eventlog.Batch{
			Stream: fmt.Sprintf("run/%04d", i), Summary: &eventlog.Summary{Ended: i%3 == 0},
		})
	}
	for some := range slices.Chunk(batches, 500) {
		b.append(some...)
	}
	for range 2 {
		for _, f := range []eventlog.Filter{
			{Limit: 700}, {Limit: 700, Oldest: true}, {Limit: 90, Open: true}, {Limit: 1000, Open: true, Oldest: true, Prefix: "run/1"},
		} {
			whole := f
			whole.Limit = 0
			want := names(b.list(whole))
			var got []string
			for {
				page := b.list(f)
				if len(page) == 0 {
					break
				}
				got = append(got, names(page))
				f.Before = page[len(page)-1].Stream
			}
			equal(t, "pages", strings.Join(got, " "), want)
			if len(want) == 0 {
				t.Error("nothing was listed")
			}
		}
		b.reopen()
	}
}

// A brief list holds the same streams as a whole one and says of each what
// Summary.Brief does, wherever the store keeps it.
func testBrief(t *testing.T, b *bench) {
	const streams = 1100
	for i := range streams {
		s := &eventlog.Summary{
			Kind: "run", Workflow: "w", Status: []string{"waiting", "running"}[i/7%2], Ended: i%5 == 0, Attempts: i % 4, Keys: []string{"k"},
		}
		if i%3 > 0 {
			s.WakeAt = epoch.Add(time.Duration(i) * time.Hour)
		}
		b.append(eventlog.Batch{Stream: fmt.Sprintf("run/%04d", i), Summary: s})
	}
	for i := range 50 {
		b.append(rec(fmt.Sprintf("run/%04d", i*20+1), 0))
		b.append(eventlog.Batch{Stream: "run/0001", Send: []eventlog.Message{msg("x", uint64(i+1), fmt.Sprintf("run/%04d", i*15))}})
	}
	for _, f := range []eventlog.Filter{
		{Open: true},
		{Open: true, Oldest: true},
		{Open: true, Oldest: true, Before: "run/0500", Limit: 100},
		{Open: true, Statuses: []string{"waiting"}},
		{Open: true, Prefix: "run/02"},
	} {
		for range 2 {
			want := b.list(f)
			for i := range want {
				want[i] = want[i].Brief()
			}
			brief := f
			brief.Brief = true
			equal(t, fmt.Sprintf("%+v", brief), b.list(brief), want)
			if len(want) == 0 {
				t.Error("nothing was listed")
			}
			b.reopen()
		}
		b.append(eventlog.Batch{Stream: "run/0007", Summary: &eventlog.Summary{Status: "waiting", Attempts: 3, WakeAt: epoch}})
	}
}

func payload(s string) eventlog.Payload {
	return eventlog.Payload{Hash: sha256.Sum256([]byte(s)), Bytes: []byte(s)}
}

func testPayloads(t *testing.T, b *bench) {
	ps := []eventlog.Payload{payload(""), payload("a"), payload("bb")}
	for i, n := range []int{256<<10 - 1, 256 << 10, 256<<10 + 1, 1 << 20, 3<<20 + 7} {
		ps = append(ps, payload(strings.Repeat(string(rune('a'+i)), n)))
	}
	if err := b.Put(t.Context(), ps...); err != nil {
		t.Fatal(err)
	}
	if err := b.Put(t.Context(), ps[3], payload("c"), payload("c")); err != nil {
		t.Fatal(err)
	}
	if err := b.Put(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, p := range append(ps, payload("c")) {
			got, err := b.Get(t.Context(), p.Hash)
			if err != nil || string(got) != string(p.Bytes) {
				t.Errorf("Get of %d bytes = %d bytes, %v", len(p.Bytes), len(got), err)
			}
		}
		if _, err := b.Get(t.Context(), [32]byte{1}); !errors.Is(err, eventlog.ErrNotFound) {
			t.Errorf("Get of what was never put = %v", err)
		}
		b.reopen()
	}
	if err := b.Put(t.Context(), payload("d"), eventlog.Payload{Bytes: []byte("x")}); !errors.Is(err, eventlog.ErrInvalid) {
		t.Errorf("Put under a wrong hash = %v", err)
	}
	if _, err := b.Get(t.Context(), payload("d").Hash); !errors.Is(err, eventlog.ErrNotFound) {
		t.Errorf("the payload beside a wrong one: Get = %v", err)
	}
}

func testSnapshots(t *testing.T, b *bench) {
	ctx := t.Context()
	latest := func(stream string, after uint64, want string) {
		t.Helper()
		n, state, err := b.Latest(ctx, stream)
		if err != nil || n != after || string(state) != want {
			t.Errorf("Latest(%s) = %d, %q, %v, want %d, %q", stream, n, state, err, after, want)
		}
	}
	if _, _, err := b.Latest(ctx, "r"); !errors.Is(err, eventlog.ErrNotFound) {
		t.Errorf("Latest of nothing = %v", err)
	}
	state := []byte("one")
	if err := errors.Join(b.Save(ctx, "r", 3, state), b.Save(ctx, "s", 0, nil)); err != nil {
		t.Fatal(err)
	}
	copy(state, "xxx")
	latest("r", 3, "one")
	latest("s", 0, "")
	if err := b.Save(ctx, "r", 9, []byte("two")); err != nil {
		t.Fatal(err)
	}
	latest("r", 9, "two")
	b.reopen()
	latest("r", 9, "two")
	if err := b.Save(ctx, "", 1, nil); !errors.Is(err, eventlog.ErrInvalid) {
		t.Errorf("Save of no stream = %v", err)
	}
	if err := b.Save(ctx, "r", 1, make([]byte, eventlog.MaxState+1)); !errors.Is(err, eventlog.ErrInvalid) {
		t.Errorf("Save of too much = %v", err)
	}
	latest("r", 9, "two")
}
