package engine_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog/memlog"
)

// A step that calls a workflow is held against its active version, before and
// after a restart: what it takes, and what it may end with.
func TestCallsAreHeldAgainstActiveVersions(t *testing.T) {
	const child = `workflow: price
version: "%v"
input: { type: object, required: [sku], properties: { sku: { type: string }, early: { type: boolean, default: false } } }
steps:
  - { id: none, if: input.early, return: { cents: 0, why: early } }
  - { id: work, compose: 5 }
output: { cents: "${ steps.work.output }" }
`
	const parent = `workflow: order
version: "1"
steps:
  - { id: ask, call: price, with: { %w } }
  - { id: sum, compose: "${ steps.ask.output%r }" }
`
	cases := []struct{ with, read, want string }{
		{"sku: a", ".cents + 1", ""},
		{"sku: a", "?.why ?? 'none'", ""},
		{"sku: a", ".why + 'x'", `E406 steps.ask.output.why may be null or absent`},
		{"sku: a", ".dollars", `E403 steps.ask.output has no field "dollars"`},
		{"sku: 1", ".cents", `E508 "sku" wants a string, got an integer`},
		{"sku: a, sku2: b", ".cents", `E507 the workflow "price" does not take "sku2"`},
		{"early: true", ".cents", `E506 the workflow "price" needs "sku"`},
	}
	store := memlog.New()
	version := func(v string) string { return strings.Replace(child, "%v", v, 1) }
	for _, when := range []string{"deployed", "restarted", "other version"} {
		var documents []string
		switch when {
		case "deployed":
			documents = []string{version("1")}
		case "other version":
			documents = []string{strings.Replace(version("2"), "cents: \"$", "euros: \"$", 1)}
			cases = cases[:1]
			cases[0].want = "E406 steps.ask.output.cents may be null or absent"
		}
		e := open(t, engine.Options{Store: store}, documents...)
		for _, c := range cases {
			src := strings.NewReplacer("%w", c.with, "%r", c.read).Replace(parent)
			found := e.Validate("order.yaml", []byte(src))
			got := ""
			for _, d := range found {
				got += string(d.Code) + " " + d.Message
			}
			if got != c.want {
				t.Errorf("%s: with %s and %s: got %q, want %q", when, c.with, c.read, got, c.want)
			}
			_, _, err := e.Deploy(t.Context(), "order.yaml", []byte(src))
			var invalid *engine.InvalidError
			if errors.As(err, &invalid) != (c.want != "") {
				t.Errorf("%s: deploy with %s and %s: %v", when, c.with, c.read, err)
			}
		}
		if err := e.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
