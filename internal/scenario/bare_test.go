package scenario_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/keelstep/keelstep/pkg/connectors/standard"
	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/scenario"
)

// files loads the test files of the project.
func files(t *testing.T) []*scenario.File {
	t.Helper()
	names, err := filepath.Glob("testdata/project/tests/*.test.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no test files: %v", err)
	}
	var all []*scenario.File
	for _, name := range names {
		f, found := scenario.Load(scenario.Project{Dir: "testdata/project", Registry: standard.New()}, name)
		if f == nil {
			t.Fatalf("load %s:\n%s", name, diag.Text(found, nil))
		}
		all = append(all, f)
	}
	return all
}

func failures(r *scenario.Result) string {
	var b strings.Builder
	for _, f := range r.Findings {
		b.WriteString(f.Span.File + " " + f.Path + ": " + f.Message + "\n  got  " + f.Got + "\n  want " + f.Want + "\n")
	}
	for _, e := range r.History {
		b.WriteString("  " + e.String() + "\n")
	}
	return b.String()
}

// TestBare runs the scenarios on the interpreter alone.
func TestBare(t *testing.T) {
	for _, f := range files(t) {
		for _, r := range f.Run(t.Context(), scenario.Options{}) {
			if !r.Passed() {
				t.Errorf("%s: %s\n%s", f.Name, r.Name, failures(&r))
			}
		}
	}
}
