package expression

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// Bounds of a JSON Schema that an author gives.
const (
	MaxSchemaSize  = 64 << 10 // bytes
	MaxSchemaDepth = 64       // nested lists and objects
	MaxPattern     = 512      // characters of a pattern
	// maxFanOut is how many subschemas one value may be held against, all
	// branches and references counted.
	maxFanOut = 10_000
)

// Schema is a compiled JSON Schema 2020-12. It is immutable and safe for
// concurrent use. A nil *Schema lets everything through.
type Schema struct {
	raw         []byte
	root        any
	compiled    *jsonschema.Schema
	typ         *Type
	hasDefaults bool
	// maxDepth is how deep a value may be nested that is held against the
	// schema; 0: as deep as any value.
	maxDepth int
}

// schemaURL names the document itself; nothing is ever loaded from it.
const schemaURL = "schema:///document"

var errRemote = errors.New("only references inside the schema, such as #/$defs/item, are supported")

// CompileSchema compiles a JSON Schema. It refuses references out of the
// document, more than MaxSchemaSize bytes, more than MaxSchemaDepth levels,
// patterns longer than MaxPattern, and branches that multiply without bound.
func CompileSchema(raw []byte) (*Schema, error) {
	if len(raw) > MaxSchemaSize {
		return nil, fmt.Errorf("the schema has %d bytes, at most %d are allowed", len(raw), MaxSchemaSize)
	}
	root, err := DecodeRaw(raw)
	if err != nil {
		return nil, err
	}
	if _, ok := root.(bool); !ok && reflect.TypeOf(root) != reflect.TypeFor[map[string]any]() {
		return nil, fmt.Errorf("a schema is an object or a boolean, got %s", describe(root))
	}
	b := schemaBounds{}
	if err := b.check(root, 0, false); err != nil {
		return nil, err
	}
	compiled, err := compileBounded(string(raw))
	if err != nil {
		return nil, err
	}
	if fanOut(compiled, map[*jsonschema.Schema]int{}) > maxFanOut {
		return nil, fmt.Errorf("the branches and references of the schema multiply to more than %d checks of one value", maxFanOut)
	}
	return &Schema{
		raw: raw, root: root, compiled: compiled, typ: TypeOfSchema(raw), hasDefaults: b.hasDefaults,
		maxDepth: depthFor(compiled),
	}, nil
}

func compileBounded(raw string) (s *jsonschema.Schema, err error) {
	defer func() {
		if r := recover(); r != nil {
			s, err = nil, fmt.Errorf("the schema is not valid: %v", r)
		}
	}()
	c := jsonschema.NewCompiler()
	c.Draft = jsonschema.Draft2020
	c.AssertFormat = true
	c.LoadURL = func(string) (io.ReadCloser, error) { return nil, errRemote }
	if err := c.AddResource(schemaURL, strings.NewReader(raw)); err != nil {
		return nil, schemaError(err)
	}
	s, err = c.Compile(schemaURL)
	if err != nil {
		return nil, schemaError(err)
	}
	return s, nil
}

// schemaError says in short what is wrong with a schema.
func schemaError(err error) error {
	if errors.Is(err, errRemote) {
		return errRemote
	}
	var invalid *jsonschema.ValidationError
	if errors.As(err, &invalid) {
		return newSchemaError(invalid)
	}
	text := strings.TrimPrefix(err.Error(), "jsonschema "+schemaURL+" compilation failed: ")
	return errors.New(strings.ReplaceAll(strings.TrimPrefix(text, "jsonschema: "), schemaURL, ""))
}

// schemaBounds walks a schema document and holds it against the bounds.
type schemaBounds struct{ hasDefaults bool }

