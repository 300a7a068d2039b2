package connectors

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"
	"strings"
)

// Operation is one thing that a connector does. It is immutable and safe for
// concurrent use.
type Operation struct {
	ID      string // connector.operation
	Summary string // one sentence, ending in a full stop
	// In and Out are the JSON Schemas of input and output, made from the
	// structs that the operation reads and returns.
	In, Out json.RawMessage
	// Repeat gives the rule of repetition for a call with this input through
	// a connection with these settings. It is pure. Sealed secrets may stand
	// in place of scalars. An input that cannot be read is never repeated.
	Repeat func(s Settings, input json.RawMessage) Repeat
	// Check says what is wrong with an input, nil when Run would take it. It
	// is pure. Sealed secrets may stand in place of scalars.
	Check func(input json.RawMessage) []Problem
	// Run performs one attempt. A missing input is {}. An input that does not
	// fit the schema, a member that is not in it included, is an error with
	// CodeInvalidInput; a panic becomes one with CodeConnectorPanic.
	Run Runner
}

// Connector returns the name of the connector that the operation belongs to.
func (o Operation) Connector() string {
	name, _, _ := strings.Cut(o.ID, ".")
	return name
}

// Validator is an input or settings struct with rules that span its members.
// Validate is called after decoding, must be pure, and must accept empty text
// where a scalar was given: a sealed secret looks like that.
type Validator interface{ Validate() []Problem }

// Op makes an operation out of a function on structs. In and Out are structs,
// or json.RawMessage for any JSON. Tags of their fields make the schema:
//
//	json:"name,omitempty"  the member's name; an output without omitempty is always there
//	doc:"text"             what it is
//	required:"true"        an input must have it
//	enum:"a,b"             the only texts allowed
//	default:"text or JSON" what a missing member of an input is
//	min:"1" max:"10"       bounds of a number, of a text's characters, of a list's length
//	pattern:"^/"           what a text must match
//	says:"must begin …"    what the pattern means, for messages
//
// r nil means Never.
func Op[In, Out any](id, summary string, r RepeatFunc[In], run func(context.Context, Call, In) (Out, error)) Operation {
	in, out := shapeOf(reflect.TypeFor[In](), forInput), shapeOf(reflect.TypeFor[Out](), forOutput)
	read := func(raw json.RawMessage, mode sealing) (v In, problems []Problem) {
		if len(raw) == 0 && in.kind == kindObject {
			raw = json.RawMessage("{}")
		}
		filled, problems := in.accept(raw, mode)
		if len(problems) == 0 {
			problems = unmarshal(filled, &v)
		}
		return v, problems
	}
	return Operation{
		ID: id, Summary: summary, In: in.schema(), Out: out.schema(),
		Repeat: func(s Settings, raw json.RawMessage) Repeat {
			if r == nil {
				return Never
			}
			v, problems := read(raw, sealedAllowed)
			if len(problems) > 0 {
				return Never
			}
			return r(s, v)
		},
		Check: func(raw json.RawMessage) []Problem {
			_, problems := read(raw, sealedAllowed)
			return problems
		},
		Run: func(ctx context.Context, c Call) (result json.RawMessage, err error) {
			defer func() {
				if p := recover(); p != nil {
					result, err = nil, panicked(id, p)
				}
			}()
			v, problems := read(c.Input, sealedRefused)
			if len(problems) > 0 {
				return nil, Invalid(problems...)
			}
			answer, err := run(ctx, c, v)
			if err != nil {
				return nil, typed(ctx, id, err)
			}
			return encode(id, answer)
		},
	}
}

// Always returns the rule that does not depend on the call.
func Always[In any](r Repeat) RepeatFunc[In] {
	return func(Settings, In) Repeat { return r }
}

// encode writes an output as compact JSON.
func encode(id string, v any) (json.RawMessage, error) {
	if raw, ok := v.(json.RawMessage); ok && len(raw) == 0 {
		return json.RawMessage("null"), nil
	}
	raw, err := marshal(v)
	if err != nil {
		return nil, &Error{
			Code: CodeInvalidOutput, Message: id + " returned what is not JSON: " + err.Error(),
			Final: true, Lost: true, Err: err,
		}
	}
	return raw, nil
}

// marshal writes compact JSON and leaves < > & as they are.
func marshal(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	if raw, ok := v.(json.RawMessage); ok {
		b.Grow(len(raw))
		err := json.Compact(&b, raw)
		return b.Bytes(), err
	}
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// unmarshal decodes JSON that has passed accept.
func unmarshal(raw json.RawMessage, into any) []Problem {
	if to, ok := into.(*json.RawMessage); ok {
		*to = raw
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return []Problem{{Message: "cannot be read: " + err.Error()}}
	}
	if v, ok := into.(Validator); ok {
		return v.Validate()
	}
	return nil
}
