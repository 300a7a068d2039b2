package scenario

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// checker finds what the structure of a test file does not show.
type checker struct {
	f       *File
	catalog dsl.Catalog
	found   diag.List
}

// check looks at names, durations and combinations of keys.
func (f *File) check(catalog dsl.Catalog) diag.List {
	c := &checker{f: f, catalog: catalog}
	flow := f.flows[f.doc.Workflow]
	if flow == nil {
		c.report(codeValue, "/workflow", fmt.Sprintf("there is no workflow %q", f.doc.Workflow),
			c.near(f.doc.Workflow, slices.Sorted(maps.Keys(f.flows)), "the project has "))
		return c.found
	}
	c.parameters("/parameters", f.doc.Parameters)
	c.time("/startAt", f.doc.StartAt)
	c.mocks("/mocks", f.doc.Mocks, flow)
	first := map[string]bool{}
	for i, s := range f.doc.Cases {
		at := fmt.Sprintf("/cases/%d", i)
		if first[s.Name] {
			c.report(codeDuplicate, at+"/name", fmt.Sprintf("there are two cases %q", s.Name), "give each a name of its own")
		}
		first[s.Name] = true
		c.scenario(at, s, flow)
	}
	return c.found
}

func (c *checker) report(code diag.Code, pointer, message, hint string) {
	c.found = append(c.found, c.f.tree.Diagnostic(code, pointer, message, hint))
}

func (c *checker) scenario(at string, s caseDoc, flow *graph.Workflow) {
	c.time(at+"/startAt", s.StartAt)
	c.parameters(at+"/parameters", s.Parameters)
	if s.Element > 0 && (s.Trigger == nil || !splits(flow, textOf(s.Trigger["id"]))) {
		c.report(codeIneffective, at+"/element", "no trigger with splitOn starts this run", "leave it out")
	}
	if s.Trigger != nil {
		c.trigger(at, s, flow)
	} else if flow.Input != nil {
		input := decoded(s.Input)
		if s.Input == nil {
			input = map[string]any{}
		}
		for _, bad := range flow.Input.Validate(flow.Input.Fill(input)) {
			message, hint, _ := strings.Cut(bad.Message, "; ")
			c.report(codeInput, at+"/input"+bad.Path, fmt.Sprintf("the input does not fit workflow %s: %s %s", flow.Name, cmp.Or(bad.Path, "it"), message), hint)
		}
	}
	c.mocks(at+"/mocks", s.Mocks, flow)
	for i, h := range s.Timeline {
		here := fmt.Sprintf("%s/timeline/%d", at, i)
		c.duration(here+"/at", h.At)
		if h.Answer != nil {
			c.step(here+"/answer/step", h.Answer.Step, flow)
		}
		if h.Kill != nil {
			c.duration(here+"/kill", *h.Kill)
		}
	}
	if s.Expect != nil {
		c.expect(at+"/expect", s.Expect, flow)
	}
}

func (c *checker) time(at, text string) {
	if text == "" {
		return
	}
	if _, err := time.Parse(time.RFC3339, text); err != nil {
		c.report(codeValue, at, fmt.Sprintf("%q is no time", text), `write it as "2026-03-01T08:00:00Z"`)
	}
}

func (c *checker) trigger(at string, s caseDoc, flow *graph.Workflow) {
	if s.Input != nil {
		c.report(codeIneffective, at+"/input", "a trigger makes the input", "leave out input or trigger")
	}
	id := textOf(s.Trigger["id"])
	switch {
	case id == "" && len(flow.Triggers) == 1:
	case id == "" && len(flow.Triggers) == 0:
		c.report(codeValue, at+"/trigger", fmt.Sprintf("workflow %s has no trigger", flow.Name), "give the input with input")
	case id == "":
		c.report(codeMissing, at+"/trigger", "which trigger starts the run is not said", "add id: with the id of a trigger")
	case !slices.ContainsFunc(flow.Triggers, func(t graph.Trigger) bool { return t.ID == id }):
		var ids []string
		for _, t := range flow.Triggers {
			ids = append(ids, t.ID)
		}
		c.report(codeValue, at+"/trigger/id", fmt.Sprintf("workflow %s has no trigger %q", flow.Name, id), c.near(id, ids, "it has "))
	}
}

// splits tells whether the trigger of that ID, or the only one, starts a run
// for each element of a list.
func splits(flow *graph.Workflow, id string) bool {
	return slices.ContainsFunc(flow.Triggers, func(t graph.Trigger) bool {
		return (t.ID == id || id == "" && len(flow.Triggers) == 1) && t.Policy.SplitOn != nil
	})
}

