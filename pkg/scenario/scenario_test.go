package scenario_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/keelstep/keelstep/pkg/connectors/standard"
	"github.com/keelstep/keelstep/pkg/scenario"
)

var update = flag.Bool("update", false, "rewrite the golden parts of the cases")

// TestCases loads and runs the test file of each archive and compares what is
// found with the archive's part "want".
func TestCases(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range archives {
		t.Run(filepath.Base(name), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			dir, want := t.TempDir(), ""
			last := len(a.Files) - 1
			if last < 0 || a.Files[last].Name != "want" {
				t.Fatal("the last part of the archive must be want")
			}
			want = string(a.Files[last].Data)
			for _, f := range a.Files[:last] {
				file := filepath.Join(dir, f.Name)
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, f.Data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got := strings.ReplaceAll(outcome(t, dir), dir+"/", "")
			if *update {
				a.Files[last].Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(a), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(got, want); d != "" {
				t.Errorf("got (-) and want (+) differ:\n%s", d)
			}
		})
	}
}

func outcome(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	f, found := scenario.Load(scenario.Project{Dir: dir, Registry: standard.New()}, filepath.Join(dir, "tests", "a.test.yaml"))
	for _, d := range found {
		fmt.Fprintf(&b, "%d:%d %s: %s\n", d.Span.Start.Line, d.Span.Start.Col, d.Code, d.Message)
	}
	if f == nil {
		return b.String()
	}
	for _, r := range f.Run(t.Context(), scenario.Options{Tail: 2}) {
		verdict := "passed"
		if !r.Passed() {
			verdict = "failed"
		}
		fmt.Fprintf(&b, "%s: %s\n", r.Name, verdict)
		for _, x := range r.Findings {
			fmt.Fprintf(&b, "  %d:%d %s: %s\n", x.Span.Start.Line, x.Span.Start.Col, x.Path, x.Message)
			if x.Got != "" || x.Want != "" {
				fmt.Fprintf(&b, "    got  %s\n    want %s\n", x.Got, x.Want)
			}
		}
		for _, e := range r.History {
			fmt.Fprintf(&b, "  | %s\n", e)
		}
	}
	return b.String()
}
