package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRun runs a folder of a few cases and a definition.
func TestRun(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("wdl/some_cases.jsonl", `{"id": "a", "expr": "@add(1, 2)", "expect": 3}
{"id": "obs-and-019", "expr": "@and(false, nobody())", "expect": false}
{"id": "c", "expr": "@add(1, 2)", "expect": 4}
`)
	write("wdl/action_cases.jsonl", "not read")
	write("corpus/defs/d.json", `{"a@{1}": ["@add(1, 2)", "text", "@add(", "[concat('@{x(''y'')}')]"]}`)
	var out strings.Builder
	ok, err := run(&out, folder)
	if err != nil || ok {
		t.Fatalf("run = %v, %v", ok, err)
	}
	want := `contested obs-and-019 @and(false, nobody())
  functions that do not exist are refused when a definition is saved, in branches that are never taken too
c @add(1, 2)
  got  3 (integer)
  want 4
some_cases.jsonl: 2 passed, 1 failed
d.json 1:5: the expression ends too early: a value is expected [E401]
definitions: 1 files, 2 expressions compile, 1 are refused, 1 are of deployment templates
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}

// TestNoFolder says in one line that there is nothing to run.
func TestNoFolder(t *testing.T) {
	var out strings.Builder
	ok, err := run(&out, "")
	if err != nil || !ok || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("run = %v, %v: %q", ok, err, out.String())
	}
}
