package engine

import (
	"fmt"
	"strings"

	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/connectors"
	"github.com/keelstep/keelstep/pkg/expression"
)

// settingsOf is the connectors of a registry as environments see them.
type settingsOf struct{ registry *connectors.Registry }

// NewSettings returns what an environment's connections are checked against.
func NewSettings(registry *connectors.Registry) config.Connectors { return settingsOf{registry} }

// Connectors returns the names of all connectors, sorted.
func (s settingsOf) Connectors() []string {
	var names []string
	for _, c := range s.registry.Connectors() {
		names = append(names, c.Name)
	}
	return names
}

// CheckSettings says what is wrong with the settings of a connection.
func (s settingsOf) CheckSettings(connector string, settings map[string]any) ([]config.Problem, bool) {
	c, ok := s.registry.Connector(connector)
	if !ok {
		return nil, false
	}
	if c.CheckSettings == nil {
		return []config.Problem{{Message: fmt.Sprintf("is of the connector %q, which needs no connection", connector), Hint: "leave it out"}}, true
	}
	given, _ := aside(settings).(map[string]any)
	var out []config.Problem
	for _, p := range c.CheckSettings(given) {
		out = append(out, described(p))
	}
	return out, true
}

// described takes the list of what is known out of a problem's message: one
// name of it may be what was meant.
func described(p connectors.Problem) config.Problem {
	d := config.Problem{Path: p.Path, Message: p.Message}
	message, list, ok := strings.Cut(p.Message, "; known are ")
	if !ok {
		return d
	}
	d.Message, d.Hint = message, "what can stand here: "+list
	name := p.Path[strings.LastIndexByte(p.Path, '/')+1:]
	if near := expression.Nearest(name, strings.Split(list, ", ")); near != "" {
		d.Hint = fmt.Sprintf("did you mean %q?", near)
	}
	return d
}

// aside returns settings with some address in place of that of a service,
// which is known once the service runs.
func aside(x any) any {
	switch x := x.(type) {
	case string:
		if rest, ok := strings.CutPrefix(x, "service://"); ok {
			return "http://" + rest
		}
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = aside(x[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, v := range x {
			out[k] = aside(v)
		}
		return out
	}
	return x
}
