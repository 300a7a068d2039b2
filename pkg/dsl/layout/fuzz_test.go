package layout_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/keelstep/keelstep/pkg/dsl/layout"
)

// sources returns every document of the cases here, of the compiler and of
// the samples, by name.
func sources(t testing.TB) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, pattern := range []string{"testdata/*.txtar", "../testdata/*.txtar"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("no %s: %v", pattern, err)
		}
		for _, path := range paths {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range a.Files {
				if ext := filepath.Ext(f.Name); ext == ".yaml" || ext == ".json" {
					out[path+"/"+f.Name] = unescape(f.Data)
				}
			}
		}
	}
	for _, path := range samples(t) {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out[path] = src
	}
	return out
}

func samples(t testing.TB) []string {
	t.Helper()
	var out []string
	for _, pattern := range []string{"workflows", "env", "tests"} {
		paths, err := filepath.Glob("../../../samples/*/" + pattern + "/*.yaml")
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, paths...)
	}
	if len(out) == 0 {
		t.Fatal("no samples")
	}
	return out
}

// What holds of generated documents holds of those that people wrote.
func TestSources(t *testing.T) {
	for path, src := range sources(t) {
		t.Run(filepath.Base(path), func(t *testing.T) { check(t, path, src) })
	}
}

// The samples are in the form.
func TestSamples(t *testing.T) {
	for _, path := range samples(t) {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := layout.Format(path, src); err != nil || string(out) != string(src) {
			t.Errorf("%s is not in the standard form (engine fmt): %v\n%s", path, err, out)
		}
	}
}

// Format never panics, and what it hands out is right.
func FuzzFormat(f *testing.F) {
	for path, src := range sources(f) {
		f.Add(filepath.Base(path), src)
	}
	f.Fuzz(func(t *testing.T, file string, src []byte) {
		if _, err := layout.Format(file, src); errors.Is(err, layout.ErrUnsafe) {
			return // it is left as it is
		}
		check(t, file, src)
	})
}

// Work grows with the source.
func BenchmarkFormat(b *testing.B) {
	src, err := os.ReadFile("../../../samples/order/workflows/order.yaml")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := layout.Format("order.yaml", src); err != nil {
			b.Fatal(err)
		}
	}
}
