// Command generated runs go generate and fails when that changes a file that
// git knows or leaves a new one, so that what is committed is what the
// generators write.
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "generated:", err)
		os.Exit(1)
	}
}

func run() error {
	before, err := state()
	if err != nil {
		return err
	}
	gen := exec.Command("go", "generate", "./...")
	gen.Stdout, gen.Stderr = os.Stdout, os.Stderr
	if err := gen.Run(); err != nil {
		return fmt.Errorf("go generate: %w", err)
	}
	after, err := state()
	if err != nil {
		return err
	}
	if !bytes.Equal(before, after) {
		return fmt.Errorf("go generate changed files; run make generate and commit what it writes:\n%s", after)
	}
	return nil
}

// state is what differs from the last commit: changed lines and the names of
// files that git does not know.
func state() ([]byte, error) {
	var all []byte
	for _, args := range [][]string{{"diff", "--text", "HEAD"}, {"ls-files", "--others", "--exclude-standard"}} {
		cmd := exec.Command("git", args...)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("git %s: %w", args[0], err)
		}
		all = append(all, out...)
	}
	return all, nil
}
