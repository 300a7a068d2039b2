package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/keelstep/keelstep/schema"
)

// Every key says what it is for: editors show it, and the reference does.
func TestDescriptions(t *testing.T) {
	for _, name := range schema.Names() {
		b, _ := schema.Named(name)
		var doc map[string]any
		if err := json.Unmarshal(b, &doc); err != nil {
			t.Fatal(err)
		}
		s := schemas{t: t, defs: doc["$defs"].(map[string]any)}
		s.walk(name, doc)
		if s.keys < 10 {
			t.Errorf("%s has only %d keys", name, s.keys)
		}
	}
}

type schemas struct {
	t    *testing.T
	defs map[string]any
	keys int
}

func (s *schemas) walk(at string, x any) {
	switch x := x.(type) {
	case map[string]any:
		properties, _ := x["properties"].(map[string]any)
		for key, v := range properties {
			if s.keys++; !s.described(v) {
				s.t.Errorf("%s/%s has no description", at, key)
			}
		}
		for key, v := range x {
			s.walk(at+"/"+key, v)
		}
	case []any:
		for _, v := range x {
			s.walk(at, v)
		}
	}
}

// described tells whether a schema, or what it refers to, has a description. A
// key that may not stand has none.
func (s *schemas) described(x any) bool {
	v, ok := x.(map[string]any)
	if !ok {
		return true
	}
	if text, _ := v["description"].(string); text != "" {
		return true
	}
	ref, _ := v["$ref"].(string)
	def, ok := s.defs[strings.TrimPrefix(ref, "#/$defs/")]
	return ok && s.described(def)
}
