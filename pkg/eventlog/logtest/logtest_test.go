package logtest_test

import (
	"context"
	"iter"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/logtest"
	"github.com/keelstep/keelstep/pkg/eventlog/memlog"
)

// broken names the subject that a child process runs the suite against.
const broken = "KEELSTEP_LOGTEST_SUBJECT"

// store is a store in memory with a mistake.
type store struct {
	*memlog.Log
	mistake mistake
}

// mistake is what a store does wrong. The zero value does everything right.
type mistake struct {
	says    string // a test of the suite that must fail; empty: none does
	append  func(l *memlog.Log, ctx context.Context, bs []eventlog.Batch) error
	read    func(rs []eventlog.Record) []eventlog.Record
	inbox   func(ms []eventlog.Message) []eventlog.Message
	list    func(f eventlog.Filter) eventlog.Filter
	head    func(s eventlog.Summary, ok bool) (eventlog.Summary, bool)
	get     func(b []byte, err error) ([]byte, error)
	latest  func(after uint64, state []byte, err error) (uint64, []byte, error)
	open    bool // closing does nothing
	forgets bool // opened again, it is empty
}

// each changes every batch before it is appended.
func each(change func(b *eventlog.Batch)) func(*memlog.Log, context.Context, []eventlog.Batch) error {
	return func(l *memlog.Log, ctx context.Context, bs []eventlog.Batch) error {
		bs = slices.Clone(bs)
		for i := range bs {
			change(&bs[i])
		}
		return l.Append(ctx, bs...)
	}
}

var subjects = map[string]mistake{
	"right": {},
	"one batch after another": {says: "a call is all or nothing", append: func(l *memlog.Log, ctx context.Context, bs []eventlog.Batch) error {
		for _, b := range bs {
			if err := l.Append(ctx, b); err != nil {
				return err
			}
		}
		return nil
	}},
	"says yes and writes nothing": {says: "append and read", append: func(*memlog.Log, context.Context, []eventlog.Batch) error { return nil }},
	"takes any position": {says: "a conflict names the stream and writes nothing", append: func(l *memlog.Log, ctx context.Context, bs []eventlog.Batch) error {
		bs = slices.Clone(bs)
		for i, b := range bs {
			if s, ok, err := l.Head(ctx, b.Stream); err == nil && ok {
				bs[i].After = s.Records
			}
		}
		return l.Append(ctx, bs...)
	}},
	"does not hear that it is called back": {says: "a canceled context", append: func(l *memlog.Log, ctx context.Context, bs []eventlog.Batch) error {
		return l.Append(context.WithoutCancel(ctx), bs...)
	}},
	"does not cut":         {says: "records that are cut", append: each(func(b *eventlog.Batch) { b.Cut = 0 })},
	"keeps what was taken": {says: "took removes", append: each(func(b *eventlog.Batch) { b.Took = nil })},
	"forgets summaries":    {says: "summaries", append: each(func(b *eventlog.Batch) { b.Summary = nil })},
	"loses messages":       {says: "messages arrive once and in order", append: each(func(b *eventlog.Batch) { b.Send = nil })},
	"an inbox has no bound": {says: "an inbox has a bound for outside senders", append: each(func(b *eventlog.Batch) {
		b.Send = slices.Clone(b.Send)
		for i := range b.Send {
			b.Send[i].Outside = false
		}
	})},
	"records out of order":       {says: "append and read", read: func(rs []eventlog.Record) []eventlog.Record { slices.Reverse(rs); return rs }},
	"the last record is missing": {says: "append and read", read: func(rs []eventlog.Record) []eventlog.Record { return rs[:max(0, len(rs)-1)] }},
	"messages twice":             {says: "messages arrive once and in order", inbox: func(ms []eventlog.Message) []eventlog.Message { return append(ms, ms...) }},
	"messages out of order":      {says: "messages arrive once and in order", inbox: func(ms []eventlog.Message) []eventlog.Message { slices.Reverse(ms); return ms }},
	"lists everything":           {says: "list filters", list: func(f eventlog.Filter) eventlog.Filter { return eventlog.Filter{Limit: f.Limit, Before: f.Before} }},
	"lists more than was asked":  {says: "list filters", list: func(f eventlog.Filter) eventlog.Filter { f.Limit = 0; return f }},
	"a head of nobody":           {says: "heads", head: func(s eventlog.Summary, _ bool) (eventlog.Summary, bool) { return s, true }},
	"payloads that nobody put":   {says: "payloads", get: func(b []byte, _ error) ([]byte, error) { return b, nil }},
	"other bytes":                {says: "payloads", get: func(b []byte, err error) ([]byte, error) { return append(b, 'x'), err }},
	"snapshots of other records": {says: "snapshots", latest: func(after uint64, b []byte, err error) (uint64, []byte, error) { return after + 1, b, err }},
	"goes on once it was closed": {says: "closed", open: true},
	"forgets what it held":       {says: "opened again", forgets: true},
}

