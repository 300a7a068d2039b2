package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/connectors/standard"
	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// The codes of findings about environments that this program adds.
const (
	codeSecondName diag.Code = "E210"
	codeService    diag.Code = "E607"
)

// fits checks that an environment has what workflows need, before any of them
// runs.
func (a *app) fits(env *config.Environment, flows []*graph.Workflow) error {
	if env == nil {
		return nil
	}
	found := checkEnv(env, config.Needs{Workflows: flows})
	if !found.HasErrors() {
		return nil
	}
	src, _ := readSource(env.File) // it was read a moment ago; without it the findings have no excerpt
	a.printFindings(found, diag.Source(env.File, src))
	return invalid(len(found), env.File)
}

// checkEnv holds an environment against what it is for and what this program
// has.
func checkEnv(env *config.Environment, n config.Needs) diag.List {
	n.Connectors = engine.NewSettings(standard.New())
	found := env.Check(n)
	names := slices.Sorted(maps.Keys(sampleServices))
	for _, s := range env.Services {
		at := "/services/" + s.Name
		sample, ok := sampleServices[s.Sample]
		if !ok {
			hint := "there are: " + strings.Join(names, ", ")
			if near := expression.Nearest(s.Sample, names); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			found = append(found, env.Finding(codeService, at+"/sample", fmt.Sprintf("there is no sample service %q", s.Sample), hint))
			continue
		}
		if err := sample.check(s.Options); err != nil {
			found = append(found, env.Finding(codeService, at, fmt.Sprintf("service %q: %s", s.Name, err), ""))
		}
	}
	found.Sort()
	return found
}

// namesakes reports another file with the name of an environment.
func namesakes(env *config.Environment) diag.List {
	dir := filepath.Dir(env.File)
	files, err := sourcesIn(dir)
	if err != nil || baseOf(dir) != "env" {
		return nil
	}
	for _, f := range files {
		if !sameFile(f, env.File) && strings.TrimSuffix(filepath.Base(f), filepath.Ext(f)) == env.Name {
			return diag.List{env.Finding(codeSecondName, "", fmt.Sprintf("%s is the environment %q too", f, env.Name), "keep one of them")}
		}
	}
	return nil
}

// needs returns what an environment of a project is for: the workflow that was
// named with it, or all workflows of the project.
func (c *checker) needs(p project) (config.Needs, error) {
	files := p.files
	if !p.named || kindOf(p.files[0]) != kindWorkflow {
		var err error
		if files, err = sourcesIn(filepath.Join(p.dir, "workflows")); err != nil {
			return config.Needs{}, usagef("", "%s: %s", p.dir, plainOS(err))
		}
	}
	key := strings.Join(files, "\n")
	if n, ok := c.flows[key]; ok {
		return n, nil
	}
	own, err := readAll(files)
	if err != nil {
		return config.Needs{}, err
	}
	docs := openDocuments(p, nil)
	defer docs.close()
	docs.introduce(own)
	var n config.Needs
	for _, f := range files {
		if w, _ := docs.compile(f, own[f], false); w != nil {
			n.Workflows = append(n.Workflows, w)
		}
	}
	n.Whole = len(files) > 0 && len(n.Workflows) == len(files) && (!p.named || kindOf(p.files[0]) != kindWorkflow)
	c.flows[key] = n
	return n, nil
}
