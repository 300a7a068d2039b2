package boltlog

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"

	bolt "go.etcd.io/bbolt"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// sweep is what the log knows of payloads while it runs, so that one which is
// named, or about to be, is never removed.
//
// A sweep begins in the committer, between two commits. From then on each
// record and message that comes is looked at as it is appended; what came
// before is read from the file: the journal first, then inboxes and chunks,
// because that is the way that things move. What was found by neither, and was
// not put since the last but one sweep began, is doomed. A batch that names
// what is doomed or gone is refused; one who puts it first has it back.
type sweep struct {
	one   sync.Mutex             // held by a sweep
	names atomic.Pointer[naming] // nil: nothing that is appended matters

	mu      sync.Mutex
	number  uint64            // of this sweep or the last
	running bool              // what is appended is marked
	marked  map[hash]bool     // named; the value: looked into
	touched map[hash]uint64   // put, and during or after which sweep
	doomed  map[hash]struct{} // to be removed
	removed map[hash]uint64   // by which sweep
}

// naming yields what bytes name.
type naming func([]byte) iter.Seq[[32]byte]

// The bounds of one step.
const (
	sweepBytes   = 1 << 20 // read in one transaction
	sweepRemoves = 8       // payloads removed by one transaction
	sweepParts   = 32      // parts of them
)

// watch returns what a batch names, if that matters just now.
func (s *sweep) watch(bs []eventlog.Batch) *[]hash {
	names := s.names.Load()
	if names == nil {
		return nil
	}
	all := names.by(bs)
	return &all
}

// by returns what batches name.
func (n naming) by(bs []eventlog.Batch) (all []hash) {
	for i := range bs {
		for h := range n(bs[i].Record) {
			all = append(all, h)
		}
		for _, m := range bs[i].Send {
			for h := range n(m.Body) {
				all = append(all, h)
			}
		}
	}
	return all
}

// admit marks what a batch names that is about to be appended. The committer
// calls it. watched is nil when nobody watched as the batch came.
func (s *sweep) admit(watched *[]hash, bs []eventlog.Batch) error {
	n := s.names.Load()
	if n == nil {
		return nil
	}
	var names []hash
	if watched != nil {
		names = *watched
	} else {
		names = n.by(bs)
	}
	if len(names) == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range names {
		_, gone := s.removed[h]
		if _, doomed := s.doomed[h]; doomed || gone {
			return fmt.Errorf("%w: payload %x was not named by anybody any more", eventlog.ErrConflict, h)
		}
	}
	if s.running {
		for _, h := range names {
			s.mark(h)
		}
	}
	return nil
}

func (s *sweep) mark(h hash) {
	if _, ok := s.marked[h]; !ok {
		s.marked[h] = false
	}
}

// touch notes that a payload is about to be put, and reports whether it has to
// be written whatever the file says.
func (s *sweep) touch(h hash) (write bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.touched == nil {
		s.touched = map[hash]uint64{}
	}
	s.touched[h] = s.number
	delete(s.doomed, h)
	_, gone := s.removed[h]
	return gone
}

// restored notes that a part of a payload is being written: with the first,
// which comes last, it is there again.
func (s *sweep) restored(key []byte) {
	if len(key) != len(hash{})+4 || binary.BigEndian.Uint32(key[len(hash{}):]) != 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.removed, hash(key))
}

// Sweep implements eventlog.Sweeper.
func (l *Log) Sweep(ctx context.Context, o eventlog.SweepOptions) (eventlog.Swept, error) {
	l.sweep.one.Lock()
	defer l.sweep.one.Unlock()
	var first, last uint64
	err := l.Checkpoint(ctx) // the journal still has what nobody has any more
	if err == nil {
		err = l.do(ctx, &request{do: func(g *group) error {
			first, last = l.committer.floor, l.committer.number+uint64(len(g.entries))
			l.sweep.begin(o.Names)
			return nil
		}})
	}
	if err != nil {
		return eventlog.Swept{}, fmt.Errorf("sweep: %w", err)
	}
	defer l.sweep.end()
	w := sweeper{log: l, sweep: &l.sweep, opts: o}
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return w.journal(ctx, first, last) },
		func(ctx context.Context) error { return w.bucket(ctx, bucketInbox) },
		func(ctx context.Context) error { return w.bucket(ctx, bucketChunks) },
		w.lists, w.doom, w.remove,
	} {
		if err := step(ctx); err != nil {
			return w.swept, fmt.Errorf("sweep: %w", err)
		}
	}
	return w.swept, nil
}

