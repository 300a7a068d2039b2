package boltlog

import (
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// restore reads the journal once and finds the streams that changed since
// their last checkpoint.
func (l *Log) restore() error {
	if err := l.db.Update(initialise); err != nil && !errors.Is(err, errStop) {
		return err
	}
	return l.db.View(func(tx *bolt.Tx) error {
		c := &l.committer
		var err error
		if c.position, err = decodePosition(tx.Bucket(bucketState).Get(stateKey)); err != nil {
			return err
		}
		s := newScan(c.position, func(name string) (*stream, error) { return loadStream(tx, name) })
		segments := tx.Cursor()
		for k, _ := segments.Seek([]byte(segmentPrefix)); k != nil; k, _ = segments.Next() {
			segment, ok := parseSegment(k)
			if !ok {
				continue
			}
			rows := tx.Bucket(k).Cursor()
			for k, v := rows.First(); k != nil; k, v = rows.Next() {
				if err := s.row(segment, k, v); err != nil {
					return err
				}
			}
		}
		if err := s.end(); err != nil {
			return err
		}
		for _, d := range s.dirty {
			l.tail[d.stream.name] = d.stream
		}
		c.dirty, c.segment = s.dirty, s.bytes
		if l.due() {
			c.check.start(c.number)
		}
		return nil
	})
}

// scan goes through the journal from its beginning.
type scan struct {
	position position
	load     func(name string) (*stream, error)
	streams  map[string]*stream
	broken   map[string]error // streams whose heads cannot be read
	dirty    []dirty
	bytes    int64
	next     uint64 // the number that must come; 0: nothing came yet
	chain    hash
	linked   bool // chain is that of the commits so far
	left     uint64
	commit   [][]byte // envelopes of the commit under way
	records  uint64
}

func newScan(p position, load func(string) (*stream, error)) *scan {
	return &scan{position: p, load: load, streams: map[string]*stream{}, broken: map[string]error{}}
}

func damagedEntry(number uint64, reason string) error {
	return fmt.Errorf("%w: journal entry %d: %s: restore a backup", eventlog.ErrCorrupt, number, reason)
}

// row takes the next row of a segment.
func (s *scan) row(segment uint64, key, value []byte) error {
	d := decoder{b: key}
	number := d.uint64()
	switch {
	case !d.done() || segmentOf(number) != segment:
		return damagedEntry(number, "it is in the wrong place")
	case s.next == 0 && (number != segmentStart(segment) || number > s.position.floor):
		return damagedEntry(segmentStart(segment), "it is missing")
	case s.next != 0 && number != s.next:
		return damagedEntry(s.next, "it is missing")
	}
	s.next = number + 1
	e, envelope, ok := decodeEntry(number, value)
	if !ok {
		return damagedEntry(number, "its checksum does not hold")
	}
	if err := s.link(number, &e, value[:envelope]); err != nil {
		return err
	}
	s.bytes += int64(len(value))
	if e.record != nil {
		s.records++
	}
	if err := s.apply(number, &e, e.stream); err != nil {
		return err
	}
	for _, m := range e.sends {
		if err := s.apply(number, &e, m.ID.Receiver); err != nil {
			return err
		}
	}
	return nil
}

// link checks the chain of commits.
func (s *scan) link(number uint64, e *entry, envelope []byte) error {
	if (e.first != nil) != (s.left == 0) && (s.linked || s.left > 0) {
		return damagedEntry(number, "the commit before it is not whole")
	}
	if e.first != nil {
		if s.linked && e.first.prev != s.chain {
			return damagedEntry(number, "it does not follow the commit before it")
		}
		s.chain, s.linked, s.left = e.first.prev, true, e.first.entries
	}
	if !s.linked {
		return nil // the commit began in a segment that was dropped
	}
	s.commit = append(s.commit, envelope)
	if s.left--; s.left == 0 {
		s.chain = chain(s.chain, s.commit)
		s.commit = s.commit[:0]
	}
	return nil
}

// apply folds an entry into one of the streams that it concerns.
func (s *scan) apply(number uint64, e *entry, name string) error {
	st, err := s.stream(name)
	if st == nil || err != nil {
		return err
	}
	if number <= st.upTo {
		return nil
	}
	if e.stream == name && e.record != nil && st.damaged == 0 {
		r, ok := decodeRecord(e.record)
		switch {
		case !e.sound() || !ok:
			st.damaged = st.records + 1
		case r.stream != name || r.seq != st.records+1 || r.prev != st.last:
			st.damaged = st.records + 1
		}
	}
	clean := st.since == 0
	st.apply(number, e)
	if clean {
		s.dirty = append(s.dirty, dirty{st, number})
	}
	return nil
}

// stream returns a stream, or nil when its head is damaged: it takes no more
// then, and whoever reads it is told.
func (s *scan) stream(name string) (*stream, error) {
	if st, ok := s.streams[name]; ok {
		return st, nil
	}
	if s.broken[name] != nil {
		return nil, nil
	}
	st, err := s.load(name)
	if err != nil {
		s.broken[name] = err
		return nil, nil
	}
	s.streams[name] = st
	return st, nil
}

// end checks that nothing is missing at the journal's end.
func (s *scan) end() error {
	p := &s.position
	switch {
	case s.next == 0 && p.floor == p.number+1:
		return nil // all of it was checkpointed and dropped
	case s.next != p.number+1:
		return damagedEntry(max(s.next, p.floor), "it is missing")
	case s.left != 0:
		return damagedEntry(p.number, "its commit is not whole")
	case s.linked && s.chain != p.chain:
		return damagedEntry(p.number, "the chain of commits ends elsewhere")
	}
	return nil
}
