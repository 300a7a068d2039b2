package boltlog

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// entry is one value of the journal: what one batch did. On disk it is an
// envelope, the envelope's checksum and the record, whose own checksum is in
// the envelope: so when only the record is damaged, everything else is known.
type entry struct {
	stream  string
	first   *commitHead       // on the first entry of a commit
	summary bool              // the stream's summary changes
	change  []byte            // how, against the one before
	next    *eventlog.Summary // what it is then, where that is known
	took    []eventlog.MessageID
	sends   []eventlog.Message // those that were not waiting already
	record  []byte             // header and data; nil: none
	cut     uint64             // records that are dropped in front; 0: none
	sum     uint32             // the record's checksum
	hash    hash               // the record's; zero: not known
}

// commitHead chains the commits.
type commitHead struct {
	prev    hash   // of the commit before
	entries uint64 // how many this one has
}

const (
	entryRecord = 1 << iota
	entrySummary
	entryFirst
	entryCut
)

// appendTo appends the entry's value under its number to b, and returns the
// length of its envelope, checksum included.
func (e *entry) appendTo(b []byte, number uint64) (_ []byte, envelope int) {
	start := len(b)
	flags := byte(0)
	if e.record != nil {
		flags |= entryRecord
	}
	if e.summary {
		flags |= entrySummary
	}
	if e.first != nil {
		flags |= entryFirst
	}
	if e.cut > 0 {
		flags |= entryCut
	}
	b = append(b, format, flags)
	b = appendString(b, e.stream)
	if e.first != nil {
		b = append(b, e.first.prev[:]...)
		b = binary.AppendUvarint(b, e.first.entries)
	}
	if e.record != nil {
		b = binary.BigEndian.AppendUint32(b, uint32(len(e.record)))
		b = binary.BigEndian.AppendUint32(b, e.sum)
	}
	if e.cut > 0 {
		b = binary.AppendUvarint(b, e.cut)
	}
	if e.summary {
		b = appendBytes(b, e.change)
	}
	b = binary.AppendUvarint(b, uint64(len(e.took)))
	for _, id := range e.took {
		b = appendString(b, id.Sender)
		b = binary.AppendUvarint(b, id.Seq)
	}
	b = binary.AppendUvarint(b, uint64(len(e.sends)))
	for _, m := range e.sends {
		b = appendString(b, m.ID.Receiver)
		b = appendMessage(b, m)
	}
	var key [8]byte
	binary.BigEndian.PutUint64(key[:], number)
	b = binary.BigEndian.AppendUint32(b, checksum(key[:], b[start:]))
	envelope = len(b) - start
	return append(b, e.record...), envelope
}

// decodeEntry reads what encode wrote and returns the length of its envelope,
// checksum included; ok is false when that is damaged. Nothing is copied.
func decodeEntry(number uint64, b []byte) (e entry, envelope int, ok bool) {
	d := decoder{b: b}
	if d.byte() != format {
		return e, 0, false
	}
	flags := d.byte()
	e.stream = d.string()
	if flags&entryFirst != 0 {
		e.first = &commitHead{prev: d.hash(), entries: d.uvarint()}
	}
	length := uint32(0)
	if flags&entryRecord != 0 {
		length, e.sum = d.uint32(), d.uint32()
	}
	if flags&entryCut != 0 {
		e.cut = d.uvarint()
	}
	if e.summary = flags&entrySummary != 0; e.summary {
		e.change = d.bytes()
	}
	for range d.count(2) {
		id := eventlog.MessageID{Sender: d.string(), Seq: d.uvarint(), Receiver: e.stream}
		e.took = append(e.took, id)
	}
	for range d.count(5) {
		receiver := d.string()
		m := d.message()
		m.ID.Receiver = receiver
		e.sends = append(e.sends, m)
	}
	envelope = len(b) - len(d.b)
	sum := d.uint32()
	if !d.ok() || sum != checksum(numberKey(number), b[:envelope]) || len(d.b) != int(length) {
		return e, 0, false
	}
	if flags&entryRecord != 0 {
		e.record = d.b
	}
	return e, envelope + 4, true
}

// changed returns the summary that the entry makes of the one before.
func (e *entry) changed(was *eventlog.Summary) *eventlog.Summary {
	if e.next != nil {
		return e.next
	}
	if was == nil {
		was = &eventlog.Summary{}
	}
	d := decoder{b: e.change}
	return d.summary(was)
}

// sound reports whether the record is as it was appended.
func (e *entry) sound() bool { return checksum(e.record) == e.sum }

func appendMessage(b []byte, m eventlog.Message) []byte {
	b = appendString(b, m.ID.Sender)
	b = binary.AppendUvarint(b, m.ID.Seq)
	b = append(b, boolByte(m.Outside))
	return appendBytes(b, m.Body)
}

// message reads what appendMessage wrote; the body is not copied.
func (d *decoder) message() (m eventlog.Message) {
	m.ID.Sender = d.string()
	m.ID.Seq = d.uvarint()
	m.Outside = d.byte() != 0
	m.Body = d.bytes()
	return m
}

// chain is the running hash over the commits.
func chain(prev hash, envelopes [][]byte) hash {
	h := sha256.New()
	h.Write(prev[:])
	for _, e := range envelopes {
		h.Write(e)
	}
	return hash(h.Sum(nil))
}
