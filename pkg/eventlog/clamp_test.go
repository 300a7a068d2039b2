package eventlog_test

import (
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// A time comes back from nanoseconds, or as the nearest that does.
func TestClamp(t *testing.T) {
	for _, in := range []time.Time{
		time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC), time.Unix(0, 1<<63-1), time.Unix(0, -1<<63+1),
	} {
		got := eventlog.Clamp(in)
		if back := time.Unix(0, got.UnixNano()); !back.Equal(got) {
			t.Errorf("Clamp(%v) = %v, which comes back as %v", in, got, back)
		}
		if y := in.Year(); y > 1700 && y < 2200 && !got.Equal(in) {
			t.Errorf("Clamp(%v) = %v", in, got)
		}
		if in.Year() > 2300 && got.Year() != 2262 {
			t.Errorf("Clamp(%v) = %v, want 2262", in, got)
		}
	}
}
