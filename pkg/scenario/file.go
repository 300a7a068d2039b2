// Package scenario runs the scenarios of a project's test files: a workflow,
// what its calls answer, what happens to it when, and what is expected of it.
// Nothing outside is reached and no time passes: answers come from mocks, the
// clock jumps to what is due next. What a run does is decided by
// pkg/interpreter alone; a Driver can have the same scenario run by something
// else, such as an engine with a log, and the outcomes compared.
package scenario

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/connectors"
	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// The codes of findings that this package adds to those of the structure.
const (
	codeMissing     diag.Code = "E202"
	codeValue       diag.Code = "E204"
	codeIneffective diag.Code = "E207"
	codeDuplicate   diag.Code = "E210"
	codeDuration    diag.Code = "E212"
)

// Project is where scenarios find the workflows that they run.
type Project struct {
	Dir string
	// Registry is the connectors whose operations workflows may name; none of
	// them is called.
	Registry *connectors.Registry
	// Environ is the process environment that secrets of the environment may
	// come from, in the form of os.Environ. No secret is read.
	Environ []string
}

// File is a test file that was read, and the workflows of its project. It is
// immutable.
type File struct {
	Name      string
	Scenarios []string // their names, in order
	// Sources is the workflows' files, by path.
	Sources []Source
	// Env is the environment that the file names; nil: none.
	Env *config.Environment

	tree  *dsl.Tree
	doc   document
	flows map[string]*graph.Workflow
}

// Source is the text of a workflow's file.
type Source struct {
	File string
	Text []byte
}

// options lets the schemas of a workflow's file refer to the project's folder,
// and to nothing outside of it.
func (p Project) options(root *os.Root, file string) dsl.Options {
	rel, err := filepath.Rel(p.Dir, file)
	if err != nil || root == nil {
		return dsl.Options{}
	}
	return dsl.Options{Files: root.FS(), Path: filepath.ToSlash(rel)}
}

// Load reads a test file and compiles the workflows of its project. The file
// is nil when the findings have errors.
func Load(p Project, file string) (*File, diag.List) {
	src, err := config.ReadFile(file)
	if err != nil {
		return nil, unreadable(file, err)
	}
	return Read(p, file, src)
}

// Read is Load of a text that is at hand; file is what it is called.
func Read(p Project, file string, src []byte) (*File, diag.List) {
	f := &File{Name: file, flows: map[string]*graph.Workflow{}}
	var found diag.List
	f.tree, found = dsl.Read(file, src)
	found = append(found, dsl.CheckSchema(f.tree, "test")...)
	if found.HasErrors() {
		found.Sort()
		return nil, found
	}
	if found = append(found, f.decode()...); !found.HasErrors() {
		found = append(found, f.project(p)...)
	}
	if !found.HasErrors() {
		found = append(found, f.check()...)
	}
	found.Sort()
	if found.HasErrors() {
		return nil, found
	}
	return f, found
}

func unreadable(file string, err error) diag.List {
	return diag.List{{Code: codeValue, Span: diag.Span{File: file, Start: diag.Pos{Line: 1, Col: 1}}, Message: err.Error()}}
}

// decode fills the document from the tree, whose structure is right.
func (f *File) decode() diag.List {
	b, err := expression.Encode(f.tree.Value())
	if err == nil {
		err = json.Unmarshal(b, &f.doc)
	}
	if err != nil {
		return diag.List{f.tree.Diagnostic(codeValue, "", err.Error(), "")}
	}
	for _, s := range f.doc.Cases {
		f.Scenarios = append(f.Scenarios, s.Name)
	}
	return nil
}

// project reads the environment and compiles the workflows.
func (f *File) project(p Project) diag.List {
	project, err := config.OpenProject(p.Dir)
	if err != nil {
		return diag.List{f.tree.Diagnostic(codeValue, "", err.Error(), "scenarios belong to a project folder with workflows in it")}
	}
	var found diag.List
	if f.doc.Env != "" {
		f.Env, found, err = project.Environment(f.doc.Env, p.Environ)
		if err != nil {
			return diag.List{f.tree.Diagnostic(codeValue, "/env", err.Error(), "name a file of the folder env")}
		}
		if found.HasErrors() {
			return found
		}
	}
	catalog := engine.NewCatalog(p.Registry, f.Env)
	root, err := os.OpenRoot(p.Dir)
	if err != nil {
		return append(found, unreadable(p.Dir, err)...)
	}
	defer root.Close() // it was only read
	for _, file := range project.Workflows {
		src, err := config.ReadFile(file)
		if err != nil {
			found = append(found, unreadable(file, err)...)
			continue
		}
		flow, l := dsl.CompileWith(p.options(root, file), file, src, catalog)
		for _, d := range l {
			if d.Severity == diag.Error {
				found = append(found, d)
			}
		}
		if flow != nil {
			f.flows[flow.Name] = flow
			f.Sources = append(f.Sources, Source{file, src})
		}
	}
	return found
}

// duration reads a duration that may be left out.
func duration(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := expression.ParseDuration(text)
	if err == nil && d < 0 {
		err = fmt.Errorf("%q is negative", text)
	}
	return d, err
}
