package bench

import (
	"context"
	"sync/atomic"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// counting counts what an engine appends to its log: a turn is a batch with a
// record.
type counting struct {
	eventlog.Store
	turns, bytes atomic.Int64
}

// Append implements eventlog.Log.
func (c *counting) Append(ctx context.Context, bs ...eventlog.Batch) error {
	for i := range bs {
		if bs[i].Record != nil {
			c.turns.Add(1)
			c.bytes.Add(int64(len(bs[i].Record)))
		}
	}
	return c.Store.Append(ctx, bs...)
}
