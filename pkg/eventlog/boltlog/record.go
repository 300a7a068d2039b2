package boltlog

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// record is one record of a stream, in the form that its checksum and its hash
// cover: the checksum is made when the record is appended and goes with it
// through journal and chunk to the reader.
type record struct {
	stream string
	seq    uint64
	at     int64
	prev   hash // of the stream's record before it; zero for the first
	data   []byte
}

// headerSize is the length of a record's header.
func headerSize(stream string) int {
	return 1 + 2 + len(stream) + 8 + 8 + sha256.Size
}

// appendTo appends the record's header and data to b.
func (r *record) appendTo(b []byte) []byte {
	b = append(b, format)
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.stream))) // at most eventlog.MaxStream
	b = append(b, r.stream...)
	b = binary.BigEndian.AppendUint64(b, r.seq)
	b = binary.BigEndian.AppendUint64(b, uint64(r.at))
	b = append(b, r.prev[:]...)
	return append(b, r.data...)
}

// decodeRecord reads what appendTo wrote. The data is not copied.
func decodeRecord(b []byte) (r record, ok bool) {
	d := decoder{b: b}
	if d.byte() != format {
		return r, false
	}
	n := uint64(d.byte())<<8 | uint64(d.byte())
	r.stream = string(d.take(n))
	r.seq = d.uint64()
	r.at = int64(d.uint64())
	r.prev = d.hash()
	r.data = d.b
	return r, d.ok()
}

// hashOf returns the hash that the stream's next record carries.
func hashOf(section []byte) hash { return sha256.Sum256(section) }

// public returns the record as callers see it.
func (r *record) public() eventlog.Record {
	return eventlog.Record{Stream: r.stream, Seq: r.seq, At: fromNanos(r.at), Data: r.data}
}

// corrupt returns the error for a damaged record.
func corrupt(stream string, seq uint64, format string, args ...any) *eventlog.CorruptError {
	return &eventlog.CorruptError{Stream: stream, Seq: seq, Reason: fmt.Sprintf(format, args...)}
}
