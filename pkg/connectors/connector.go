package connectors

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
)

// OpenFunc makes what all calls through one connection share. The close it
// returns is never nil when the error is nil; it waits for nothing but what
// it opened itself.
type OpenFunc func(ctx context.Context, s Settings) (shared any, closeShared func() error, err error)

// Connector is a named set of operations and the connections they go through.
type Connector struct {
	Name    string // the part of an operation's name before the dot
	Summary string // one sentence, ending in a full stop
	// Doc is what the reference page says beyond the summary; paragraphs of
	// plain text.
	Doc string
	// Settings is the JSON Schema of a connection's settings, nil when the
	// connector needs no connection.
	Settings   json.RawMessage
	Operations []Operation
	// Returns is the member of an output that a step's returns describes;
	// empty: the output itself.
	Returns string
	// CheckSettings says what is wrong with the form of a connection's
	// settings. It opens nothing. Sealed secrets may stand in place of
	// scalars. It is nil when the connector needs no connection.
	CheckSettings func(s Settings) []Problem
	// Open is nil when the connector needs no connection.
	Open OpenFunc
}

// Connected completes a connector whose operations go through connections:
// its settings have the form of the struct S, and open makes what the calls
// of one connection share. Settings are decoded as strictly as inputs are; a
// panic in open becomes an error.
func Connected[S any](c Connector, open func(ctx context.Context, s S) (shared any, closeShared func() error, err error)) *Connector {
	form := shapeOf(reflect.TypeFor[S](), forInput)
	c.Settings = form.schema()
	c.CheckSettings = func(s Settings) []Problem {
		raw, err := json.Marshal(map[string]any(s))
		if err != nil {
			return []Problem{{Message: "is not JSON: " + err.Error()}}
		}
		if _, problems := form.accept(raw, sealedAllowed); len(problems) > 0 {
			return problems
		}
		return validated(form, raw, new(S))
	}
	c.Open = func(ctx context.Context, s Settings) (shared any, closeShared func() error, err error) {
		defer func() {
			if p := recover(); p != nil {
				shared, closeShared, err = nil, nil, fmt.Errorf("%s: open panicked: %v", c.Name, p)
			}
		}()
		var settings S
		if err := form.decode(s, &settings); err != nil {
			return nil, nil, err
		}
		shared, closeShared, err = open(ctx, settings)
		if err == nil && closeShared == nil {
			closeShared = func() error { return nil }
		}
		return shared, closeShared, err
	}
	return &c
}

// validated has settings of the right form checked by the struct that into
// points to. A sealed secret is taken for some text, and what is wrong with
// that text is not reported. What cannot be read in this way is checked when
// it is opened.
func validated(form *shape, raw json.RawMessage, into any) []Problem {
	var places []string
	raw = unsealed("", raw, &places)
	filled, problems := form.accept(raw, sealedRefused)
	if len(problems) > 0 || json.Unmarshal(filled, into) != nil {
		return nil
	}
	v, ok := into.(Validator)
	if !ok {
		return nil
	}
	for _, p := range v.Validate() {
		if !slices.Contains(places, p.Path) {
			problems = append(problems, p)
		}
	}
	return problems
}

// unsealed returns raw with a text in place of each sealed secret, and adds
// their places.
func unsealed(at string, raw json.RawMessage, places *[]string) json.RawMessage {
	if isSealed(raw) {
		*places = append(*places, at)
		return json.RawMessage(`"***"`)
	}
	var list []json.RawMessage
	var members map[string]json.RawMessage
	switch kindName(raw) {
	case "list":
		if json.Unmarshal(raw, &list) != nil {
			return raw
		}
		for i := range list {
			list[i] = unsealed(fmt.Sprintf("%s/%d", at, i), list[i], places)
		}
		return rebuilt(raw, list, true)
	case "object":
		if json.Unmarshal(raw, &members) != nil {
			return raw
		}
		for _, name := range sortedKeys(members) {
			members[name] = unsealed(at+"/"+pointer(name), members[name], places)
		}
		return rebuilt(raw, members, true)
	}
	return raw
}

// decode reads settings into the struct that into points to.
func (s *shape) decode(settings Settings, into any) error {
	if settings == nil {
		settings = Settings{}
	}
	raw, err := json.Marshal(map[string]any(settings))
	if err != nil {
		return invalid(CodeInvalidSettings, []Problem{{Message: "is not JSON: " + err.Error()}})
	}
	filled, problems := s.accept(raw, sealedRefused)
	if len(problems) == 0 {
		problems = unmarshal(filled, into)
	}
	if len(problems) > 0 {
		return invalid(CodeInvalidSettings, problems)
	}
	return nil
}
