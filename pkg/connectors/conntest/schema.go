package conntest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
)

// schema is the part of JSON Schema that connectors use.
type schema struct {
	Type                 string
	Types                []string // when type is a list
	Description          string
	Enum                 []string
	Default              json.RawMessage
	Properties           map[string]*schema
	Required             []string
	Closed               bool // additionalProperties is false
	Items, Members       *schema
	MinLength, MaxLength *int
	Minimum, Maximum     *float64
	Pattern              string
}

// UnmarshalJSON reads a schema and refuses keywords that it does not know.
func (s *schema) UnmarshalJSON(b []byte) error {
	var keywords map[string]json.RawMessage
	if err := json.Unmarshal(b, &keywords); err != nil {
		return err
	}
	fields := map[string]any{
		"description": &s.Description, "enum": &s.Enum, "default": &s.Default, "properties": &s.Properties,
		"required": &s.Required, "items": &s.Items, "minLength": &s.MinLength, "maxLength": &s.MaxLength,
		"minimum": &s.Minimum, "maximum": &s.Maximum, "pattern": &s.Pattern,
		"format": new(string), "writeOnly": new(bool), "minItems": new(int), "maxItems": new(int),
	}
	for word, raw := range keywords {
		var err error
		switch {
		case word == "type" && raw[0] == '[':
			err = json.Unmarshal(raw, &s.Types)
		case word == "type":
			err = json.Unmarshal(raw, &s.Type)
		case word == "additionalProperties" && string(raw) == "false":
			s.Closed = true
		case word == "additionalProperties":
			err = json.Unmarshal(raw, &s.Members)
		case fields[word] != nil:
			err = json.Unmarshal(raw, fields[word])
		default:
			err = fmt.Errorf("the keyword %s is not known", word)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func parseSchema(t *testing.T, raw json.RawMessage) *schema {
	t.Helper()
	s := new(schema)
	if err := json.Unmarshal(raw, s); err != nil {
		t.Fatalf("the schema %s: %v", raw, err)
	}
	return s
}

func (s *schema) names() []string { return slices.Sorted(maps.Keys(s.Properties)) }

// checkSchema: closed objects, every member described, required ones known,
// defaults that fit.
func checkSchema(t *testing.T, where string, raw json.RawMessage) {
	t.Helper()
	if string(raw) == "{}" { // any JSON
		return
	}
	s := parseSchema(t, raw)
	if s.Type != "object" || s.Properties == nil {
		t.Errorf("%s: is %q, want an object with properties", where, s.Type)
	}
	s.check(t, where)
}

func (s *schema) check(t *testing.T, where string) {
	t.Helper()
	if s.Properties != nil && !s.Closed {
		t.Errorf("%s: takes members that it does not know", where)
	}
	for _, name := range s.Required {
		if s.Properties[name] == nil {
			t.Errorf("%s: requires %s, which it does not have", where, name)
		}
	}
	for _, name := range s.names() {
		p := s.Properties[name]
		if p.Description == "" {
			t.Errorf("%s: %s has no doc", where, name)
		}
		p.check(t, where+"/"+name)
	}
	if s.Items != nil {
		s.Items.check(t, where+"/*")
	}
	if s.Default == nil {
		return
	}
	var v any
	if err := json.Unmarshal(s.Default, &v); err != nil {
		t.Errorf("%s: %v", where, err)
	}
	for _, problem := range s.validate("", v) {
		t.Errorf("%s: the default %s", where, problem)
	}
}

// wrongValues are JSON values that the schema forbids.
func (s *schema) wrongValues() []string {
	var wrong []string
	for _, v := range []string{"null", "true", "1", "1.5", `"text"`, `[]`, `[{}]`, `{}`, `{"a":{"b":1}}`} {
		var x any
		if err := json.Unmarshal([]byte(v), &x); err != nil {
			panic(err)
		}
		if len(s.validate("", x)) > 0 {
			wrong = append(wrong, v)
		}
	}
	return wrong
}

// validate says what in x the schema forbids.
func (s *schema) validate(path string, x any) []string {
	if problem := s.validateType(x); problem != "" {
		return []string{path + " " + problem}
	}
	var problems []string
	switch x := x.(type) {
	case string:
		if len(s.Enum) > 0 && !slices.Contains(s.Enum, x) {
			problems = append(problems, fmt.Sprintf("%s is %q, which is none of %v", path, x, s.Enum))
		}
		if s.MinLength != nil && len([]rune(x)) < *s.MinLength || s.MaxLength != nil && len([]rune(x)) > *s.MaxLength {
			problems = append(problems, path+" is too short or too long")
		}
	case float64:
		if s.Minimum != nil && x < *s.Minimum || s.Maximum != nil && x > *s.Maximum {
			problems = append(problems, path+" is too small or too large")
		}
	case []any:
		for i, item := range x {
			if s.Items != nil {
				problems = append(problems, s.Items.validate(fmt.Sprintf("%s/%d", path, i), item)...)
			}
		}
	case map[string]any:
		problems = append(problems, s.validateMembers(path, x)...)
	}
	return problems
}

func (s *schema) validateMembers(path string, x map[string]any) []string {
	var problems []string
	for _, name := range s.Required {
		if _, ok := x[name]; !ok {
			problems = append(problems, path+" lacks "+name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(x)) {
		switch p := s.Properties[name]; {
		case p != nil:
			problems = append(problems, p.validate(path+"/"+name, x[name])...)
		case s.Closed:
			problems = append(problems, path+"/"+name+" is not known")
		case s.Members != nil:
			problems = append(problems, s.Members.validate(path+"/"+name, x[name])...)
		}
	}
	return problems
}

func (s *schema) validateType(x any) string {
	names := s.Types
	if s.Type != "" {
		names = []string{s.Type}
	}
	if len(names) == 0 {
		return ""
	}
	is := ""
	switch x := x.(type) {
	case nil:
		is = "null"
	case bool:
		is = "boolean"
	case string:
		is = "string"
	case []any:
		is = "array"
	case map[string]any:
		is = "object"
	case float64:
		is = "number"
		if slices.Contains(names, "integer") && x == float64(int64(x)) {
			is = "integer"
		}
	}
	if !slices.Contains(names, is) {
		return fmt.Sprintf("is %s, not %v", is, names)
	}
	return ""
}
