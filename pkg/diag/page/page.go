// Package page is the help for each code of package diag: what the finding
// means, why it is one, and an example that is wrong beside one that is right.
// The texts are files in pages, one a code, embedded into the program. The
// package checks nothing; that the examples are what they say is a test of
// internal/cmd/errorpages, which writes docs/errors from them.
package page

import (
	"embed"
	"fmt"
	"strings"

	"github.com/keelstep/keelstep/pkg/diag"
)

//go:generate go run ../../../internal/cmd/errorpages -out ../../../docs/errors

//go:embed pages/*.txt
var files embed.FS

// Page is the help for one code.
type Page struct {
	diag.Entry
	Text         string // paragraphs of plain text in lines
	Wrong, Right Example
}

// Example is a piece of a workflow, of an environment, or both.
type Example struct {
	Workflow    string
	Environment string
	// Whole means that the piece is a whole file, Shortened that it stands for
	// one that is too large to be shown.
	Whole, Shortened bool
}

// Of returns the page of a code; ok is false when there is none.
func Of(code diag.Code) (p Page, ok bool) {
	e, ok := diag.Lookup(code)
	if !ok {
		return Page{}, false
	}
	src, err := files.ReadFile("pages/" + string(code) + ".txt")
	if err != nil {
		return Page{}, false
	}
	return parse(e, string(src)), true
}

// All returns the pages of all codes that have one, in the order of the codes.
func All() []Page {
	var out []Page
	for _, e := range diag.Codes() {
		if p, ok := Of(e.Code); ok {
			out = append(out, p)
		}
	}
	return out
}

// parse reads a page: its text, then the examples, each behind a line
// "-- NAME --". A name is wrong.yaml or right.yaml, or the same in env/; behind
// it may stand (whole) or (shortened).
func parse(e diag.Entry, src string) Page {
	p := Page{Entry: e}
	into := &p.Text
	for line := range strings.Lines(src) {
		name, begins := strings.CutPrefix(line, "-- ")
		name, ends := strings.CutSuffix(name, " --\n")
		if !begins || !ends {
			*into += line
			continue
		}
		name, kind, _ := strings.Cut(name, " ")
		dir, base, inside := strings.Cut(name, "/")
		if !inside {
			dir, base = "", name
		}
		x := &p.Wrong
		if base == "right.yaml" {
			x = &p.Right
		}
		x.Whole, x.Shortened = x.Whole || kind == "(whole)", x.Shortened || kind == "(shortened)"
		if into = &x.Workflow; dir == "env" {
			into = &x.Environment
		}
	}
	p.Text = strings.TrimSpace(p.Text)
	return p
}

// Source returns the workflow as a whole file. A piece is made one by what is
// added behind it, so that its lines keep their numbers.
func (x Example) Source() []byte {
	if x.Whole || x.Workflow == "" {
		return []byte(x.Workflow)
	}
	src := x.Workflow
	if !strings.Contains("\n"+src, "\nsteps:") {
		src += "steps:\n  - { id: done, compose: 1 }\n"
	}
	return fmt.Appendf(nil, "%sworkflow: example\nversion: \"1\"\n", src)
}
