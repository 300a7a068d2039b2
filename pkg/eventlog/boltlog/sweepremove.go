package boltlog

import (
	"bytes"
	"context"

	bolt "go.etcd.io/bbolt"
)

// lists looks into the payloads that are named and may name others.
func (w *sweeper) lists(ctx context.Context) error {
	if w.opts.Lists == nil {
		return nil
	}
	for {
		next := w.sweep.unread()
		if len(next) == 0 {
			return nil
		}
		for _, h := range next {
			if err := w.list(ctx, h); err != nil {
				return err
			}
		}
	}
}

// unread returns the payloads that are named and were not looked into, and
// takes it that they are now.
func (s *sweep) unread() (all []hash) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for h, read := range s.marked {
		if !read {
			all = append(all, h)
			s.marked[h] = true
		}
	}
	return all
}

// listHead is how many bytes of a payload tell whether it is a list.
const listHead = 128

func (w *sweeper) list(ctx context.Context, h hash) error {
	isList := false
	err := w.log.view(ctx, func(tx *bolt.Tx) error {
		if _, head, ok := firstPart(tx.Bucket(bucketPayloads).Get(payloadKey(h, 0))); ok {
			isList = w.opts.Lists(head[:min(len(head), listHead)])
		}
		return nil
	})
	if err != nil || !isList {
		return err
	}
	err = w.log.view(ctx, func(tx *bolt.Tx) error {
		payloads := tx.Bucket(bucketPayloads)
		_, whole, _ := firstPart(payloads.Get(payloadKey(h, 0)))
		whole = bytes.Clone(whole)
		for i := 1; ; i++ {
			v := payloads.Get(payloadKey(h, i))
			if len(v) == 0 {
				w.look(whole) // damaged or not: what it names is kept
				return nil
			}
			whole = append(whole, v[1:]...)
		}
	})
	if err != nil {
		return err
	}
	return w.opts.Rest(ctx)
}

// firstPart takes the first part of a payload apart.
func firstPart(v []byte) (size uint64, head []byte, ok bool) {
	d := decoder{b: v}
	version, size := d.byte(), d.uvarint()
	return size, d.b, d.ok() && version == format
}

// doom finds the payloads that go.
func (w *sweeper) doom(ctx context.Context) error {
	var last []byte
	doomed := map[hash]struct{}{}
	err := w.steps(ctx, func(tx *bolt.Tx) (bool, error) {
		c := tx.Bucket(bucketPayloads).Cursor()
		k, v := c.Seek(last)
		for range maxRows {
			if len(k) < len(hash{}) {
				return false, nil
			}
			h := hash(k)
			w.weigh(h, k, v, doomed)
			last = payloadKey(h, -1) // behind all its parts
			k, v = c.Seek(last)
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	w.sweep.condemn(doomed)
	return nil
}

// weigh counts a payload among those that stay or go.
func (w *sweeper) weigh(h hash, k, v []byte, doomed map[hash]struct{}) {
	size := uint64(0)
	if bytes.Equal(k, payloadKey(h, 0)) {
		size, _, _ = firstPart(v)
	}
	w.sweep.mu.Lock()
	defer w.sweep.mu.Unlock()
	if _, named := w.sweep.marked[h]; named || w.sweep.young(h) {
		w.swept.Kept++
		w.swept.KeptBytes += int64(size)
		return
	}
	doomed[h] = struct{}{}
}

// condemn has the payloads removed that are still named by nobody.
func (s *sweep) condemn(doomed map[hash]struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for h := range doomed {
		if _, named := s.marked[h]; named || s.young(h) {
			delete(doomed, h)
		}
	}
	s.doomed = doomed
}

// remove removes what is doomed, some of it in each transaction. The first
// part of a payload goes first: so one that is not there in whole is none.
func (w *sweeper) remove(ctx context.Context) error {
	for {
		var r removal
		err := w.log.do(ctx, &request{size: maxGroupBytes, background: true, do: func(g *group) error {
			w.sweep.undo(r.began) // a transaction may be tried twice
			r = removal{sweep: w.sweep, payloads: g.tx.Bucket(bucketPayloads)}
			return r.run(g)
		}})
		if err != nil {
			w.sweep.undo(r.began)
			return err
		}
		w.swept.Removed += len(r.began)
		w.swept.RemovedBytes += r.bytes
		if r.ended {
			return nil
		}
		if err := w.opts.Rest(ctx); err != nil {
			return err
		}
	}
}

// removal is one transaction that removes payloads.
type removal struct {
	sweep    *sweep
	payloads *bolt.Bucket
	began    []hash // those that were there before it
	bytes    int64
	ended    bool // nothing is left to do
}

func (r *removal) run(g *group) error {
	r.sweep.mu.Lock()
	defer r.sweep.mu.Unlock()
	parts := 0
	for h := range r.sweep.doomed {
		if len(r.began) == sweepRemoves || parts >= sweepParts {
			return nil
		}
		n, whole, err := r.one(h, sweepParts-parts)
		if err != nil {
			return err
		}
		parts += n
		g.wrote = g.wrote || n > 0
		if whole {
			delete(r.sweep.doomed, h)
		}
	}
	r.ended = len(r.sweep.doomed) == 0
	return nil
}

// one removes parts of a payload. From its first part on it counts as gone.
func (r *removal) one(h hash, limit int) (parts int, whole bool, err error) {
	if _, gone := r.sweep.removed[h]; !gone {
		if r.sweep.removed == nil {
			r.sweep.removed = map[hash]uint64{}
		}
		r.sweep.removed[h] = r.sweep.number
		r.began = append(r.began, h)
		size, _, _ := firstPart(r.payloads.Get(payloadKey(h, 0)))
		r.bytes += int64(size)
	}
	c := r.payloads.Cursor()
	for k, _ := c.Seek(h[:]); bytes.HasPrefix(k, h[:]); k, _ = c.Seek(h[:]) {
		if parts == limit {
			return parts, false, nil
		}
		if err := c.Delete(); err != nil {
			return parts, false, err
		}
		parts++
	}
	return parts, true, nil
}

// undo takes back what a transaction did that was not committed.
func (s *sweep) undo(began []hash) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range began {
		delete(s.removed, h)
		if !s.young(h) { // else it was put meanwhile
			s.doomed[h] = struct{}{}
		}
	}
}
