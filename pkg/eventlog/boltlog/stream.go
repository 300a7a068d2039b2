package boltlog

import (
	"slices"
	"sort"

	bolt "go.etcd.io/bbolt"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// stream is a stream that changed since its last checkpoint.
type stream struct {
	head
	name   string
	broken error    // its head cannot be read, and nothing else is known
	since  uint64   // the first journal entry that is not in its stored head; 0: none
	tail   []uint64 // the journal entries of the records behind chunked
	waits  []waiting
	index  map[eventlog.MessageID]arrival
	gone   []arrival // stored messages that were taken
	draft  *draft    // in the group under way
}

// waiting is a message in an inbox; its body is where it was written.
type waiting struct {
	id     eventlog.MessageID
	at     arrival
	stored bool // in the inbox bucket; else in the journal
}

// loadStream reads a stream from where its last checkpoint put it. When only
// messages are damaged it returns the stream together with the error.
func loadStream(tx *bolt.Tx, name string) (*stream, error) {
	s := &stream{name: name}
	b := tx.Bucket(bucketHeads).Get([]byte(name))
	if b == nil {
		if err := unknownStream(tx, name); err != nil {
			return nil, err
		}
		return s, nil
	}
	h, err := decodeHead(name, b)
	if err != nil {
		return nil, err
	}
	s.head = h
	if h.inbox == 0 {
		return s, nil
	}
	err = eachRow(tx.Bucket(bucketInbox), name, func(key, value []byte) error {
		if m, at, err := decodeRow(name, key, value); err == nil {
			s.deliver(waiting{id: m.ID, at: at, stored: true})
		}
		return nil
	})
	if err == nil && uint64(len(s.waits)) != h.inbox {
		s.lost = max(h.inbox, uint64(len(s.waits))+1) - uint64(len(s.waits))
		err = corrupt(name, 0, "%d of %d messages in its inbox are damaged", s.lost, h.inbox)
	}
	return s, err
}

// unknownStream tells a stream that never was from one whose head is lost.
func unknownStream(tx *bolt.Tx, name string) error {
	lost := false
	for _, bucket := range [][]byte{bucketChunks, bucketInbox} {
		err := eachRow(tx.Bucket(bucket), name, func(_, _ []byte) error {
			lost = true
			return errStop
		})
		if err != nil {
			return err
		}
	}
	if lost {
		return corrupt(name, 0, "the stream's head is missing")
	}
	return nil
}

// deliver adds a message that does not wait yet.
func (s *stream) deliver(w waiting) {
	if s.index == nil {
		s.index = map[eventlog.MessageID]arrival{}
	}
	s.index[w.id] = w.at
	s.waits = append(s.waits, w)
}

// take removes a message that waits.
func (s *stream) take(id eventlog.MessageID) {
	at, ok := s.index[id]
	if !ok {
		return
	}
	delete(s.index, id)
	i := sort.Search(len(s.waits), func(i int) bool { return !s.waits[i].at.before(at) })
	if s.waits[i].stored {
		s.gone = append(s.gone, at)
	}
	if i == 0 {
		s.waits = s.waits[1:]
	} else {
		s.waits = slices.Delete(s.waits, i, i+1)
	}
}

// settled notes that the file holds the stream as it is now.
func (s *stream) settled() {
	s.since, s.gone = 0, nil
	for i := range s.waits {
		s.waits[i].stored = true
	}
}

// apply folds an entry into the stream: all of it if it is the stream's own,
// else the messages for it. It is how the committer and recovery both move.
func (s *stream) apply(number uint64, e *entry) {
	if number <= s.upTo {
		return // it was in the stored head
	}
	if e.stream == s.name {
		s.applyOwn(number, e)
	}
	for i, m := range e.sends {
		if m.ID.Receiver == s.name {
			s.deliver(waiting{id: m.ID, at: arrival{number, uint32(i)}})
		}
	}
	s.upTo, s.inbox = number, uint64(len(s.waits))+s.lost
	if s.since == 0 {
		s.since = number
	}
}

func (s *stream) applyOwn(number uint64, e *entry) {
	if e.record != nil {
		s.records++
		if s.last = e.hash; s.last == (hash{}) {
			s.last = hashOf(e.record)
		}
		if s.records > s.chunked { // else a checkpoint that was cut short moved it
			s.tail = append(s.tail, number)
		}
		s.cut = max(s.cut, e.cut)
	}
	if e.summary {
		s.summary = e.changed(s.summary)
	}
	for _, id := range e.took {
		s.take(id)
	}
}
