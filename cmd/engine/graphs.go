package main

import (
	"slices"
	"strings"

	"github.com/keelstep/keelstep/pkg/connectors/standard"
	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/graph"
)

// graphs compiles the workflows of a project, or the one that is named. What
// is wrong with them is shown; errors end it. No environment is looked at, and
// operations of connectors that are not here are taken as they are.
func (a *app) graphs(p project, name string) ([]*graph.Workflow, error) {
	docs := openDocuments(p, nil)
	docs.catalog = lenient{docs.catalog}
	defer docs.close()
	sources := map[string][]byte{}
	for _, f := range p.files {
		src, err := readSource(f)
		if err != nil {
			return nil, err
		}
		sources[f] = src
	}
	var all []*graph.Workflow
	var names []string
	for _, f := range p.files {
		w, found := docs.compile(f, sources[f], false)
		if w == nil {
			a.printFindings(found, diag.Source(f, sources[f]))
			return nil, invalid(len(found), f)
		}
		if names = append(names, w.Name); name == "" || name == w.Name {
			all = append(all, w)
		}
	}
	if len(all) == 0 {
		slices.Sort(names)
		return nil, usagef("there are: "+strings.Join(names, ", "), "no workflow %q in %s", name, p.dir)
	}
	return all, nil
}

// lenient is a catalog that takes every operation for one there is: a workflow
// can be looked at where its connectors are not.
type lenient struct{ dsl.Catalog }

// Operation returns an operation, with nothing known about it where the
// connector is not here.
func (l lenient) Operation(id string) (dsl.Operation, bool) {
	if op, ok := l.Catalog.Operation(id); ok {
		return op, true
	}
	connector, name, _ := strings.Cut(id, ".")
	if _, here := standard.New().Connector(connector); here || connector == "" || name == "" {
		return dsl.Operation{}, false
	}
	return dsl.Operation{
		ID: id, Connector: connector, In: []byte(`{}`), Out: []byte(`{}`), Connected: true,
		Repeat: func(map[string]any, any) graph.Repeat { return graph.Never },
	}, true
}
