package golden_test

import (
	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/graph"
)

// catalog offers test.never, test.keyed and test.safe, which take and yield
// anything. Recorded definitions name them: they stay as they are.
type catalog struct{}

// Operation implements dsl.Catalog.
func (catalog) Operation(id string) (dsl.Operation, bool) {
	for r := graph.Never; r <= graph.Safe; r++ {
		if id == "test."+r.String() {
			return dsl.Operation{ID: id, Connector: "test", Summary: "A call.", Repeat: func(map[string]any, any) graph.Repeat { return r }}, true
		}
	}
	return dsl.Operation{}, false
}

// Operations implements dsl.Catalog.
func (catalog) Operations() []string { return []string{"test.keyed", "test.never", "test.safe"} }

// Connections implements dsl.Catalog.
func (catalog) Connections() map[string]dsl.Connection { return nil }
