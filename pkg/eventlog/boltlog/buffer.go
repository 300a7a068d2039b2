package boltlog

import "encoding/binary"

// buffer holds the values that one transaction puts into the journal, for
// bbolt keeps what it is given until the commit. It is used again by the next.
type buffer struct {
	b         []byte
	key       [8]byte  // of the last value
	envelopes [][]byte // of the values
}

// maxBuffer is how much of it is kept between two transactions.
const maxBuffer = 4 << 20

func (b *buffer) reset() {
	if cap(b.b) > maxBuffer {
		b.b = nil
	}
	clear(b.envelopes)
	b.b, b.envelopes = b.b[:0], b.envelopes[:0]
}

// add returns the entry's value under its number.
func (b *buffer) add(e *entry, number uint64) []byte {
	start, envelope := len(b.b), 0
	b.b, envelope = e.appendTo(b.b, number)
	value := b.b[start:len(b.b):len(b.b)]
	b.envelopes = append(b.envelopes, value[:envelope])
	binary.BigEndian.PutUint64(b.key[:], number)
	return value
}
