package spent_test

import (
	"testing"

	"github.com/keelstep/keelstep/internal/spent"
)

var sink []byte

// What is allocated counts, that which is garbage at once too; what was there
// before does not.
func TestMemory(t *testing.T) {
	sink = make([]byte, 64<<20)
	allocated := spent.Memory(func() {
		for range 32 {
			sink = make([]byte, 1<<20)
		}
	})
	if allocated < 32<<20 || allocated >= 64<<20 {
		t.Errorf("32 MiB allocated: %d bytes", allocated)
	}
	if allocated = spent.Memory(func() { clear(sink) }); allocated > 1<<20 {
		t.Errorf("nothing allocated: %d bytes", allocated)
	}
}
