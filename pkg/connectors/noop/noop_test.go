package noop_test

import (
	"encoding/json"
	"testing"

	"github.com/keelstep/keelstep/pkg/connectors"
	"github.com/keelstep/keelstep/pkg/connectors/conntest"
	"github.com/keelstep/keelstep/pkg/connectors/noop"
)

func TestSuite(t *testing.T) {
	conntest.Run(t, conntest.Subject{Connector: noop.New(), Inputs: map[string]string{"noop.do": `{"a":1}`}})
}

// What goes in comes out, numbers as they were written; nothing is null.
func TestDo(t *testing.T) {
	for in, want := range map[string]string{
		"": "null", "null": "null", `"<"`: `"<"`, `{"b":1.50,"a":12345678901234567890}`: `{"b":1.50,"a":12345678901234567890}`,
	} {
		out, err := noop.New().Operations[0].Run(t.Context(), connectors.Call{Input: json.RawMessage(in)})
		if err != nil || string(out) != want {
			t.Errorf("noop.do of %s = %s, %v; want %s", in, out, err, want)
		}
	}
}
