package dsl_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
)

// The schema for editors takes every document that Compile takes, and refuses
// those whose with does not fit a literal's operation. It is the same each
// time.
func TestEditorSchema(t *testing.T) {
	b, err := dsl.EditorSchema(newCatalog())
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := dsl.EditorSchema(newCatalog()); !bytes.Equal(b, again) {
		t.Error("the schema is not the same twice")
	}
	k := jsonschema.NewCompiler()
	k.Draft = jsonschema.Draft2020
	if err := k.AddResource("editor", bytes.NewReader(b)); err != nil {
		t.Fatal(err)
	}
	s, err := k.Compile("editor")
	if err != nil {
		t.Fatal(err)
	}
	taken, refused := 0, 0
	for _, c := range cases(t) {
		w, l := dsl.CompileWith(c.options, c.file, c.src, c.catalog)
		tree, read := dsl.Read(c.file, c.src)
		if read.HasErrors() || tree.Value() == nil {
			continue
		}
		err := s.Validate(tree.Value())
		switch {
		case w != nil && err != nil:
			t.Errorf("%s compiles, the schema for editors says %v", c.path, err)
		case w != nil:
			taken++
		case has(l, "E507") && strings.HasPrefix(c.path, "testdata/with"):
			refused++
			if err == nil {
				t.Errorf("%s has findings of with, the schema for editors has none", c.path)
			}
		}
	}
	if taken < 5 || refused == 0 {
		t.Errorf("%d documents taken, %d refused: the cases say nothing", taken, refused)
	}
}

func has(l diag.List, code diag.Code) bool {
	for _, d := range l {
		if d.Code == code {
			return true
		}
	}
	return false
}

// A catalog without operations gives a schema in which actions are open, and
// an operation whose own schema is none is an error that names it.
func TestEditorSchemaEdges(t *testing.T) {
	if _, err := dsl.EditorSchema(testCatalog{}); err != nil {
		t.Error(err)
	}
	bad := testCatalog{operations: map[string]dsl.Operation{"x.y": {ID: "x.y", In: []byte("{")}}}
	if _, err := dsl.EditorSchema(bad); err == nil || !strings.Contains(err.Error(), "x.y") {
		t.Errorf("got %v", err)
	}
}
