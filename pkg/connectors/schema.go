package connectors

import (
	"bytes"
	"encoding/json"
	"reflect"
)

// SchemaOf returns the JSON Schema of inputs of type T.
func SchemaOf[T any]() json.RawMessage { return shapeOf(reflect.TypeFor[T](), forInput).schema() }

// schema writes the shape as JSON Schema 2020-12, members in the order in
// which the struct declares them.
func (s *shape) schema() json.RawMessage {
	var w schemaWriter
	w.shape(s)
	return w.Bytes()
}

// ownSchema returns the schema that a type gives of itself.
func ownSchema(s *shape) json.RawMessage {
	return reflect.Zero(s.goType).Interface().(Schemer).JSONSchema()
}

type schemaWriter struct{ bytes.Buffer }

var typeNames = map[kind]string{
	kindBool: "boolean", kindInteger: "integer", kindNumber: "number", kindString: "string",
	kindList: "array", kindObject: "object", kindMap: "object",
}

func (w *schemaWriter) shape(s *shape) {
	o := object{w: w}
	w.WriteByte('{')
	if s.kind == kindOwn {
		o.splice(ownSchema(s))
	} else if name := typeNames[s.kind]; name != "" {
		o.put("type", name)
	}
	o.putIf(s.doc != "", "description", s.doc)
	o.putIf(s.format != "", "format", s.format)
	o.putIf(s.secret, "writeOnly", true)
	o.putIf(len(s.enum) > 0, "enum", s.enum)
	if s.pattern != nil {
		o.put("pattern", s.pattern.String())
	}
	low, high := boundNames(s.kind)
	o.putIf(s.min != nil, low, s.min)
	o.putIf(s.max != nil, high, s.max)
	o.putIf(s.fallback != nil, "default", s.fallback)
	switch s.kind {
	case kindList:
		o.key("items")
		w.shape(s.elem)
	case kindMap:
		o.key("additionalProperties")
		w.shape(s.elem)
	case kindObject:
		o.members(s)
	default: // nothing inside
	}
	w.WriteByte('}')
}

func boundNames(k kind) (low, high string) {
	switch k {
	case kindString:
		return "minLength", "maxLength"
	case kindList:
		return "minItems", "maxItems"
	default:
		return "minimum", "maximum"
	}
}

// object writes the members of one JSON object.
type object struct {
	w     *schemaWriter
	begun bool
}

func (o *object) key(name string) {
	if o.begun {
		o.w.WriteByte(',')
	}
	o.begun = true
	o.w.value(name)
	o.w.WriteByte(':')
}

func (o *object) put(name string, v any) {
	o.key(name)
	o.w.value(v)
}

func (o *object) putIf(ok bool, name string, v any) {
	if ok {
		o.put(name, v)
	}
}

// splice writes the members of a JSON object.
func (o *object) splice(raw json.RawMessage) {
	if inner := bytes.TrimSpace(raw); len(inner) > 2 {
		o.w.Write(inner[1 : len(inner)-1])
		o.begun = true
	}
}

func (o *object) members(s *shape) {
	o.key("properties")
	o.w.WriteByte('{')
	inner, required := object{w: o.w}, []string{}
	for _, m := range s.members {
		inner.key(m.name)
		o.w.shape(m.shape)
		if m.required {
			required = append(required, m.name)
		}
	}
	o.w.WriteByte('}')
	o.putIf(len(required) > 0, "required", required)
	o.put("additionalProperties", false)
}

func (w *schemaWriter) value(v any) {
	e := json.NewEncoder(&w.Buffer)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("connectors: a schema is not JSON: " + err.Error())
	}
	w.Truncate(w.Len() - 1) // the newline
}
