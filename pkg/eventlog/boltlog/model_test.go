package boltlog_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
	"github.com/keelstep/keelstep/pkg/eventlog/logtest"
	"github.com/keelstep/keelstep/pkg/eventlog/memlog"
)

// A log does what the one in memory does, and after every step shows the same
// when it is opened again; nothing it writes looks damaged.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		path := filepath.Join(t.TempDir(), "log.db")
		opts := boltlog.Options{Records: rapid.SampledFrom([]int{1, 3, 1000}).Draw(rt, "records")}
		m := model{t: rt, path: path, opts: opts, want: memlog.New()}
		m.open()
		defer func() { m.got.Close() }()
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			m.step()
			m.compare()
			if rapid.IntRange(0, 3).Draw(rt, "reopen") > 0 {
				m.reopen()
				m.compare()
			}
		}
	})
}

type model struct {
	t    *rapid.T
	path string
	opts boltlog.Options
	got  *boltlog.Log
	want *memlog.Log
}

func (m *model) open() {
	var err error
	if m.got, err = boltlog.Open(m.path, m.opts); err != nil {
		m.t.Fatal(err)
	}
}

func (m *model) reopen() {
	if err := m.got.Close(); err != nil {
		m.t.Fatal(err)
	}
	r, err := boltlog.Check(m.t.Context(), m.path)
	if err != nil || !r.Clean() {
		m.t.Fatalf("Check = %v, %v", r.Damage, err)
	}
	m.open()
}

var streams = []string{"a", "b", "c/1", "c/2"}

func (m *model) step() {
	if rapid.IntRange(0, 9).Draw(m.t, "checkpoint") == 0 {
		if err := m.got.Checkpoint(m.t.Context()); err != nil {
			m.t.Fatal(err)
		}
		return
	}
	var bs []eventlog.Batch
	for range rapid.IntRange(1, 3).Draw(m.t, "batches") {
		bs = append(bs, m.batch())
	}
	got, want := m.got.Append(m.t.Context(), bs...), m.want.Append(m.t.Context(), bs...)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		m.t.Fatalf("Append = %v, want %v", got, want)
	}
}

func (m *model) batch() eventlog.Batch {
	name := rapid.SampledFrom(streams).Draw(m.t, "stream")
	head, _, err := m.want.Head(m.t.Context(), name)
	if err != nil {
		m.t.Fatal(err)
	}
	b := eventlog.Batch{Stream: name}
	switch rapid.IntRange(0, 9).Draw(m.t, "record") {
	case 0: // none
	case 1:
		b.After, b.Record = head.Records+1, []byte("too far")
	default:
		size := rapid.SampledFrom([]int{0, 1, 300, 5000, 70_000}).Draw(m.t, "size")
		b.After, b.Record = head.Records, make([]byte, size)
		b.At = time.Unix(int64(size), 0)
		if head.Records > 0 && rapid.IntRange(0, 4).Draw(m.t, "cuts") == 0 {
			b.Cut = rapid.Uint64Range(1, head.Records).Draw(m.t, "cut")
		}
	}
	if rapid.Bool().Draw(m.t, "summary") {
		b.Summary = &eventlog.Summary{
			Status: rapid.SampledFrom([]string{"", "running", "ended"}).Draw(m.t, "status"),
			Ended:  rapid.Bool().Draw(m.t, "ended"),
		}
	}
	for range rapid.IntRange(0, 2).Draw(m.t, "sends") {
		b.Send = append(b.Send, eventlog.Message{
			ID: eventlog.MessageID{
				Sender: name, Seq: rapid.Uint64Range(0, 3).Draw(m.t, "seq"),
				Receiver: rapid.SampledFrom(streams).Draw(m.t, "receiver"),
			},
			Body:    make([]byte, rapid.SampledFrom([]int{1, 6000}).Draw(m.t, "body")),
			Outside: rapid.Bool().Draw(m.t, "outside"),
		})
	}
	for range rapid.IntRange(0, 3).Draw(m.t, "takes") {
		b.Took = append(b.Took, eventlog.MessageID{
			Sender: rapid.SampledFrom(streams).Draw(m.t, "from"),
			Seq:    rapid.Uint64Range(0, 3).Draw(m.t, "seq"), Receiver: name,
		})
	}
	return b
}

func (m *model) compare() {
	got, err := logtest.Contents(m.t.Context(), m.got)
	if err != nil {
		m.t.Fatal(err)
	}
	want, err := logtest.Contents(m.t.Context(), m.want)
	if err != nil {
		m.t.Fatal(err)
	}
	// One by one, bytes would take most of the test's time.
	if diff := cmp.Diff(want, got, cmp.Comparer(bytes.Equal)); diff != "" {
		m.t.Fatalf("the log differs from the model (-want +got):\n%s", diff)
	}
}
