package main

import (
	"slices"
	"strings"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/graph"
)

// graphs compiles the workflows of a project, or the one that is named. What
// is wrong with them is shown; errors end it. No environment is looked at.
func (a *app) graphs(p project, name string) ([]*graph.Workflow, error) {
	docs := openDocuments(p, nil)
	defer docs.close()
	sources := map[string][]byte{}
	for _, f := range p.files {
		src, err := readSource(f)
		if err != nil {
			return nil, err
		}
		sources[f] = src
	}
	docs.introduce(sources)
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
