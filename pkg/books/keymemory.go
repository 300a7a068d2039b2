package books

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/keelstep/keelstep/pkg/fact"
)

// MaxKeys is how many keys of dedupe a trigger remembers at once. A firing that
// would need one more is refused, so that none is forgotten before its time.
const MaxKeys = 100_000

// KeysFull is the code of a firing that was refused because the trigger
// remembers as many keys of dedupe as it may.
const KeysFull = "DedupeFull"

// KeyOf returns what stands for a key of dedupe, given as JSON.
func KeyOf(key []byte) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:16])
}

// keyMemory is the keys that are remembered, oldest first, each with the run
// that it stands for.
type keyMemory struct {
	runs  map[string]keyed
	order []string
}

type keyed struct {
	run   string
	until time.Time
}

// run returns the run that a key stands for, empty when it is not remembered.
func (m *keyMemory) run(key string, at time.Time) string {
	if k, ok := m.runs[key]; ok && at.Before(k.until) {
		return k.run
	}
	return ""
}

// live returns how many keys count at a time.
func (m *keyMemory) live(at time.Time) int {
	n := 0
	for _, key := range m.order {
		if at.Before(m.runs[key].until) {
			n++
		}
	}
	return n
}

// room tells whether n more keys may be remembered.
func (m *keyMemory) room(at time.Time, n int) bool {
	return len(m.order)+n <= MaxKeys || m.live(at)+n <= MaxKeys
}

// add remembers a key. What has had its time leaves: from the front each time,
// from everywhere when there are too many.
func (m *keyMemory) add(key, run string, until, at time.Time) {
	if m.runs == nil {
		m.runs = map[string]keyed{}
	}
	if _, ok := m.runs[key]; ok {
		m.drop(key)
	}
	for len(m.order) > 0 && !at.Before(m.runs[m.order[0]].until) {
		delete(m.runs, m.order[0])
		m.order = m.order[1:]
	}
	if len(m.order) >= MaxKeys {
		m.order = slices.DeleteFunc(m.order, func(k string) bool {
			old := !at.Before(m.runs[k].until)
			if old {
				delete(m.runs, k)
			}
			return old
		})
	}
	m.runs[key] = keyed{run, until}
	m.order = append(m.order, key)
}

// forget takes back the key of a run that was not started.
func (m *keyMemory) forget(run string) {
	for _, key := range slices.Backward(m.order) {
		if m.runs[key].run == run {
			m.drop(key)
			return
		}
	}
}

func (m *keyMemory) drop(key string) {
	delete(m.runs, key)
	if i := slices.Index(m.order, key); i >= 0 {
		m.order = slices.Delete(m.order, i, i+1)
	}
}

func (m *keyMemory) fields(c *fact.Coder, tag uint64) {
	type entry struct {
		key, run string
		until    time.Time
	}
	all := make([]entry, 0, len(m.order))
	for _, key := range m.order {
		all = append(all, entry{key, m.runs[key].run, m.runs[key].until})
	}
	fact.List(c, tag, "keys", &all, func(c *fact.Coder, e *entry) {
		c.String(1, "key", &e.key)
		c.String(2, "run", &e.run)
		c.Time(3, "until", &e.until)
	})
	if !c.Reading() {
		return
	}
	m.runs, m.order = map[string]keyed{}, nil
	for _, e := range all {
		m.runs[e.key] = keyed{e.run, e.until}
		m.order = append(m.order, e.key)
	}
}
