package logtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

func testAppend(t *testing.T, b *bench) {
	zoned := time.Date(2026, 3, 29, 2, 30, 0, 0, time.FixedZone("", 3600))
	b.append(eventlog.Batch{Stream: "r", Record: []byte("one"), At: zoned})
	b.append(eventlog.Batch{Stream: "r", After: 1, Record: []byte{}})
	b.append(eventlog.Batch{Stream: "r", After: 2, Record: []byte("three"), At: epoch})
	b.append(rec("s", 0), rec("r", 3), rec("r", 4))
	want := []eventlog.Record{
		{Stream: "r", Seq: 1, At: zoned.UTC(), Data: []byte("one")},
		{Stream: "r", Seq: 2, Data: []byte{}},
		{Stream: "r", Seq: 3, At: epoch, Data: []byte("three")},
		{Stream: "r", Seq: 4, At: epoch.Add(3 * time.Second), Data: []byte("r #4")},
		{Stream: "r", Seq: 5, At: epoch.Add(4 * time.Second), Data: []byte("r #5")},
	}
	for after := range 7 {
		equal(t, fmt.Sprintf("records after %d", after), b.read("r", uint64(after)), tail(want, after))
	}
	if got := b.read("nobody", 0); got != nil {
		t.Errorf("Read of no stream = %v", got)
	}
	for r, err := range b.Read(t.Context(), "r", 0) {
		if r.Seq != 1 || err != nil {
			t.Errorf("a loop that was left got record %d, %v", r.Seq, err)
		}
		break
	}
	buf := []byte("mine")
	b.append(eventlog.Batch{Stream: "q", Record: buf})
	copy(buf, "else")
	equal(t, "a record whose bytes the caller used again", string(b.read("q", 0)[0].Data), "mine")
}

func testCut(t *testing.T, b *bench) {
	for i := range uint64(6) {
		b.append(rec("r", i))
	}
	all := b.read("r", 0)
	for _, bad := range []eventlog.Batch{
		{Stream: "r", After: 6, Record: []byte("x"), Cut: 7},
		{Stream: "r", After: 6, Cut: 2},
		{Stream: "new", Record: []byte("x"), Cut: 1},
	} {
		b.refuses(eventlog.ErrInvalid, bad)
	}
	cut := rec("r", 6)
	cut.Cut = 4
	conflict := cut
	conflict.After = 5
	b.refuses(eventlog.ErrConflict, conflict)
	equal(t, "records after a cut that was refused", b.read("r", 0), all)
	b.append(cut, rec("r", 7))
	less := rec("r", 8)
	less.Cut = 2 // what was cut stays cut
	b.append(less)
	for range 2 {
		head, _, err := b.Head(t.Context(), "r")
		if err != nil || head.Records != 9 || head.Cut != 4 {
			t.Errorf("head of a stream that was cut: %d records, %d cut, %v", head.Records, head.Cut, err)
		}
		rest := b.read("r", 0)
		if len(rest) != 5 || rest[0].Seq != 5 {
			t.Fatalf("%d records are left, the first is %v", len(rest), rest)
		}
		equal(t, "the records that were kept", rest[:2], all[4:])
		for after := range uint64(5) {
			equal(t, fmt.Sprintf("records after %d", after), b.read("r", after), rest)
		}
		equal(t, "records after 6", b.read("r", 6), rest[2:])
		b.reopen()
	}
	b.refuses(eventlog.ErrConflict, rec("r", 5))
	whole := rec("r", 9)
	whole.Cut = 9
	b.append(whole)
	b.reopen()
	if rest := b.read("r", 0); len(rest) != 1 || rest[0].Seq != 10 {
		t.Errorf("behind a cut of all before it there is %v", rest)
	}
}

