package dsl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/keelstep/keelstep/schema"
)

// EditorSchema returns the JSON Schema of workflows for editors: the one of
// package schema, in which actions are those of the catalog and with has the
// type that its action takes. Where a value is needed, an expression may
// stand. Equal catalogs give equal bytes.
func EditorSchema(c Catalog) ([]byte, error) {
	raw, ok := schema.Named("workflow")
	if !ok {
		panic("dsl: there is no schema of workflows")
	}
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		panic("dsl: the schema of workflows: " + err.Error())
	}
	e := &editor{defs: doc["$defs"].(map[string]any)} //nolint:forcetypeassert // the file is embedded, and tested
	if err := e.addOperations(c); err != nil {
		return nil, err
	}
	e.describeVerbs()
	markDown(doc)
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(doc); err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	return out.Bytes(), nil
}

// editor changes the schema of workflows into one for editors.
type editor struct {
	defs map[string]any
}

// describeVerbs says at each verb what its step does, for there is where an
// author looks.
func (e *editor) describeVerbs() {
	for _, verb := range verbs {
		branch, _ := e.defs["step."+verb].(map[string]any)
		members, _ := branch["properties"].(map[string]any)
		member, _ := members[verb].(map[string]any)
		member["description"] = fmt.Sprintf("%v\n\n%v", branch["description"], member["description"])
	}
}

// addOperations says of steps and notifications which operations there are,
// and what each takes.
func (e *editor) addOperations(c Catalog) error {
	var choices, rules []any
	for _, id := range c.Operations() {
		op, ok := c.Operation(id)
		if !ok {
			continue
		}
		choice := map[string]any{"const": id, "title": id}
		if op.Summary != "" {
			choice["description"] = op.Summary
		}
		choices = append(choices, choice)
		rule, err := e.addOperation(op)
		if err != nil {
			return fmt.Errorf("the input of %s: %w", id, err)
		}
		rules = append(rules, rule)
	}
	if len(choices) == 0 {
		return nil
	}
	e.defs["operation"] = map[string]any{
		"title": "an operation, as connector.operation", "type": "string", "oneOf": choices,
	}
	for _, holder := range []string{"step.action", "notify"} {
		e.defs[holder].(map[string]any)["allOf"] = rules //nolint:forcetypeassert // as above
	}
	return nil
}

// addOperation adds what an operation takes and returns the rule that with
// has this type where action names the operation.
func (e *editor) addOperation(op Operation) (map[string]any, error) {
	condition := map[string]any{"properties": map[string]any{"action": map[string]any{"const": op.ID}}, "required": []any{"action"}}
	if op.In == nil {
		return map[string]any{"if": condition, "then": true}, nil
	}
	var in any
	if err := json.Unmarshal(op.In, &in); err != nil {
		return nil, err
	}
	name := "with." + op.ID
	typ := orExpression(in, "#/$defs/"+name)
	then := map[string]any{}
	if m, ok := typ.(map[string]any); ok {
		delete(m, "$schema")
		delete(m, "$id")
		m["title"] = "what " + op.ID + " takes"
		if m["description"] == nil && op.Summary != "" {
			m["description"] = op.Summary
		}
		if list, ok := m["required"].([]any); ok && len(list) > 0 {
			then["required"] = []any{"with"}
		}
	}
	e.defs[name] = typ
	then["properties"] = map[string]any{"with": map[string]any{"$ref": "#/$defs/" + name}}
	return map[string]any{"if": condition, "then": then}, nil
}

// anExpression is a text with ${ } in it.
func anExpression() map[string]any {
	return map[string]any{"type": "string", "pattern": `\$\{`, "title": "an expression, ${ … }"}
}

// orExpression returns a schema whose parts may be expressions too; its
// references to itself go to at. The schema itself may not be one: with is
// always a mapping.
func orExpression(s any, at string) any {
	m, ok := s.(map[string]any)
	if !ok {
		return s
	}
	out := map[string]any{}
	for key, v := range m {
		switch key {
		case "$ref":
			if text, ok := v.(string); ok && strings.HasPrefix(text, "#") {
				v = at + strings.TrimPrefix(text, "#")
			}
		case "properties", "patternProperties", "$defs", "definitions":
			v = eachMember(v, func(x any) any { return loose(x, at) })
		case "items", "additionalProperties", "unevaluatedProperties", "contains":
			v = loose(v, at)
		case "anyOf", "oneOf", "allOf", "prefixItems":
			if list, ok := v.([]any); ok {
				v = slices.Clone(list)
				for i, x := range list {
					v.([]any)[i] = orExpression(x, at) //nolint:forcetypeassert // cloned above
				}
			}
		case "not", "if", "then", "else":
			v = orExpression(v, at)
		}
		out[key] = v
	}
	return out
}

func eachMember(v any, change func(any) any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := maps.Clone(m)
	for _, key := range slices.Sorted(maps.Keys(m)) {
		out[key] = change(m[key])
	}
	return out
}

// loose is orExpression for a part that may itself be an expression.
func loose(s any, at string) any {
	inner, ok := orExpression(s, at).(map[string]any)
	if !ok || anyText(inner) {
		return orExpression(s, at)
	}
	out := map[string]any{}
	for _, key := range []string{"title", "description", "default", "examples"} {
		if v, ok := inner[key]; ok {
			out[key] = v
		}
	}
	delete(inner, "default") // it is not inserted twice
	out["anyOf"] = []any{inner, anExpression()}
	return out
}

// textBounds are keywords that some text with an expression would not pass.
var textBounds = []string{"enum", "const", "pattern", "format", "maxLength", "$ref", "anyOf", "oneOf", "allOf", "not", "if"}

// anyText tells that a schema takes every text.
func anyText(s map[string]any) bool {
	for _, key := range textBounds {
		if _, ok := s[key]; ok {
			return false
		}
	}
	switch t := s["type"].(type) {
	case nil:
		return true
	case string:
		return t == "string"
	case []any:
		return slices.Contains(t, any("string"))
	}
	return false
}

// markDown gives each description to editors as text that they show as it is.
func markDown(v any) {
	switch v := v.(type) {
	case map[string]any:
		if text, ok := v["description"].(string); ok {
			v["markdownDescription"] = text
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if key != "const" && key != "enum" && key != "default" && key != "examples" {
				markDown(v[key])
			}
		}
	case []any:
		for _, x := range v {
			markDown(x)
		}
	}
}
