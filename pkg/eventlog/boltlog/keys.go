package boltlog

import (
	"bytes"
	"encoding/binary"
)

// The buckets of the file. Beside them stand the journal's segments.
var (
	bucketState     = []byte("state")     // one value: where the log stands
	bucketChunks    = []byte("chunks")    // stream, 0, first record -> records
	bucketHeads     = []byte("heads")     // stream -> head and summary
	bucketOpen      = []byte("open")      // stream, for those not ended
	bucketInbox     = []byte("inbox")     // stream, 0, arrival -> message
	bucketPayloads  = []byte("payloads")  // hash, part -> bytes
	bucketSnapshots = []byte("snapshots") // stream -> state
)

var buckets = [][]byte{
	bucketState, bucketChunks, bucketHeads, bucketOpen,
	bucketInbox, bucketPayloads, bucketSnapshots,
}

// segmentBits is how many numbers one segment of the journal holds, as a power
// of two. A segment is a bucket, for dropping one costs a visit to each of its
// pages and none to its records.
const segmentBits = 12

func segmentOf(number uint64) uint64 { return number >> segmentBits }

func segmentStart(segment uint64) uint64 { return max(segment<<segmentBits, 1) }

const segmentPrefix = "journal/"

func segmentName(segment uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte(segmentPrefix), segment)
}

// parseSegment returns the segment that a bucket holds.
func parseSegment(bucket []byte) (segment uint64, ok bool) {
	rest, ok := bytes.CutPrefix(bucket, []byte(segmentPrefix))
	if !ok || len(rest) != 8 {
		return 0, false
	}
	return binary.BigEndian.Uint64(rest), true
}

func numberKey(number uint64) []byte {
	return binary.BigEndian.AppendUint64(make([]byte, 0, 8), number)
}

// rowKey is the key of a stream's chunk. Names hold no zero byte, so the rows
// of a stream stand together and those of no other between them.
func rowKey(stream string, n uint64) []byte {
	b := append(make([]byte, 0, len(stream)+9), stream...)
	return binary.BigEndian.AppendUint64(append(b, 0), n)
}

// arrival is the place of a message in the order of arrival: the journal entry
// that sent it and its place among that entry's messages.
type arrival struct {
	number uint64
	index  uint32
}

func (a arrival) before(b arrival) bool {
	return a.number < b.number || a.number == b.number && a.index < b.index
}

// inboxKey is the key of a message that waits.
func inboxKey(stream string, a arrival) []byte {
	return binary.BigEndian.AppendUint32(rowKey(stream, a.number), a.index)
}

// splitRowKey takes a key of chunks or inbox apart; rest is what follows the
// zero byte.
func splitRowKey(key []byte) (stream string, rest []byte, ok bool) {
	name, rest, ok := bytes.Cut(key, []byte{0})
	return string(name), rest, ok && len(name) > 0
}

// payloadKey is the key of one part of a payload.
func payloadKey(h hash, part int) []byte {
	return binary.BigEndian.AppendUint32(append(make([]byte, 0, 36), h[:]...), uint32(part))
}