// Who reads while records are cut goes on in order, with those that are left.
func testCutWhileReading(t *testing.T, b *bench) {
	const all = 40
	for _, c := range []struct {
		name    string
		at, cut uint64 // after that record was read, so many are cut
	}{
		{"behind the reader", 20, 10},
		{"up to the reader", 20, 20},
		{"ahead of the reader", 10, 30},
		{"all that were there", 1, 40},
	} {
		for n := range uint64(all) {
			r := rec(c.name, n)
			r.Record = append(r.Record, make([]byte, 8<<10)...)
			b.append(r)
		}
		last := uint64(0)
		for r, err := range b.Read(t.Context(), c.name, 0) {
			switch {
			case err != nil:
				t.Fatalf("%s: behind record %d: %v", c.name, last, err)
			case r.Seq <= last, r.Seq > last+1 && (last < c.at || r.Seq != c.cut+1): // some may have been read before
				t.Fatalf("%s: record %d came behind %d", c.name, r.Seq, last)
			case !bytes.HasPrefix(r.Data, rec(c.name, r.Seq-1).Record):
				t.Fatalf("%s: record %d is %.40q", c.name, r.Seq, r.Data)
			}
			if last = r.Seq; last == c.at {
				cut := rec(c.name, all)
				cut.Cut = c.cut
				b.append(cut)
			}
		}
		if last < all {
			t.Errorf("%s: the last record read is %d of %d", c.name, last, all)
		}
		if rest := b.read(c.name, 0); len(rest) != int(all+1-c.cut) {
			t.Errorf("%s: %d records are left", c.name, len(rest))
		}
	}
}

func testConflict(t *testing.T, b *bench) {
	b.append(rec("r", 0), rec("r", 1))
	was := b.contents()
	for _, after := range []uint64{0, 1, 3, 1 << 60} {
		err := b.Append(t.Context(), rec("r", after))
		var c *eventlog.ConflictError
		if !errors.As(err, &c) || !errors.Is(err, eventlog.ErrConflict) {
			t.Fatalf("Append after %d = %v, want a conflict", after, err)
		}
		equal(t, "conflict", *c, eventlog.ConflictError{Stream: "r", After: after, Has: 2})
	}
	b.same(was)
	b.append(eventlog.Batch{Stream: "r", After: 99, Summary: &eventlog.Summary{Status: "looked at"}})
	b.append(rec("r", 2))
}

func testAtomic(t *testing.T, b *bench) {
	b.append(rec("r", 0), eventlog.Batch{Stream: "r", Send: []eventlog.Message{msg("x", 1, "r"), msg("x", 2, "in")}})
	was := b.contents()
	change := []eventlog.Batch{
		rec("new", 0),
		{
			Stream: "r", After: 1, Record: []byte("never"), Summary: &eventlog.Summary{Status: "never"},
			Took: []eventlog.MessageID{msg("x", 1, "r").ID},
			Send: []eventlog.Message{msg("r", 9, "in"), msg("r", 9, "elsewhere"), msg("x", 1, "r")},
		},
		rec("r", 2),
	}
	b.refuses(eventlog.ErrConflict, append(change, rec("other", 5))...)
	b.same(was)
	b.refuses(eventlog.ErrConflict, append(change, rec("r", 2))...)
	b.same(was)
	b.refuses(eventlog.ErrConflict, append(change, rec("new", 0))...)
	b.same(was)
	b.append(change...)
	equal(t, "records", len(b.read("r", 0)), 3)
	equal(t, "inbox", b.inbox("r"), []eventlog.Message{msg("x", 1, "r")})
	b.append()
	b.append(eventlog.Batch{Stream: "nothing"})
	if _, ok, _ := b.Head(t.Context(), "nothing"); ok {
		t.Error("a batch of nothing made a stream")
	}
}

