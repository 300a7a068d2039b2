package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// module is a module with packages that have goldens, fuzz targets, both and
// neither.
func module(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range map[string]string{
		"go.mod":              "module example.com/m\n\ngo 1.26\n",
		"plain/plain_test.go": "package plain\n\nimport \"testing\"\n\nfunc TestX(t *testing.T) {}\n",
		"both/both.go":        "package both\n",
		"both/in_test.go":     "package both\n\nimport (\n\t\"flag\"\n\t\"os\"\n\t\"testing\"\n)\n\nvar update = flag.Bool(\"update\", false, \"\")\n\nfunc TestX(t *testing.T) {\n\tif *update {\n\t\tif err := os.WriteFile(\"golden\", nil, 0o600); err != nil {\n\t\t\tt.Fatal(err)\n\t\t}\n\t}\n}\n",
		"both/out_test.go":    "package both_test\n\nimport \"testing\"\n\nfunc FuzzA(f *testing.F) { f.Fuzz(func(*testing.T, int) {}) }\n\nfunc FuzzAB(f *testing.F) { f.Fuzz(func(*testing.T, int) {}) }\n",
		"fails/fails_test.go": "package fails\n\nimport (\n\t\"flag\"\n\t\"testing\"\n)\n\nvar _ = flag.Bool(\"update\", false, \"\")\n\nfunc TestX(t *testing.T) { t.Fail() }\n",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Only packages whose tests have the flag are rewritten, and each fuzz target
// runs alone, that of the package's outside too.
func TestArguments(t *testing.T) {
	module(t)
	pkgs, err := list()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range pkgs {
		for _, a := range arguments(p, true, 2*time.Second) {
			got = append(got, strings.Join(a, " "))
		}
		if a := arguments(p, false, 0); a != nil {
			t.Errorf("nothing was asked for: %v", a)
		}
	}
	want := []string{
		"example.com/m/both -count=1 -update",
		"example.com/m/both -run=^$ -fuzz=^FuzzA$ -fuzztime=2s",
		"example.com/m/both -run=^$ -fuzz=^FuzzAB$ -fuzztime=2s",
		"example.com/m/fails -count=1 -update",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// A package that fails is named, and the others are rewritten all the same.
func TestRun(t *testing.T) {
	module(t)
	err := run(func(p pkg) [][]string { return arguments(p, true, 0) })
	if err == nil || !strings.Contains(err.Error(), "example.com/m/fails") || strings.Contains(err.Error(), "both") {
		t.Errorf("run: %v", err)
	}
	if _, err := os.Stat(filepath.Join("both", "golden")); err != nil {
		t.Errorf("what is expected of both was not rewritten: %v", err)
	}
	t.Chdir(t.TempDir())
	if err := run(func(pkg) [][]string { return nil }); err == nil || !strings.Contains(err.Error(), "go list") {
		t.Errorf("outside of a module: %v", err)
	}
}
