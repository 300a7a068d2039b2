package main

import (
	"os"
	"sync"
)

// garbageRoom is how much garbage there is room for before it is collected,
// however little is in use.
const garbageRoom = 64 << 20

// spareMemory is never touched, and so takes none of the machine's.
type spareMemory struct {
	mu    sync.Mutex
	bytes []byte
}

var spare spareMemory

// makeRoomForGarbage has a small heap collected less often: the collector lets
// it grow to twice of what is in use, which for a few megabytes means tens of
// times a second. Memory that is allocated and never touched counts as in use.
// Whoever set the collector up himself is left alone.
func makeRoomForGarbage() {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	spare.mu.Lock()
	defer spare.mu.Unlock()
	if len(spare.bytes) == 0 {
		spare.bytes = make([]byte, garbageRoom)
	}
}
