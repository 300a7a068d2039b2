package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the expected output")

// TestReport reads what go test -json wrote: the part "events" of each case,
// with the words strict and short in its comment.
func TestReport(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		r := report{out: &out, strict: strings.Contains(string(a.Comment), "strict"), short: strings.Contains(string(a.Comment), "short")}
		if err := r.read(strings.NewReader(string(a.Files[0].Data))); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "error: %v\n", r.end())
		if *update {
			a.Files[1].Data = []byte(out.String())
			if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if d := cmp.Diff(string(a.Files[1].Data), out.String()); d != "" {
			t.Errorf("%s (-want +got):\n%s", file, d)
		}
	}
}
