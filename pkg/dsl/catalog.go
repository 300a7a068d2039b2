package dsl

import (
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// Catalog is what a document may refer to: operations of connectors and what
// the environment binds.
type Catalog interface {
	// Operation returns the operation of that name (connector.operation).
	Operation(id string) (Operation, bool)
	// Operations returns the names of all operations, sorted.
	Operations() []string
	// Connections returns what the environment binds, by name; nil when no
	// environment is known, and then bindings are not checked.
	Connections() map[string]Connection
}

// Workflows is what a Catalog may know besides: the workflows that a step can
// call. Without it calls are checked when they run.
type Workflows interface {
	// Workflow returns what is known of the workflow of that name; false when
	// nothing is, and then calls of it are checked when they run.
	Workflow(name string) (Callee, bool)
}

// Limits is what a Catalog may know besides: the limits of the environment
// that have names. Without it they are looked for when a run starts.
type Limits interface {
	// Limits returns how many runs and calls each limit allows at once, 0 for
	// any number, by its name; nil when no environment is known.
	Limits() map[string]int
}

// Callee is a workflow that a step can call.
type Callee struct {
	Input  []byte           // JSON Schema; nil: any
	Output *expression.Type // nil: any
}

// Operation is one operation as the checker sees it.
type Operation struct {
	ID, Connector, Summary string
	In, Out                []byte // JSON Schema of input and output; nil: any
	// Returns is the member of the output that a step's returns describes
	// (body for http); empty: the output itself.
	Returns string
	// Connected tells that the operation needs a connection.
	Connected bool
	// Repeat gives the rule of repetition for a call with this decoded input
	// through a connection with these settings.
	Repeat func(settings map[string]any, input any) graph.Repeat
}

// Connection is what an environment binds a name to.
type Connection struct {
	Name, Connector string
	Settings        map[string]any
	Repeat          string // never, keyed or safe: overrides the operations'; empty: theirs
}
