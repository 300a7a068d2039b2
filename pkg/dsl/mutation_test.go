package dsl_test

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
)

var (
	mutationSeed  = flag.Uint64("mutation.seed", 4711, "seed of the changed documents")
	mutationCount = flag.Int("mutation.count", 400, "number of changed documents")
)

// The structure check and the schema file agree on documents that were changed
// at random: what one refuses, the other one does.
func TestSchemaAgreesOnMutations(t *testing.T) {
	compiled := compileSchema(t, "workflow")
	var pool []any
	for _, c := range cases(t) {
		if tree, l := dsl.Read(c.file, c.src); !l.HasErrors() && len(c.src) < 20_000 && dsl.CheckSchema(tree, "workflow") == nil {
			pool = append(pool, tree.Value())
		}
	}
	m := mutator{rand: rand.New(rand.NewPCG(*mutationSeed, 0)), pool: pool}
	for i := range *mutationCount {
		doc := clone(t, pool[m.rand.IntN(len(pool))])
		for range 1 + m.rand.IntN(3) {
			doc = m.change(doc, 0)
		}
		src, err := json.MarshalIndent(doc, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		tree, read := dsl.Read("x.json", src)
		if read.HasErrors() || tree.Value() == nil {
			continue
		}
		refused := compiled.Validate(tree.Value())
		l := dsl.CheckSchema(tree, "workflow")
		if (refused != nil) != (len(l) > 0) {
			t.Fatalf("seed %d, document %d (rerun with -mutation.seed=%d): the validator says %v, the check\n%s\n%s",
				*mutationSeed, i, *mutationSeed, refused, diag.Text(l, diag.Source("x.json", src)), src)
		}
	}
}

func clone(t *testing.T, v any) any {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// mutator changes documents.
type mutator struct {
	rand *rand.Rand
	pool []any
}

// change returns v with one thing changed in it or below it.
func (m *mutator) change(v any, depth int) any {
	if depth > 0 && m.rand.IntN(4) == 0 {
		return m.other()
	}
	switch x := v.(type) {
	case map[string]any:
		keys := sortedNames(x)
		if len(keys) == 0 {
			return m.other()
		}
		k := keys[m.rand.IntN(len(keys))]
		switch m.rand.IntN(6) {
		case 0:
			delete(x, k)
		case 1:
			x[m.name()] = x[k]
		case 2:
			v := x[k]
			delete(x, k)
			x[m.name()] = v
		case 3:
			x[m.name()] = m.other()
		default:
			x[k] = m.change(x[k], depth+1)
		}
		return x
	case []any:
		if len(x) == 0 {
			return []any{m.other()}
		}
		i := m.rand.IntN(len(x))
		switch m.rand.IntN(5) {
		case 0:
			return slices.Delete(x, i, i+1)
		case 1:
			return append(x, x[i])
		default:
			x[i] = m.change(x[i], depth+1)
		}
		return x
	}
	return m.other()
}

// name is a key of some document.
func (m *mutator) name() string {
	if x, ok := m.part().(map[string]any); ok {
		if keys := sortedNames(x); len(keys) > 0 {
			return keys[m.rand.IntN(len(keys))]
		}
	}
	return []string{"id", "do", "then", "if", "with", "compose", "Next", "needs", "timout", "runAfter", "catch"}[m.rand.IntN(11)]
}

// other is a value of some document, or a plain one.
func (m *mutator) other() any {
	if m.rand.IntN(2) == 0 {
		return m.part()
	}
	return []any{nil, true, false, 0.0, 1.0, 1.5, -1.0, 1e6, "", "x", "a-b", "5m", "input.x", "${ input.x }", "failed", []any{}, map[string]any{}, []any{"x"}, map[string]any{"x": "y"}}[m.rand.IntN(19)]
}

// part is a value within some document.
func (m *mutator) part() any {
	v := m.pool[m.rand.IntN(len(m.pool))]
	for range m.rand.IntN(6) {
		switch x := v.(type) {
		case map[string]any:
			if keys := sortedNames(x); len(keys) > 0 {
				v = x[keys[m.rand.IntN(len(keys))]]
			}
		case []any:
			if len(x) > 0 {
				v = x[m.rand.IntN(len(x))]
			}
		}
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		panic(err)
	}
	return out
}

func sortedNames(x map[string]any) []string {
	names := make([]string, 0, len(x))
	for k := range x {
		names = append(names, k)
	}
	slices.Sort(names)
	return names
}
