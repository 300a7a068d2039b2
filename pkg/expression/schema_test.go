package expression

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/internal/spent"
)

// TestSchema runs the cases of testdata/schema: the first line is a schema,
// each further one a value that is filled and held against it.
func TestSchema(t *testing.T) {
	runCases(t, "schema", func(t *testing.T, source string) string {
		lines := strings.Split(source, "\n")
		s, err := CompileSchema([]byte(lines[0]))
		if err != nil {
			return "refused: " + err.Error()
		}
		var out strings.Builder
		fmt.Fprintf(&out, "type: %s\n", showType(s.Type(), 0))
		for _, line := range lines[1:] {
			x, err := DecodeRaw([]byte(line))
			if err != nil {
				t.Errorf("%s: %v", line, err)
			}
			before, _ := Encode(x)
			filled := s.Fill(x)
			if after, _ := Encode(x); string(after) != string(before) {
				t.Errorf("%s: Fill changed its argument to %s", line, after)
			}
			b, _ := Encode(filled)
			fmt.Fprintf(&out, "%s\n", b)
			for _, v := range s.Validate(filled) {
				fmt.Fprintf(&out, "  %s\n", v)
			}
		}
		return out.String()
	})
}

// showType writes a type with all its fields.
func showType(t *Type, depth int) string {
	if t.kind() != TypeObject || depth > 4 {
		if t.kind() == TypeList && t.elem().kind() == TypeObject {
			return "list of " + showType(t.elem(), depth+1)
		}
		if t.kind() == TypeAny && t.nullable() {
			return "any value or null"
		}
		return t.String()
	}
	var fields []string
	for _, f := range t.Fields {
		mark := ""
		if f.Optional {
			mark = "?"
		}
		fields = append(fields, f.Name+mark+": "+showType(f.Type, depth+1))
	}
	if t.Open {
		fields = append(fields, "...")
	}
	text := "{" + strings.Join(fields, ", ") + "}"
	if t.nullable() {
		text += " or null"
	}
	return text
}

// TestSchemaBounds holds the bounds of schemas at n and n+1.
func TestSchemaBounds(t *testing.T) {
	nest := func(n int) string {
		return strings.Repeat(`{"not":`, n) + "{}" + strings.Repeat("}", n)
	}
	pad := func(n int) string {
		head, tail := `{"description":"`, `"}`
		return head + strings.Repeat("x", n-len(head)-len(tail)) + tail
	}
	pattern := func(n int) string { return `{"pattern":"` + strings.Repeat("a", n) + `"}` }
	names := func(n int) string { return `{"patternProperties":{"` + strings.Repeat("a", n) + `":{}}}` }
	data := func(n int) string { return `{"default":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}` }
	for _, c := range []struct {
		name   string
		bound  int
		source func(n int) string
	}{
		{"nesting", MaxSchemaDepth, nest},
		{"size", MaxSchemaSize, pad},
		{"pattern", MaxPattern, pattern},
		{"pattern of names", MaxPattern, names},
		{"nesting of data", MaxSchemaDepth, data},
	} {
		for n, want := range map[int]bool{c.bound - 1: true, c.bound: true, c.bound + 1: false} {
			if _, err := CompileSchema([]byte(c.source(n))); (err == nil) != want {
				t.Errorf("%s %d: %v", c.name, n, err)
			}
		}
	}
	var doubling strings.Builder
	doubling.WriteString(`{"$ref":"#/$defs/d0","$defs":{`)
	for i := range 40 {
		fmt.Fprintf(&doubling, `"d%d":{"allOf":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]},`, i, i+1, i+1)
	}
	doubling.WriteString(`"d40":{}}}`)
	if _, err := CompileSchema([]byte(doubling.String())); err == nil {
		t.Error("branches that double forty times are accepted")
	}
}

