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
	"slices"
	"strconv"
	"strings"
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
	codeOperation   diag.Code = "E501"
	codeInput       diag.Code = "E508"
	codeMisfit      diag.Code = "E604"
	codeNoParameter diag.Code = "E605"
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
	// catalog is what the workflows were compiled with.
	catalog dsl.Catalog
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
	if _, ok := f.tree.Value().(map[string]any); ok {
		found = append(found, f.rest(p, found)...)
	}
	found.Sort()
	if found.HasErrors() {
		return nil, found
	}
	return f, found
}

// rest finds what the structure does not show, in what of the file is not
// wrong already.
func (f *File) rest(p Project, structure diag.List) (found diag.List) {
	if found = f.decode(structure); found.HasErrors() {
		return found
	}
	if found = f.project(p); found.HasErrors() {
		return found
	}
	for _, d := range f.check(f.catalog) {
		if !slices.ContainsFunc(structure, func(have diag.Diagnostic) bool { return hides(have, d) }) {
			found = append(found, d)
		}
	}
	return found
}

// hides tells whether a finding of the structure may be the reason of another
// one: it is at or around its place, or a part of it.
func hides(have, d diag.Diagnostic) bool {
	return have.Severity == diag.Error &&
		(have.Path == "" || strings.HasPrefix(d.Path+"/", have.Path+"/") || strings.HasPrefix(have.Path, d.Path+"/"))
}

func unreadable(file string, err error) diag.List {
	return diag.List{{Code: codeValue, Span: diag.Span{File: file, Start: diag.Pos{Line: 1, Col: 1}}, Message: err.Error()}}
}

// decode fills the document from the tree, without what is wrong in it.
func (f *File) decode(structure diag.List) diag.List {
	x := f.tree.Value()
	for _, d := range structure {
		if d.Severity == diag.Error && d.Path != "" {
			x = without(x, strings.Split(d.Path[1:], "/"))
		}
	}
	b, err := expression.Encode(x)
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

// without returns decoded JSON without the value at a pointer. The entries of
// a list keep their places.
func without(x any, pointer []string) any {
	name := strings.NewReplacer("~1", "/", "~0", "~").Replace(pointer[0])
	switch x := x.(type) {
	case map[string]any:
		if len(pointer) == 1 {
			delete(x, name)
		} else if v, ok := x[name]; ok {
			x[name] = without(v, pointer[1:])
		}
	case []any:
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(x) {
			if len(pointer) == 1 {
				x[i] = nil
			} else {
				x[i] = without(x[i], pointer[1:])
			}
		}
	}
	return x
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
			hint := "the project has " + strings.Join(project.Environments, ", ")
			if len(project.Environments) == 0 {
				hint = "the project has no environments; leave env out, or add a file to the folder env"
			}
			if near := expression.Nearest(f.doc.Env, project.Environments); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			return diag.List{f.tree.Diagnostic(codeValue, "/env", fmt.Sprintf("there is no environment %q", f.doc.Env), hint)}
		}
		if found.HasErrors() {
			return found
		}
	}
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
		f.Sources = append(f.Sources, Source{file, src})
	}
	return append(found, f.compile(p, root)...)
}

// compile compiles the workflows, each with what the others take and give, so
// that steps that call them are checked.
func (f *File) compile(p Project, root *os.Root) (found diag.List) {
	alone := engine.NewCatalog(p.Registry, f.Env)
	callees := map[string]dsl.Callee{}
	for _, s := range f.Sources {
		if w, _ := dsl.CompileWith(p.options(root, s.File), s.File, s.Text, alone); w != nil {
			callees[w.Name] = dsl.CalleeOf(w)
		}
	}
	f.catalog = dsl.WithWorkflows(alone, func(name string) (dsl.Callee, bool) {
		c, ok := callees[name]
		return c, ok
	})
	for _, s := range f.Sources {
		flow, l := dsl.CompileWith(p.options(root, s.File), s.File, s.Text, f.catalog)
		for _, d := range l {
			if d.Severity == diag.Error {
				found = append(found, d)
			}
		}
		switch {
		case flow == nil:
		case f.flows[flow.Name] != nil:
			found = append(found, diag.Diagnostic{
				Code: codeDuplicate, Span: diag.Span{File: s.File, Start: diag.Pos{Line: 1, Col: 1}},
				Message: fmt.Sprintf("another file is workflow %s too", flow.Name), Hint: "give each its own name",
			})
		default:
			f.flows[flow.Name] = flow
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
