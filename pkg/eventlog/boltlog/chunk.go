package boltlog

import (
	"encoding/binary"
)

// maxChunk is how many bytes of records a chunk takes before the next one
// begins. bbolt rewrites the neighbours of a value together with it, so small
// ones cost less than large ones.
const maxChunk = 64 << 10

// chunk is a run of records of one stream, without what can be derived: the
// hash of the record before each is that of its neighbour.
type chunk struct {
	stream string
	first  uint64
	count  uint64
	prev   hash // of the record before the first
	rows   []byte
}

// add appends a record as it stands in the journal, section being its header
// and data and sum its checksum.
func (c *chunk) add(section []byte, sum uint32) {
	at := section[3+len(c.stream)+8:]
	data := section[headerSize(c.stream):]
	c.rows = binary.AppendUvarint(c.rows, uint64(len(data)))
	c.rows = append(c.rows, at[:8]...)
	c.rows = binary.BigEndian.AppendUint32(c.rows, sum)
	c.rows = append(c.rows, data...)
	c.count++
}

func (c *chunk) encode() []byte {
	b := append(make([]byte, 0, 64+len(c.stream)+len(c.rows)), format)
	b = appendString(b, c.stream)
	b = binary.AppendUvarint(b, c.first)
	b = binary.AppendUvarint(b, c.count)
	b = append(b, c.prev[:]...)
	return append(seal(b), c.rows...)
}

// decodeChunk reads what encode wrote under the key of this stream and first
// number. The rows are not copied and not yet looked at.
func decodeChunk(stream string, first uint64, b []byte) (c chunk, err error) {
	d := decoder{b: b}
	version := d.byte()
	c.stream = d.string()
	c.first, c.count = d.uvarint(), d.uvarint()
	c.prev = d.hash()
	sealed := b[:len(b)-len(d.b)]
	sum := d.uint32()
	c.rows = d.b
	if !d.ok() || version != format || sum != checksum(sealed) ||
		c.stream != stream || c.first != first || c.count == 0 {
		return c, corrupt(stream, first, "the head of its chunk is damaged")
	}
	return c, nil
}

// each calls f with the chunk's records in order and returns the hash of the
// last. It stops at the first that is damaged.
func (c *chunk) each(f func(record) error) (last hash, err error) {
	d := decoder{b: c.rows}
	prev := c.prev
	var scratch []byte
	for seq := c.first; seq < c.first+c.count; seq++ {
		length := d.uvarint()
		at := int64(d.uint64())
		sum := d.uint32()
		data := d.take(length)
		r := record{stream: c.stream, seq: seq, at: at, prev: prev, data: data}
		scratch = r.appendTo(scratch[:0])
		if !d.ok() || checksum(scratch) != sum {
			return last, corrupt(c.stream, seq, "its checksum does not hold")
		}
		prev = hashOf(scratch)
		if err := f(r); err != nil {
			return last, err
		}
	}
	if !d.done() {
		return last, corrupt(c.stream, c.first+c.count, "its chunk has more bytes than records")
	}
	return prev, nil
}
