package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/diag/page"
)

// What is called wrong has a finding of that code, what is called right has
// none at all, but for values of which nothing is known.
func TestExamples(t *testing.T) {
	for _, p := range page.All() {
		t.Run(string(p.Code), func(t *testing.T) {
			has := func(l diag.List) bool {
				return slices.ContainsFunc(l, func(d diag.Diagnostic) bool { return d.Code == p.Code })
			}
			if l := findings(p.Wrong); !p.Wrong.Shortened && !has(l) {
				t.Errorf("what is wrong has other findings:\n%s", diag.Text(l, sources(p.Wrong)))
			}
			l := findings(p.Right)
			if has(l) || slices.ContainsFunc(l, func(d diag.Diagnostic) bool { return d.Code != "E425" }) {
				t.Errorf("what is right has findings:\n%s", diag.Text(l, sources(p.Right)))
			}
		})
	}
}

// A page that is no more goes away, and what no code has written stays.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"E000.md", "http.md"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("old"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := write(dir); err != nil {
		t.Fatal(err)
	}
	got, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	if want := len(page.All()) + len([]string{"README.md", "http.md"}); len(got) != want {
		t.Errorf("%d files, want %d: %v", len(got), want, got)
	}
	if _, err := os.Stat(filepath.Join(dir, "E000.md")); err == nil {
		t.Error("the page of a code that is no more is still there")
	}
	if err := write(filepath.Join(dir, "missing")); err == nil {
		t.Error("a folder that does not exist is no error")
	}
}
