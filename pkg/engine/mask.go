package engine

import (
	"encoding/json"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
	"github.com/keelstep/keelstep/pkg/secrets"
)

// secure is which values of a step must not be seen.
type secure struct{ input, output bool }

// secureSteps returns the steps of a workflow with values that must not be
// seen, by ID; nil when there are none.
func secureSteps(wf *graph.Workflow) map[string]secure {
	var m map[string]secure
	for _, n := range wf.Nodes {
		if !n.SecureInput && !n.SecureOutput {
			continue
		}
		if m == nil {
			m = make(map[string]secure)
		}
		m[n.ID] = secure{n.SecureInput, n.SecureOutput}
	}
	return m
}

// maskStep masks the values of one step in a view.
func maskStep(sec secure, s *interpreter.StepView) {
	s.Input, s.Output = maskSealed(s.Input), maskSealed(s.Output)
	if sec.input && !s.Input.IsAbsent() {
		s.Input = masked
	}
	if sec.output {
		if !s.Output.IsAbsent() {
			s.Output = masked
		}
		if s.Error != nil && !s.Error.Details.IsAbsent() {
			f := *s.Error
			f.Details = masked
			s.Error = &f
		}
	}
}

// maskEvent masks the fields of one event as a history shows them: of steps
// that are secured, or of all.
func maskEvent(secured map[string]secure, all bool, data json.RawMessage) (json.RawMessage, error) {
	data, err := shown(data)
	if err != nil || secured == nil && !all {
		return data, err
	}
	x, err := expression.DecodeRaw(data)
	if err != nil {
		return nil, err
	}
	fields, _ := x.(map[string]any)
	path, _ := fields["path"].(string)
	sec := secured[stepOf(path)]
	if all && path != "" {
		sec = secure{true, true}
	}
	if !sec.input && !sec.output {
		return data, nil
	}
	hide := func(m map[string]any, name string, on bool) {
		if _, ok := m[name]; ok && on {
			m[name] = secrets.Mask
		}
	}
	hide(fields, "input", sec.input)
	hide(fields, "output", sec.output)
	if failure, ok := fields["error"].(map[string]any); ok {
		hide(failure, "details", sec.output)
	}
	return plainJSON(fields)
}

// stepOf returns the ID of the step that a path leads to.
func stepOf(path string) string {
	segments, err := interpreter.SplitPath(path)
	if err != nil {
		return ""
	}
	for i := len(segments) - 1; i >= 0; i-- {
		if !segments[i].Handler {
			return segments[i].Name
		}
	}
	return ""
}
