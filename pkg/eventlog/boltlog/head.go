package boltlog

import (
	"encoding/binary"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// head is what the store knows of a stream as of one journal number.
type head struct {
	upTo    uint64 // the journal's entries up to it are in here
	records uint64
	chunked uint64 // how many of them are in chunks, or were
	cut     uint64 // how many of them are dropped in front
	last    hash   // of the last record
	inbox   uint64 // messages that wait
	lost    uint64 // of those, how many are known to be damaged
	damaged uint64 // the first record known to be damaged; 0: none
	summary *eventlog.Summary
}

func (h *head) encode(stream string) []byte {
	b := append(make([]byte, 0, 160+len(stream)), format)
	b = appendString(b, stream)
	b = binary.AppendUvarint(b, h.upTo)
	b = binary.AppendUvarint(b, h.records)
	b = binary.AppendUvarint(b, h.chunked)
	b = binary.AppendUvarint(b, h.cut)
	b = append(b, h.last[:]...)
	b = binary.AppendUvarint(b, h.inbox)
	b = binary.AppendUvarint(b, h.lost)
	b = binary.AppendUvarint(b, h.damaged)
	b = append(b, boolByte(h.summary != nil))
	if h.summary != nil {
		b = appendSummary(b, &eventlog.Summary{}, h.summary)
	}
	return seal(b)
}

// decodeHead reads what encode wrote for this stream.
func decodeHead(stream string, b []byte) (h head, err error) {
	body, ok := unseal(b)
	d := decoder{b: body}
	if !ok || d.byte() != format || d.string() != stream {
		return h, corrupt(stream, 0, "the stream's head is damaged")
	}
	h.upTo, h.records, h.chunked, h.cut = d.uvarint(), d.uvarint(), d.uvarint(), d.uvarint()
	h.last = d.hash()
	h.inbox, h.lost, h.damaged = d.uvarint(), d.uvarint(), d.uvarint()
	if d.byte() != 0 {
		h.summary = d.summary(&eventlog.Summary{})
	}
	if !d.done() {
		return h, corrupt(stream, 0, "the stream's head is damaged")
	}
	return h, nil
}

// open reports whether the stream belongs to the recovery set.
func (h *head) open() bool {
	return !h.purged() && (h.summary == nil || !h.summary.Ended || h.inbox > 0)
}

// public returns the summary as callers see it, unless it cannot be told.
func (h *head) public(stream string) (s eventlog.Summary, err error) {
	if h.lost > 0 {
		return s, corrupt(stream, 0, "%d of %d messages in its inbox are damaged", h.lost, h.inbox)
	}
	if h.summary != nil {
		s = h.summary.Clone()
	}
	s.Stream, s.Records, s.Cut, s.Inbox = stream, h.records, h.cut, int(h.inbox)
	return s, nil
}

// empty reports whether the stream is as if it had never been.
func (h *head) empty() bool {
	return h.records == 0 && h.summary == nil && h.inbox == 0
}