func testInvalid(t *testing.T, b *bench) {
	long := strings.Repeat("n", eventlog.MaxStream+1)
	was := b.contents()
	for name, bad := range map[string]eventlog.Batch{
		"no stream":          {Record: []byte("x")},
		"a long stream":      {Stream: long, Record: []byte("x")},
		"a zero byte":        {Stream: "a\x00b", Record: []byte("x")},
		"a long record":      {Stream: "r", Record: make([]byte, eventlog.MaxRecord+1)},
		"no receiver":        {Stream: "r", Send: []eventlog.Message{msg("x", 1, "")}},
		"a long receiver":    {Stream: "r", Send: []eventlog.Message{msg("x", 1, long)}},
		"a long sender":      {Stream: "r", Send: []eventlog.Message{msg(long, 1, "r")}},
		"a long message":     {Stream: "r", Send: []eventlog.Message{{ID: msg("x", 1, "r").ID, Body: make([]byte, eventlog.MaxBody+1)}}},
		"another's message":  {Stream: "r", Took: []eventlog.MessageID{msg("x", 1, "s").ID}},
		"a long took sender": {Stream: "r", Took: []eventlog.MessageID{msg(long, 1, "r").ID}},
		"a long summary":     {Stream: "r", Summary: &eventlog.Summary{Error: strings.Repeat("e", eventlog.MaxSummary+1)}},
	} {
		if err := b.Append(t.Context(), rec("r", 0), bad); !errors.Is(err, eventlog.ErrInvalid) {
			t.Errorf("%s: Append = %v, want %v", name, err, eventlog.ErrInvalid)
		}
	}
	b.same(was)
	b.append(rec("r", 0))
}

func testLimits(t *testing.T, b *bench) {
	name := strings.Repeat("n", eventlog.MaxStream)
	record := make([]byte, eventlog.MaxRecord)
	record[0], record[len(record)-1] = 1, 2
	m := msg(name, 1, name)
	m.Body = record[:eventlog.MaxBody]
	sum := &eventlog.Summary{Error: strings.Repeat("e", eventlog.MaxSummary)}
	b.append(eventlog.Batch{Stream: name, Record: record, Summary: sum, Send: []eventlog.Message{m}})
	b.reopen()
	got := b.read(name, 0)
	if len(got) != 1 || string(got[0].Data) != string(record) {
		t.Error("a record of the greatest size came back as something else")
	}
	if ms := b.inbox(name); len(ms) != 1 || string(ms[0].Body) != string(m.Body) {
		t.Error("a message of the greatest size came back as something else")
	}
	if head, _, err := b.Head(t.Context(), name); err != nil || head.Error != sum.Error {
		t.Errorf("a summary of the greatest size came back as something else (%v)", err)
	}
	b.append(eventlog.Batch{Stream: name, After: 1, Record: []byte("x"), Took: []eventlog.MessageID{m.ID}})
}

func testContext(t *testing.T, b *bench) {
	b.append(rec("r", 0))
	was := b.contents()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Append(ctx, rec("r", 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("Append = %v", err)
	}
	for _, err := range b.Read(ctx, "r", 0) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Read = %v", err)
		}
	}
	for _, err := range b.List(ctx, eventlog.Filter{}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("List = %v", err)
		}
	}
	if _, _, err := b.Head(ctx, "r"); !errors.Is(err, context.Canceled) {
		t.Errorf("Head = %v", err)
	}
	b.same(was)
	b.append(rec("r", 1))
}

func testConcurrent(t *testing.T, b *bench) {
	const streams, records = 16, 40
	var wg sync.WaitGroup
	for i := range streams {
		wg.Go(func() {
			name := fmt.Sprintf("run/%02d", i)
			for n := range uint64(records) {
				batch := rec(name, n)
				batch.Send = []eventlog.Message{msg(name, n+1, "all")}
				batch.Summary = &eventlog.Summary{Kind: "run", Attempts: int(n)}
				if err := b.Append(t.Context(), batch); err != nil {
					t.Errorf("Append = %v", err)
					return
				}
				head, ok, err := b.Head(t.Context(), name)
				if err != nil || !ok || head.Records != n+1 || head.Attempts != int(n) {
					t.Errorf("Head after record %d = %+v, %v, %v", n+1, head, ok, err)
				}
			}
		})
	}
	wg.Wait()
	for i := range streams {
		name := fmt.Sprintf("run/%02d", i)
		got := b.read(name, 0)
		if len(got) != records {
			t.Fatalf("%s has %d records, want %d", name, len(got), records)
		}
		for n, r := range got {
			equal(t, "record", string(r.Data), fmt.Sprintf("%s #%d", name, n+1))
		}
	}
	last := map[string]uint64{}
	all := b.inbox("all")
	for _, m := range all {
		if last[m.ID.Sender]++; m.ID.Seq != last[m.ID.Sender] {
			t.Fatalf("message %d of %s came as number %d", m.ID.Seq, m.ID.Sender, last[m.ID.Sender])
		}
	}
	equal(t, "messages", len(all), streams*records)
}

