package scenario

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// checker finds what the structure of a test file does not show.
type checker struct {
	f     *File
	found diag.List
}

// check looks at names, durations and combinations of keys.
func (f *File) check() diag.List {
	c := &checker{f: f}
	flow := f.flows[f.doc.Workflow]
	if flow == nil {
		c.report(codeValue, "/workflow", fmt.Sprintf("there is no workflow %q", f.doc.Workflow),
			"the project has "+strings.Join(slices.Sorted(maps.Keys(f.flows)), ", "))
		return c.found
	}
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
	if s.Trigger != nil {
		c.trigger(at, s, flow)
	}
	c.mocks(at+"/mocks", s.Mocks, flow)
	for i, h := range s.Timeline {
		here := fmt.Sprintf("%s/timeline/%d", at, i)
		c.duration(here+"/at", h.At)
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
	case id == "":
		c.report(codeMissing, at+"/trigger", "which trigger starts the run is not said", "add id: with the id of a trigger")
	case !slices.ContainsFunc(flow.Triggers, func(t graph.Trigger) bool { return t.ID == id }):
		c.report(codeValue, at+"/trigger/id", fmt.Sprintf("workflow %s has no trigger %q", flow.Name, id), "")
	}
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
	c.report(codeValue, at, fmt.Sprintf("workflow %s has no step %q", flow.Name, id), "")
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
