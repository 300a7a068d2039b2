// Package scaffold makes new project folders: a workflow that runs as it is,
// an environment, an input, and what editors need. It never overwrites.
package scaffold

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/keelstep/keelstep/schema"
)

//go:embed all:template
var template embed.FS

// templateName is what the project is called in the files of the template and
// in their names.
const templateName = "__NAME__"

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// The errors that callers branch on.
var (
	ErrName   = errors.New("a name has lower-case letters, digits and hyphens, and begins with a letter")
	ErrExists = errors.New("it is there already, and not empty")
)

// New makes a project in dir and returns the files it wrote, in order, relative
// to dir. workflow is the schema of workflow files. The error is ErrName or
// ErrExists when that cannot be; an empty folder may be there.
func New(dir, name string, workflow []byte) ([]string, error) {
	if !namePattern.MatchString(name) {
		return nil, ErrName
	}
	entries, err := os.ReadDir(dir)
	switch {
	case err == nil && len(entries) > 0:
		return nil, ErrExists
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, ErrExists
	}
	var written []string
	write := func(rel string, data []byte) error {
		rel = strings.ReplaceAll(rel, templateName, name)
		file := filepath.Join(dir, filepath.FromSlash(rel))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		written = append(written, filepath.FromSlash(rel))
		return os.WriteFile(file, []byte(strings.ReplaceAll(string(data), templateName, name)), 0o644)
	}
	root, err := fs.Sub(template, "template")
	if err != nil {
		return nil, err
	}
	err = fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		return write(path, data)
	})
	if err != nil {
		return written, err
	}
	schemas, err := Schemas(filepath.Join(dir, SchemaDir), workflow)
	for _, s := range schemas {
		written = append(written, filepath.Join(SchemaDir, s))
	}
	return written, err
}

// Near returns a name that a project can have and that is as near as can be to
// one that it cannot.
func Near(name string) string {
	name = strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), "-")
	name = strings.TrimLeft(name, "0123456789-")
	if name == "" {
		return "hello"
	}
	return name
}

// SchemaDir is where in a project its schema files lie for editors.
const SchemaDir = ".engine"

// Schemas writes the schemas that editors check and complete with into dir,
// which it makes if need be, and returns the names of those that were not as they
// should be. workflow is the schema of workflow files, which knows the
// connectors at hand.
func Schemas(dir string, workflow []byte) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var written []string
	for _, n := range schema.Names() {
		want, _ := schema.Named(n)
		if n == "workflow" {
			want = workflow
		}
		name := n + ".schema.json"
		file := filepath.Join(dir, name)
		if have, err := os.ReadFile(file); err == nil && bytes.Equal(have, want) {
			continue
		}
		if err := os.WriteFile(file, want, 0o644); err != nil {
			return written, fmt.Errorf("schema %s: %w", n, err)
		}
		written = append(written, name)
	}
	return written, nil
}
