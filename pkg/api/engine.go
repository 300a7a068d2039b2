package api

import (
	"context"
	"encoding/json"
	"iter"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/gateway"
)

// Engine is what the API asks an engine for; *engine.Engine is one.
type Engine interface {
	Definitions
	Runs
	gateway.Engine
}

// Definitions is what the API asks about workflows.
type Definitions interface {
	Validate(file string, src []byte) diag.List
	Deploy(ctx context.Context, file string, src []byte) (engine.Definition, diag.List, error)
	Definitions(ctx context.Context) ([]engine.Definition, error)
	Definition(ctx context.Context, workflow, version string) (engine.Definition, error)
}

// Runs is what the API asks about runs.
type Runs interface {
	Get(ctx context.Context, run string) (engine.RunView, error)
	List(ctx context.Context, f engine.RunFilter) (rows []engine.RunSummary, next string, err error)
	History(ctx context.Context, run string, after uint64, limit int) ([]engine.HistoryEvent, error)
	Watch(ctx context.Context, run string, after uint64) iter.Seq2[engine.HistoryEvent, error]
	Cancel(ctx context.Context, run, reason string) error
	Signal(ctx context.Context, run, id, name string, data json.RawMessage) error
}

var _ Engine = (*engine.Engine)(nil)
