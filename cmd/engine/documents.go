package main

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/connectors/standard"
	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/graph"
)

// documents compiles the files of one project. They may refer to files of its
// folder, and a step that calls another workflow of the project is checked
// against it.
type documents struct {
	p       project
	root    *os.Root // nil: the folder cannot be opened
	catalog dsl.Catalog
	callees map[string]dsl.Callee
}

// openDocuments prepares to compile the files of a project. env nil means that
// no environment is known.
func openDocuments(p project, env *config.Environment) *documents {
	d := &documents{p: p, catalog: engine.NewCatalog(standard.New(), env), callees: map[string]dsl.Callee{}}
	if root, err := os.OpenRoot(p.dir); err == nil {
		d.root = root
	}
	return d
}

func (d *documents) close() {
	if d.root != nil {
		_ = d.root.Close() // it was only read
	}
}

// introduce makes the workflows of files known to the steps that call them,
// and those beside a file that stands for itself.
func (d *documents) introduce(sources map[string][]byte) {
	if !calls(sources) {
		return
	}
	for _, all := range []map[string][]byte{d.siblings(sources), sources} {
		for _, file := range slices.Sorted(maps.Keys(all)) {
			if w, _ := d.compile(file, all[file], false); w != nil {
				d.callees[w.Name] = dsl.CalleeOf(w)
			}
		}
	}
}

// siblings returns the other workflows of a file's project, for the steps that
// call them. What cannot be read is left out: it is not what was asked for.
func (d *documents) siblings(have map[string][]byte) map[string][]byte {
	out := map[string][]byte{}
	files, err := sourcesIn(filepath.Join(d.p.dir, "workflows"))
	if err != nil || !d.p.named {
		return out
	}
	for _, f := range files {
		if slices.ContainsFunc(d.p.files, func(own string) bool { return sameFile(own, f) }) {
			continue
		}
		if src, err := readSource(f); err == nil && have[f] == nil {
			out[f] = src
		}
	}
	return out
}

// calls tells whether a step of one of the texts may call a workflow.
func calls(sources map[string][]byte) bool {
	for _, src := range sources {
		if bytes.Contains(src, []byte("call")) {
			return true
		}
	}
	return false
}

// compile compiles one file of the project.
func (d *documents) compile(file string, src []byte, warnAny bool) (*graph.Workflow, diag.List) {
	o := dsl.Options{WarnAny: warnAny}
	if rel, err := filepath.Rel(d.p.dir, file); err == nil && d.root != nil && fs.ValidPath(filepath.ToSlash(rel)) {
		o.Files, o.Path = d.root.FS(), filepath.ToSlash(rel)
	}
	if d.catalog == nil {
		return dsl.CompileWith(o, file, src, nil)
	}
	return dsl.CompileWith(o, file, src, dsl.WithWorkflows(d.catalog, d.callee))
}

func (d *documents) callee(name string) (dsl.Callee, bool) {
	c, ok := d.callees[name]
	return c, ok
}

// codeReference is the code of references that lead nowhere.
const codeReference diag.Code = "E221"

// deployable is a document as an engine elsewhere takes it.
type deployable struct {
	name string
	src  []byte
}

// alone makes a file of a project stand alone. It returns findings instead
// where what the file refers to is not there; all others are left to the
// engine that it goes to.
func alone(file string, src []byte) (deployable, diag.List) {
	as := deployable{file, src}
	p, err := openProject(file)
	if err != nil {
		return as, nil
	}
	docs := openDocuments(p, nil)
	docs.catalog = nil
	defer docs.close()
	w, found := docs.compile(file, src, false)
	if w != nil {
		as.name, as.src = portable(file, src, w)
		return as, nil
	}
	return as, slices.DeleteFunc(found, func(d diag.Diagnostic) bool { return d.Code != codeReference })
}

// portable returns a file as it can be deployed to an engine that does not see
// the project's folder: itself, or with what it refers to as part of it.
func portable(file string, src []byte, w *graph.Workflow) (name string, out []byte) {
	tree, _ := dsl.Read(file, src)
	if bytes.Equal(dsl.Canonical(tree), w.Document) {
		return file, src
	}
	return strings.TrimSuffix(file, filepath.Ext(file)) + ".json", w.Document
}
