package engine

import (
	"context"
	"sync"
	"time"
)

// callContext is the context of a call: a child of that of the engine, which
// ends with cancel. Most calls only ask whether it has ended, so a real one is
// made when somebody waits for that, derives from it or asks for a value.
type callContext struct {
	parent context.Context //nolint:containedctx // it is one itself

	mu    sync.Mutex
	cause error // why cancel ended it; nil: it did not
	real  context.Context
	end   context.CancelCauseFunc // of the real one
}

// cancel ends the context. The first cause holds; nil stands for
// context.Canceled.
func (c *callContext) cancel(cause error) {
	if cause == nil {
		cause = context.Canceled
	}
	c.mu.Lock()
	end := c.end
	if end == nil && c.cause == nil && c.parent.Err() == nil {
		c.cause = cause
	}
	c.mu.Unlock()
	if end != nil { // unlocked: what derives from it may ask this one
		end(cause)
	}
}

// Deadline returns that of the engine's context.
func (c *callContext) Deadline() (time.Time, bool) { return c.parent.Deadline() }

// Err returns nil until the call or the engine was told to stop.
func (c *callContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.real != nil:
		return c.real.Err()
	case c.cause != nil:
		return context.Canceled
	}
	return c.parent.Err()
}

// Done returns a channel that is closed when the context ends.
func (c *callContext) Done() <-chan struct{} { return c.whole().Done() }

// Value returns what the real context has for key: context.Cause finds the
// cause by it, and contexts that derive from this one find whom to follow.
func (c *callContext) Value(key any) any { return c.whole().Value(key) }

func (c *callContext) whole() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.real != nil:
	case c.cause == nil:
		c.real, c.end = context.WithCancelCause(c.parent)
	default: // it ended before its parent
		c.real, c.end = context.WithCancelCause(context.WithoutCancel(c.parent))
		c.end(c.cause)
	}
	return c.real
}
