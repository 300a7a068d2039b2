package boltlog

import (
	"errors"

	bolt "go.etcd.io/bbolt"
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
		r := restorer{tx: tx, floor: c.floor, streams: map[string]*stream{}, broken: map[string]error{}}
		s := scan{position: c.position, each: r.entry, damaged: func(e *entryError) error { return e }}
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
		for _, d := range r.dirty {
			l.tail[d.stream.name] = d.stream
		}
		for name, err := range r.broken {
			l.tail[name] = &stream{name: name, broken: err}
		}
		c.dirty, c.segment = r.dirty, s.bytes
		if l.due() {
			l.startCheckpoint()
		}
		return nil
	})
}

// restorer builds the streams that the journal speaks of.
type restorer struct {
	tx      *bolt.Tx
	floor   uint64
	streams map[string]*stream
	broken  map[string]error // those whose heads cannot be read
	dirty   []dirty
}

func (r *restorer) entry(number uint64, e *entry) error {
	if number < r.floor {
		return nil // in the stored heads, or of streams that were purged
	}
	r.apply(number, e, e.stream)
	for _, m := range e.sends {
		r.apply(number, e, m.ID.Receiver)
	}
	return nil
}

// apply folds an entry into one of the streams that it concerns.
func (r *restorer) apply(number uint64, e *entry, name string) {
	s := r.stream(name)
	if s == nil || number <= s.upTo {
		return
	}
	if e.stream == name && e.record != nil && s.damaged == 0 && !s.follows(e) {
		s.damaged = s.records + 1
	}
	clean := s.since == 0
	s.apply(number, e)
	if clean {
		r.dirty = append(r.dirty, dirty{s, number})
	}
}

// follows reports whether an entry's record is sound and the stream's next.
func (s *stream) follows(e *entry) bool {
	rec, ok := decodeRecord(e.record)
	return ok && e.sound() && rec.stream == s.name && rec.seq == s.records+1 && rec.prev == s.last
}

func (r *restorer) stream(name string) *stream {
	if s, ok := r.streams[name]; ok || r.broken[name] != nil {
		return s
	}
	s, err := loadStream(r.tx, name)
	if s == nil {
		r.broken[name] = err
		return nil
	}
	r.streams[name] = s
	return s
}
