package engine

import "time"

// Clock tells the time and wakes. Its methods may be called from many
// goroutines.
type Clock interface {
	// Now returns the time. Where the clock has a monotonic reading it is part
	// of it.
	Now() time.Time
	// AfterFunc calls f in a goroutine of its own once d has passed. stop takes
	// it back; it returns false when f was called or stop was.
	AfterFunc(d time.Duration, f func()) (stop func() bool)
}

type systemClock struct{}

// SystemClock returns the clock of the machine.
func SystemClock() Clock { return systemClock{} }

func (systemClock) Now() time.Time {
	return time.Now() //nolint:forbidigo // the one place where the engine reads the machine's clock
}

func (systemClock) AfterFunc(d time.Duration, f func()) func() bool {
	return time.AfterFunc(d, f).Stop //nolint:forbidigo // the one place where the engine waits by the machine's clock
}
