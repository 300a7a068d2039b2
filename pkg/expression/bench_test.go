package expression

import (
	"fmt"
	"testing"
)

// benchEnv holds decoded slots, as the interpreter's environment does.
type benchEnv struct {
	testEnv
	input, output any
}

func (e *benchEnv) Read(r Read) (any, error) {
	if r.Root == RootInput {
		return e.input, nil
	}
	return e.output, nil
}

func newBenchEnv() *benchEnv {
	items := make([]any, 20)
	for i := range items {
		items[i] = map[string]any{"sku": fmt.Sprintf("S%d", i), "qty": i % 5, "price": 1.5}
	}
	return &benchEnv{
		input:  map[string]any{"tier": "gold", "items": items},
		output: map[string]any{"total": 12.5},
	}
}

func benchmarkEval(b *testing.B, src string) {
	p, err := Load(src, nil)
	if err != nil {
		b.Fatal(err)
	}
	env := newBenchEnv()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Eval(env); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCompare is a condition as most workflows have it; 450 ns is the
// bound.
func BenchmarkCompare(b *testing.B) {
	benchmarkEval(b, `steps.a.output.total > 10 && input.tier == "gold"`)
}

// BenchmarkFilterMap works on 20 items; 7 µs is the bound.
func BenchmarkFilterMap(b *testing.B) {
	benchmarkEval(b, `map(filter(input.items, .qty > 1), .sku)`)
}

// BenchmarkCompile checks and compiles an expression of a workflow; a file of
// 2,000 steps has a few thousand of them.
func BenchmarkCompile(b *testing.B) {
	sc := checkScope()
	b.ReportAllocs()
	for b.Loop() {
		if p, _, problems := Compile(`map(filter(input.items, .qty > 1), upper(.sku))`, sc); p == nil {
			b.Fatal(problems)
		}
	}
}

// BenchmarkDecimal is a price with tax, rounded.
func BenchmarkDecimal(b *testing.B) {
	benchmarkEval(b, `round(decimal(steps.a.output.total) * 1.19, 2)`)
}

// BenchmarkDate formats the time in a zone, which is looked up each time.
func BenchmarkDate(b *testing.B) {
	benchmarkEval(b, `formatDate(now(), "yyyy-MM-dd HH:mm", "Europe/Berlin")`)
}
