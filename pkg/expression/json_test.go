package expression

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// genName draws member names, those that read as sealed values often.
func genName() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.String(),
		rapid.SampledFrom([]string{"$sealed", "$$sealed", "$$$sealed", "sealed", "a", "b", "", "$", "secret", "fn", "args"}),
	)
}

// genJSON draws decoded JSON, of that depth at most.
func genJSON(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		kind := rapid.IntRange(0, 7).Draw(t, "kind")
		if depth == 0 {
			kind %= 6
		}
		switch kind {
		case 0:
			return nil
		case 1:
			return rapid.Bool().Draw(t, "bool")
		case 2:
			return rapid.OneOf(rapid.Int(), rapid.SampledFrom([]int{0, math.MaxInt64, math.MinInt64, 1<<53 + 1})).Draw(t, "int")
		case 3:
			f := rapid.Float64().Draw(t, "float")
			if math.IsNaN(f) || math.IsInf(f, 0) {
				return 0.5
			}
			return f
		case 4:
			return json.Number("1" + strings.Repeat("0", rapid.IntRange(19, 40).Draw(t, "zeros")))
		case 5:
			return rapid.String().Draw(t, "string")
		case 6:
			return append([]any{}, rapid.SliceOfN(genJSON(depth-1), 0, 4).Draw(t, "list")...)
		default:
			return rapid.MapOfN(genName(), genJSON(depth-1), 0, 4).Draw(t, "object")
		}
	})
}

// genSealed draws values with sealed ones in them.
func genSealed(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			return Sealed{Secret: rapid.StringMatching("[A-Z]{1,3}").Draw(t, "name")}
		case 1:
			if depth > 0 {
				return Sealed{Fn: "concat", Args: []any{"x", rapid.SampledFrom([]any{1, "y", Sealed{Secret: "K"}}).Draw(t, "arg")}}
			}
			return "plain"
		case 2:
			if depth > 0 {
				return map[string]any{genName().Draw(t, "name"): genSealed(depth-1).Draw(t, "value")}
			}
			return 1
		default:
			return genJSON(1).Draw(t, "json")
		}
	})
}

// sameNumbers compares numbers by what they are worth.
var sameNumbers = cmp.FilterValues(func(a, b any) bool {
	_, okA := asFloat(a)
	_, okB := asFloat(b)
	return okA && okB
}, cmp.Comparer(func(a, b any) bool { return equalNumbers(a, b) }))

// TestEncodeDecode shows that Decode is the inverse of Encode.
func TestEncodeDecode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := genSealed(3).Draw(t, "x")
		raw, err := Encode(x)
		if err != nil {
			t.Fatalf("Encode: %v", err)
		}
		if !json.Valid(raw) {
			t.Fatalf("Encode = %s, which is no JSON", raw)
		}
		got, err := Decode(Raw(raw), nil)
		if err != nil {
			t.Fatalf("Decode(%s): %v", raw, err)
		}
		if diff := cmp.Diff(x, got, sameNumbers); diff != "" {
			t.Fatalf("Decode(Encode(x)) differs (-want +got):\n%s", diff)
		}
		again, err := Encode(got)
		if err != nil || !bytes.Equal(raw, again) {
			t.Fatalf("Encode again = %s, %v, want %s", again, err, raw)
		}
	})
}

// TestImport shows that JSON from outside never names a secret.
func TestImport(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := genJSON(3).Draw(t, "x")
		outside, err := encodePlain(x)
		if err != nil {
			t.Fatal(err)
		}
		recorded, err := Import(outside)
		if err != nil {
			t.Fatalf("Import(%s): %v", outside, err)
		}
		if HasSealed(recorded) {
			t.Fatalf("Import(%s) = %s, which is sealed", outside, recorded)
		}
		raw, err := DecodeRaw(recorded)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := OpenSealed(raw, func(string) (string, error) { return "", errors.New("a secret was asked for") })
		if err != nil {
			t.Fatalf("OpenSealed(%s): %v", recorded, err)
		}
		if diff := cmp.Diff(x, opened, sameNumbers); diff != "" {
			t.Fatalf("OpenSealed(Import(x)) differs (-want +got):\n%s", diff)
		}
	})
}

// TestDecodeRawAgrees shows that DecodeRaw reads what encoding/json reads, and
// refuses what it refuses.
func TestDecodeRawAgrees(t *testing.T) {
	for _, text := range []string{
		`1`, `-0`, `01`, `1.`, `.5`, `-`, `1e5`, `1E+5`, `1e`, `1.5e-3`, `tru`, `true`, `null`, `nul`, `"a"`, `"\u00e4\ud83d\ude00"`,
		`"\ud83d"`, `"\ud83dx"`, `"\ud83d\u0041"`, `"\q"`, `"\u12g4"`, `"a`, "\"\n\"", "\"\x80\"", `[]`, `[1,]`, `[1 2]`, `{}`, `{"a":1,}`,
		`{"a" 1}`, `{a:1}`, `{"a":1,"a":2}`, ` [ 1 , { "a" : [ ] } ] `, `1 2`, ``, ` `, `[`, `{`, `{"a"`, `{"a":`, `[1`, `"\`, `"\u12`,
		`1e999`, `18446744073709551616`, `{"\u0024sealed":1}`,
	} {
		checkAgrees(t, []byte(text))
	}
}

