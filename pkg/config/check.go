package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// Connectors is what an environment needs to know of connectors.
type Connectors interface {
	// Connectors returns their names, sorted.
	Connectors() []string
	// CheckSettings says what is wrong with the settings of a connection; known
	// is false when there is no such connector. Sealed secrets may stand in
	// place of scalars.
	CheckSettings(connector string, settings map[string]any) (problems []Problem, known bool)
}

// Problem is one thing wrong with settings. Path is a JSON Pointer into them,
// empty for the whole.
type Problem struct{ Path, Message, Hint string }

// Needs is what an environment is for.
type Needs struct {
	// Workflows run in it.
	Workflows []*graph.Workflow
	// Whole tells that there are no others, so that a name that none of them
	// has is wrong.
	Whole bool
	// Unbound has connections and limits reported that the environment lacks.
	// Those who compile workflows with it find them at the steps that need them.
	Unbound bool
	// Connectors check settings; nil: nobody does.
	Connectors Connectors
}

// Check holds an environment that was loaded against what it is for, and
// returns what is wrong, each at its place in the environment's file.
func (e *Environment) Check(n Needs) diag.List {
	l := &loader{tree: e.tree}
	declared := map[string]map[string]string{} // workflow by connector, by connection
	for _, w := range n.Workflows {
		for _, c := range w.Connections {
			if declared[c.Name] == nil {
				declared[c.Name] = map[string]string{}
			}
			declared[c.Name][c.Connector] = w.Name
		}
	}
	for _, name := range e.ConnectionNames() {
		l.settings(e.Connections[name], declared[name], n.Connectors)
		l.reachServices(e, "/connections/"+escape(name), e.Connections[name].Settings)
	}
	if n.Unbound {
		l.unbound(e, declared)
		for _, w := range n.Workflows {
			l.shares(e, w)
		}
	}
	for _, w := range n.Workflows {
		for _, p := range w.Params {
			l.parameter(e, w, p)
		}
	}
	if n.Whole {
		l.unused(e, n.Workflows, declared)
	}
	l.found.Sort()
	return l.found
}

// settings holds a connection's settings against its connectors: the one that
// it names, or those that workflows declare it with.
func (l *loader) settings(c Connection, declared map[string]string, all Connectors) {
	if all == nil {
		return
	}
	at := "/connections/" + escape(c.Name)
	kinds := slices.Sorted(maps.Keys(declared))
	if c.Connector != "" {
		kinds = []string{c.Connector}
	}
	for _, kind := range kinds {
		problems, known := all.CheckSettings(kind, c.Settings)
		if !known {
			if c.Connector != "" {
				l.report(codeSettings, at+"/connector", fmt.Sprintf("there is no connector %q", kind), meant(kind, all.Connectors()))
			}
			continue // a workflow that declares it has the finding
		}
		for _, p := range problems {
			d := l.tree.Diagnostic(codeSettings, at+p.Path, l.sentence(c.Name, p), p.Hint)
			if p.Path == "" {
				d.Span = l.tree.KeySpan(at)
			} else if strings.HasPrefix(p.Message, "is not known") {
				d.Span = l.tree.KeySpan(at + p.Path)
			}
			l.found = append(l.found, d)
		}
	}
}

// sentence puts the name of a setting before what is wrong with it.
func (l *loader) sentence(connection string, p Problem) string {
	if p.Path == "" {
		return fmt.Sprintf("%q %s", connection, p.Message)
	}
	parts := strings.Split(p.Path, "/")
	name := strings.NewReplacer("~1", "/", "~0", "~").Replace(parts[len(parts)-1])
	if strings.HasPrefix(p.Message, `"`) {
		return fmt.Sprintf("%q: %s", name, p.Message)
	}
	return fmt.Sprintf("%q %s", name, p.Message)
}

func (l *loader) unbound(e *Environment, declared map[string]map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		if _, ok := e.Connections[name]; ok {
			continue
		}
		kinds := slices.Sorted(maps.Keys(declared[name]))
		hint := fmt.Sprintf("add it: connections: { %s: { … } }", name)
		if near := expression.Nearest(name, e.ConnectionNames()); near != "" && declared[near] == nil {
			hint = fmt.Sprintf("is %q meant to be it?", near)
		}
		l.key(codeUnbound, "/connections", fmt.Sprintf("the connection %q of workflow %s is not bound", name, declared[name][kinds[0]]), hint, diag.Error)
	}
}

// key reports the key at a place.
func (l *loader) key(code diag.Code, at, message, hint string, severity diag.Severity) {
	l.found = append(l.found, diag.Diagnostic{
		Code: code, Severity: severity, Span: l.tree.KeySpan(at), Path: at, Message: message, Hint: hint,
	})
}

// parameter holds the value of a parameter against its declaration.
func (l *loader) parameter(e *Environment, w *graph.Workflow, p graph.Param) {
	at := "/parameters/" + escape(p.Name)
	v, given := e.Parameters[p.Name]
	switch {
	case !given && p.Default.IsAbsent():
		hint := fmt.Sprintf("add it: parameters: { %s: … }, or give it a default in the workflow", p.Name)
		if near := expression.Nearest(p.Name, slices.Sorted(maps.Keys(e.Parameters))); near != "" {
			hint = fmt.Sprintf("is %q meant to be it?", near)
		}
		l.key(codeNoValue, "/parameters", fmt.Sprintf("the parameter %q of workflow %s has no value", p.Name, w.Name), hint, diag.Error)
		return
	case !given:
		return
	}
	x, err := expression.DecodeRaw(v.Inline())
	switch {
	case err != nil:
		l.report(codeMisfit, at, err.Error(), "")
		return
	case !p.Secret && expression.HasSealed(v.Inline()):
		l.report(codeMisfit, at, fmt.Sprintf("the parameter %q holds a secret, and workflow %s would record it", p.Name, w.Name),
			fmt.Sprintf("declare it there with secret: true, or take another value: parameters: { %s: { secret: true } }", p.Name))
		return
	case expression.HasSealed(v.Inline()):
		return // whether the value fits shows when it is opened
	}
	for _, bad := range p.Schema.Validate(x) {
		message, hint, _ := strings.Cut(bad.Message, "; ")
		l.report(codeMisfit, at+bad.Path, fmt.Sprintf("the parameter %q of workflow %s %s", p.Name+bad.Path, w.Name, message), hint)
	}
}

// unused reports what no workflow declares.
func (l *loader) unused(e *Environment, flows []*graph.Workflow, declared map[string]map[string]string) {
	for _, name := range e.ConnectionNames() {
		if declared[name] == nil {
			hint := cmp.Or(meant(name, slices.Sorted(maps.Keys(declared))), "leave it out, or declare it in a workflow")
			l.key(codeNoUse, "/connections/"+escape(name), fmt.Sprintf("no workflow has a connection %q", name), hint, diag.Warning)
		}
	}
	var params []string
	for _, w := range flows {
		for _, p := range w.Params {
			params = append(params, p.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Parameters)) {
		if !slices.Contains(params, name) {
			hint := cmp.Or(meant(name, params), "leave it out, or declare it in a workflow")
			l.key(codeNoParameter, "/parameters/"+escape(name), fmt.Sprintf("no workflow has a parameter %q", name), hint, diag.Error)
		}
	}
}

func meant(name string, names []string) string {
	if near := expression.Nearest(name, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return ""
}

// Finding returns a finding at a place of the environment's file, for those
// who check what this package knows nothing of.
func (e *Environment) Finding(code diag.Code, pointer, message, hint string) diag.Diagnostic {
	return e.tree.Diagnostic(code, pointer, message, hint)
}