func (s *store) Append(ctx context.Context, bs ...eventlog.Batch) error {
	if s.mistake.append == nil {
		return s.Log.Append(ctx, bs...)
	}
	return s.mistake.append(s.Log, ctx, bs)
}

// rewritten is all of seq, changed.
func rewritten[T any](seq iter.Seq2[T, error], change func([]T) []T) iter.Seq2[T, error] {
	if change == nil {
		return seq
	}
	return func(yield func(T, error) bool) {
		var all []T
		for x, err := range seq {
			if err != nil {
				yield(x, err)
				return
			}
			all = append(all, x)
		}
		for _, x := range change(all) {
			if !yield(x, nil) {
				return
			}
		}
	}
}

func (s *store) Read(ctx context.Context, stream string, after uint64) iter.Seq2[eventlog.Record, error] {
	return rewritten(s.Log.Read(ctx, stream, after), s.mistake.read)
}

func (s *store) Inbox(ctx context.Context, stream string) iter.Seq2[eventlog.Message, error] {
	return rewritten(s.Log.Inbox(ctx, stream), s.mistake.inbox)
}

func (s *store) List(ctx context.Context, f eventlog.Filter) iter.Seq2[eventlog.Summary, error] {
	if s.mistake.list != nil {
		f = s.mistake.list(f)
	}
	return s.Log.List(ctx, f)
}

func (s *store) Head(ctx context.Context, stream string) (eventlog.Summary, bool, error) {
	h, ok, err := s.Log.Head(ctx, stream)
	if s.mistake.head != nil {
		h, ok = s.mistake.head(h, ok)
	}
	return h, ok, err
}

func (s *store) Get(ctx context.Context, hash [32]byte) ([]byte, error) {
	b, err := s.Log.Get(ctx, hash)
	if s.mistake.get != nil {
		return s.mistake.get(b, err)
	}
	return b, err
}

func (s *store) Latest(ctx context.Context, stream string) (uint64, []byte, error) {
	after, b, err := s.Log.Latest(ctx, stream)
	if s.mistake.latest != nil {
		return s.mistake.latest(after, b, err)
	}
	return after, b, err
}

func (s *store) Close() error {
	if s.mistake.open {
		return nil
	}
	return s.Log.Close()
}

func TestChild(t *testing.T) {
	m, ok := subjects[os.Getenv(broken)]
	if !ok {
		t.Skip("on demand: it is a process of TestSuiteBites")
	}
	logtest.Test(t, func(*testing.T) logtest.Opener {
		l := memlog.New()
		return func() eventlog.Store {
			if l = l.Reopen(); m.forgets {
				l = memlog.New()
			}
			return &store{l, m}
		}
	})
}

// The suite passes a good store and finds each mistake, with the test that is
// about it. It runs in a child process, because finding one fails the test.
func TestSuiteBites(t *testing.T) {
	for name, m := range subjects {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			about := strings.ReplaceAll(m.says, " ", "_")
			cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestChild$/^"+about, "-test.timeout=100s")
			cmd.Env = append(os.Environ(), broken+"="+name)
			output, err := cmd.CombinedOutput()
			says := "--- FAIL: TestChild/" + about + " "
			if m.says == "" {
				says = "PASS"
			}
			if (err == nil) != (m.says == "") || !strings.Contains(string(output), says) {
				t.Errorf("the suite ends with %v and should say %q:\n%s", err, says, output)
			}
		})
	}
}

// A Faulty store fails once, at the Append that it was told, and does what the
// fault says of the outcome.
func TestFaulty(t *testing.T) {
	for _, fault := range logtest.Faults {
		for n := 1; n <= 3; n++ {
			l := memlog.New()
			f := &logtest.Faulty{Store: l, N: n, Fault: fault}
			var failed []int
			written := uint64(0)
			for i := range 4 {
				if err := f.Append(t.Context(), eventlog.Batch{Stream: "a", After: written, Record: []byte("x")}); err != nil {
					failed = append(failed, i+1)
					continue
				}
				written++
			}
			h, _, err := l.Reopen().Head(t.Context(), "a")
			if err != nil {
				t.Fatal(err)
			}
			fails, kept := 1, 3 // Full: one fails, the others are written
			if fault != logtest.Full {
				fails, kept = 5-n, n-1 // it is closed from then on
			}
			if fault == logtest.Kept {
				kept = n
			}
			if len(failed) != fails || failed[0] != n || int(h.Records) != kept {
				t.Errorf("%s at %d: %v failed and %d records are there, want %d from %d on and %d", fault, n, failed, h.Records, fails, n, kept)
			}
		}
	}
}
