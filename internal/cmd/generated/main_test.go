package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A generator that changes a committed file, or leaves a new one, is found;
// what was changed before it ran is not its fault.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	git := func(args ...string) {
		cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module example.com/m\n\ngo 1.26\n")
	write("main.go", "package m\n\n//go:generate cp source.txt made.txt\n")
	write("source.txt", "one\n")
	write("made.txt", "one\n")
	git("init", "-q")
	git("add", ".")
	git("commit", "-q", "-m", "all")
	if err := run(); err != nil {
		t.Fatalf("nothing changes: %v", err)
	}
	write("other.txt", "of somebody else\n")
	if err := run(); err != nil {
		t.Fatalf("with a new file of somebody else: %v", err)
	}
	write("source.txt", "two\n")
	if err := run(); err == nil || !strings.Contains(err.Error(), "+two") {
		t.Errorf("a committed file is changed: %v", err)
	}
	if err := run(); err != nil {
		t.Errorf("once it was written: %v", err)
	}
	write("main.go", "package m\n\n//go:generate cp source.txt new.txt\n")
	if err := run(); err == nil || !strings.Contains(err.Error(), "new.txt") {
		t.Errorf("a new file: %v", err)
	}
	write("main.go", "package m\n\n//go:generate false\n")
	if err := run(); err == nil || !strings.Contains(err.Error(), "go generate") {
		t.Errorf("a generator that fails: %v", err)
	}
	t.Chdir(t.TempDir())
	if err := run(); err == nil || !strings.Contains(err.Error(), "git") {
		t.Errorf("outside of a repository: %v", err)
	}
}
