// Package backup makes copies of a log by the clock, keeps the newest of them
// and brings one back. A copy is a log: whole, flushed and checked before it
// has its name. The package starts no run and knows nothing of what a log
// says; who restores a copy decides what goes on from it.
package backup

import (
	"strings"
	"time"
)

// Clock tells the time and wakes; that of the engine is one.
type Clock interface {
	Now() time.Time
	AfterFunc(d time.Duration, f func()) (stop func() bool)
}

// The names of copies: their order is that of their times.
const (
	namePrefix = "engine-"
	nameSuffix = ".db"
	nameTime   = "20060102T150405.000Z"
)

// Name returns the name of a copy that is made at that time.
func Name(at time.Time) string { return namePrefix + at.UTC().Format(nameTime) + nameSuffix }

// TimeOf returns the time that the name of a copy carries; ok is false for a
// file that is called otherwise.
func TimeOf(name string) (at time.Time, ok bool) {
	text, prefixed := strings.CutPrefix(name, namePrefix)
	text, suffixed := strings.CutSuffix(text, nameSuffix)
	at, err := time.Parse(nameTime, text)
	return at, prefixed && suffixed && err == nil && Name(at) == name
}
