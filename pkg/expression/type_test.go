package expression

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestAssignable shows which types fit and how a misfit is told.
func TestAssignable(t *testing.T) {
	schema := func(text string) *Type { return TypeOfSchema([]byte(text)) }
	text := &Type{Kind: TypeString}
	for _, c := range []struct {
		from, to *Type
		want     string
	}{
		{intType, numberType, ""},
		{numberType, intType, ""},
		{text, intType, "wants an integer, got a string"},
		{anyType, intType, ""},
		{intType, nil, ""},
		{nullType, text, "wants a string, got null"},
		{nullType, text.withNull(), ""},
		{text.withNull(), text, "wants a string, got a string or null"},
		{durationType, text, ""},
		{timeType, text, ""},
		{secretType, text, ""},
		{secretType, intType, "wants an integer, got a secret"},
		{TypeOf("gold"), &Type{Kind: TypeString, Enum: []string{"gold", "standard"}}, ""},
		{TypeOf("silver"), &Type{Kind: TypeString, Enum: []string{"gold", "standard"}}, `wants one of "gold", "standard", got "silver"`},
		{text, &Type{Kind: TypeString, Enum: []string{"gold"}}, ""},
		{TypeOf([]any{1, 2}), schema(`{"type":"array","items":{"type":"string"}}`), "/* wants a string, got an integer"},
		{TypeOf([]any{}), schema(`{"type":"array","items":{"type":"string"}}`), ""},
		{TypeOf(map[string]any{"pth": "x"}), schema(`{"properties":{"path":{"type":"string"}}}`), `/pth is not known here; did you mean "path"?`},
		{TypeOf(map[string]any{"path": 1}), schema(`{"properties":{"path":{"type":"string"}}}`), "/path wants a string, got an integer"},
		{TypeOf(map[string]any{}), schema(`{"required":["path"],"properties":{"path":{"type":"string"}}}`), "/path is missing"},
		{schema(`{"properties":{"path":{"type":"string"}}}`), schema(`{"required":["path"],"properties":{"path":{"type":"string"}}}`), "/path may be absent"},
		{schema(`{"type":"object"}`), schema(`{"required":["path"],"properties":{"path":{"type":"string"}}}`), ""},
		{TypeOf(map[string]any{"a": map[string]any{"b": 1}}), schema(`{"properties":{"a":{"properties":{"b":{"type":"string"}}}}}`), "/a/b wants a string, got an integer"},
	} {
		if got := Assignable(c.from, c.to); got != c.want {
			t.Errorf("Assignable(%v, %v) = %q, want %q", c.from, c.to, got, c.want)
		}
	}
}

// TestUnion shows that a value of either type fits their union.
func TestUnion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := TypeOf(genJSON(2).Draw(t, "a")), TypeOf(genJSON(2).Draw(t, "b"))
		u := Union(a, b)
		for _, from := range []*Type{a, b} {
			if why := Assignable(from, u); why != "" {
				t.Fatalf("%v does not fit %v: %s", showType(from, 0), showType(u, 0), why)
			}
		}
		if showType(Union(a, a), 0) != showType(a, 0) {
			t.Fatalf("the union of %v with itself is %v", showType(a, 0), showType(Union(a, a), 0))
		}
	})
}

// TestTypeOfArgument shows that what has a default may be left out by those
// who give a value, and is there for those who read it.
func TestTypeOfArgument(t *testing.T) {
	schema := []byte(`{"required":["a"],"properties":{"a":{"type":"integer"},"b":{"type":"string","default":"x"}}}`)
	if got, want := showType(TypeOfArgument(schema), 0), "{a: an integer, b?: a string}"; got != want {
		t.Errorf("TypeOfArgument = %s, want %s", got, want)
	}
	if got, want := showType(TypeOfSchema(schema), 0), "{a: an integer, b: a string}"; got != want {
		t.Errorf("TypeOfSchema = %s, want %s", got, want)
	}
	if got := TypeOfArgument([]byte("{")); got.kind() != TypeAny {
		t.Errorf("TypeOfArgument of no JSON = %v", got)
	}
}

// TestRecorded shows the types of values after they were recorded.
func TestRecorded(t *testing.T) {
	x := TypeOf(map[string]any{"at": time.Time{}, "list": []any{Duration(1)}, "n": 1})
	if got, want := showType(x.Recorded(), 0), "{at: a string, list: a list of strings, n: an integer}"; got != want {
		t.Errorf("Recorded = %s, want %s", got, want)
	}
}

// TestDurations shows that ParseDuration reads what FormatDuration writes.
func TestDurations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64().Draw(t, "d"))
		if d == -1<<63 {
			return // has no positive twin
		}
		text := FormatDuration(d)
		got, err := ParseDuration(text)
		if err != nil || got != d {
			t.Fatalf("ParseDuration(%q) = %v, %v, want %v", text, got, err, d)
		}
	})
	for text, want := range map[string]time.Duration{
		"1w": week, "1d": day, "36h": 36 * time.Hour, "1d12h": 36 * time.Hour, "500ms": 500 * time.Millisecond, "1h30m": 90 * time.Minute,
		"PT0S": 0, "P1W": week, "P1DT1H1M1.5S": day + time.Hour + time.Minute + 1500*time.Millisecond, "pt1,5h": 90 * time.Minute, "0.5d": 12 * time.Hour,
	} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-", "1", "h", "1x", "1h 30m", "P", "PT", "P1", "P1M", "P1Y", "PT1D", "1.h", ".5h", "1m1h", "1h1h", "99999999999999999999s", "20000w", "P1DT", "1e3s", "+1h", "106751d24h"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("ParseDuration(%q) = %v, want an error", text, got)
		}
	}
}
