package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/cmd/engine/internal/screen"
	"github.com/keelstep/keelstep/pkg/connectors"
	"github.com/keelstep/keelstep/pkg/connectors/standard"
	"github.com/keelstep/keelstep/pkg/expression"
)

func connectorsCommand(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "connectors [NAME]",
		Short: "List the connectors, or show what one can do",
		Long: `connectors lists the connectors of this build. With a name (http) it shows
the connector's settings and operations, with an operation (http.post) what it
takes and returns. All of it comes from the code that runs.`,
		Example: "  engine connectors\n  engine connectors http\n  engine connectors http.post --json",
		Args:    wantArgs(0, 1, ""),
		RunE: func(_ *cobra.Command, args []string) error {
			reg := standard.New()
			if len(args) == 0 {
				return a.listConnectors(reg, asJSON)
			}
			return a.showConnector(reg, args[0], asJSON)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return connectorNames(standard.New()), cobra.ShellCompDirectiveNoFileComp
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON, with the schemas")
	return c
}

// connectorInfo is a connector as JSON.
type connectorInfo struct {
	Name       string          `json:"name"`
	Summary    string          `json:"summary"`
	Doc        string          `json:"doc,omitempty"`
	Settings   json.RawMessage `json:"settings,omitempty"`
	Operations []operationInfo `json:"operations"`
}

type operationInfo struct {
	ID      string          `json:"id"`
	Summary string          `json:"summary"`
	Repeat  string          `json:"repeat"`
	Input   json.RawMessage `json:"input"`
	Output  json.RawMessage `json:"output"`
}

func describeConnector(c *connectors.Connector) connectorInfo {
	info := connectorInfo{Name: c.Name, Summary: c.Summary, Doc: c.Doc, Settings: c.Settings, Operations: []operationInfo{}}
	for _, o := range c.Operations {
		info.Operations = append(info.Operations, describeOperation(o))
	}
	return info
}

func describeOperation(o connectors.Operation) operationInfo {
	return operationInfo{ID: o.ID, Summary: o.Summary, Repeat: repeatRule(o), Input: o.In, Output: o.Out}
}

// repeatRule is the operation's rule for a plain call. It is asked with an
// input that has every required member, because the rule may depend on it.
func repeatRule(o connectors.Operation) string {
	input := sampleOf(o.In)
	return [...]string{"never", "keyed", "safe"}[o.Repeat(connectors.Settings{}, input)]
}

func (a *app) listConnectors(reg *connectors.Registry, asJSON bool) error {
	if asJSON {
		all := []connectorInfo{}
		for _, c := range reg.Connectors() {
			all = append(all, describeConnector(c))
		}
		return a.printJSON(all)
	}
	var rows [][]string
	for _, c := range reg.Connectors() {
		var ops []string
		for _, o := range c.Operations {
			ops = append(ops, strings.TrimPrefix(o.ID, c.Name+"."))
		}
		rows = append(rows, []string{styleBold.Render(c.Name), strings.Join(ops, " "), c.Summary})
	}
	writef(a.out, "%s\n\n%s\n", screen.Table([]string{"CONNECTOR", "OPERATIONS", ""}, rows),
		styleDim.Render(self()+" connectors NAME shows one of them"))
	return nil
}

func (a *app) showConnector(reg *connectors.Registry, name string, asJSON bool) error {
	if o, ok := reg.Operation(name); ok {
		if asJSON {
			return a.printJSON(describeOperation(o))
		}
		c, _ := reg.Connector(o.Connector())
		a.printOperation(c, o)
		return nil
	}
	c, ok := reg.Connector(name)
	if !ok {
		names := connectorNames(reg)
		what, hint := "connector", "there are: "+strings.Join(names[:len(reg.Connectors())], ", ")
		if strings.Contains(name, ".") {
			what = "operation"
		}
		if near := expression.Nearest(name, names); near != "" {
			hint = fmt.Sprintf("did you mean %q? %s", near, hint)
		}
		return usagef(hint, "no %s %q", what, name)
	}
	if asJSON {
		return a.printJSON(describeConnector(c))
	}
	writef(a.out, "%s  %s\n", styleBold.Render(c.Name), c.Summary)
	if c.Doc != "" {
		writef(a.out, "\n%s\n", ansi.Wordwrap(strings.TrimSpace(c.Doc), 80, ""))
	}
	if c.Settings != nil {
		writef(a.out, "\n%s\n", styleBold.Render("Settings of a connection"))
		a.printSchema(c.Settings, given)
	}
	for _, o := range c.Operations {
		writef(a.out, "\n")
		a.printOperation(c, o)
	}
	return nil
}

func (a *app) printOperation(c *connectors.Connector, o connectors.Operation) {
	writef(a.out, "%s  %s\n", styleBold.Render(o.ID), o.Summary)
	writef(a.out, "  repeat: %s", repeatRule(o))
	if keyedByHeader(c, o) {
		writef(a.out, "; keyed where the connection names idempotencyHeader")
	}
	writef(a.out, "\n")
	writef(a.out, "  %s\n", styleDim.Render("with"))
	a.printSchema(o.In, given)
	writef(a.out, "  %s\n", styleDim.Render("output"))
	a.printSchema(o.Out, returned)
}

// field is one member of a JSON Schema, flattened for a table.
type field struct{ name, kind, about string }

// keyedByHeader tells whether a connection's idempotencyHeader makes the
// operation repeatable.
func keyedByHeader(c *connectors.Connector, o connectors.Operation) bool {
	var settings schemaNode
	if json.Unmarshal(c.Settings, &settings) != nil {
		return false
	}
	if _, ok := settings.Properties["idempotencyHeader"]; !ok {
		return false
	}
	with := connectors.Settings{"idempotencyHeader": "Idempotency-Key"}
	return o.Repeat(with, sampleOf(o.In)) == connectors.Keyed && o.Repeat(connectors.Settings{}, sampleOf(o.In)) != connectors.Keyed
}

// role says what a schema is about.
type role bool

const (
	given    role = false // an author writes it
	returned role = true  // an author reads it
)

// printSchema shows the members of an object's schema as rows.
func (a *app) printSchema(raw json.RawMessage, as role) {
	fields := fieldsOf(raw, as)
	if len(fields) == 0 {
		writef(a.out, "    any JSON\n")
		return
	}
	name, kind := 0, 0
	for _, f := range fields {
		name, kind = max(name, len(f.name)), max(kind, len(f.kind))
	}
	for _, f := range fields {
		line := fmt.Sprintf("    %-*s  %-*s  %s", name, f.name, kind, f.kind, f.about)
		writef(a.out, "%s\n", strings.TrimRight(line, " "))
	}
}

// schemaNode is the part of JSON Schema that connectors' structs yield.
type schemaNode struct {
	Type        any                   `json:"type"`
	Description string                `json:"description"`
	Default     json.RawMessage       `json:"default"`
	Enum        []any                 `json:"enum"`
	Required    []string              `json:"required"`
	Properties  map[string]schemaNode `json:"properties"`
	Items       *schemaNode           `json:"items"`
	Minimum     *float64              `json:"minimum"`
}

func fieldsOf(raw json.RawMessage, as role) []field {
	var s schemaNode
	if json.Unmarshal(raw, &s) != nil {
		return nil
	}
	var out []field
	s.collect("", as, &out)
	return out
}

// collect lists members in alphabetical order, required ones first.
func (s schemaNode) collect(prefix string, as role, out *[]field) {
	var names []string
	for n := range s.Properties {
		names = append(names, n)
	}
	slices.SortFunc(names, func(x, y string) int {
		if rx, ry := slices.Contains(s.Required, x), slices.Contains(s.Required, y); rx != ry {
			if rx {
				return -1
			}
			return 1
		}
		return strings.Compare(x, y)
	})
	for _, n := range names {
		p := s.Properties[n]
		about := p.Description
		switch needed := slices.Contains(s.Required, n); {
		case needed && as == given:
			about = strings.TrimSpace("(required) " + about)
		case !needed && as == returned:
			about = strings.TrimSpace(about + " (may be absent)")
		}
		if len(p.Default) > 0 {
			about = strings.TrimSpace(about + " (default " + string(p.Default) + ")")
		}
		*out = append(*out, field{prefix + n, p.kind(), about})
		p.collect(prefix+n+".", as, out)
	}
}

// kind names the type in one word.
func (s schemaNode) kind() string {
	if len(s.Enum) > 0 {
		var words []string
		for _, e := range s.Enum {
			words = append(words, fmt.Sprint(e))
		}
		return strings.Join(words, "|")
	}
	switch t := s.Type.(type) {
	case string:
		if t == "array" && s.Items != nil {
			return "list of " + s.Items.kind()
		}
		return t
	case []any:
		var words []string
		for _, e := range t {
			words = append(words, fmt.Sprint(e))
		}
		return strings.Join(words, "|")
	}
	return "any"
}

// sampleOf makes a small value that has the required members of a schema.
func sampleOf(raw json.RawMessage) json.RawMessage {
	var s schemaNode
	if json.Unmarshal(raw, &s) != nil {
		return json.RawMessage("{}")
	}
	sample := map[string]any{}
	for _, n := range s.Required {
		sample[n] = s.Properties[n].sample()
	}
	b, err := json.Marshal(sample)
	if err != nil {
		return json.RawMessage("{}")
	}
	return b
}

func (s schemaNode) sample() any {
	switch {
	case len(s.Default) > 0:
		return s.Default
	case len(s.Enum) > 0:
		return s.Enum[0]
	}
	switch s.Type {
	case "integer", "number":
		if s.Minimum != nil {
			return *s.Minimum
		}
		return 0
	case "boolean":
		return false
	case "array":
		return []any{}
	case "object":
		return map[string]any{}
	}
	return "/"
}

// connectorNames is the names of connectors, then of operations.
func connectorNames(reg *connectors.Registry) []string {
	var names []string
	for _, c := range reg.Connectors() {
		names = append(names, c.Name)
	}
	for _, o := range reg.Operations() {
		names = append(names, o.ID)
	}
	return names
}
