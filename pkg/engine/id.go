package engine

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"sync"
	"time"
)

// ids makes run IDs: UUIDs whose order is that of their making, or UUIDs that
// follow from an idempotency key.
type ids struct {
	mu   sync.Mutex
	last uint64 // milliseconds and counter of the newest
}

// next returns a UUID of version 7. A later one is greater, also within one
// millisecond and when the clock stepped back.
func (g *ids) next(now time.Time) string {
	var b [16]byte
	_, _ = rand.Read(b[8:]) // never fails
	stamp := uint64(max(now.UnixMilli(), 0)) << 12
	g.mu.Lock()
	stamp = max(stamp, g.last+1)
	g.last = stamp
	g.mu.Unlock()
	binary.BigEndian.PutUint64(b[:], stamp>>12<<16|stamp&0xfff)
	return uuid(b, 7)
}

// keyed returns the UUID of version 8 that an idempotency key stands for.
func keyed(key string) string {
	sum := sha256.Sum256([]byte("start\x00" + key))
	return uuid([16]byte(sum[:16]), 8)
}

func uuid(b [16]byte, version byte) string {
	b[6] = b[6]&0x0f | version<<4
	b[8] = b[8]&0x3f | 0x80
	return uuidText(b)
}

func uuidText(b [16]byte) string {
	var text [36]byte
	hex.Encode(text[0:8], b[0:4])
	hex.Encode(text[9:13], b[4:6])
	hex.Encode(text[14:18], b[6:8])
	hex.Encode(text[19:23], b[8:10])
	hex.Encode(text[24:36], b[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// isRunID tells whether s has the form of a run's ID. No other stream's name
// has it.
func isRunID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return true
}
