package wdlexpr

import "testing"

// benchEnv answers every reference with one value.
type benchEnv struct {
	Context
	value Value
}

func (e *benchEnv) Value(Ref) (Value, error) { return e.value, nil }

func newBenchEnv(b *testing.B) *benchEnv {
	x, err := Decode([]byte(`{"a": {"b": 5}, "items": [1, 2, 3], "name": "gold"}`))
	if err != nil {
		b.Fatal(err)
	}
	return &benchEnv{value: x}
}

func benchmarkEval(b *testing.B, source string) {
	p, problems := Compile(source)
	if p == nil {
		b.Fatal(problems)
	}
	env := newBenchEnv(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Eval(env); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCompile is the expression that definitions have most; 10 µs is the
// bound.
func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if p, problems := Compile("@triggerBody()?['a']?['b']"); p == nil {
			b.Fatal(problems)
		}
	}
}

// BenchmarkEval evaluates it; 1 µs is the bound.
func BenchmarkEval(b *testing.B) { benchmarkEval(b, "@triggerBody()?['a']?['b']") }

// BenchmarkCondition is a condition as many definitions have it.
func BenchmarkCondition(b *testing.B) {
	benchmarkEval(b, "@and(equals(triggerBody()?['name'], 'gold'), greater(length(triggerBody()?['items']), 2))")
}

// BenchmarkText joins texts.
func BenchmarkText(b *testing.B) {
	benchmarkEval(b, "order of @{triggerBody()?['name']}: @{triggerBody()?['a']?['b']} pieces")
}

// BenchmarkFormatDate reads and writes a timestamp in another zone.
func BenchmarkFormatDate(b *testing.B) {
	benchmarkEval(b, "@convertFromUtc('2026-07-01T12:00:00Z', 'W. Europe Standard Time', 'yyyy-MM-dd HH:mm')")
}
