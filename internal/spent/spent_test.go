package spent_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/keelstep/keelstep/internal/spent"
)

var sink []byte

// Work costs time and memory; waiting costs neither.
func TestBy(t *testing.T) {
	block := make([]byte, 1<<20)
	cpu, allocated := spent.By(func() {
		for range 200 {
			sum := sha256.Sum256(block)
			block[0] = sum[0]
		}
		sink = make([]byte, 32<<20)
	})
	if cpu <= 0 || allocated < 32<<20 {
		t.Errorf("200 MiB hashed and 32 allocated: %v, %d bytes", cpu, allocated)
	}
	tries := 0
	spent.Least(-1, func() { tries++ })
	spent.Least(time.Hour, func() { tries++ })
	if tries != 4 {
		t.Errorf("%d tries, want 3 above the bound and 1 below it", tries)
	}
	wait := make(chan bool)
	time.AfterFunc(200*time.Millisecond, func() { close(wait) })
	cpu, allocated = spent.By(func() { <-wait })
	if cpu > 100*time.Millisecond || allocated > 1<<20 {
		t.Errorf("200 ms of waiting: %v, %d bytes", cpu, allocated)
	}
}
