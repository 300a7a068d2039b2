package logtest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"testing"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// Names yields the hashes that follow an @ each, which is how the records of
// these tests name payloads.
func Names(b []byte) iter.Seq[[32]byte] {
	return func(yield func([32]byte) bool) {
		for {
			_, rest, ok := bytes.Cut(b, []byte("@"))
			if !ok || len(rest) < 32 || !yield([32]byte(rest)) {
				return
			}
			b = rest // what stood around may have an @ too
		}
	}
}

// Lists reports whether a payload of these tests names others.
func Lists(head []byte) bool { return bytes.HasPrefix(head, []byte("list")) }

// Naming returns bytes that name payloads.
func Naming(hashes ...[32]byte) []byte {
	var b []byte
	for _, h := range hashes {
		b = append(append(b, '@'), h[:]...)
	}
	return b
}

// payloadOf returns the payload of these bytes.
func payloadOf(b []byte) eventlog.Payload {
	return eventlog.Payload{Hash: sha256.Sum256(b), Bytes: b}
}

func (b *bench) put(ps ...eventlog.Payload) {
	b.t.Helper()
	if err := b.Put(b.t.Context(), ps...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) purge(streams ...string) error {
	return b.Store.(eventlog.Purger).Purge(b.t.Context(), streams...)
}

func (b *bench) sweep() eventlog.Swept {
	b.t.Helper()
	s, err := b.Store.(eventlog.Sweeper).Sweep(b.t.Context(), eventlog.SweepOptions{Names: Names, Lists: Lists})
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// holds fails unless the payload is there, or is not.
func (b *bench) holds(p eventlog.Payload, want bool) {
	b.t.Helper()
	got, err := b.Get(b.t.Context(), p.Hash)
	switch {
	case want && (err != nil || !bytes.Equal(got, p.Bytes)):
		b.t.Errorf("payload %x: %d bytes, %v", p.Hash[:4], len(got), err)
	case !want && !errors.Is(err, eventlog.ErrNotFound):
		b.t.Errorf("payload %x is there: %v", p.Hash[:4], err)
	}
}

func testPurge(t *testing.T, b *bench) {
	ended := &eventlog.Summary{Ended: true}
	for i := range uint64(300) {
		batch := rec(fmt.Sprint("run/", i%3), i/3)
		batch.Summary = ended
		b.append(batch)
	}
	b.append(eventlog.Batch{Stream: "run/1", Summary: &eventlog.Summary{}})
	b.append(eventlog.Batch{Stream: "run/2", Send: []eventlog.Message{msg("x", 1, "run/2")}})
	want := b.contents()
	for _, open := range []string{"run/1", "run/2"} {
		if err := b.purge(open); !errors.Is(err, eventlog.ErrOpen) {
			t.Errorf("purge of an open stream = %v", err)
		}
	}
	if err := b.purge(""); !errors.Is(err, eventlog.ErrInvalid) {
		t.Errorf("purge of no stream = %v", err)
	}
	b.same(want)
	for range 2 {
		if err := b.purge("run/0", "nobody"); err != nil {
			t.Fatal(err)
		}
	}
	want.Summaries = want.Summaries[:2] // newest first
	delete(want.Records, "run/0")
	b.same(want)
	b.reopen()
	b.same(want)
	b.append(rec("run/0", 0))
	equal(t, "the name's new owner", len(b.read("run/0", 0)), 1)
}

func testSweep(t *testing.T, b *bench) {
	a, c := payloadOf([]byte("a")), payloadOf(bytes.Repeat([]byte("c"), 1<<20))
	page := payloadOf([]byte("page"))
	list := payloadOf(append([]byte("list "), Naming(page.Hash)...))
	sent, stray := payloadOf([]byte("sent")), payloadOf([]byte("stray"))
	b.put(a, c, page, list, sent, stray)
	ended := &eventlog.Summary{Ended: true}
	letter := msg("x", 1, "waits")
	letter.Body = Naming(sent.Hash)
	b.append(
		eventlog.Batch{Stream: "r", Record: Naming(a.Hash, c.Hash), Summary: ended, Send: []eventlog.Message{letter}},
		eventlog.Batch{Stream: "s", Record: Naming(a.Hash, list.Hash), Summary: ended},
	)
	want := func(still ...eventlog.Payload) {
		t.Helper()
		for _, p := range []eventlog.Payload{a, c, page, list, sent, stray} {
			is := false
			for _, s := range still {
				is = is || s.Hash == p.Hash
			}
			b.holds(p, is)
		}
	}
	equal(t, "the first sweep", b.sweep(), eventlog.Swept{Kept: 6, KeptBytes: 1<<20 + int64(1+4+len(list.Bytes)+4+5)})
	want(a, c, page, list, sent, stray)
	equal(t, "the second sweep", b.sweep().Removed, 1)
	want(a, c, page, list, sent)
	if err := b.purge("r"); err != nil {
		t.Fatal(err)
	}
	equal(t, "after a purge", b.sweep().RemovedBytes, int64(1<<20))
	want(a, page, list, sent)
	b.reopen()
	equal(t, "opened again", b.sweep().Removed, 0)
	if err := b.purge("s"); err != nil {
		t.Fatal(err)
	}
	b.append(eventlog.Batch{Stream: "waits", Took: []eventlog.MessageID{letter.ID}})
	equal(t, "the last sweep", b.sweep(), eventlog.Swept{Removed: 4, RemovedBytes: int64(1 + 4 + len(list.Bytes) + 4)})
	want()
}

// One who names what was removed is refused, unless he puts it again first.
func testSweepLate(_ *testing.T, b *bench) {
	p := payloadOf([]byte("late"))
	b.put(p)
	b.sweep()
	b.sweep()
	b.holds(p, false)
	names := eventlog.Batch{Stream: "r", Record: Naming(p.Hash)}
	b.refuses(eventlog.ErrConflict, names)
	letter := msg("x", 1, "waits")
	letter.Body = Naming(p.Hash)
	b.refuses(eventlog.ErrConflict, eventlog.Batch{Stream: "x", Send: []eventlog.Message{letter}})
	b.put(p)
	b.append(names)
	for range 3 {
		b.sweep()
		b.holds(p, true)
	}
}
