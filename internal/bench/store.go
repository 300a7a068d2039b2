package bench

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog"
)

// counting counts what an engine appends to its log: a turn is a batch with a
// record.
type counting struct {
	eventlog.Store
	turns, bytes atomic.Int64
	ended        atomic.Int64 // runs that have ended
	clock        engine.Clock // nil: it is not noted when
	mu           sync.Mutex
	endedAt      []time.Time
}

// Append implements eventlog.Log.
func (c *counting) Append(ctx context.Context, bs ...eventlog.Batch) error {
	for i := range bs {
		if bs[i].Record != nil {
			c.turns.Add(1)
			c.bytes.Add(int64(len(bs[i].Record)))
		}
	}
	err := c.Store.Append(ctx, bs...)
	for i := range bs {
		if s := bs[i].Summary; err == nil && c.clock != nil && bs[i].Record != nil && s != nil && s.Kind == "run" && s.Ended {
			c.end(c.clock.Now())
		}
	}
	return err
}

func (c *counting) end(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endedAt = append(c.endedAt, at)
	c.ended.Add(1)
}

// ends returns when runs ended.
func (c *counting) ends() []time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.endedAt)
}
