// Package spent measures what a function costs, in a way that does not depend
// on what else the machine does or on how fast it is. Tests of bounds use it;
// what depends on the machine, as time does, benchmarks show.
package spent

import "runtime"

// Memory returns the bytes that the process allocates while f runs, those of
// other goroutines included and whether or not they are freed meanwhile. Under
// the race detector, which makes a program allocate many times as much, it is
// 0.
func Memory(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	if race {
		return 0
	}
	return after.TotalAlloc - before.TotalAlloc
}
