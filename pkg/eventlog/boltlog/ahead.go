package boltlog

import (
	"os"
	"sync"
	"sync/atomic"
)

// How a file is read ahead: in what pieces, and up to what size of it.
const (
	aheadPiece = 1 << 20
	aheadMost  = 8 << 30
)

// readAhead has the system read a file from its front to its end, which is
// many times as fast as page by page in the order of the tree when nothing of
// it is in memory. What is returned ends that.
func readAhead(f *os.File) (stop func()) {
	var ended atomic.Bool
	var reading sync.WaitGroup
	reading.Go(func() {
		piece := make([]byte, aheadPiece)
		for off := int64(0); off < aheadMost && !ended.Load(); off += aheadPiece {
			if n, err := f.ReadAt(piece, off); n == 0 || err != nil {
				return
			}
		}
	})
	return func() {
		ended.Store(true)
		reading.Wait()
	}
}
