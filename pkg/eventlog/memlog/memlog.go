// Package memlog is an event log in memory: for tests, the simulator and runs
// that nobody needs to see again. It keeps eventlog's promises but one, for
// nothing of it survives the process.
package memlog

import (
	"bytes"
	"context"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

var _ eventlog.Store = (*Log)(nil)

// Log is a store in memory. Its methods may be called from many goroutines.
type Log struct {
	mu     *sync.RWMutex
	data   *data
	sweeps sweeps
	closed bool
}

// data is what a log holds; it outlives a Close so that Reopen finds it.
type data struct {
	streams   map[string]*stream
	payloads  map[[32]byte][]byte
	snapshots map[string]snapshot
}

type stream struct {
	records []eventlog.Record // without those that were cut
	cut     uint64
	summary *eventlog.Summary
	inbox   []eventlog.Message
}

type snapshot struct {
	after uint64
	state []byte
}

// New returns an empty log.
func New() *Log {
	return open(&data{
		streams:   map[string]*stream{},
		payloads:  map[[32]byte][]byte{},
		snapshots: map[string]snapshot{},
	})
}

func open(d *data) *Log {
	s := sweeps{touched: map[[32]byte]uint64{}, removed: map[[32]byte]bool{}}
	return &Log{mu: new(sync.RWMutex), data: d, sweeps: s}
}

// Reopen closes l and returns a log with what it held, as a process does that
// starts again.
func (l *Log) Reopen() *Log {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	return open(l.data)
}

// Close ends the log.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	return nil
}

// Append implements eventlog.Log.
func (l *Log) Append(ctx context.Context, bs ...eventlog.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, b := range bs {
		if err := b.Validate(); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return eventlog.ErrClosed
	}
	touched := map[string]*stream{} // copies, put in place when all went well
	for _, b := range bs {
		if err := l.sweeps.admit(b); err != nil {
			return err
		}
		if err := l.data.apply(touched, b); err != nil {
			return err
		}
	}
	for name, s := range touched {
		if s.empty() {
			delete(l.data.streams, name)
		} else {
			l.data.streams[name] = s
		}
	}
	return nil
}

// apply adds b to the copies in touched.
func (d *data) apply(touched map[string]*stream, b eventlog.Batch) error {
	s := d.touch(touched, b.Stream)
	if b.Record != nil {
		if has := s.count(); has != b.After {
			return &eventlog.ConflictError{Stream: b.Stream, After: b.After, Has: has}
		}
		s.records = append(s.records, eventlog.Record{
			Stream: b.Stream, Seq: b.After + 1, At: wall(b.At), Data: bytes.Clone(b.Record),
		})
		if b.Cut > s.cut {
			s.records, s.cut = slices.Clone(s.records[b.Cut-s.cut:]), b.Cut
		}
	}
	if b.Summary != nil {
		c := b.Summary.Clone()
		c.StartedAt, c.EndedAt, c.WakeAt = wall(c.StartedAt), wall(c.EndedAt), wall(c.WakeAt)
		s.summary = &c
	}
	for _, id := range b.Took {
		s.inbox = slices.DeleteFunc(s.inbox, func(m eventlog.Message) bool { return m.ID == id })
	}
	for _, m := range b.Send {
		to := d.touch(touched, m.ID.Receiver)
		if slices.ContainsFunc(to.inbox, func(w eventlog.Message) bool { return w.ID == m.ID }) {
			continue
		}
		if m.Outside && len(to.inbox) >= eventlog.MaxInbox {
			return eventlog.ErrInboxFull
		}
		m.Body = bytes.Clone(m.Body)
		to.inbox = append(to.inbox, m)
	}
	return nil
}

// touch returns the copy of a stream that this call works on.
func (d *data) touch(touched map[string]*stream, name string) *stream {
	if s, ok := touched[name]; ok {
		return s
	}
	c := &stream{}
	if s, ok := d.streams[name]; ok {
		// Both share the array of records: what a failed call left behind the
		// original's end is never read, and written over by the next call.
		*c = stream{records: s.records, cut: s.cut, summary: s.summary, inbox: slices.Clone(s.inbox)}
	}
	touched[name] = c
	return c
}

