package dsl_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
)

// The structure of the other files of a project: environments and tests. The
// check and the schema file agree on each.
func TestStructure(t *testing.T) {
	paths, err := filepath.Glob("testdata/structure/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			f, name := a.Files[0], "environment"
			if strings.HasSuffix(f.Name, ".test.yaml") {
				name = "test"
			}
			tree, l := dsl.Read(f.Name, f.Data)
			l = append(l, dsl.CheckSchema(tree, name)...)
			if got := compileSchema(t, name).Validate(tree.Value()); (got != nil) != (len(l) > 0) {
				t.Errorf("the schema file says %v, the check %d findings", got, len(l))
			}
			got := diag.Text(l, diag.Source(f.Name, f.Data))
			if *update {
				a.Files[1].Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(a.Files[1].Data), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
		})
	}
}
