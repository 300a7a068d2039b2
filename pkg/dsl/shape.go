package dsl

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/keelstep/keelstep/schema"
)

// shape is a JSON Schema as far as the structure check reads it: the keywords
// that the files in package schema use. Title is a noun phrase for messages.
type shape struct {
	Ref           string            `json:"$ref"`
	Title         string            `json:"title"`
	Description   string            `json:"description"`
	Type          kinds             `json:"type"`
	Enum          []any             `json:"enum"`
	Pattern       string            `json:"pattern"`
	Minimum       *float64          `json:"minimum"`
	Maximum       *float64          `json:"maximum"`
	MinLength     int               `json:"minLength"`
	MaxLength     int               `json:"maxLength"`
	MinItems      int               `json:"minItems"`
	MaxItems      int               `json:"maxItems"`
	MinProperties int               `json:"minProperties"`
	MaxProperties int               `json:"maxProperties"`
	Required      []string          `json:"required"`
	Properties    map[string]*shape `json:"properties"`
	PropertyNames *shape            `json:"propertyNames"`
	Additional    *additional       `json:"additionalProperties"`
	Items         *shape            `json:"items"`
	OneOf         []*shape          `json:"oneOf"`
	Defs          map[string]*shape `json:"$defs"`

	// Keywords that say nothing about the structure.
	Schema  string `json:"$schema"`
	ID      string `json:"$id"`
	Comment string `json:"$comment"`
	Default any    `json:"default"`

	pattern *regexp.Regexp
	names   []string // of Properties, sorted
}

// kinds is the keyword type, one name or several.
type kinds []string

// UnmarshalJSON reads a name or a list of names.
func (k *kinds) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*k = make(kinds, 1)
		return json.Unmarshal(b, &(*k)[0])
	}
	return json.Unmarshal(b, (*[]string)(k))
}

// additional is the keyword additionalProperties.
type additional struct {
	closed bool
	shape  *shape
}

// UnmarshalJSON reads true, false or a schema.
func (a *additional) UnmarshalJSON(b []byte) error {
	if b[0] != '{' {
		var open bool
		err := json.Unmarshal(b, &open)
		a.closed = !open
		return err
	}
	a.shape = new(shape)
	return strictShape(b, a.shape)
}

func strictShape(b []byte, s *shape) error {
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	return d.Decode(s)
}

var shapes struct {
	sync.Mutex
	byName map[string]*shape
}

// shapeOf returns the compiled schema of that name. A name or a keyword that
// does not exist is a mistake in the program.
func shapeOf(name string) *shape {
	shapes.Lock()
	defer shapes.Unlock()
	if s := shapes.byName[name]; s != nil {
		return s
	}
	b, ok := schema.Named(name)
	if !ok {
		panic(fmt.Sprintf("dsl: there is no schema %q", name))
	}
	root := new(shape)
	if err := strictShape(b, root); err != nil {
		panic(fmt.Sprintf("dsl: schema %q: %v", name, err))
	}
	root.link(root)
	if shapes.byName == nil {
		shapes.byName = map[string]*shape{}
	}
	shapes.byName[name] = root
	return root
}

// link compiles patterns and puts the definitions in place of references.
// References go to $defs of the root only.
func (s *shape) link(root *shape) {
	if s.pattern != nil || s.names != nil {
		return
	}
	s.names = make([]string, 0, len(s.Properties))
	if s.Pattern != "" {
		s.pattern = regexp.MustCompile(s.Pattern)
	}
	for name, p := range s.Properties {
		s.names = append(s.names, name)
		s.Properties[name] = p.linked(root)
	}
	slices.Sort(s.names)
	for name, d := range s.Defs {
		s.Defs[name] = d.linked(root)
	}
	for i, o := range s.OneOf {
		s.OneOf[i] = o.linked(root)
	}
	s.Items = s.Items.linked(root)
	s.PropertyNames = s.PropertyNames.linked(root)
	if s.Additional != nil {
		s.Additional.shape = s.Additional.shape.linked(root)
	}
}

// linked returns what s stands for.
func (s *shape) linked(root *shape) *shape {
	if s == nil {
		return nil
	}
	if s.Ref != "" {
		d := root.Defs[strings.TrimPrefix(s.Ref, "#/$defs/")]
		if d == nil {
			panic(fmt.Sprintf("dsl: %s is not defined", s.Ref))
		}
		return d.linked(root)
	}
	s.link(root)
	return s
}

// accepts tells whether a value of that kind can be of the shape at all.
func (s *shape) accepts(n *node) bool {
	if len(s.OneOf) > 0 {
		return slices.ContainsFunc(s.OneOf, func(o *shape) bool { return o.accepts(n) })
	}
	if s.Type == nil {
		return true
	}
	return slices.ContainsFunc(s.Type, func(t string) bool {
		switch t {
		case "integer":
			return n.kind == kindNumber && integral(n.value)
		case "number":
			return n.kind == kindNumber
		case "string":
			return n.kind == kindString
		case "boolean":
			return n.kind == kindBool
		case "array":
			return n.kind == kindList
		case "object":
			return n.kind == kindMap
		default:
			return n.kind == kindNull
		}
	})
}

// integral tells whether a number has no fraction, as JSON Schema sees it.
func integral(v any) bool {
	switch x := v.(type) {
	case float64:
		return x == float64(int64(x))
	case json.Number:
		return !strings.ContainsAny(string(x), ".eE")
	}
	return true
}

// what describes the shape in a message.
func (s *shape) what() string {
	switch {
	case s.Title != "":
		return s.Title
	case len(s.Enum) > 0:
		return "one of " + listed(s.Enum)
	case len(s.OneOf) > 0:
		parts := make([]string, len(s.OneOf))
		for i, o := range s.OneOf {
			parts[i] = o.what()
		}
		return strings.Join(parts, " or ")
	case len(s.Type) > 0:
		return "a value of type " + strings.Join(s.Type, " or ")
	}
	return "a value"
}

func listed(values []any) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = fmt.Sprint(v)
	}
	return strings.Join(parts, ", ")
}
