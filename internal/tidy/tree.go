package tidy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// pkg is one package as `go list` describes it, its files parsed.
type pkg struct {
	ImportPath   string
	Name         string
	Dir          string
	Export       string
	Standard     bool
	GoFiles      []string
	CgoFiles     []string
	TestGoFiles  []string
	XTestGoFiles []string
	Imports      []string
	ImportMap    map[string]string

	path  string // relative to the module, with slashes
	files []*file
}

// file is one parsed source file.
type file struct {
	name      string // relative to the module, with slashes
	syntax    *ast.File
	source    []byte
	generated bool
}

// tree is the module: every package of it with its files, tests excepted.
type tree struct {
	root string
	fset *token.FileSet
	pkgs []*pkg
}

// load lists and parses the packages of the module at root.
func load(root string) (*tree, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	t := &tree{root: root, fset: token.NewFileSet()}
	t.pkgs, err = goList(root, "-e", "./...")
	if err != nil {
		return nil, err
	}
	for _, p := range t.pkgs {
		p.path = strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, Module), "/")
		for _, name := range append(p.GoFiles, p.CgoFiles...) {
			f, err := t.parse(filepath.Join(p.Dir, name))
			if err != nil {
				return nil, err
			}
			p.files = append(p.files, f)
		}
	}
	return t, nil
}

// parse reads one source file.
func (t *tree) parse(path string) (*file, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	syntax, err := parser.ParseFile(t.fset, path, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	return &file{name: t.rel(path), syntax: syntax, source: src, generated: ast.IsGenerated(syntax)}, nil
}

// rel returns path relative to the module, with slashes.
func (t *tree) rel(path string) string {
	r, err := filepath.Rel(t.root, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(r)
}

// line returns the line of pos.
func (t *tree) line(pos token.Pos) int { return t.fset.Position(pos).Line }

// goList runs `go list -json` in dir.
func goList(dir string, args ...string) ([]*pkg, error) {
	cmd := exec.Command("go", append([]string{
		"list", "-json=ImportPath,Name,Dir,Export,Standard,GoFiles,CgoFiles,TestGoFiles,XTestGoFiles,Imports,ImportMap",
	}, args...)...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list %s: %w\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	var pkgs []*pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		p := new(pkg)
		if err := dec.Decode(p); errors.Is(err, io.EOF) {
			return pkgs, nil
		} else if err != nil {
			return nil, fmt.Errorf("read the output of go list: %w", err)
		}
		pkgs = append(pkgs, p)
	}
}
