package tidy

import (
	"bytes"
	"fmt"
	"go/ast"
	"strings"
)

// sizes checks the length of files and functions. Generated files may have
// any.
func (t *tree) sizes() []Finding {
	var fs []Finding
	for _, p := range t.pkgs {
		for _, f := range p.files {
			if f.generated {
				continue
			}
			if n := bytes.Count(f.source, []byte("\n")); n > maxFileLines {
				fs = append(fs, Finding{File: f.name, Rule: "size", Message: fmt.Sprintf("the file has %d lines, more than %d", n, maxFileLines)})
			}
			for _, d := range f.syntax.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok || fn.Body == nil {
					continue
				}
				if n := t.bodyLines(f, fn); n > maxFuncLines {
					fs = append(fs, Finding{
						File: f.name, Line: t.line(fn.Pos()), Rule: "size",
						Message: fmt.Sprintf("%s has %d lines, more than %d", fn.Name.Name, n, maxFuncLines),
					})
				}
			}
		}
	}
	return fs
}

// bodyLines counts the lines between a function's braces, without lines that
// hold nothing but a comment.
func (t *tree) bodyLines(f *file, fn *ast.FuncDecl) int {
	first, last := t.line(fn.Body.Lbrace), t.line(fn.Body.Rbrace)
	n := last - first - 1
	lines := strings.Split(string(f.source), "\n")
	for _, l := range lines[first:max(first, last-1)] {
		if strings.HasPrefix(strings.TrimSpace(l), "//") {
			n--
		}
	}
	return n
}

// docs checks that every package says what it is.
func (t *tree) docs() []Finding {
	var fs []Finding
	for _, p := range t.pkgs {
		if len(p.files) == 0 {
			continue
		}
		want := "Package " + p.Name + " "
		if p.Name == "main" {
			want = "Command "
		}
		found := false
		for _, f := range p.files {
			found = found || strings.HasPrefix(f.syntax.Doc.Text(), want)
		}
		if !found {
			fs = append(fs, Finding{File: p.path, Rule: "doc", Message: fmt.Sprintf("the package has no doc comment that starts with %q", want)})
		}
	}
	return fs
}

// directives checks that what go generate runs is pinned: a tool of
// tools/go.mod or a program of this module.
func (t *tree) directives() []Finding {
	var fs []Finding
	for _, p := range t.pkgs {
		for _, f := range p.files {
			for _, g := range f.syntax.Comments {
				for _, c := range g.List {
					cmd, ok := strings.CutPrefix(c.Text, "//go:generate ")
					if !ok || strings.HasPrefix(cmd, "go tool -modfile=") || strings.HasPrefix(cmd, "go run .") {
						continue
					}
					fs = append(fs, Finding{
						File: f.name, Line: t.line(c.Pos()), Rule: "generate",
						Message: "go:generate may run `go tool -modfile=…/tools/go.mod NAME` or `go run ./…`, nothing that is not pinned",
					})
				}
			}
		}
	}
	return fs
}
