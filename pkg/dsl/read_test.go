package dsl_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/dsl"
)

// A tree gives the plain value and the place of each part, of YAML and JSON
// alike.
func TestTree(t *testing.T) {
	want := map[string]any{
		"text": "é", "list": []any{1, -2.5, true, nil, json.Number("123456789012345678901")},
		"a/b~c": map[string]any{"deep": "x"},
	}
	for file, src := range map[string]string{
		"x.yaml": "text: \"é\"\nlist: [1, -2.5, true, ~, 123456789012345678901]\na/b~c:\n  deep: x\n",
		"x.json": "{\"text\": \"\\u00e9\",\n\"list\": [1, -2.5, true, null, 123456789012345678901],\n\"a/b~c\": {\n  \"deep\": \"x\"}}\n",
	} {
		tree, l := dsl.Read(file, []byte(src))
		if len(l) > 0 {
			t.Fatalf("%s: %v", file, l)
		}
		if diff := cmp.Diff(want, tree.Value()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
		token := func(pointer string) string {
			s := tree.Span(pointer)
			return src[s.Start.Offset:s.End.Offset]
		}
		quote := ""
		if file == "x.json" {
			quote = `"`
		}
		for pointer, text := range map[string]string{
			"/list/1": "-2.5", "/a~1b~0c/deep": quote + "x" + quote, "/a~1b~0c": quote + "a/b~c" + quote,
			"/list": quote + "list" + quote, "/list/9": quote + "list" + quote, "/nothing/here": firstToken(file),
		} {
			if got := token(pointer); got != text {
				t.Errorf("%s: Span(%q) is of %q, want %q", file, pointer, got, text)
			}
		}
		if s := tree.KeySpan("/a~1b~0c/deep"); src[s.Start.Offset:s.End.Offset] != quote+"deep"+quote || s.Start.Line != 4 {
			t.Errorf("%s: KeySpan = %+v", file, s)
		}
		if !tree.Has("/list/4") || tree.Has("/list/5") || tree.Has("/list/x") || tree.Has("/text/0") || !tree.Has("") {
			t.Errorf("%s: Has is wrong", file)
		}
		d := tree.Diagnostic("E204", "/list/0", "m", "h")
		if d.Span != tree.Span("/list/0") || d.Path != "/list/0" {
			t.Errorf("%s: Diagnostic = %+v", file, d)
		}
	}
}

func firstToken(file string) string {
	if file == "x.json" {
		return "{"
	}
	return "text"
}

// What a file is follows from its name, and without one from its first
// character.
func TestFormat(t *testing.T) {
	for _, c := range []struct {
		file, src string
		good      bool
	}{
		{"x.yaml", "{a: 1}", true},
		{"x.yml", "{\"a\": 1}", true},
		{"x.JSON", "{a: 1}", false},
		{"x", "{\"a\": 1,}", true},
		{"x", "// c\n{\"a\": 1}", true},
		{"x", "\ufeff {\"a\": 1}", true},
		{"x", "a: 1", true},
		{"x", "{a: 1}", false},
	} {
		tree, l := dsl.Read(c.file, []byte(c.src))
		if (len(l) == 0) != c.good {
			t.Errorf("Read(%q, %q): %v", c.file, c.src, l)
		}
		if c.good && !cmp.Equal(tree.Value(), any(map[string]any{"a": 1})) {
			t.Errorf("Read(%q, %q) = %v", c.file, c.src, tree.Value())
		}
	}
}

// A tree of nothing answers, too.
func TestTreeEmpty(t *testing.T) {
	tree, l := dsl.Read("x.yaml", nil)
	if !l.HasErrors() || tree.Value() != nil || tree.Has("/a") || tree.Has("") {
		t.Errorf("Read of nothing: %v, %v", tree.Value(), l)
	}
	_ = tree.Span("/a")
	_ = tree.KeySpan("/a")
	if got := dsl.CheckSchema(tree, "workflow"); got != nil {
		t.Errorf("CheckSchema = %v", got)
	}
	if got := string(dsl.Canonical(tree)); got != "null" {
		t.Errorf("Canonical = %s", got)
	}
}
