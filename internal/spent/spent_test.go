package spent

import "testing"

var sink []byte

// What is allocated counts, that which is garbage at once too; what was there
// before does not.
func TestMemory(t *testing.T) {
	sink = make([]byte, 64<<20)
	some := Memory(func() {
		for range 32 {
			sink = make([]byte, 1<<20)
		}
	})
	none := Memory(func() { clear(sink) })
	switch {
	case race:
		if some != 0 || none != 0 {
			t.Errorf("under the race detector: %d and %d bytes", some, none)
		}
	case some < 32<<20 || some >= 64<<20:
		t.Errorf("32 MiB allocated: %d bytes", some)
	case none > 1<<20:
		t.Errorf("nothing allocated: %d bytes", none)
	}
}
