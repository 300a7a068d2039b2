package boltlog

import (
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"math"
	"time"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// hash chains records and commits.
type hash = [sha256.Size]byte

// format is the version that every value on disk begins with. A value of a
// higher one is never guessed at.
const format = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(parts ...[]byte) uint32 {
	var sum uint32
	for _, p := range parts {
		sum = crc32.Update(sum, castagnoli, p)
	}
	return sum
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendBytes(b, s []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// seal appends the checksum of b to it.
func seal(b []byte) []byte {
	return binary.BigEndian.AppendUint32(b, checksum(b))
}

// unseal returns b without its checksum; ok is false when that does not hold.
func unseal(b []byte) (body []byte, ok bool) {
	if len(b) < 4 {
		return nil, false
	}
	body = b[:len(b)-4]
	return body, binary.BigEndian.Uint32(b[len(b)-4:]) == checksum(body)
}

// noTime is how the zero time is written.
const noTime = math.MinInt64

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return noTime
	}
	return eventlog.Clamp(t).UnixNano()
}

func fromNanos(n int64) time.Time {
	if n == noTime {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// decoder reads a value from its front. After the first read beyond the end
// bad is set and everything read is zero.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) take(n uint64) []byte {
	if d.bad || n > uint64(len(d.b)) {
		d.bad, d.b = true, nil
		return nil
	}
	p := d.b[:n:n]
	d.b = d.b[n:]
	return p
}

func (d *decoder) byte() byte {
	if p := d.take(1); p != nil {
		return p[0]
	}
	return 0
}

func (d *decoder) uvarint() uint64 {
	if d.bad {
		return 0
	}
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) uint32() uint32 {
	if p := d.take(4); p != nil {
		return binary.BigEndian.Uint32(p)
	}
	return 0
}

func (d *decoder) uint64() uint64 {
	if p := d.take(8); p != nil {
		return binary.BigEndian.Uint64(p)
	}
	return 0
}

func (d *decoder) hash() (h hash) {
	copy(h[:], d.take(sha256.Size))
	return h
}

func (d *decoder) bytes() []byte  { return d.take(d.uvarint()) }
func (d *decoder) string() string { return string(d.bytes()) }

// count reads a length of a list whose elements take at least size bytes, so
// that a damaged one cannot ask for more memory than its value has.
func (d *decoder) count(size int) int {
	n := d.uvarint()
	if n > uint64(len(d.b)/size) {
		d.bad, d.b = true, nil
		return 0
	}
	return int(n)
}

// done reports whether everything was read and nothing was missing.
func (d *decoder) done() bool { return !d.bad && len(d.b) == 0 }

// ok reports whether nothing was missing so far.
func (d *decoder) ok() bool { return !d.bad }
