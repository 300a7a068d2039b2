package expression

import (
	"cmp"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// SchemaProblem is one place of a JSON Schema that is not as it must be. Path
// is its JSON Pointer in the schema, empty for the whole.
type SchemaProblem struct{ Path, Message string }

// SchemaError is a JSON Schema that is not valid. Its problems are sorted by
// place, one for each, and none for a place around another.
type SchemaError struct{ Problems []SchemaProblem }

// Error names the first problem.
func (e *SchemaError) Error() string {
	p := e.Problems[0]
	if p.Path == "" {
		return "the schema: " + p.Message
	}
	return p.Path + ": " + p.Message
}

// newSchemaError takes what is at the end of each chain of causes. The chains
// of different places come in any order, those of one place in the order of
// the alternatives that the place has.
func newSchemaError(invalid *jsonschema.ValidationError) *SchemaError {
	e := &SchemaError{}
	seen := map[string]bool{}
	var walk func(v *jsonschema.ValidationError)
	walk = func(v *jsonschema.ValidationError) {
		for _, cause := range v.Causes {
			walk(cause)
		}
		if len(v.Causes) == 0 && !seen[v.InstanceLocation] {
			seen[v.InstanceLocation] = true
			e.Problems = append(e.Problems, SchemaProblem{v.InstanceLocation, v.Message})
		}
	}
	walk(invalid)
	inner := map[string]bool{} // the places around others
	for _, p := range e.Problems {
		for i := range p.Path {
			if p.Path[i] == '/' {
				inner[p.Path[:i]] = true
			}
		}
	}
	e.Problems = slices.DeleteFunc(e.Problems, func(p SchemaProblem) bool { return inner[p.Path] })
	slices.SortFunc(e.Problems, func(a, b SchemaProblem) int { return cmp.Compare(a.Path, b.Path) })
	return e
}
