package interpreter_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keelstep/keelstep/pkg/interpreter"
)

func TestSplitPath(t *testing.T) {
	plain := func(name string) interpreter.Segment { return interpreter.Segment{Name: name, Pass: -1} }
	handler := func(name string) interpreter.Segment {
		return interpreter.Segment{Name: name, Handler: true, Pass: -1}
	}
	for path, want := range map[string][]interpreter.Segment{
		"charge":                  {plain("charge")},
		"each[3].book#2.charge":   {{Name: "each", Pass: 3}, {Name: "book", Attempt: 2, Pass: -1}, plain("charge")},
		"each#2[0].x":             {{Name: "each", Attempt: 2, Pass: 0}, plain("x")},
		"booking.catch.undo":      {plain("booking"), handler("catch"), plain("undo")},
		`booking."catch".undo`:    {plain("booking"), plain("catch"), plain("undo")},
		`"a.b[1]\"".compensate.x`: {plain(`a.b[1]"`), handler("compensate"), plain("x")},
	} {
		got, err := interpreter.SplitPath(path)
		if err != nil {
			t.Errorf("SplitPath(%q): %v", path, err)
			continue
		}
		if d := cmp.Diff(got, want); d != "" {
			t.Errorf("SplitPath(%q) differs (-got +want):\n%s", path, d)
		}
	}
	for _, path := range []string{"", ".", "a.", ".a", "a..b", "a[", "a[-1]", "a#0", "a#x", `"a`, "a b", "a[01]"} {
		if got, err := interpreter.SplitPath(path); err == nil {
			t.Errorf("SplitPath(%q) = %v, want an error", path, got)
		}
	}
}

// Any names, attempts and passes come back from the path that they make.
func TestPathRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) interpreter.Segment {
			if rapid.Bool().Draw(t, "handler") {
				return interpreter.Segment{Name: rapid.SampledFrom([]string{"catch", "finally", "onTimeout", "compensate"}).Draw(t, "name"), Handler: true, Pass: -1}
			}
			s := interpreter.Segment{Name: rapid.String().Draw(t, "name"), Pass: rapid.IntRange(-1, 20).Draw(t, "pass")}
			if n := rapid.IntRange(1, 4).Draw(t, "attempt"); n > 1 {
				s.Attempt = n
			}
			return s
		}), 1, 5).Draw(t, "segments")
		path := interpreter.JoinPath(want)
		got, err := interpreter.SplitPath(path)
		if err != nil {
			t.Fatalf("SplitPath(%q): %v", path, err)
		}
		if d := cmp.Diff(got, want); d != "" {
			t.Fatalf("%q comes back different (-got +want):\n%s", path, d)
		}
	})
}

// The key is the same for one execution and differs between any two.
func TestKey(t *testing.T) {
	a := interpreter.Key("run", "ship[1].parcel")
	if b := interpreter.Key("run", "ship[1].parcel"); a != b {
		t.Errorf("two keys of one execution: %s, %s", a, b)
	}
	for _, o := range []string{interpreter.Key("run", "ship[2].parcel"), interpreter.Key("run2", "ship[1].parcel"), interpreter.Key("run\x00ship[1]", "parcel")} {
		if o == a {
			t.Errorf("two executions share the key %s", a)
		}
	}
}
