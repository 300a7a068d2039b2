package scaffold_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/cmd/engine/internal/scaffold"
)

// A new project has what its list says and nothing else, under its own name
// everywhere, and what is there already is never overwritten.
func TestNew(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	written, err := scaffold.New(dir, "shop-orders", []byte("the schema of workflows"))
	if err != nil {
		t.Fatal(err)
	}
	var there []string
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		there = append(there, rel)
		b, err := os.ReadFile(path)
		if strings.Contains(rel, "__") || bytes.Contains(b, []byte("__NAME__")) {
			t.Errorf("%s holds the name of the template:\n%s", rel, b)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(written)
	slices.Sort(there)
	if d := cmp.Diff(written, there); d != "" {
		t.Errorf("what New says (-) and what is there (+):\n%s", d)
	}
	for _, f := range []string{"workflows/shop-orders.yaml", "inputs/shop-orders.json", "env/local.yaml", ".gitignore", ".engine/workflow.schema.json"} {
		if !slices.Contains(there, filepath.FromSlash(f)) {
			t.Errorf("%s is missing", f)
		}
	}
	if b, err := os.ReadFile(filepath.Join(dir, ".engine", "workflow.schema.json")); err != nil || string(b) != "the schema of workflows" {
		t.Errorf("the schema of workflows is %q, %v", b, err)
	}
	if _, err := scaffold.New(dir, "again", nil); !errors.Is(err, scaffold.ErrExists) {
		t.Errorf("in a folder with files: %v", err)
	}
}

func TestNewRefused(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, ok := range map[string]bool{
		"a": true, "a-1": true, "": false, "A": false, "1a": false, "-a": false, "a_b": false, "a b": false, "../a": false, "a/b": false, "ä": false,
	} {
		in := filepath.Join(t.TempDir(), "x")
		written, err := scaffold.New(in, name, nil)
		if ok != (err == nil) || !ok && (!errors.Is(err, scaffold.ErrName) || len(written) > 0) {
			t.Errorf("a project called %q: %v, %v", name, written, err)
		}
		if near := scaffold.Near(name); !ok {
			if _, err := scaffold.New(filepath.Join(t.TempDir(), "x"), near, nil); err != nil {
				t.Errorf("near %q is %q, which cannot be either: %v", name, near, err)
			}
		}
	}
	if _, err := scaffold.New(file, "a", nil); !errors.Is(err, scaffold.ErrExists) {
		t.Errorf("where a file is: %v", err)
	}
	if written, err := scaffold.New(t.TempDir(), "a", nil); err != nil || len(written) == 0 {
		t.Errorf("in an empty folder: %v, %v", written, err)
	}
}

func TestNear(t *testing.T) {
	for name, want := range map[string]string{"Shop": "shop", "my shop": "my-shop", "a__b": "a-b", "2nd-try": "nd-try", "42": "hello", "": "hello", "übung": "bung"} {
		if got := scaffold.Near(name); got != want {
			t.Errorf("Near(%q) = %q, want %q", name, got, want)
		}
	}
}

// Schemas are written where they are not as they should be, and left alone
// where they are.
func TestSchemas(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "schemas")
	all, err := scaffold.Schemas(dir, []byte("one"))
	if err != nil || len(all) < 3 || !slices.Contains(all, "workflow.schema.json") {
		t.Fatalf("the first time: %v, %v", all, err)
	}
	if again, err := scaffold.Schemas(dir, []byte("one")); err != nil || len(again) != 0 {
		t.Errorf("again: %v, %v", again, err)
	}
	if err := os.Remove(filepath.Join(dir, all[0])); err != nil {
		t.Fatal(err)
	}
	changed, err := scaffold.Schemas(dir, []byte("two"))
	if want := slices.Compact([]string{all[0], "workflow.schema.json"}); err != nil || !slices.Equal(changed, want) {
		t.Errorf("with one removed and a new one: %v, %v, want %v", changed, err, want)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := scaffold.Schemas(file, nil); err == nil {
		t.Error("a folder that is a file: no error")
	}
}
