// Command each runs what go test runs one package at a time: the rewriting of
// expected output (-golden), for packages whose tests have a flag named
// update, and every fuzz target for a while (-fuzz 30s).
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"
)

func main() {
	golden := flag.Bool("golden", false, "rewrite expected output")
	fuzz := flag.Duration("fuzz", 0, "how long each fuzz target runs")
	flag.Parse()
	args := func(p pkg) [][]string { return arguments(p, *golden, *fuzz) }
	if err := run(args); err != nil {
		fmt.Fprintln(os.Stderr, "each:", err)
		os.Exit(1)
	}
}

// arguments is what go test is called with for a package, once for each.
func arguments(p pkg, golden bool, fuzz time.Duration) [][]string {
	var all [][]string
	if golden && updates.Match(p.tests) {
		all = append(all, []string{p.ImportPath, "-count=1", "-update"})
	}
	if fuzz > 0 {
		for _, m := range fuzzes.FindAllSubmatch(p.tests, -1) {
			all = append(all, []string{p.ImportPath, "-run=^$", "-fuzz=^" + string(m[1]) + "$", "-fuzztime=" + fuzz.String()})
		}
	}
	return all
}

var (
	updates = regexp.MustCompile(`flag\.Bool\("update"`)
	fuzzes  = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)
)

// pkg is one package and the source of its tests.
type pkg struct {
	ImportPath, Dir           string
	TestGoFiles, XTestGoFiles []string

	tests []byte
}

// run calls go test with what args says for each package.
func run(args func(pkg) [][]string) error {
	pkgs, err := list()
	if err != nil {
		return err
	}
	var errs []error
	for _, p := range pkgs {
		for _, a := range args(p) {
			test := exec.Command("go", append([]string{"test"}, a...)...)
			test.Stdout, test.Stderr = os.Stdout, os.Stderr
			if err := test.Run(); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", p.ImportPath, err))
			}
		}
	}
	return errors.Join(errs...)
}

// list returns the packages of this module that have tests.
func list() ([]pkg, error) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,TestGoFiles,XTestGoFiles", "./...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs, nil
		} else if err != nil {
			return nil, err
		}
		for _, name := range append(p.TestGoFiles, p.XTestGoFiles...) {
			src, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				return nil, err
			}
			p.tests = append(p.tests, src...)
		}
		pkgs = append(pkgs, p)
	}
}
