package engine

import (
	"context"
	"sync"
)

// crew is the goroutines of an engine. Unlike a sync.WaitGroup it can be
// closed, and takes nobody on from then. A goroutine that has done its work
// stays for more of it: its stack has grown to what the work needs.
type crew struct {
	mu     sync.Mutex
	n      int // at work
	idle   []chan func()
	closed bool
	empty  chan struct{} // not nil: closed when n reaches 0
}

// maxIdleCrew is how many goroutines stay when there is nothing to do.
const maxIdleCrew = 256

// run calls f in a goroutine; it returns false when the crew is closed.
func (c *crew) run(f func()) bool {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return false
	}
	c.n++
	if last := len(c.idle) - 1; last >= 0 {
		next := c.idle[last]
		c.idle = c.idle[:last]
		c.mu.Unlock()
		next <- f // never waits: it holds one
		return true
	}
	c.mu.Unlock()
	go c.work(f)
	return true
}

// work calls f, and what comes after it.
func (c *crew) work(f func()) {
	next := make(chan func(), 1)
	for f != nil {
		if f(); !c.leave(next) {
			return
		}
		f = <-next
	}
}

// leave counts one that is done. It returns false when nothing is going to
// come through next.
func (c *crew) leave(next chan func()) (stays bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n--
	if c.n == 0 && c.empty != nil {
		close(c.empty)
		c.empty = nil
	}
	if c.closed || len(c.idle) == maxIdleCrew {
		return false
	}
	c.idle = append(c.idle, next)
	return true
}

// close takes nobody on any more.
func (c *crew) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shut()
}

// shut closes the crew. The caller holds the lock.
func (c *crew) shut() {
	c.closed = true
	for _, next := range c.idle {
		close(next)
	}
	c.idle = nil
}

// rest waits until nobody works, then closes the crew, unless ctx ends first.
func (c *crew) rest(ctx context.Context) error {
	for {
		c.mu.Lock()
		if c.n == 0 {
			c.shut()
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
