// Command benchdiff runs the benchmarks of another commit and of the working
// tree and compares them with benchstat. It checks the other commit out into
// a directory of its own, which it removes.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

func main() {
	base := flag.String("base", "main", "the commit to compare with")
	bench := flag.String("bench", ".", "which benchmarks")
	count := flag.String("count", "10", "how often each runs")
	pkgs := flag.String("pkg", "./...", "the packages")
	flag.Parse()
	if err := run(*base, []string{"test", *pkgs, "-run=^$", "-bench=" + *bench, "-benchmem", "-count=" + *count, "-timeout=60m"}); err != nil {
		fmt.Fprintln(os.Stderr, "benchdiff:", err)
		os.Exit(1)
	}
}

func run(base string, test []string) (err error) {
	dir, err := os.MkdirTemp("", "benchdiff")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	tree := filepath.Join(dir, "base")
	if err := command("", os.Stderr, "git", "worktree", "add", "--detach", tree, base); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, command("", os.Stderr, "git", "worktree", "remove", "--force", tree)) }()
	was, is := filepath.Join(dir, "base.txt"), filepath.Join(dir, "here.txt")
	if err := benchmark(tree, was, test); err != nil {
		return err
	}
	if err := benchmark("", is, test); err != nil {
		return err
	}
	return command("", os.Stdout, "go", "tool", "-modfile=tools/go.mod", "benchstat", "base="+was, "here="+is)
}

// benchmark runs go test in dir and keeps what it prints in a file.
func benchmark(dir, path string, test []string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(command(dir, f, "go", test...), f.Close())
}

// command runs a program in dir with its output to out.
func command(dir string, out *os.File, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", name, args[0], err)
	}
	return nil
}
