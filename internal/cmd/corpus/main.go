// Command corpus runs what is known of Logic Apps' expressions: the files of
// cases wdl/*_cases.jsonl and the definitions corpus/defs/*.json of a folder
// that the environment variable KEELSTEP_CORPUS names. Where it names none,
// the command says so in one line and succeeds.
//
// Cases of the list contested.txt count as passed; expressions in definitions
// that are refused are listed. Strings of deployment templates, in brackets,
// are not of the language and do not count.
package main

import (
	_ "embed" // the list of contested cases
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/keelstep/keelstep/internal/wdlcase"
	"github.com/keelstep/keelstep/pkg/expression/wdlexpr"
)

//go:embed contested.txt
var contestedList string

// variable names the folder.
const variable = "KEELSTEP_CORPUS"

func main() {
	ok, err := run(os.Stdout, os.Getenv(variable))
	if err != nil {
		fmt.Fprintln(os.Stderr, "corpus:", err)
		os.Exit(1)
	}
	if !ok {
		os.Exit(1)
	}
}

// run runs all of a folder and tells whether every case passed.
func run(w io.Writer, folder string) (bool, error) {
	if folder == "" {
		fmt.Fprintf(w, "corpus: %s names no folder, nothing to run\n", variable)
		return true, nil
	}
	files, err := filepath.Glob(filepath.Join(folder, "wdl", "*_cases.jsonl"))
	if err != nil {
		return false, err
	}
	ok := true
	for _, file := range files {
		if strings.HasPrefix(filepath.Base(file), "action") {
			continue // cases of actions, not of expressions
		}
		passed, err := runCases(w, file)
		if err != nil {
			return false, err
		}
		ok = ok && passed
	}
	return ok, runDefinitions(w, folder)
}

func runCases(w io.Writer, file string) (bool, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return false, err
	}
	cases, err := wdlcase.Read(b)
	if err != nil {
		return false, fmt.Errorf("%s: %w", file, err)
	}
	reasons, err := wdlcase.Contested([]byte(contestedList))
	if err != nil {
		return false, fmt.Errorf("contested.txt: %w", err)
	}
	o := wdlcase.RunAll(cases, reasons)
	for _, c := range o.Contested {
		fmt.Fprintf(w, "contested %s %s\n  %s\n", c.ID, c.Expr, c.Reason)
	}
	for _, f := range o.Failures {
		fmt.Fprintf(w, "%s %s\n  got  %s\n  want %s\n", f.ID, f.Expr, f.Got, f.Want)
	}
	fmt.Fprintf(w, "%s: %d passed, %d failed\n", filepath.Base(file), o.Passed, o.Failed)
	return o.Failed == 0, nil
}

// runDefinitions compiles each string of the definitions.
func runDefinitions(w io.Writer, folder string) error {
	files, err := filepath.Glob(filepath.Join(folder, "corpus", "defs", "*.json"))
	if err != nil {
		return err
	}
	compiled, refused, templates := 0, 0, 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		x, err := wdlexpr.Decode(b)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		wdlcase.Strings(x, func(s string) {
			p, problems := wdlexpr.Compile(s)
			switch {
			case p != nil:
				if _, literal := p.Literal(); !literal {
					compiled++
				}
			case strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]"):
				templates++
			default:
				refused++
				fmt.Fprintf(w, "%s %s\n", filepath.Base(file), wdlcase.Problem(s, problems[0]))
			}
		})
	}
	fmt.Fprintf(w, "definitions: %d files, %d expressions compile, %d are refused, %d are of deployment templates\n", len(files), compiled, refused, templates)
	return nil
}
