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
	idle   []*hand
	closed bool
	empty  chan struct{} // not nil: closed when n reaches 0
}

// hand is a goroutine of a crew.
type hand struct {
	crew *crew
	next chan job
	then job // after the work at hand
}

// job is work for a goroutine of a crew, which h is.
type job interface{ do(h *hand) }

type jobFunc func()

func (f jobFunc) do(*hand) { f() }

// maxIdleCrew is how many goroutines stay when there is nothing to do.
const maxIdleCrew = 256

// run has j done in a goroutine; it returns false when the crew is closed.
func (c *crew) run(j job) bool {
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
		next.next <- j // never waits: it holds one
		return true
	}
	c.mu.Unlock()
	go c.work(j)
	return true
}

// pass has j done by h as soon as its work at hand is done, which is to be
// soon: nobody is woken for it. When h is nil, or has something to do then, j
// has a goroutine of its own. It returns false when the crew is closed.
func (c *crew) pass(h *hand, j job) bool {
	if h == nil || h.then != nil {
		return c.run(j)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		h.then = j
	}
	return !c.closed
}

// hurry has what was passed begin now, in a goroutine of its own: the work at
// hand takes longer.
func (h *hand) hurry() {
	if j := h.then; j != nil {
		h.then = nil
		h.crew.run(j)
	}
}

// work does j, and what comes after it.
func (c *crew) work(j job) {
	h := &hand{crew: c, next: make(chan job, 1)}
	for j != nil {
		j.do(h)
		if j, h.then = h.then, nil; j != nil {
			continue
		}
		if !c.leave(h) {
			return
		}
		j = <-h.next
	}
}

// leave counts one that is done. It returns false when nothing is going to
// come through its channel.
func (c *crew) leave(h *hand) (stays bool) {
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
	c.idle = append(c.idle, h)
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
	for _, h := range c.idle {
		close(h.next)
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
