package engine

import (
	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/connectors"
	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// catalog is what documents may refer to: the operations of a registry and the
// bindings of an environment.
type catalog struct {
	registry *connectors.Registry
	env      *config.Environment
	names    []string
	bound    map[string]dsl.Connection
	limits   map[string]int
}

// NewCatalog returns what documents may refer to, for those who check
// documents without an engine. env nil means that no environment is known.
func NewCatalog(registry *connectors.Registry, env *config.Environment) dsl.Catalog {
	return newCatalog(registry, env)
}

func newCatalog(registry *connectors.Registry, env *config.Environment) *catalog {
	if registry == nil {
		registry = connectors.NewRegistry()
	}
	c := &catalog{registry: registry, env: env}
	for _, op := range registry.Operations() {
		c.names = append(c.names, op.ID)
	}
	if env != nil {
		c.bound = make(map[string]dsl.Connection, len(env.Connections))
		for name, conn := range env.Connections {
			c.bound[name] = dsl.Connection{
				Name: name, Connector: conn.Connector, Settings: conn.Settings, Repeat: conn.Repeat,
			}
		}
		c.limits = make(map[string]int, len(env.Limits))
		for name, limit := range env.Limits {
			c.limits[name] = limit.Parallel
		}
	}
	return c
}

// Operation returns the operation of that name.
func (c *catalog) Operation(id string) (dsl.Operation, bool) {
	op, ok := c.registry.Operation(id)
	if !ok {
		return dsl.Operation{}, false
	}
	conn, _ := c.registry.Connector(op.Connector())
	return dsl.Operation{
		ID: op.ID, Connector: op.Connector(), Summary: op.Summary, In: op.In, Out: op.Out,
		Returns: conn.Returns, Connected: conn.Open != nil,
		Repeat: func(settings map[string]any, input any) graph.Repeat {
			raw, err := expression.Encode(input)
			if err != nil {
				return graph.Never
			}
			return repeats[op.Repeat(settings, raw)]
		},
	}, true
}

// repeats is the rules of connectors as the graph calls them.
var repeats = [...]graph.Repeat{
	connectors.Never: graph.Never, connectors.Keyed: graph.Keyed, connectors.Safe: graph.Safe,
}

// Operations returns the names of all operations, sorted.
func (c *catalog) Operations() []string { return c.names }

// Connections returns what the environment binds, nil when none is known.
func (c *catalog) Connections() map[string]dsl.Connection { return c.bound }

// Limits returns how many runs and calls each limit of the environment allows
// at once, nil when none is known.
func (c *catalog) Limits() map[string]int { return c.limits }
