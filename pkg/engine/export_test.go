package engine

import (
	"context"
	"errors"
)

// Kill ends the engine as a crash does: nothing is finished.
func (e *Engine) Kill() { e.abandon(context.WithoutCancel(e.ctx), errors.New("killed")) }

// InMemory returns how many runs are in memory.
func (e *Engine) InMemory() int { return e.runs.count() }
