package books

import (
	"crypto/sha256"
	"time"

	"github.com/keelstep/keelstep/pkg/fact"
)

// seen is what was recorded not long ago, by hash, oldest first. It is bounded
// in number and in age.
type seen struct {
	keys  map[matchKey]bool
	order []seenAt
}

type seenAt struct {
	key matchKey
	at  time.Time
}

func newSeen() seen { return seen{keys: make(map[matchKey]bool)} }

func seenKey(source, id string) matchKey {
	sum := sha256.Sum256([]byte(source + "\x00" + id))
	return matchKey(sum[:16])
}

func (s *seen) has(k matchKey) bool { return s.keys[k] }

func (s *seen) add(k matchKey, at time.Time) {
	s.keys[k] = true
	s.order = append(s.order, seenAt{k, at})
	for len(s.order) > MaxSeen || at.Sub(s.order[0].at) > SeenFor {
		delete(s.keys, s.order[0].key)
		s.order = s.order[1:]
	}
}

func (s *seen) fields(c *fact.Coder, tag uint64) {
	fact.List(c, tag, "seen", &s.order, func(c *fact.Coder, x *seenAt) {
		b := x.key[:]
		c.Bytes(1, &b)
		copy(x.key[:], b)
		c.Time(2, "at", &x.at)
	})
	for _, x := range s.order {
		s.keys[x.key] = true
	}
}
