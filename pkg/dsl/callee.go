package dsl

import "github.com/keelstep/keelstep/pkg/graph"

// CalleeOf returns what a step that calls w is checked against. Only a
// workflow that was compiled has the type of its output.
func CalleeOf(w *graph.Workflow) Callee {
	c := Callee{Output: w.OutputType}
	if w.Input != nil {
		c.Input = w.Input.Raw()
	}
	return c
}

// WithWorkflows returns a catalog that knows what c knows, and the workflows
// that find does, so that steps that call them are checked against them.
func WithWorkflows(c Catalog, find func(name string) (Callee, bool)) Catalog {
	return callable{c, find}
}

type callable struct {
	Catalog
	find func(name string) (Callee, bool)
}

// Workflow returns what is known of the workflow of that name.
func (c callable) Workflow(name string) (Callee, bool) { return c.find(name) }

// Limits returns the limits of the catalog within.
func (c callable) Limits() map[string]int {
	if l, ok := c.Catalog.(Limits); ok {
		return l.Limits()
	}
	return nil
}
