package layout_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/keelstep/keelstep/pkg/dsl/layout"
	"github.com/keelstep/keelstep/schema"
)

// Every key of the language has its place in the order of its mapping, so
// that a new key cannot be forgotten.
func TestOrdersAreWhole(t *testing.T) {
	orders := map[string][]string{}
	for _, o := range layout.Orders() {
		orders[o.Of] = o.Keys
		if len(slices.Compact(slices.Sorted(slices.Values(o.Keys)))) != len(o.Keys) {
			t.Errorf("a key stands twice in the order of %s", o.Of)
		}
	}
	known := func(of string, properties map[string]json.RawMessage) {
		for key := range properties {
			if !slices.Contains(orders[of], key) {
				t.Errorf("%q has no place in the order of %s", key, of)
			}
		}
	}
	workflow, environment := shapeOf(t, "workflow"), shapeOf(t, "environment")
	known("workflow", workflow.Properties)
	known("environment", environment.Properties)
	for name, d := range workflow.Defs {
		kind, _, _ := strings.Cut(name, ".")
		of := map[string]string{"connection": "connections", "eventTrigger": "event"}[kind]
		if of == "" {
			of = kind
		}
		if orders[of] != nil {
			known(of, d.Properties)
		}
	}
}

type shape struct {
	Properties map[string]json.RawMessage `json:"properties"`
	Defs       map[string]*shape          `json:"$defs"`
}

func shapeOf(t *testing.T, name string) *shape {
	t.Helper()
	b, ok := schema.Named(name)
	if !ok {
		t.Fatalf("no schema %s", name)
	}
	s := new(shape)
	if err := json.Unmarshal(b, s); err != nil {
		t.Fatal(err)
	}
	return s
}
