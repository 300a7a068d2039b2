package main

import (
	"os"
	"sync"
)

// spare is memory that is never touched, and so takes none of the machine's.
var spare []byte

// garbageRoom is how much garbage there is room for before it is collected,
// however little is in use.
const garbageRoom = 64 << 20

// makeRoomForGarbage has a small heap collected less often: the collector lets
// it grow to twice of what is in use, which for a few megabytes means tens of
// times a second. Memory that is allocated and never touched counts as in use.
// Whoever set the collector up himself is left alone.
var makeRoomForGarbage = sync.OnceFunc(func() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		spare = make([]byte, garbageRoom)
	}
})
