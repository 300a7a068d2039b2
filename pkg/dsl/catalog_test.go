package dsl_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// testCatalog is a fixed catalog, so that messages do not change with the
// connectors.
type testCatalog struct {
	operations  map[string]dsl.Operation
	connections map[string]dsl.Connection
}

func (c testCatalog) Operation(id string) (dsl.Operation, bool) {
	op, ok := c.operations[id]
	return op, ok
}

func (c testCatalog) Operations() []string { return slices.Sorted(maps.Keys(c.operations)) }

func (c testCatalog) Connections() map[string]dsl.Connection { return c.connections }

// Limits knows two limits where an environment is known, one of them a rate
// only.
func (c testCatalog) Limits() map[string]int {
	if c.connections == nil {
		return nil
	}
	return map[string]int{"erp": 4, "slow": 0}
}

// Workflow knows one workflow besides the one that is checked.
func (c testCatalog) Workflow(name string) (dsl.Callee, bool) {
	if name != "ship" {
		return dsl.Callee{}, false
	}
	return dsl.Callee{Input: []byte(shipIn), Output: expression.TypeOfSchema([]byte(shipOut))}, true
}

const (
	shipOut = `{"type":"object","required":["tracking"],"additionalProperties":false,"properties":{"tracking":{"type":"string"}}}`
	httpIn  = `{"type":"object","required":["path"],"additionalProperties":false,"properties":{
		"path":{"type":"string","minLength":1},
		"query":{"type":"object","additionalProperties":{"type":["string","number","boolean"]}},
		"headers":{"type":"object","additionalProperties":{"type":"string"}},
		"body":{},
		"as":{"enum":["json","text","binary"]},
		"follow":{"type":"boolean"}}}`
	httpOut = `{"type":"object","required":["status","headers","body"],"properties":{
		"status":{"type":"integer"},"headers":{"type":"object","additionalProperties":{"type":"string"}},"body":{}}}`
	fileIn  = `{"type":"object","required":["name"],"additionalProperties":false,"properties":{"name":{"type":"string"},"limit":{"type":"integer","maximum":100}}}`
	fileOut = `{"type":"object","required":["text"],"additionalProperties":false,"properties":{"text":{"type":"string"}}}`
	mailIn  = `{"type":"object","required":["to","subject","text"],"additionalProperties":false,"properties":{
		"to":{"type":"array","items":{"type":"string"}},"subject":{"type":"string"},"text":{"type":"string"}}}`
	mailOut = `{"type":"object","required":["id"],"additionalProperties":false,"properties":{"id":{"type":"string"}}}`
	shipIn  = `{"type":"object","required":["sku"],"additionalProperties":false,"properties":{"sku":{"type":"string"},"qty":{"type":"integer","default":1}}}`
	noopIn  = `{"type":"object","additionalProperties":false,"properties":{"value":{}}}`
)

func newCatalog() testCatalog {
	c := testCatalog{operations: map[string]dsl.Operation{}}
	for verb, repeat := range map[string]graph.Repeat{"get": graph.Safe, "post": graph.Never, "put": graph.Safe, "delete": graph.Safe} {
		c.operations["http."+verb] = dsl.Operation{
			ID: "http." + verb, Connector: "http", In: []byte(httpIn), Out: []byte(httpOut), Returns: "body", Connected: true,
			Repeat: func(settings map[string]any, _ any) graph.Repeat {
				if repeat == graph.Never && settings["idempotencyHeader"] != nil {
					return graph.Keyed
				}
				return repeat
			},
		}
	}
	c.operations["file.read"] = dsl.Operation{ID: "file.read", Connector: "file", In: []byte(fileIn), Out: []byte(fileOut), Connected: true}
	c.operations["mail.send"] = dsl.Operation{ID: "mail.send", Connector: "mail", In: []byte(mailIn), Out: []byte(mailOut), Connected: true}
	c.operations["noop.run"] = dsl.Operation{ID: "noop.run", Connector: "noop", In: []byte(noopIn)}
	return c
}

// Without a catalog operations are not looked at, and all else is.
func TestNoCatalog(t *testing.T) {
	const src = "workflow: x\nversion: \"1\"\nsteps:\n  - { id: a, action: some.thing, with: { n: \"${ %s }\" } }\n"
	if w, l := dsl.Compile("x.yaml", []byte(strings.Replace(src, "%s", "run.id", 1)), nil); w == nil || len(l) > 0 {
		t.Errorf("workflow %v, findings %v", w != nil, l)
	}
	if w, l := dsl.Compile("x.yaml", []byte(strings.Replace(src, "%s", "nothing", 1)), nil); w != nil || len(l) != 1 || l[0].Code != "E402" {
		t.Errorf("workflow %v, findings %v", w != nil, l)
	}
}