// check looks at one part; named tells that its members are names of the
// author (of properties, definitions or patterns), not keywords.
func (b *schemaBounds) check(part any, depth int, named bool) error {
	if depth > MaxSchemaDepth {
		return fmt.Errorf("the schema is nested deeper than %d levels", MaxSchemaDepth)
	}
	switch v := part.(type) {
	case []any:
		for _, elem := range v {
			if err := b.check(elem, depth+1, false); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, name := range sortedNames(v) {
			if err := b.checkMember(name, v[name], depth, named); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *schemaBounds) checkMember(name string, value any, depth int, named bool) error {
	if named {
		return b.check(value, depth+1, false)
	}
	switch name {
	case "default":
		b.hasDefaults = true
		return checkDepth(value, depth+1)
	case "const", "enum", "examples":
		return checkDepth(value, depth+1)
	case "pattern":
		if text, ok := value.(string); ok && len(text) > MaxPattern {
			return fmt.Errorf("a pattern has %d characters, at most %d are allowed", len(text), MaxPattern)
		}
	case "$ref", "$dynamicRef", "$recursiveRef":
		if text, ok := value.(string); ok && !strings.HasPrefix(text, "#") {
			return fmt.Errorf("%q: %w", text, errRemote)
		}
	case "patternProperties":
		if patterns, ok := value.(map[string]any); ok {
			for _, pattern := range sortedNames(patterns) {
				if len(pattern) > MaxPattern {
					return fmt.Errorf("a pattern has %d characters, at most %d are allowed", len(pattern), MaxPattern)
				}
			}
		}
		return b.check(value, depth+1, true)
	case "properties", "$defs", "definitions", "dependentSchemas":
		return b.check(value, depth+1, true)
	}
	return b.check(value, depth+1, false)
}

// checkDepth bounds the depth of data inside of a schema.
func checkDepth(x any, depth int) error {
	if depth > MaxSchemaDepth {
		return fmt.Errorf("the schema is nested deeper than %d levels", MaxSchemaDepth)
	}
	switch v := x.(type) {
	case []any:
		for _, elem := range v {
			if err := checkDepth(elem, depth+1); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, name := range sortedNames(v) {
			if err := checkDepth(v[name], depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// Raw returns the schema's JSON as it was given. The caller must not change it.
func (s *Schema) Raw() []byte {
	if s == nil {
		return nil
	}
	return s.raw
}

// Type returns the static type of the values that the schema lets through,
// after Fill.
func (s *Schema) Type() *Type {
	if s == nil {
		return anyType
	}
	return s.typ
}

// plainOf returns x with durations and times as text, and sealed values as the
// text that they will be. Lists and objects without such are not copied.
func plainOf(x any, depth int) any {
	if depth > MaxDepth {
		return x
	}
	switch v := x.(type) {
	case Duration:
		return v.String()
	case time.Time:
		return FormatTime(v)
	case Sealed:
		return v.String()
	case Decimal:
		return v.String()
	case []any:
		list := v
		for i, elem := range v {
			if plain := plainOf(elem, depth+1); !same(plain, elem) {
				if same(list, v) {
					list = append([]any(nil), v...)
				}
				list[i] = plain
			}
		}
		return list
	case map[string]any:
		object := v
		for _, name := range sortedNames(v) {
			if plain := plainOf(v[name], depth+1); !same(plain, v[name]) {
				if same(object, v) {
					object = make(map[string]any, len(v))
					for _, member := range sortedNames(v) {
						object[member] = v[member]
					}
				}
				object[name] = plain
			}
		}
		return object
	}
	return x
}

// same tells whether b is a itself: the same list, object or kind of scalar.
func same(a, b any) bool {
	switch v := a.(type) {
	case map[string]any:
		w, ok := b.(map[string]any)
		return ok && reflect.ValueOf(v).Pointer() == reflect.ValueOf(w).Pointer()
	case []any:
		w, ok := b.([]any)
		return ok && len(v) == len(w) && (len(v) == 0 || &v[0] == &w[0])
	}
	return reflect.TypeOf(a) == reflect.TypeOf(b)
}