// TestSchemaValues shows that values which are not plain JSON are held against
// a schema as the text that is sent.
func TestSchemaValues(t *testing.T) {
	s, err := CompileSchema([]byte(`{"properties":{"wait":{"type":"string","pattern":"^36h$"},"at":{"format":"date-time"},"key":{"type":"string"},"n":{"type":"integer"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	day, _ := ParseTime("2026-01-31")
	x := map[string]any{"wait": Duration(36 * 3600e9), "at": day, "key": Sealed{Secret: "K"}, "n": 3.0, "list": []any{Duration(1)}}
	if found := s.Validate(x); found != nil {
		t.Errorf("Validate = %v", found)
	}
	if _, ok := x["wait"].(Duration); !ok {
		t.Error("Validate changed its argument")
	}
	var none *Schema
	if found := none.Validate(x); found != nil || none.Fill(x) == nil || none.Raw() != nil || none.Type().kind() != TypeAny {
		t.Error("a nil schema does not let everything through")
	}
	if found := s.Validate(map[string]any{"n": struct{}{}}); len(found) != 1 {
		t.Errorf("a value that is no JSON: %v", found)
	}
}

// TestFillShares shows that Fill copies only what it changes.
func TestFillShares(t *testing.T) {
	s, err := CompileSchema([]byte(`{"properties":{"a":{"properties":{"n":{"default":1}}},"b":{}}}`))
	if err != nil {
		t.Fatal(err)
	}
	b := map[string]any{"x": 1}
	filled := s.Fill(map[string]any{"a": map[string]any{}, "b": b}).(map[string]any)
	if !same(filled["b"], b) {
		t.Error("Fill copied a part without defaults")
	}
	if diff := cmp.Diff(map[string]any{"a": map[string]any{"n": 1}, "b": b}, any(filled)); diff != "" {
		t.Errorf("Fill differs (-want +got):\n%s", diff)
	}
	whole := map[string]any{"a": map[string]any{"n": 2}, "b": b}
	if !same(s.Fill(whole), whole) {
		t.Error("Fill copied a value that needs nothing")
	}
}

// TestRecursiveSchema shows that a schema which contains itself in several
// alternatives takes no more time than its bound on depth allows.
func TestRecursiveSchema(t *testing.T) {
	nested := func(n int) any {
		var x any = map[string]any{}
		for range n {
			x = map[string]any{"a": x}
		}
		return x
	}
	twice, err := CompileSchema([]byte(`{"allOf":[{"properties":{"a":{"$ref":"#"}}},{"properties":{"a":{"$ref":"#"}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if found := twice.Validate(nested(10)); found != nil {
		t.Errorf("ten levels: %v", found)
	}
	if found := twice.Validate(nested(900)); len(found) != 1 || !strings.Contains(found[0].Message, "nested deeper") {
		t.Errorf("900 levels: %v", found)
	}
	once, err := CompileSchema([]byte(`{"properties":{"a":{"$ref":"#"},"b":{"$ref":"#"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if found := once.Validate(nested(900)); found != nil {
		t.Errorf("900 levels of a schema that contains itself once for each member: %v", found)
	}
}

// TestLargeSchema shows that a schema of the largest size compiles, even when
// all its parts lead to each other, and that no part is compiled for each of
// the ways to it.
func TestLargeSchema(t *testing.T) {
	var s *Schema
	var err error
	allocated := spent.Memory(func() { s, err = CompileSchema(largeSchema()) })
	if err != nil {
		t.Fatal(err)
	}
	if allocated>>20 > 512 {
		t.Errorf("compiled with %d MiB", allocated>>20)
	}
	if found := s.Validate(map[string]any{"a": map[string]any{}}); found != nil {
		t.Errorf("Validate = %v", found)
	}
}

func BenchmarkLargeSchema(b *testing.B) {
	text := largeSchema()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := CompileSchema(text); err != nil {
			b.Fatal(err)
		}
	}
}

func largeSchema() []byte {
	var b strings.Builder
	b.WriteString(`{"$ref":"#/$defs/d0","$defs":{`)
	for i := range 700 {
		fmt.Fprintf(&b, `"d%d":{"properties":{"a":{"$ref":"#/$defs/d%d"},"b":{"$ref":"#/$defs/d0"}}},`, i, i+1)
	}
	b.WriteString(`"d700":{"$ref":"#/$defs/d0"}}}`)
	return []byte(b.String())
}
