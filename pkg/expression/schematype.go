package expression

import (
	"maps"
	"slices"
	"strings"
)

// TypeOfSchema returns the static type of the values that a JSON Schema lets
// through. What the type system cannot say becomes any. A property with a
// default counts as present. An object that declares properties and says
// nothing of additionalProperties is closed for readers, so that a misspelt
// name is found, though values may hold more. raw that is no JSON yields any.
func TypeOfSchema(raw []byte) *Type {
	root, err := DecodeRaw(raw)
	if err != nil {
		return anyType
	}
	s := schemaTyper{root: root}
	return s.typeOf(root, 0)
}

// TypeOfArgument is TypeOfSchema for a value that somebody gives and defaults
// are filled into afterwards: a property with a default may be left out.
func TypeOfArgument(raw []byte) *Type {
	root, err := DecodeRaw(raw)
	if err != nil {
		return anyType
	}
	s := schemaTyper{root: root, given: true}
	return s.typeOf(root, 0)
}

// schemaTyper derives types from one schema document.
type schemaTyper struct {
	root  any
	given bool // defaults are not filled in yet
	// steps bounds the work on schemas that fan out through references.
	steps int
}

const maxTypeSteps = 20_000

func (s *schemaTyper) typeOf(schema any, depth int) *Type {
	object, ok := schema.(map[string]any)
	if s.steps++; !ok || depth > maxTypeDepth || s.steps > maxTypeSteps {
		return anyType
	}
	if ref, ok := object["$ref"].(string); ok {
		t := s.typeOf(s.resolve(ref), depth+1)
		for _, beside := range []string{"properties", "required", "allOf", "patternProperties", "additionalProperties"} {
			if object[beside] != nil {
				return s.joined(t, without(object, "$ref"), depth)
			}
		}
		return t
	}
	if value, ok := object["const"]; ok {
		return TypeOf(value)
	}
	if values, ok := object["enum"].([]any); ok && len(values) > 0 {
		return enumType(values)
	}
	for _, key := range []string{"oneOf", "anyOf"} {
		if branches, ok := object[key].([]any); ok && len(branches) > 0 && object["properties"] == nil {
			return s.union(branches, depth)
		}
	}
	t := s.byKeyword(object, depth)
	if parts, ok := object["allOf"].([]any); ok && len(parts) > 0 {
		t = s.allOf(t, parts, depth)
	}
	return s.extended(t, object, depth)
}

// extended adds the fields of the branches that hold for some values only;
// any of them may be absent.
func (s *schemaTyper) extended(t *Type, object map[string]any, depth int) *Type {
	if t.kind() != TypeObject {
		return t
	}
	var branches []any
	for _, key := range []string{"oneOf", "anyOf"} {
		list, _ := object[key].([]any)
		branches = append(branches, list...)
	}
	for _, key := range []string{"if", "then", "else"} {
		branches = append(branches, object[key])
	}
	dependent, _ := object["dependentSchemas"].(map[string]any)
	for _, name := range sortedNames(dependent) {
		branches = append(branches, dependent[name])
	}
	wider := *t
	wider.Fields = slices.Clone(t.Fields)
	for _, branch := range branches {
		if _, ok := branch.(map[string]any); !ok {
			continue
		}
		u := s.typeOf(branch, depth+1)
		if u.kind() != TypeObject {
			continue
		}
		for _, f := range u.Fields {
			if _, ok := wider.field(f.Name); !ok {
				f.Optional = true
				wider.Fields = append(wider.Fields, f)
			}
		}
	}
	return &wider
}

// byKeyword reads type, properties and items.
func (s *schemaTyper) byKeyword(object map[string]any, depth int) *Type {
	switch kind := object["type"].(type) {
	case string:
		return s.named(kind, object, depth)
	case []any:
		var t *Type
		nullable := false
		for _, name := range kind {
			text, _ := name.(string)
			if text == "null" {
				nullable = true
				continue
			}
			if u := s.named(text, object, depth); t == nil {
				t = u
			} else {
				t = Union(t, u)
			}
		}
		switch {
		case t == nil && nullable:
			return nullType
		case t == nil:
			return anyType
		case nullable:
			return t.withNull()
		}
		return t
	}
	switch {
	case object["properties"] != nil:
		return s.object(object, depth)
	case object["items"] != nil || object["prefixItems"] != nil:
		return s.list(object, depth)
	}
	return anyType
}

func (s *schemaTyper) named(kind string, object map[string]any, depth int) *Type {
	switch kind {
	case "null":
		return nullType
	case "boolean":
		return boolType
	case "integer":
		return intType
	case "number":
		return numberType
	case "string":
		return stringType
	case "array":
		return s.list(object, depth)
	case "object":
		return s.object(object, depth)
	}
	return anyType
}

func (s *schemaTyper) list(object map[string]any, depth int) *Type {
	first, _ := object["prefixItems"].([]any)
	var elem *Type
	for _, schema := range first {
		elem = unionWith(elem, s.typeOf(schema, depth+1))
	}
	if items, ok := object["items"].(bool); ok && !items && elem != nil {
		return &Type{Kind: TypeList, Elem: elem}
	}
	return &Type{Kind: TypeList, Elem: unionWith(elem, s.typeOf(object["items"], depth+1))}
}

// unionWith is the union of t, nil when there was none yet, and another type.
func unionWith(t, u *Type) *Type {
	if t == nil {
		return u
	}
	return Union(t, u)
}

