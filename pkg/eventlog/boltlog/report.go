package boltlog

import (
	"fmt"
	"strings"
	"time"
)

// Report is what Check found.
type Report struct {
	Damage []Damage // at most MaxDamage
	More   uint64   // damage beyond those

	// What was read.
	Pages, Entries, Streams, Records, Messages, Payloads, Snapshots uint64
	// Unfinished counts payloads whose writing was cut off; nothing names them.
	Unfinished uint64
	// Newest is the time of the newest record; zero: none has one.
	Newest time.Time
}

// MaxDamage is how many places a Report lists.
const MaxDamage = 1000

// Damage is one thing that does not hold.
type Damage struct {
	Stream string // empty: not known, or not of one stream
	Seq    uint64 // the first record concerned; 0: no record
	Place  string // where in the file
	Reason string
}

func (d Damage) String() string {
	var b strings.Builder
	if d.Stream != "" {
		fmt.Fprintf(&b, "stream %s, ", d.Stream)
	}
	if d.Seq != 0 {
		fmt.Fprintf(&b, "record %d, ", d.Seq)
	}
	fmt.Fprintf(&b, "%s: %s", d.Place, d.Reason)
	return b.String()
}

// Clean reports whether everything holds.
func (r *Report) Clean() bool { return len(r.Damage) == 0 }

func (r *Report) add(d Damage) {
	if len(r.Damage) < MaxDamage {
		r.Damage = append(r.Damage, d)
	} else {
		r.More++
	}
}

// newer takes note of a record's time.
func (r *Report) newer(at int64) {
	if t := fromNanos(at); t.After(r.Newest) {
		r.Newest = t
	}
}
