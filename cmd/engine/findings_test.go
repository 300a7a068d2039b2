package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// What validate prints as JSON is what the reference says, and so is its
// example.
func TestFindingsSchema(t *testing.T) {
	s, err := jsonschema.Compile("../../docs/reference/findings.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/reference/findings.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := blocks(string(page), "json")
	if len(examples) != 1 {
		t.Fatalf("the page has %d examples, want 1", len(examples))
	}
	schema, err := os.ReadFile("../../docs/reference/findings.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for name, src := range map[string]string{
		"wrong.yaml":   "workflow: x\nversion: \"1\"\nsteps:\n  - { id: a, compose: \"${ inptu }\" }\n  - { id: a, compose: \"${ 1 + }\", runAfter: [b] }\n",
		"right.yaml":   "workflow: x\nversion: \"1\"\nsteps:\n  - { id: a, compose: 1 }\n",
		"empty.yaml":   "",
		"control.yaml": "a: \x00\n",
		"broken.json":  `{"workflow": "x", "steps": [{`,
	} {
		if err := os.WriteFile(name, []byte(src), 0o644); err != nil {
			t.Fatal(err)
		}
		var out, errs strings.Builder
		execute([]string{"validate", "--format", "json", name}, newApp(strings.NewReader(""), &out, &errs, nil))
		examples = append(examples, out.String())
	}
	for _, text := range examples {
		var doc any
		if err := json.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatalf("%v:\n%s", err, text)
		}
		if err := s.Validate(doc); err != nil {
			t.Errorf("%#v\n%s", err, text)
		}
		for _, name := range members(doc) {
			if !strings.Contains(string(schema), `"`+name+`": {`) {
				t.Errorf("the schema says nothing of %q:\n%s", name, text)
			}
		}
	}
}

// members returns the names of all members of a document.
func members(x any) []string {
	var out []string
	switch x := x.(type) {
	case map[string]any:
		for name, v := range x {
			out = append(append(out, name), members(v)...)
		}
	case []any:
		for _, v := range x {
			out = append(out, members(v)...)
		}
	}
	return out
}

// A version in SARIF begins with a number.
func TestReleased(t *testing.T) {
	for version, want := range map[string]string{"v1.2.0": "1.2.0", "0.3.1-rc.1": "0.3.1-rc.1", "devel": "", "(devel)": "", "": "", "v": ""} {
		if got := released(version); got != want {
			t.Errorf("released(%q) = %q, want %q", version, got, want)
		}
	}
}
