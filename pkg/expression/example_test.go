package expression_test

import (
	"fmt"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
)

// order is an environment with one slot.
type order struct{ input any }

func (o order) Read(r expression.Read) (any, error) {
	if r.Root == expression.RootInput {
		return o.input, nil
	}
	return nil, nil
}
func (order) Now() time.Time { return time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC) }
func (order) Seed() string   { return "run-1/step" }

// An expression is compiled against the static types of its place, then
// evaluated as often as it is needed.
func ExampleCompile() {
	schema, err := expression.CompileSchema([]byte(`{
		"type": "object", "required": ["tier", "total"],
		"properties": {"tier": {"enum": ["gold", "standard"]}, "total": {"type": "number"}}
	}`))
	if err != nil {
		panic(err)
	}
	scope := &expression.Scope{
		Names:    map[string]expression.Name{"input": {Type: schema.Type()}},
		WantBool: true,
	}

	program, _, problems := expression.Compile(`input.total > 10 && input.tier == "golden"`, scope)
	for _, p := range problems {
		fmt.Printf("%s: %s (%s)\n", p.Code, p.Message, p.Hint)
	}

	program, _, _ = expression.Compile(`input.total > 10 && input.tier == "gold"`, scope)
	result, err := program.Eval(order{map[string]any{"tier": "gold", "total": 12.5}})
	fmt.Println(result, err)
	// Output:
	// E405: input.tier is never "golden" (did you mean "gold"?)
	// true <nil>
}
