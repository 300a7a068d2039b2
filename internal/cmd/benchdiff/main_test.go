package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What the benchmarks print is kept in a file; a program that fails is named.
func TestBenchmark(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.txt")
	if err := benchmark("", path, []string{"env", "GOVERSION"}); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(b), "go") {
		t.Errorf("the file holds %q, %v", b, err)
	}
	err := benchmark(t.TempDir(), path, []string{"test", "./..."})
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !strings.HasPrefix(err.Error(), "go test: ") {
		t.Errorf("outside of a module: %v", err)
	}
	if err := benchmark("", filepath.Join(path, "x"), nil); err == nil {
		t.Error("a file that cannot be written: no error")
	}
}

// A commit that there is not ends it before anything runs, and no folder is
// left behind.
func TestRunWithoutBase(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	t.Chdir(t.TempDir())
	if err := run("nowhere", []string{"test"}); err == nil || !strings.HasPrefix(err.Error(), "git worktree: ") {
		t.Errorf("run: %v", err)
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
