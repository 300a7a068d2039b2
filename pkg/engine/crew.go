package engine

import (
	"context"
	"sync"
)

// crew is the goroutines of an engine. Unlike a sync.WaitGroup it can be
// closed, and takes nobody on from then.
type crew struct {
	mu     sync.Mutex
	n      int
	closed bool
	empty  chan struct{} // not nil: closed when n reaches 0
}

// run calls f in a goroutine; it returns false when the crew is closed.
func (c *crew) run(f func()) bool {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return false
	}
	c.n++
	c.mu.Unlock()
	go func() {
		defer c.leave()
		f()
	}()
	return true
}

func (c *crew) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n--
	if c.n == 0 && c.empty != nil {
		close(c.empty)
		c.empty = nil
	}
}

// close takes nobody on any more.
func (c *crew) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
}

// rest waits until nobody works, then closes the crew, unless ctx ends first.
func (c *crew) rest(ctx context.Context) error {
	for {
		c.mu.Lock()
		if c.n == 0 {
			c.closed = true
			c.mu.Unlock()
			return nil
		}
		if c.empty == nil {
			c.empty = make(chan struct{})
		}
		empty := c.empty
		c.mu.Unlock()
		select {
		case <-empty:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
