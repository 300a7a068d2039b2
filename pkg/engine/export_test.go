package engine

import (
	"context"
	"errors"
	"testing"
)

// Kill ends the engine as a crash does: nothing is finished.
func (e *Engine) Kill() { e.abandon(context.WithoutCancel(e.ctx), errors.New("killed")) }

// InMemory returns how many runs are in memory.
func (e *Engine) InMemory() int { return e.runs.count() }

// SetPieceSize sets how large the pieces of a snapshot are, for one test.
func SetPieceSize(t testing.TB, n int) {
	had := pieceSize
	pieceSize = n
	t.Cleanup(func() { pieceSize = had })
}
