package main

import (
	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/connectors/standard"
	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/diag/page"
	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/graph"
)

// The names that examples have in findings.
const (
	workflowFile    = "workflows/example.yaml"
	environmentFile = "env/example.yaml"
)

// findings returns what is wrong with an example, as validate would find it
// with the connectors of the binary.
func findings(x page.Example) diag.List {
	var env *config.Environment
	var all diag.List
	if x.Environment != "" {
		env, all = config.Load(environmentFile, []byte(x.Environment), nil)
	}
	var flows []*graph.Workflow
	if x.Workflow != "" {
		w, found := dsl.CompileWith(dsl.Options{WarnAny: true}, workflowFile, x.Source(), engine.NewCatalog(standard.New(), env))
		all = append(all, found...)
		if w != nil {
			flows = append(flows, w)
		}
	}
	if env != nil {
		all = append(all, env.Check(config.Needs{Workflows: flows, Whole: len(flows) > 0, Connectors: engine.NewSettings(standard.New())})...)
	}
	return all
}

// sources returns the texts of an example by name.
func sources(x page.Example) diag.Sources {
	return func(file string) []byte {
		switch file {
		case workflowFile:
			return x.Source()
		case environmentFile:
			return []byte(x.Environment)
		}
		return nil
	}
}
