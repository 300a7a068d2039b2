package boltlog

import (
	"bytes"
	"encoding/binary"

	bolt "go.etcd.io/bbolt"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// eachRow calls f with the rows of one stream, in order, until it returns an
// error; errStop ends it without one.
func eachRow(b *bolt.Bucket, stream string, f func(key, value []byte) error) error {
	prefix := append([]byte(stream), 0)
	c := b.Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		switch err := f(k, v); err {
		case nil:
		case errStop: //nolint:errorlint // never wrapped: it goes from f to here
			return nil
		default:
			return err
		}
	}
	return nil
}

// encodeRow returns the value of a message in the inbox bucket.
func encodeRow(stream string, at arrival, m eventlog.Message) []byte {
	b := append(make([]byte, 0, 64+len(stream)+len(m.Body)), format)
	b = appendBytes(b, inboxKey(stream, at))
	return seal(appendMessage(b, m))
}

// decodeRow reads what encodeRow wrote under this key; the body is not copied.
func decodeRow(stream string, key, value []byte) (m eventlog.Message, at arrival, err error) {
	name, rest, ok := splitRowKey(key)
	body, sealed := unseal(value)
	d := decoder{b: body}
	if !ok || !sealed || name != stream || len(rest) != 12 || d.byte() != format || !bytes.Equal(d.bytes(), key) {
		return m, at, corrupt(stream, 0, "a message in its inbox is damaged")
	}
	m = d.message()
	m.ID.Receiver = stream
	if !d.done() {
		return m, at, corrupt(stream, 0, "a message in its inbox is damaged")
	}
	at = arrival{binary.BigEndian.Uint64(rest), binary.BigEndian.Uint32(rest[8:])}
	return m, at, nil
}

// journalReader reads entries in a transaction. It remembers the segment and
// the last entry: they are mostly asked for one after another.
type journalReader struct {
	tx      *bolt.Tx
	segment uint64
	bucket  *bolt.Bucket
	number  uint64
	last    entry
}

// entry reads one entry; nothing of it is copied.
func (r *journalReader) entry(number uint64) (entry, error) {
	if r.number == number {
		return r.last, nil
	}
	if segment := segmentOf(number); r.bucket == nil || segment != r.segment {
		r.segment, r.bucket = segment, r.tx.Bucket(segmentName(segment))
	}
	var v []byte
	if r.bucket != nil {
		v = r.bucket.Get(numberKey(number))
	}
	if v == nil {
		return entry{}, corrupt("", 0, "entry %d of the journal is missing", number)
	}
	e, _, ok := decodeEntry(number, v)
	if !ok {
		return entry{}, corrupt("", 0, "entry %d of the journal is damaged", number)
	}
	r.number, r.last = number, e
	return e, nil
}

// message reads a message that an entry sent.
func (r *journalReader) message(at arrival) (m eventlog.Message, err error) {
	e, err := r.entry(at.number)
	if err != nil {
		return m, err
	}
	if int(at.index) >= len(e.sends) {
		return m, corrupt("", 0, "entry %d of the journal sent fewer messages", at.number)
	}
	return e.sends[at.index], nil
}
