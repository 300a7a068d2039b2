package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/connectors/standard"
	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog/memlog"
	"github.com/keelstep/keelstep/pkg/graph"
)

// compiled is a project that was found valid.
type compiled struct {
	env   *config.Environment // nil: none
	files []string            // what is deployed for each of the project's files, in their order
	srcs  [][]byte            // what is in them
	defs  []engine.Definition // the same
}

// loadEnv reads an environment and reports what is wrong with it.
func (a *app) loadEnv(file string) (*config.Environment, error) {
	src, err := readSource(file)
	if err != nil {
		return nil, err
	}
	env, found := config.Load(file, src, a.environ)
	a.printFindings(found, diag.Source(file, src))
	if found.HasErrors() {
		return nil, invalid(len(found), file)
	}
	return env, nil
}

// invalid is a file with findings that have been shown.
func invalid(n int, file string) error {
	return usagef("", "%s is not valid: %d %s above", file, n, plural(n, "finding"))
}

// compile checks a project and its environment before anything runs. Findings
// are shown; errors end it.
func (a *app) compile(ctx context.Context, p project, envName string) (compiled, error) {
	var c compiled
	file, err := p.envFile(envName)
	if err != nil {
		return c, err
	}
	if file != "" {
		if c.env, err = a.loadEnv(file); err != nil {
			return c, err
		}
	}
	e, err := scratch(ctx, c.env)
	if err != nil {
		return c, err
	}
	defer e.Close(ctx) // nothing ran in it
	sources, err := readAll(p.files)
	if err != nil {
		return c, err
	}
	docs := openDocuments(p, c.env)
	defer docs.close()
	docs.introduce(sources)
	var flows []*graph.Workflow
	for _, f := range p.files {
		w, found := docs.compile(f, sources[f], false)
		a.printFindings(found, diag.Source(f, sources[f]))
		if w == nil {
			return c, invalid(len(found), f)
		}
		name, src := portable(f, sources[f], w)
		def, _, err := e.Deploy(ctx, name, src)
		switch {
		case errors.Is(err, engine.ErrVersionTaken):
			return c, usagef("give each its own name", "%s: another file is workflow %s too", f, def.Workflow)
		case err != nil:
			return c, usagef("", "%s: %s", f, err)
		}
		c.files, c.srcs, c.defs = append(c.files, name), append(c.srcs, src), append(c.defs, def)
		flows = append(flows, w)
	}
	return c, a.fits(c.env, flows)
}

// readAll reads files that a person wrote.
func readAll(files []string) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, f := range files {
		src, err := readSource(f)
		if err != nil {
			return nil, err
		}
		out[f] = src
	}
	return out, nil
}

// scratch is an engine on an empty log in memory, to check documents with the
// rules of the one that will run them.
func scratch(ctx context.Context, env *config.Environment) (*engine.Engine, error) {
	return engine.Open(ctx, engine.Options{Store: memlog.New(), Registry: standard.New(), Env: env})
}

// pick returns the workflow to run: the one named, or the only one there is.
func (c compiled) pick(p project, name string) (engine.Definition, error) {
	var names []string
	for _, d := range c.defs {
		if d.Workflow == name {
			return d, nil
		}
		names = append(names, d.Workflow)
	}
	slices.Sort(names)
	there := "there are: " + strings.Join(names, ", ")
	switch {
	case name != "":
		return engine.Definition{}, usagef(there, "no workflow %q in %s", name, p.dir)
	case len(c.defs) > 1:
		return engine.Definition{}, usagef(there, "%s has %d workflows: say which with --workflow NAME", p.dir, len(c.defs))
	}
	return c.defs[0], nil
}