// count returns how many records the stream has had.
func (s *stream) count() uint64 { return s.cut + uint64(len(s.records)) }

func (s *stream) empty() bool {
	return len(s.records) == 0 && s.summary == nil && len(s.inbox) == 0
}

// view returns the summary as callers see it.
func (s *stream) view(name string) eventlog.Summary {
	var v eventlog.Summary
	if s.summary != nil {
		v = s.summary.Clone()
	}
	v.Stream, v.Records, v.Cut, v.Inbox = name, s.count(), s.cut, len(s.inbox)
	return v
}

// wall is t as every store gives it back: UTC, without a monotonic part.
func wall(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.Unix(0, eventlog.Clamp(t).UnixNano()).UTC()
}

// Read implements eventlog.Log.
func (l *Log) Read(ctx context.Context, name string, after uint64) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		for {
			r, ok, err := l.record(ctx, name, after)
			if err != nil {
				yield(eventlog.Record{}, err)
				return
			}
			if !ok || !yield(r, nil) {
				return
			}
			after = r.Seq
		}
	}
}

// record returns the first record behind the first after ones.
func (l *Log) record(ctx context.Context, name string, after uint64) (r eventlog.Record, ok bool, err error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if err := l.ready(ctx); err != nil {
		return r, false, err
	}
	s, ok := l.data.streams[name]
	if !ok || after >= s.count() {
		return r, false, nil
	}
	return s.records[max(after, s.cut)-s.cut], true, nil
}

// ready says why a call cannot be served.
func (l *Log) ready(ctx context.Context) error {
	if l.closed {
		return eventlog.ErrClosed
	}
	return ctx.Err()
}

// List implements eventlog.Log.
func (l *Log) List(ctx context.Context, f eventlog.Filter) iter.Seq2[eventlog.Summary, error] {
	return func(yield func(eventlog.Summary, error) bool) {
		rows, err := l.rows(ctx, f)
		if err != nil {
			yield(eventlog.Summary{}, err)
			return
		}
		for _, s := range rows {
			if !yield(s, nil) {
				return
			}
		}
	}
}

func (l *Log) rows(ctx context.Context, f eventlog.Filter) ([]eventlog.Summary, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if err := l.ready(ctx); err != nil {
		return nil, err
	}
	var rows []eventlog.Summary
	for name, s := range l.data.streams {
		v := s.view(name)
		if !f.Admits(v) {
			continue
		}
		if f.Brief {
			v = v.Brief()
		}
		rows = append(rows, v)
	}
	slices.SortFunc(rows, func(a, b eventlog.Summary) int {
		if f.Oldest {
			a, b = b, a
		}
		return bytes.Compare([]byte(b.Stream), []byte(a.Stream))
	})
	if f.Limit > 0 && len(rows) > f.Limit {
		rows = rows[:f.Limit]
	}
	return rows, nil
}

// Head implements eventlog.Log.
func (l *Log) Head(ctx context.Context, name string) (eventlog.Summary, bool, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if err := l.ready(ctx); err != nil {
		return eventlog.Summary{}, false, err
	}
	s, ok := l.data.streams[name]
	if !ok {
		return eventlog.Summary{}, false, nil
	}
	return s.view(name), true, nil
}

// Inbox implements eventlog.Inboxes.
func (l *Log) Inbox(ctx context.Context, name string) iter.Seq2[eventlog.Message, error] {
	return func(yield func(eventlog.Message, error) bool) {
		ms, err := l.waiting(ctx, name)
		if err != nil {
			yield(eventlog.Message{}, err)
			return
		}
		for _, m := range ms {
			if !yield(m, nil) {
				return
			}
		}
	}
}

func (l *Log) waiting(ctx context.Context, name string) ([]eventlog.Message, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if err := l.ready(ctx); err != nil {
		return nil, err
	}
	if s, ok := l.data.streams[name]; ok {
		return s.inbox, nil // never changed in place: each call works on copies
	}
	return nil, nil
}
