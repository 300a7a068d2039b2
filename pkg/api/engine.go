package api

import (
	"context"
	"encoding/json"
	"io"
	"iter"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/gateway"
	"github.com/keelstep/keelstep/pkg/runfile"
)

// Engine is what the API asks an engine for; *engine.Engine is one.
type Engine interface {
	Definitions
	Runs
	Tasks
	Triggers
	Limits
	Keeping
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
	Start(ctx context.Context, r engine.StartRequest) (engine.Started, error)
	Get(ctx context.Context, run string) (engine.RunView, error)
	List(ctx context.Context, f engine.RunFilter) (rows []engine.RunSummary, next string, err error)
	History(ctx context.Context, run string, after uint64, limit int) ([]engine.HistoryEvent, error)
	Watch(ctx context.Context, run string, after uint64) iter.Seq2[engine.HistoryEvent, error]
	Cancel(ctx context.Context, run, reason string) error
	Signal(ctx context.Context, run, id, name string, data json.RawMessage) error
	Suspend(ctx context.Context, run, reason string) error
	Resume(ctx context.Context, run string) error
	Terminate(ctx context.Context, run, reason string) error
	Retry(ctx context.Context, run string) error
	Restart(ctx context.Context, run string) (engine.Started, error)
	Export(ctx context.Context, w io.Writer, source runfile.Source, f engine.ExportFilter) (engine.Exported, error)
	Import(ctx context.Context, r io.Reader, o engine.ImportOptions) (engine.Imported, error)
}

// Tasks is what the API asks about tasks for people.
type Tasks interface {
	Tasks(ctx context.Context, cursor string, limit int) (all []engine.Task, next string, err error)
	RunTasks(ctx context.Context, run string) ([]engine.Task, error)
	AnswerTask(ctx context.Context, run string, a engine.AnswerRequest) error
	ReassignTask(ctx context.Context, run, path string, to json.RawMessage, by string) error
	LinkedTask(token string) (run, path string, err error)
}

// Triggers is what the API asks about what starts runs.
type Triggers interface {
	Triggers(ctx context.Context) ([]engine.TriggerStatus, error)
	Trigger(ctx context.Context, workflow, id string) (engine.TriggerStatus, error)
	PauseTrigger(ctx context.Context, workflow, id, reason string) error
	ResumeTrigger(ctx context.Context, workflow, id string) error
	FireTrigger(ctx context.Context, workflow, id string) error
	Publish(ctx context.Context, e engine.CloudEvent) error
	Droppings(ctx context.Context, limit int) ([]engine.Dropping, error)
	DeadLetters(ctx context.Context) (all []engine.DeadLetter, lost uint64, err error)
	RetryDeadLetter(ctx context.Context, id string) error
	DropDeadLetter(ctx context.Context, id string) error
}

// Keeping is what the API asks of who operates the engine.
type Keeping interface {
	Ready() error
	Status(ctx context.Context) (engine.Status, error)
	Purge(ctx context.Context, f engine.PurgeFilter) (engine.Purged, error)
}

// Limits is what the API asks about limits.
type Limits interface {
	Limits(ctx context.Context) ([]engine.LimitStatus, error)
}

var _ Engine = (*engine.Engine)(nil)
