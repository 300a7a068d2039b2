package engine

import (
	"fmt"
	"sync"
	"time"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// roomFor is how long an answer about the room that is left holds.
const roomFor = time.Second

// room is how much room is left for the store, as last asked.
type room struct {
	mu    sync.Mutex
	asked time.Time
	free  int64
	err   error
}

// disk returns how many bytes are left on the store's disk; known is false when
// nobody can tell.
func (e *Engine) disk() (free int64, known bool) {
	if e.opts.Room == nil {
		return 0, false
	}
	now := e.clock.Now()
	r := &e.room
	r.mu.Lock()
	defer r.mu.Unlock()
	if age := now.Sub(r.asked); r.asked.IsZero() || age < 0 || age >= roomFor {
		r.free, r.err = e.opts.Room()
		r.asked = now
	}
	return r.free, r.err == nil
}

// roomy returns nil unless so little room is left that new work is refused.
// Runs that are under way go on: what is kept free is for them. What the store
// uses again before it grows counts as room.
func (e *Engine) roomy() error {
	free, known := e.disk()
	if !known || e.opts.MinRoom < 0 || free >= e.opts.MinRoom {
		return nil
	}
	if u, ok := e.store.(eventlog.Measurer); ok {
		free += u.Usage().Free
	}
	if free >= e.opts.MinRoom {
		return nil
	}
	return fmt.Errorf("%w: %d bytes are left, and %d are kept for the runs under way", ErrStorageFull, free, e.opts.MinRoom)
}

// Ready returns nil when the engine accepts new work, else why it does not.
func (e *Engine) Ready() error {
	if err := e.ready(); err != nil {
		return err
	}
	return e.roomy()
}