func (s *schemaTyper) object(object map[string]any, depth int) *Type {
	properties, _ := object["properties"].(map[string]any)
	t := &Type{Kind: TypeObject, Open: isOpen(object, len(properties))}
	if t.Open {
		t.Elem = s.others(object, depth)
	}
	required := map[string]bool{}
	requiredBy(object, required)
	for _, name := range sortedNames(properties) {
		f := Field{Name: name, Type: s.typeOf(properties[name], depth+1)}
		f.Optional = !required[name] && (s.given || !hasDefault(s.follow(properties[name])))
		t.Fields = append(t.Fields, f)
	}
	for _, name := range slices.Sorted(maps.Keys(required)) {
		if _, ok := t.field(name); !ok && len(properties) > 0 {
			t.Fields = append(t.Fields, Field{Name: name, Type: t.elem()})
		}
	}
	return t
}

// isOpen tells whether members beyond the declared ones may be read.
func isOpen(object map[string]any, declared int) bool {
	switch more := object["additionalProperties"].(type) {
	case bool:
		return more || object["patternProperties"] != nil
	case map[string]any:
		return true
	}
	return declared == 0 || object["patternProperties"] != nil
}

// others returns the type of the members beyond the declared ones, nil when it
// is any.
func (s *schemaTyper) others(object map[string]any, depth int) *Type {
	var t *Type
	patterns, _ := object["patternProperties"].(map[string]any)
	for _, pattern := range sortedNames(patterns) {
		t = unionWith(t, s.typeOf(patterns[pattern], depth+1))
	}
	switch more := object["additionalProperties"].(type) {
	case map[string]any:
		t = unionWith(t, s.typeOf(more, depth+1))
	case bool:
		if more {
			return nil
		}
	default:
		if declared, _ := object["properties"].(map[string]any); len(declared) == 0 && len(patterns) == 0 {
			return nil
		}
	}
	if t.kind() == TypeAny {
		return nil
	}
	return t
}

func hasDefault(schema any) bool {
	object, ok := schema.(map[string]any)
	if !ok {
		return false
	}
	_, ok = object["default"]
	return ok
}

func (s *schemaTyper) union(branches []any, depth int) *Type {
	t := s.typeOf(branches[0], depth+1)
	for _, branch := range branches[1:] {
		t = Union(t, s.typeOf(branch, depth+1))
	}
	return t
}

// allOf joins the fields of all parts; parts that are no objects yield any.
func (s *schemaTyper) allOf(own *Type, parts []any, depth int) *Type {
	joined := &Type{Kind: TypeObject, Open: true}
	found := 0
	types := []*Type{own}
	for _, part := range parts {
		types = append(types, s.typeOf(part, depth+1))
	}
	for _, t := range types {
		if t.Kind == TypeAny {
			continue
		}
		if t.Kind != TypeObject {
			if len(parts) == 1 && own.Kind == TypeAny {
				return t
			}
			return anyType
		}
		found++
		joined.join(t)
	}
	if found == 0 {
		return anyType
	}
	required := map[string]bool{}
	for _, part := range parts {
		requiredBy(s.follow(part), required)
	}
	for i, f := range joined.Fields {
		joined.Fields[i].Optional = f.Optional && !required[f.Name]
	}
	return joined
}

// join makes t the type of what is of both types.
func (t *Type) join(u *Type) {
	t.Open = t.Open && u.Open
	if t.Elem == nil {
		t.Elem = u.Elem
	}
	for _, f := range u.Fields {
		i := slices.IndexFunc(t.Fields, func(g Field) bool { return g.Name == f.Name })
		if i < 0 {
			t.Fields = append(t.Fields, f)
			continue
		}
		g := &t.Fields[i]
		if g.Optional = g.Optional && f.Optional; g.Type.kind() == TypeAny {
			g.Type = f.Type
		}
	}
}

// joined is the type of what is of a type and fits a schema too.
func (s *schemaTyper) joined(t *Type, object map[string]any, depth int) *Type {
	return s.allOf(t, []any{object}, depth)
}

// requiredBy adds the names that a schema requires.
func requiredBy(schema any, names map[string]bool) {
	object, _ := schema.(map[string]any)
	list, _ := object["required"].([]any)
	for _, name := range list {
		if text, ok := name.(string); ok {
			names[text] = true
		}
	}
}

// without returns an object without one of its members.
func without(object map[string]any, name string) map[string]any {
	rest := map[string]any{}
	for key, x := range object { // order does not show: a map is made of a map
		if key != name {
			rest[key] = x
		}
	}
	return rest
}

func enumType(values []any) *Type {
	t := TypeOf(values[0])
	for _, value := range values[1:] {
		t = Union(t, TypeOf(value))
	}
	return t
}

// follow returns the schema behind a chain of local references.
func (s *schemaTyper) follow(schema any) any {
	for range maxTypeDepth {
		object, ok := schema.(map[string]any)
		if !ok || hasDefault(object) {
			return schema
		}
		ref, ok := object["$ref"].(string)
		if !ok {
			return schema
		}
		schema = s.resolve(ref)
	}
	return nil
}

// resolve returns the schema that a local reference such as #/$defs/item names,
// nil when there is none.
func (s *schemaTyper) resolve(ref string) any { return resolveLocal(s.root, ref) }

func resolveLocal(root any, ref string) any {
	pointer, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return nil
	}
	at := root
	if pointer == "" {
		return at
	}
	if pointer[0] != '/' {
		return nil
	}
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	for name := range strings.SplitSeq(pointer[1:], "/") {
		object, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = object[unescape.Replace(name)]
	}
	return at
}
