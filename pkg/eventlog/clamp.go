package eventlog

import (
	"math"
	"time"
)

var (
	earliest = time.Unix(0, math.MinInt64+1).UTC()
	latest   = time.Unix(0, math.MaxInt64).UTC()
)

// Clamp returns t, or the nearest time that nanoseconds since 1970 can tell
// (the years 1677 to 2262). Times of records and summaries are kept so; one
// that wakes a stream later than that wakes it in 2262.
func Clamp(t time.Time) time.Time {
	switch {
	case t.Before(earliest):
		return earliest
	case t.After(latest):
		return latest
	}
	return t
}