func (c *checker) mocks(at string, all []mockDoc, flow *graph.Workflow) {
	for i, m := range all {
		here := fmt.Sprintf("%s/%d", at, i)
		n := 0
		for _, has := range []bool{m.Returns != nil, m.Fails != nil, m.Never} {
			if has {
				n++
			}
		}
		if n != 1 {
			c.report(codeMissing, here, "a mock has one of returns, fails and never", "say what the call answers")
		}
		c.step(here+"/step", m.Step, flow)
		c.operation(here+"/operation", m.Operation)
		if _, problems := condition(m.When); len(problems) > 0 && !problems[0].Warning {
			c.report(diag.Code(problems[0].Code), here+"/when", problems[0].Message, problems[0].Hint)
		}
		c.duration(here+"/after", m.After)
		if m.Fails != nil {
			c.duration(here+"/fails/retryAfter", m.Fails.RetryAfter)
		}
	}
}

func (c *checker) expect(at string, e *expectDoc, flow *graph.Workflow) {
	for _, id := range slices.Sorted(maps.Keys(e.Steps)) {
		c.step(at+"/steps/"+escape(id), id, flow)
	}
	for i, x := range e.Calls {
		c.step(fmt.Sprintf("%s/calls/%d/step", at, i), x.Step, flow)
		c.operation(fmt.Sprintf("%s/calls/%d/operation", at, i), x.Operation)
	}
	for i, id := range e.Order {
		c.step(fmt.Sprintf("%s/order/%d", at, i), id, flow)
	}
	c.duration(at+"/endsAfter", e.EndsAfter)
}

// step reports a step that neither the workflow nor any other of the project
// has: calls of children can be meant too.
func (c *checker) step(at, path string, flow *graph.Workflow) {
	if path == "" {
		return
	}
	segments, err := interpreter.SplitPath(path)
	if err != nil || len(segments) == 0 {
		c.report(codeValue, at, fmt.Sprintf("%q is no path of a step", path), "write the id of a step, or a path such as ship[1].parcel")
		return
	}
	id := segments[len(segments)-1].Name
	has := func(w *graph.Workflow) bool {
		return slices.ContainsFunc(w.Nodes, func(n *graph.Node) bool { return n.ID == id })
	}
	if has(flow) || len(segments) > 1 {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(c.f.flows)) {
		if has(c.f.flows[name]) {
			return
		}
	}
	var ids []string
	for _, n := range flow.Nodes {
		ids = append(ids, n.ID)
	}
	c.report(codeValue, at, fmt.Sprintf("workflow %s has no step %q", flow.Name, id), c.near(id, ids, ""))
}

// near is the hint for a name that there is not: the nearest one, or all of
// them behind some words.
func (c *checker) near(name string, all []string, words string) string {
	if near := expression.Nearest(name, all); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if words == "" || len(all) == 0 {
		return ""
	}
	return words + strings.Join(all, ", ")
}

// operation reports an operation that there is not.
func (c *checker) operation(at, id string) {
	if id == "" {
		return
	}
	if _, ok := c.catalog.Operation(id); !ok {
		c.report(codeOperation, at, fmt.Sprintf("there is no operation %q", id), c.near(id, c.catalog.Operations(), ""))
	}
}

// parameters holds values against what the workflows of the project declare.
func (c *checker) parameters(at string, given map[string]json.RawMessage) {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		here, known := at+"/"+escape(name), false
		var names []string
		for _, flow := range slices.Sorted(maps.Keys(c.f.flows)) {
			for _, p := range c.f.flows[flow].Params {
				names = append(names, p.Name)
				if p.Name != name {
					continue
				}
				known = true
				for _, bad := range p.Schema.Validate(decoded(given[name])) {
					message, hint, _ := strings.Cut(bad.Message, "; ")
					c.report(codeMisfit, here+bad.Path, fmt.Sprintf("the parameter %q of workflow %s %s", name+bad.Path, flow, message), hint)
				}
			}
		}
		if !known {
			c.report(codeNoParameter, here, fmt.Sprintf("no workflow has a parameter %q", name), c.near(name, names, "there are "))
		}
	}
}

func (c *checker) duration(at, text string) {
	if _, err := duration(text); err != nil {
		c.report(codeDuration, at, err.Error(), "write it as 500ms, 30s, 2h or 1d")
	}
}

// escape returns a member's name as JSON Pointers hold it.
func escape(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