func testAlone(t *testing.T, b *bench) {
	const callers = 64
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := map[string]int{}
	for i := range callers {
		wg.Go(func() {
			shared, own := fmt.Sprintf("shared/%d", i%4), fmt.Sprintf("own/%d", i)
			err := b.Append(t.Context(), rec(shared, 0), rec(own, 0))
			_, ok, _ := b.Head(t.Context(), own)
			if ok != (err == nil) || err != nil && !errors.Is(err, eventlog.ErrConflict) {
				t.Errorf("Append = %v, and its other stream exists: %v", err, ok)
			}
			if err == nil {
				mu.Lock()
				won[shared]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	equal(t, "winners", won, map[string]int{"shared/0": 1, "shared/1": 1, "shared/2": 1, "shared/3": 1})
}

func testAppendWhileReading(t *testing.T, b *bench) {
	for n := range uint64(20) {
		b.append(rec("r", n))
	}
	n := uint64(0)
	for r, err := range b.Read(t.Context(), "r", 0) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; r.Seq != n {
			t.Fatalf("record %d came as number %d", r.Seq, n)
		}
		if n <= 10 {
			b.append(eventlog.Batch{Stream: fmt.Sprint("big/", n), Record: make([]byte, 2<<20)})
			b.append(rec("r", 19+n))
		}
	}
	if n < 20 {
		t.Errorf("read %d records of at least 20", n)
	}
	for _, err := range b.List(t.Context(), eventlog.Filter{Prefix: "big/"}) {
		if err != nil {
			t.Fatal(err)
		}
		b.append(eventlog.Batch{Stream: fmt.Sprint("more/", n), Record: make([]byte, 2<<20)})
		n++
	}
}

func testClosed(t *testing.T, b *bench) {
	b.append(rec("r", 0))
	if err := errors.Join(b.Close(), b.Close()); err != nil {
		t.Fatalf("Close = %v", err)
	}
	_, _, headErr := b.Head(t.Context(), "r")
	_, _, snapErr := b.Latest(t.Context(), "r")
	_, getErr := b.Get(t.Context(), [32]byte{})
	errs := map[string]error{
		"Append": b.Append(t.Context(), rec("r", 1)), "Head": headErr, "Latest": snapErr, "Get": getErr,
		"Put": b.Put(t.Context(), payload("x")), "Save": b.Save(t.Context(), "r", 1, nil),
	}
	for _, err := range b.Read(t.Context(), "r", 0) {
		errs["Read"] = err
	}
	for _, err := range b.List(t.Context(), eventlog.Filter{}) {
		errs["List"] = err
	}
	for _, err := range b.Inbox(t.Context(), "r") {
		errs["Inbox"] = err
	}
	equal(t, "calls", len(errs), 9)
	for call, err := range errs {
		if !errors.Is(err, eventlog.ErrClosed) {
			t.Errorf("%s = %v, want %v", call, err, eventlog.ErrClosed)
		}
	}
	b.Store = b.open()
	equal(t, "records", len(b.read("r", 0)), 1)
}

func testReopen(t *testing.T, b *bench) {
	for n := range uint64(5) {
		b.append(rec("r", n), eventlog.Batch{
			Stream: "s", Summary: &eventlog.Summary{Kind: "book", Attempts: int(n)},
			Send: []eventlog.Message{outside(n, "s"), msg("s", n, "r")},
		})
		was := b.contents()
		b.reopen()
		b.same(was)
	}
	b.append(eventlog.Batch{Stream: "s", Took: []eventlog.MessageID{msg("o", 2, "s").ID}})
	was := b.contents()
	b.reopen()
	b.same(was)
	equal(t, "inbox", len(b.inbox("s")), 4)
}

// tail is what stands behind the first n; nil when nothing does.
func tail(rs []eventlog.Record, n int) []eventlog.Record {
	if n >= len(rs) {
		return nil
	}
	return rs[n:]
}
