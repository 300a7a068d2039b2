package boltlog

import (
	"fmt"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// scan goes through the journal from its beginning: every number must be
// there, every commit whole and behind the one before.
type scan struct {
	position position
	each     func(number uint64, e *entry) error
	damaged  func(*entryError) error // its error ends the scan
	bytes    int64
	entries  uint64
	next     uint64 // the number that must come; 0: nothing came yet
	chain    hash
	linked   bool     // chain is that of the commits so far
	left     uint64   // entries missing from the commit under way
	commit   [][]byte // envelopes of that commit
}

// entryError is damage in the journal.
type entryError struct {
	number uint64
	stream string // as far as it can be told
	reason string
}

func (e *entryError) Error() string {
	return fmt.Sprintf("journal entry %d: %s: restore a backup", e.number, e.reason)
}

func (e *entryError) Unwrap() error { return eventlog.ErrCorrupt }

// row takes the next row of a segment.
func (s *scan) row(segment uint64, key, value []byte) error {
	d := decoder{b: key}
	number := d.uint64()
	if !d.done() || segmentOf(number) != segment {
		return s.fault(&entryError{number: number, reason: "it is in the wrong place"})
	}
	if missing := s.gap(segment, number); missing != 0 {
		reason := fmt.Sprintf("%d are missing from here", number-missing)
		if err := s.fault(&entryError{number: missing, reason: reason}); err != nil {
			return err
		}
	}
	s.next = number + 1
	e, envelope, ok := decodeEntry(number, value)
	if !ok {
		return s.fault(&entryError{number: number, stream: e.stream, reason: "its checksum does not hold"})
	}
	if err := s.link(number, &e, value[:envelope]); err != nil {
		return err
	}
	s.bytes += int64(len(value))
	s.entries++
	return s.each(number, &e)
}

// fault reports damage. The chain is taken up again at the next commit if
// nobody minds.
func (s *scan) fault(e *entryError) error {
	s.linked, s.left = false, 0
	return s.damaged(e)
}

// gap returns the first number that is missing before this one, or 0.
func (s *scan) gap(segment, number uint64) uint64 {
	switch {
	case s.next != 0 && number != s.next:
		return s.next
	case s.next == 0 && number != segmentStart(segment):
		return segmentStart(segment)
	case s.next == 0 && number > s.position.floor:
		return s.position.floor
	}
	return 0
}

// link checks the chain of commits.
func (s *scan) link(number uint64, e *entry, envelope []byte) error {
	reason := ""
	switch {
	case s.linked && (e.first != nil) != (s.left == 0):
		reason = "the commit before it is not whole"
	case s.linked && e.first != nil && e.first.prev != s.chain:
		reason = "it does not follow the commit before it"
	}
	if reason != "" {
		if err := s.fault(&entryError{number: number, reason: reason}); err != nil {
			return err
		}
	}
	if e.first != nil {
		s.chain, s.linked, s.left = e.first.prev, true, e.first.entries
		s.commit = s.commit[:0]
	}
	if !s.linked {
		return nil // its commit began in a segment that was dropped
	}
	s.commit = append(s.commit, envelope)
	if s.left--; s.left == 0 {
		s.chain = chain(s.chain, s.commit)
		s.commit = s.commit[:0]
	}
	return nil
}

// end checks that nothing is missing at the journal's end.
func (s *scan) end() error {
	p := &s.position
	switch {
	case s.next == 0 && p.floor == p.number+1:
		return nil // all of it was checkpointed and dropped
	case s.next != p.number+1:
		return s.damaged(&entryError{number: max(s.next, p.floor), reason: fmt.Sprintf("the journal ends before its last entry, %d", p.number)})
	case s.left != 0:
		return s.damaged(&entryError{number: p.number, reason: "its commit is not whole"})
	case s.linked && s.chain != p.chain:
		return s.damaged(&entryError{number: p.number, reason: "the chain of commits ends elsewhere"})
	}
	return nil
}
