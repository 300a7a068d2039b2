package expression

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Template is a value with expressions in it: a literal, one expression, a
// text with expressions, a list or an object of templates. It is immutable and
// safe for concurrent use.
type Template struct {
	kind    templateKind
	literal any
	program *Program
	keys    []string
	parts   []*Template
}

type templateKind uint8

const (
	literalTemplate templateKind = iota
	dynamicTemplate
	textTemplate
	listTemplate
	objectTemplate
)

// Literal returns the template of the decoded value x, which it takes over.
func Literal(x any) *Template { return &Template{literal: x} }

// Dynamic returns the template of one expression; its value keeps its type.
func Dynamic(p *Program) *Template { return &Template{kind: dynamicTemplate, program: p} }

// Text returns the template that joins parts to a text. Texts, numbers,
// booleans, durations and times are written as they are; anything else is an
// error when it is evaluated. A sealed part makes the whole text sealed.
func Text(parts []*Template) *Template { return &Template{kind: textTemplate, parts: parts} }

// List returns the template of a list.
func List(items []*Template) *Template {
	return fold(&Template{kind: listTemplate, parts: items})
}

// Object returns the template of an object with those members, which must
// differ. keys and vals are of one length.
func Object(keys []string, vals []*Template) *Template {
	return fold(&Template{kind: objectTemplate, keys: keys, parts: vals})
}

// fold turns a list or object of literals into one literal.
func fold(t *Template) *Template {
	for _, part := range t.parts {
		if part.kind != literalTemplate {
			return t
		}
	}
	x, err := t.eval(nil)
	if err != nil {
		return t
	}
	return Literal(x)
}

// IsLiteral returns the value of a template without expressions. The caller
// must not change it.
func (t *Template) IsLiteral() (any, bool) {
	if t == nil {
		return nil, true
	}
	return t.literal, t.kind == literalTemplate
}

// Programs returns the expressions of the template, in order.
func (t *Template) Programs() []*Program {
	if t == nil {
		return nil
	}
	if t.program != nil {
		return []*Program{t.program}
	}
	var programs []*Program
	for _, part := range t.parts {
		programs = append(programs, part.Programs()...)
	}
	return programs
}

// Reads returns the slots that the template reads, each once.
func (t *Template) Reads() []Read {
	var reads []Read
	for _, p := range t.Programs() {
		for _, r := range p.Reads() {
			if !slices.Contains(reads, r) {
				reads = append(reads, r)
			}
		}
	}
	return reads
}

// Type returns the static type of the template's value.
func (t *Template) Type() *Type {
	if t == nil {
		return nullType
	}
	switch t.kind {
	case dynamicTemplate:
		return t.program.Type()
	case textTemplate:
		for _, part := range t.parts {
			if part.Type().kind() == TypeSecret {
				return secretType
			}
		}
		return stringType
	case listTemplate:
		list := &Type{Kind: TypeList, Elem: t.parts[0].Type()}
		for _, part := range t.parts[1:] {
			list.Elem = Union(list.Elem, part.Type())
		}
		return list
	case objectTemplate:
		object := &Type{Kind: TypeObject}
		for i, key := range t.keys {
			object.Fields = append(object.Fields, Field{Name: key, Type: t.parts[i].Type()})
		}
		return object
	default:
		return TypeOf(t.literal)
	}
}

// Eval returns the template's value, made of what Decode yields and of
// Duration, time.Time and Sealed. The error is an *Error or a *Lack; a *Lack
// names the missing bytes of all expressions of the template.
func (t *Template) Eval(env Env) (any, error) {
	if t == nil {
		return nil, nil
	}
	return t.eval(&evaluation{env: env})
}

func (t *Template) eval(ev *evaluation) (any, error) {
	switch t.kind {
	case dynamicTemplate:
		return t.program.eval(ev.env, ev)
	case textTemplate:
		return t.evalText(ev)
	case listTemplate:
		return t.evalParts(ev)
	case objectTemplate:
		values, err := t.evalParts(ev)
		if err != nil {
			return nil, err
		}
		object := make(map[string]any, len(t.keys))
		for i, key := range t.keys {
			object[key] = values[i]
		}
		return object, nil
	default:
		return t.literal, nil
	}
}

// evalParts evaluates all parts. When bytes are missing it goes on, so that
// all of them are named at once.
func (t *Template) evalParts(ev *evaluation) ([]any, error) {
	values := make([]any, len(t.parts))
	var lack *Lack
	for i, part := range t.parts {
		x, err := part.eval(ev)
		if err != nil {
			if lack, err = lackOf(lack, err); err != nil {
				return nil, err
			}
			continue
		}
		values[i] = x
	}
	if lack != nil {
		return nil, lack
	}
	return values, nil
}

// lackOf joins a *Lack to what is missing already, and returns any other
// error.
func lackOf(lack *Lack, err error) (*Lack, error) {
	more, ok := err.(*Lack) //nolint:errorlint // a Lack is passed on as it is, never wrapped
	if !ok {
		return lack, err
	}
	if lack == nil {
		return &Lack{Hashes: slices.Clone(more.Hashes)}, nil
	}
	for _, h := range more.Hashes {
		if !slices.Contains(lack.Hashes, h) {
			lack.Hashes = append(lack.Hashes, h)
		}
	}
	return lack, nil
}

func (t *Template) evalText(ev *evaluation) (any, error) {
	values, err := t.evalParts(ev)
	if err != nil {
		return nil, err
	}
	for _, x := range values {
		if _, ok := x.(Sealed); ok {
			return Sealed{Fn: sealedConcat, Args: values}, nil
		}
	}
	var b strings.Builder
	for i, x := range values {
		text, err := textOf(x)
		if err != nil {
			return nil, &Error{Code: CodeExpressionError, Message: err.Error(), Source: t.parts[i].source()}
		}
		if b.Len()+len(text) > MaxResult {
			return nil, &Error{Code: CodeExpressionLimit, Message: errResultSize.Error(), Source: t.parts[i].source()}
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

func (t *Template) source() string {
	if t.program != nil {
		return t.program.Source()
	}
	return ""
}

// textOf returns x as it stands in a text.
func textOf(x any) (string, error) {
	switch v := x.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case int:
		return strconv.Itoa(v), nil
	case float64:
		b, err := appendFloat(nil, v)
		return string(b), err
	case json.Number:
		return string(v), nil
	case Duration:
		return v.String(), nil
	case time.Time:
		return FormatTime(v), nil
	case Decimal:
		return v.String(), nil
	}
	return "", fmt.Errorf("%s cannot stand in a text: %s", describe(x), textHint(x))
}

func textHint(x any) string {
	if x == nil {
		return "give another value with ??"
	}
	return "write it with toJSON()"
}

// describe names the type of a value for messages.
func describe(x any) string {
	switch x.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case int:
		return "an integer"
	case float64:
		return "a number"
	case json.Number:
		return "a number too large to compute with"
	case string:
		return "a string"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	case Duration:
		return "a duration"
	case time.Time:
		return "a time"
	case Sealed:
		return "a secret"
	case Decimal:
		return "a decimal"
	}
	return fmt.Sprintf("a %T", x)
}
