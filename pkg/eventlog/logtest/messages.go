package logtest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

func testMessages(t *testing.T, b *bench) {
	send := func(ms ...eventlog.Message) {
		t.Helper()
		b.append(eventlog.Batch{Stream: "sender", Send: ms})
	}
	send(msg("a", 2, "r"), msg("a", 1, "r"), msg("a", 1, "s"))
	send(outside(1, "r"))
	again := msg("a", 2, "r")
	again.Body = []byte("not the first")
	send(again, msg("a", 2, "r"))
	b.append(
		eventlog.Batch{Stream: "x", Record: []byte("x"), Send: []eventlog.Message{msg("x", 1, "r"), msg("x", 1, "r")}},
		eventlog.Batch{Stream: "y", Send: []eventlog.Message{msg("x", 1, "r")}},
	)
	want := []eventlog.Message{msg("a", 2, "r"), msg("a", 1, "r"), outside(1, "r"), msg("x", 1, "r")}
	for range 2 {
		equal(t, "inbox", b.inbox("r"), want)
		equal(t, "inbox of another", b.inbox("s"), []eventlog.Message{msg("a", 1, "s")})
		if got := b.inbox("nobody"); got != nil {
			t.Errorf("Inbox of nobody = %v", got)
		}
		b.reopen()
		send(again)
	}
	buf := []byte("mine")
	send(eventlog.Message{ID: msg("b", 1, "q").ID, Body: buf})
	copy(buf, "else")
	equal(t, "a message whose bytes the caller used again", string(b.inbox("q")[0].Body), "mine")
}

func testTook(t *testing.T, b *bench) {
	var want []eventlog.Message
	for i := range uint64(10) {
		want = append(want, msg("a", i, "r"))
	}
	b.append(eventlog.Batch{Stream: "a", Send: want[:5]})
	b.reopen()
	b.append(eventlog.Batch{Stream: "a", Send: want[5:]})
	after := uint64(0)
	take := func(seqs ...uint64) {
		t.Helper()
		batch := rec("r", after)
		for _, n := range seqs {
			id := msg("a", n, "r").ID
			batch.Took = append(batch.Took, id)
			want = slices.DeleteFunc(want, func(m eventlog.Message) bool { return m.ID == id })
		}
		b.append(batch)
		after++
		equal(t, "inbox", b.inbox("r"), append([]eventlog.Message(nil), want...))
	}
	take(0)
	take(7, 3)
	take(99, 3) // what does not wait is nothing to take
	b.reopen()
	take(9, 1)
	b.refuses(eventlog.ErrConflict, eventlog.Batch{
		Stream: "r", After: 99, Record: []byte("x"), Took: []eventlog.MessageID{msg("a", 2, "r").ID},
	})
	take(5)
	// Taken and sent again in one call, it waits at the end.
	b.append(eventlog.Batch{
		Stream: "r", After: after, Record: []byte("x"),
		Took: []eventlog.MessageID{msg("a", 2, "r").ID}, Send: []eventlog.Message{msg("a", 2, "r")},
	})
	after++
	want = append(want[1:], msg("a", 2, "r"))
	take()
	b.reopen()
	take(2, 4, 6, 8)
	equal(t, "records", len(b.read("r", 0)), int(after))
}

func testInboxBound(t *testing.T, b *bench) {
	fill := func(from, to uint64) eventlog.Batch {
		batch := eventlog.Batch{Stream: "o"}
		for i := from; i < to; i++ {
			batch.Send = append(batch.Send, outside(i, "r"))
		}
		return batch
	}
	b.refuses(eventlog.ErrInboxFull, fill(0, eventlog.MaxInbox+1))
	equal(t, "inbox", len(b.inbox("r")), 0)
	b.append(fill(0, eventlog.MaxInbox-1))
	b.append(eventlog.Batch{Stream: "a", Send: []eventlog.Message{msg("a", 1, "r")}})
	b.refuses(eventlog.ErrInboxFull, fill(eventlog.MaxInbox, eventlog.MaxInbox+1))
	b.append(fill(0, 2)) // they wait already
	b.append(eventlog.Batch{Stream: "a", Send: []eventlog.Message{msg("a", 2, "r")}})
	b.reopen()
	b.refuses(eventlog.ErrInboxFull, rec("other", 0), fill(eventlog.MaxInbox, eventlog.MaxInbox+1))
	if _, ok, _ := b.Head(t.Context(), "other"); ok {
		t.Error("a refused call left a record behind")
	}
	var batch eventlog.Batch
	batch.Stream = "r"
	for i := range uint64(2) {
		batch.Took = append(batch.Took, outside(i, "r").ID)
	}
	b.append(batch, fill(eventlog.MaxInbox, eventlog.MaxInbox+1))
	b.refuses(eventlog.ErrInboxFull, fill(eventlog.MaxInbox+1, eventlog.MaxInbox+2))
	head, _, err := b.Head(t.Context(), "r")
	if err != nil || head.Inbox != eventlog.MaxInbox {
		t.Errorf("Head = %+v, %v", head, err)
	}
	equal(t, "first", fmt.Sprint(b.inbox("r")[0].ID), fmt.Sprint(outside(2, "r").ID))
}
