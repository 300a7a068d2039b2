package logtest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// Opener opens a store. Called again after the store was closed, it opens what
// that one held.
type Opener func() eventlog.Store

// Test runs the contract against a kind of store. Each call of fresh begins
// with an empty one.
func Test(t *testing.T, fresh func(t *testing.T) Opener) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, *bench)
	}{
		{"append and read", testAppend},
		{"a conflict names the stream and writes nothing", testConflict},
		{"a call is all or nothing", testAtomic},
		{"what is not valid is refused whole", testInvalid},
		{"sizes at their limits", testLimits},
		{"records that are cut", testCut},
		{"cutting while reading", testCutWhileReading},
		{"a canceled context", testContext},
		{"summaries", testSummary},
		{"heads", testHead},
		{"list filters", testList},
		{"list cursors", testCursor},
		{"brief lists", testBrief},
		{"messages arrive once and in order", testMessages},
		{"took removes", testTook},
		{"an inbox has a bound for outside senders", testInboxBound},
		{"payloads", testPayloads},
		{"snapshots", testSnapshots},
		{"a purge", testPurge},
		{"a sweep", testSweep},
		{"a sweep and who comes late", testSweepLate},
		{"appends from many goroutines", testConcurrent},
		{"a caller who conflicts fails alone", testAlone},
		{"appending while reading", testAppendWhileReading},
		{"closed", testClosed},
		{"opened again", testReopen},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &bench{t: t, open: fresh(t)}
			b.Store = b.open()
			defer func() { b.Close() }() // of the store as it is then
			c.run(t, b)
		})
	}
}

// bench is a store under test.
type bench struct {
	eventlog.Store
	t    *testing.T
	open Opener
}

func (b *bench) append(bs ...eventlog.Batch) {
	b.t.Helper()
	if err := b.Append(b.t.Context(), bs...); err != nil {
		b.t.Fatalf("Append = %v", err)
	}
}

func (b *bench) refuses(want error, bs ...eventlog.Batch) {
	b.t.Helper()
	if err := b.Append(b.t.Context(), bs...); !errors.Is(err, want) {
		b.t.Fatalf("Append = %v, want %v", err, want)
	}
}

func (b *bench) reopen() {
	b.t.Helper()
	if err := b.Close(); err != nil {
		b.t.Fatalf("Close = %v", err)
	}
	b.Store = b.open()
}

func collect[T any](t *testing.T, what string, seq iter.Seq2[T, error]) []T {
	t.Helper()
	var all []T
	for v, err := range seq {
		if err != nil {
			t.Fatalf("%s = %v", what, err)
		}
		all = append(all, v)
	}
	return all
}

func (b *bench) read(stream string, after uint64) []eventlog.Record {
	b.t.Helper()
	return collect(b.t, "Read "+stream, b.Read(b.t.Context(), stream, after))
}

func (b *bench) list(f eventlog.Filter) []eventlog.Summary {
	b.t.Helper()
	return collect(b.t, "List", b.List(b.t.Context(), f))
}

func (b *bench) inbox(stream string) []eventlog.Message {
	b.t.Helper()
	return collect(b.t, "Inbox "+stream, b.Inbox(b.t.Context(), stream))
}

// Content is everything a store shows, for comparing two of them.
type Content struct {
	Summaries []eventlog.Summary
	Records   map[string][]eventlog.Record
	Inboxes   map[string][]eventlog.Message
}

// Contents reads everything that a store shows.
func Contents(ctx context.Context, s eventlog.Store) (Content, error) {
	c := Content{Records: map[string][]eventlog.Record{}, Inboxes: map[string][]eventlog.Message{}}
	for sum, err := range s.List(ctx, eventlog.Filter{}) {
		if err != nil {
			return c, fmt.Errorf("list: %w", err)
		}
		c.Summaries = append(c.Summaries, sum)
		for r, err := range s.Read(ctx, sum.Stream, 0) {
			if err != nil {
				return c, fmt.Errorf("read %s: %w", sum.Stream, err)
			}
			c.Records[sum.Stream] = append(c.Records[sum.Stream], r)
		}
		for m, err := range s.Inbox(ctx, sum.Stream) {
			if err != nil {
				return c, fmt.Errorf("inbox %s: %w", sum.Stream, err)
			}
			c.Inboxes[sum.Stream] = append(c.Inboxes[sum.Stream], m)
		}
	}
	return c, nil
}

func (b *bench) contents() Content {
	b.t.Helper()
	c, err := Contents(b.t.Context(), b.Store)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

// same fails unless the store shows what it did.
func (b *bench) same(was Content) {
	b.t.Helper()
	if diff := cmp.Diff(was, b.contents()); diff != "" {
		b.t.Fatalf("the store changed (-was +is):\n%s", diff)
	}
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)

// rec is a batch with a record that says who and which it is.
func rec(stream string, after uint64) eventlog.Batch {
	return eventlog.Batch{
		Stream: stream, After: after, At: epoch.Add(time.Duration(after) * time.Second),
		Record: fmt.Appendf(nil, "%s #%d", stream, after+1),
	}
}

func msg(from string, seq uint64, to string) eventlog.Message {
	return eventlog.Message{
		ID:   eventlog.MessageID{Sender: from, Seq: seq, Receiver: to},
		Body: fmt.Appendf(nil, "%d from %s", seq, from),
	}
}

// outside is a message that no stream sent.
func outside(seq uint64, to string) eventlog.Message {
	m := msg("o", seq, to)
	m.Outside = true
	return m
}