func checkAgrees(t *testing.T, text []byte) {
	t.Helper()
	var want any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	wantErr := d.Decode(&want)
	if wantErr == nil && !json.Valid(text) {
		wantErr = errors.New("something follows")
	}
	got, err := DecodeRaw(text)
	if (err == nil) != (wantErr == nil) {
		t.Errorf("DecodeRaw(%q): %v, encoding/json: %v", text, err, wantErr)
		return
	}
	if err != nil {
		return
	}
	if !reflect.DeepEqual(numbersOut(want), got) { // cmp takes exponential time on deep values
		t.Errorf("DecodeRaw(%q) = %v, encoding/json: %v", text, got, want)
	}
}

// numbersOut turns the numbers of encoding/json into ours.
func numbersOut(x any) any {
	switch v := x.(type) {
	case json.Number:
		return numberOf(string(v), !strings.ContainsAny(string(v), ".eE"))
	case []any:
		list := []any{}
		for _, elem := range v {
			list = append(list, numbersOut(elem))
		}
		return list
	case map[string]any:
		object := map[string]any{}
		for name, member := range v {
			object[name] = numbersOut(member)
		}
		return object
	}
	return x
}

// TestEncodeForms shows how values are written.
func TestEncodeForms(t *testing.T) {
	for _, c := range []struct {
		x    any
		want string
	}{
		{2.0, `2`},
		{-0.5, `-0.5`},
		{1e21, `1e+21`},
		{9007199254740992.0, `9.007199254740992e+15`},
		{9007199254740991.0, `9007199254740991`},
		{1e-7, `1e-07`},
		{json.Number("1e999"), `1e999`},
		{Duration(36 * time.Hour), `"36h"`},
		{time.Date(2026, 1, 31, 8, 0, 0, 5e8, time.UTC), `"2026-01-31T08:00:00.5Z"`},
		{"<a & 'b'>\u2028\x00\x7f\n\xff", `"<a & 'b'>` + "\u2028" + `\u0000` + "\x7f" + `\n` + "\uFFFD" + `"`},
		{map[string]any{"b": 1, "a": nil}, `{"a":null,"b":1}`},
		{map[string]any{"$sealed": 1}, `{"$$sealed":1}`},
		{Sealed{Secret: "K"}, `{"$sealed":{"secret":"K"}}`},
		{[]any(nil), `[]`},
	} {
		got, err := Encode(c.x)
		if err != nil || string(got) != c.want {
			t.Errorf("Encode(%#v) = %s, %v, want %s", c.x, got, err, c.want)
		}
	}
	for _, x := range []any{math.NaN(), math.Inf(1), json.Number("x"), json.Number(""), struct{}{}, []any{func() {}}} {
		if got, err := Encode(x); err == nil {
			t.Errorf("Encode(%#v) = %s, want an error", x, got)
		}
	}
}

// TestDepth holds the depth of values at n and n+1.
func TestDepth(t *testing.T) {
	for n, want := range map[int]bool{MaxDepth: true, MaxDepth + 1: false} {
		text := strings.Repeat("[", n) + strings.Repeat("]", n)
		x, err := DecodeRaw([]byte(text))
		if (err == nil) != want {
			t.Errorf("DecodeRaw at depth %d: %v", n, err)
		}
		if err == nil {
			if _, err := Encode(x); err != nil {
				t.Errorf("Encode at depth %d: %v", n, err)
			}
			if _, err := Encode([]any{x}); err == nil {
				t.Errorf("Encode at depth %d does not fail", n+1)
			}
		}
		if _, err := DecodeRaw([]byte(strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n))); (err == nil) != want {
			t.Errorf("DecodeRaw of objects at depth %d: %v", n, err)
		}
	}
}

// FuzzDecode holds DecodeRaw against encoding/json, and recorded JSON against
// its own round trip.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.5,"x",null,true]}`, `{"$sealed":{"secret":"K"}}`, `{"$sealed":{"fn":"concat","args":["a",{"$sealed":{"secret":"K"}}]}}`, `{"$$sealed":1,"$sealed":2}`, `"\ud83d\ude00"`, `[[[]]]`, `-1e-5`, `-0e0`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		checkAgrees(t, raw)
		x, err := decodeRecorded(raw)
		if err != nil {
			return
		}
		again, err := Encode(x)
		if err != nil {
			t.Fatalf("Encode of what %q decodes to: %v", raw, err)
		}
		y, err := decodeRecorded(again)
		if err != nil {
			t.Fatalf("decode %q again: %v", again, err)
		}
		if last, err := Encode(y); err != nil || !bytes.Equal(again, last) {
			t.Fatalf("%q becomes %q, then %q, %v", raw, again, last, err)
		}
	})
}