// begin has the committer mark what comes.
func (s *sweep) begin(names naming) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.number++
	s.running, s.marked = true, map[hash]bool{}
	s.names.Store(&names)
}

// end forgets what the next sweep does not need. What was removed stays known
// for as long as somebody may believe that it is there.
func (s *sweep) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running, s.marked, s.doomed = false, nil, nil
	for h, n := range s.touched {
		if s.old(n) {
			delete(s.touched, h)
		}
	}
	for h, n := range s.removed {
		if s.old(n) {
			delete(s.removed, h)
		}
	}
	if len(s.removed) == 0 {
		s.names.Store(nil)
	}
}

// old reports whether something of a sweep's time lies before the last sweep
// began.
func (s *sweep) old(number uint64) bool { return number+2 <= s.number }

// young reports whether a payload was put too recently to be removed.
func (s *sweep) young(h hash) bool {
	n, ok := s.touched[h]
	return ok && !s.old(n)
}

// sweeper is one sweep at work.
type sweeper struct {
	log   *Log
	sweep *sweep
	opts  eventlog.SweepOptions
	swept eventlog.Swept
}

// steps calls f in one read transaction after the other until it says that it
// has ended. No transaction stays open between two.
func (w *sweeper) steps(ctx context.Context, f func(tx *bolt.Tx) (more bool, err error)) error {
	for more := true; more; {
		err := w.log.view(ctx, func(tx *bolt.Tx) (err error) {
			more, err = f(tx)
			return err
		})
		if err != nil {
			return err
		}
		if err := w.opts.Rest(ctx); err != nil {
			return err
		}
	}
	return nil
}

// look marks what b names.
func (w *sweeper) look(b []byte) {
	for h := range w.opts.Names(b) {
		w.sweep.mu.Lock()
		w.sweep.mark(h)
		w.sweep.mu.Unlock()
	}
}

// bucket looks at all values of a bucket.
func (w *sweeper) bucket(ctx context.Context, name []byte) error {
	var last []byte
	return w.steps(ctx, func(tx *bolt.Tx) (bool, error) {
		var more bool
		more, last = w.rows(tx.Bucket(name), last)
		return more, nil
	})
}

// rows looks at the values behind the key last, as many as one step takes.
func (w *sweeper) rows(b *bolt.Bucket, last []byte) (more bool, now []byte) {
	c := b.Cursor()
	k, v := c.Seek(last)
	if last != nil && bytes.Equal(k, last) {
		k, v = c.Next()
	}
	for size := 0; k != nil; k, v = c.Next() {
		w.look(v)
		if size += len(v) + 64; size >= sweepBytes {
			return true, bytes.Clone(k)
		}
	}
	return false, nil
}

// journal looks at the entries from first to last. Those before them are of
// streams that are in their chunks, or were purged.
func (w *sweeper) journal(ctx context.Context, first, last uint64) error {
	segment, key := segmentOf(first), numberKey(first-1)
	return w.steps(ctx, func(tx *bolt.Tx) (bool, error) {
		name, _ := tx.Cursor().Seek(segmentName(segment))
		at, ok := parseSegment(name)
		if !ok || at > segmentOf(last) {
			return false, nil
		}
		if at != segment {
			segment, key = at, nil // those before it were moved
		}
		var more bool
		if more, key = w.rows(tx.Bucket(name), key); !more {
			segment, key = segment+1, nil
		}
		return true, nil
	})
}
