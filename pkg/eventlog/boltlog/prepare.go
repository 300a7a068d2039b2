package boltlog

import (
	"slices"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// prepared is what a batch becomes in the journal, worked out by its caller
// before it queues, so that the committer has little left to do. It holds for
// a stream as the caller saw it; when that has changed, the committer works
// it out again.
type prepared struct {
	section []byte // the record, header and data; nil: not worked out
	prev    hash   // of the record before it
	sum     uint32
	hash    hash

	change []byte            // how the summary differs from was; nil: not worked out
	was    *eventlog.Summary // nil: there is none
	next   *eventlog.Summary // the summary as the log keeps it
	room   [64]byte          // where change is, mostly
}

// prepare works out what can be known before the committer's turn: all of it
// for a stream that begins or that the journal speaks of.
func (l *Log) prepare(p *prepared, b *eventlog.Batch) {
	l.mu.RLock()
	s, ok := l.tail[b.Stream]
	var records uint64
	var last hash
	var was *eventlog.Summary
	if ok {
		records, last, was = s.records, s.last, s.summary
	}
	l.mu.RUnlock()
	if !ok && (b.Record == nil || b.After > 0) {
		return
	}
	if b.Record != nil && b.After == records {
		p.record(b, last)
	}
	if b.Summary != nil {
		p.summarise(b.Summary, was)
	}
}

// record works out the batch's record behind one of that hash.
func (p *prepared) record(b *eventlog.Batch, prev hash) {
	r := record{stream: b.Stream, seq: b.After + 1, at: nanos(b.At), prev: prev, data: b.Record}
	p.section = r.appendTo(make([]byte, 0, headerSize(b.Stream)+len(b.Record)))
	p.prev, p.sum, p.hash = prev, checksum(p.section), hashOf(p.section)
}

// follows tells whether the record was worked out for a place behind one of
// that hash.
func (p *prepared) follows(last hash) bool { return p.section != nil && p.prev == last }

// summarise works out how a summary differs from the one before it.
func (p *prepared) summarise(now, was *eventlog.Summary) {
	p.was = was
	if was == nil {
		was = &eventlog.Summary{}
	}
	p.change = appendSummary(p.room[:0], was, now)
	if p.next = p.was; !p.same() {
		p.next = copied(now)
	}
}

// same tells that the summary is the one before.
func (p *prepared) same() bool { return p.was != nil && len(p.change) == 1 && p.change[0] == 0 }

// changes tells whether the summary was worked out against this one.
func (p *prepared) changes(was *eventlog.Summary) bool { return p.change != nil && p.was == was }

// copied returns a copy of a summary that the caller does not hold, as it would
// be read back.
func copied(s *eventlog.Summary) *eventlog.Summary {
	c := *s
	c.Stream, c.Records, c.Cut, c.Inbox = "", 0, 0, 0
	c.StartedAt, c.EndedAt, c.WakeAt = fromNanos(nanos(s.StartedAt)), fromNanos(nanos(s.EndedAt)), fromNanos(nanos(s.WakeAt))
	c.Keys, c.Attributes = slices.Clone(s.Keys), slices.Clone(s.Attributes)
	return &c
}
