package connectors

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Registry holds connectors by name. The zero value is empty and ready. It is
// filled before it is used and safe for concurrent reading after that.
type Registry struct {
	connectors map[string]*Connector
	operations map[string]Operation
}

var namePattern = regexp.MustCompile(`^[a-z][a-zA-Z0-9]*$`)

// NewRegistry returns a registry of these connectors.
func NewRegistry(cs ...*Connector) *Registry {
	r := new(Registry)
	for _, c := range cs {
		r.Register(c)
	}
	return r
}

// Register adds c, which must not change any more. It panics when c is not
// well formed or a connector of its name is there already: that is a mistake
// of the program.
func (r *Registry) Register(c *Connector) {
	if !namePattern.MatchString(c.Name) {
		panic(fmt.Sprintf("connectors: %q is not a name of a connector", c.Name))
	}
	if _, ok := r.connectors[c.Name]; ok {
		panic("connectors: " + c.Name + " registered twice")
	}
	if r.connectors == nil {
		r.connectors, r.operations = map[string]*Connector{}, map[string]Operation{}
	}
	for _, o := range c.Operations {
		short, ok := strings.CutPrefix(o.ID, c.Name+".")
		if !ok || !namePattern.MatchString(short) {
			panic(fmt.Sprintf("connectors: %q is not a name of an operation of %s", o.ID, c.Name))
		}
		if _, ok := r.operations[o.ID]; ok {
			panic("connectors: operation " + o.ID + " registered twice")
		}
		if o.Run == nil || o.Repeat == nil || o.Check == nil {
			panic("connectors: operation " + o.ID + " was not made by Op")
		}
		r.operations[o.ID] = o
	}
	r.connectors[c.Name] = c
}

// Connector returns the connector of that name.
func (r *Registry) Connector(name string) (*Connector, bool) {
	c, ok := r.connectors[name]
	return c, ok
}

// Operation returns the operation of that name (connector.operation).
func (r *Registry) Operation(id string) (Operation, bool) {
	o, ok := r.operations[id]
	return o, ok
}

// Connectors returns all connectors, sorted by name.
func (r *Registry) Connectors() []*Connector {
	cs := make([]*Connector, 0, len(r.connectors))
	for _, c := range r.connectors {
		cs = append(cs, c)
	}
	slices.SortFunc(cs, func(a, b *Connector) int { return cmp.Compare(a.Name, b.Name) })
	return cs
}

// Operations returns all operations, sorted by ID.
func (r *Registry) Operations() []Operation {
	os := make([]Operation, 0, len(r.operations))
	for _, o := range r.operations {
		os = append(os, o)
	}
	slices.SortFunc(os, func(a, b Operation) int { return cmp.Compare(a.ID, b.ID) })
	return os
}
