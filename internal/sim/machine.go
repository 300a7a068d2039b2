package sim

import (
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// Machine is what the simulator needs of interpreter.Machine. It is an
// interface so that a machine with a planted bug can take its place.
type Machine interface {
	Apply(e fact.Event) error
	Decide(at time.Time, in ...interpreter.Input) fact.Turn
	Provide(h expression.Hash, b []byte)
	Commands(turn []fact.Event) []interpreter.Command
	Outstanding() []interpreter.Command
	Sends(turn []fact.Event) []interpreter.Message
	Tasks() []interpreter.Task
	State() []byte
	Restore(state []byte) error
	View(expression.Fetch) interpreter.View
	Bound(events int)
	Ended() bool
	Seq() uint64
}

var _ Machine = (*interpreter.Machine)(nil)

func realMachine(wf *graph.Workflow) Machine { return interpreter.New(wf) }
