// Package dsl is the compiler of workflow files: YAML or JSON source becomes
// one positioned tree, is checked in stages (reading, structure, names, flow,
// expressions, calls), and becomes a graph.Workflow. It reports everything
// that it finds wrong, each with code, place and what to do, and stops at
// nothing that it can still make sense of. It knows operations and
// connections only through a Catalog, and it runs nothing.
package dsl

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"time"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// maxFindings bounds how many findings one document gives.
const maxFindings = 1000

// Options is how a document is compiled. The zero value is for a document that
// stands alone.
type Options struct {
	// WarnAny asks for a warning at each value of which nothing is known, so
	// that nothing about it is checked.
	WarnAny bool
	// Files is the project's folder: schemas may refer to files in it. What it
	// gives is put into the compiled document. Nil: there is no project.
	Files fs.FS
	// Path is where in Files the document stands, such as workflows/order.yaml.
	Path string
}

// Compile compiles a document that stands alone; see CompileWith.
func Compile(file string, src []byte, c Catalog) (*graph.Workflow, diag.List) {
	return CompileWith(Options{}, file, src, c)
}

// CompileWith compiles the YAML or JSON source of one workflow. file is its
// name in findings, and its extension says which of the two it is. It returns
// all findings, sorted; the workflow is nil when one of them is an error. It
// never panics and takes time in proportion to the source. Without a catalog,
// operations are not looked at.
func CompileWith(o Options, file string, src []byte, c Catalog) (*graph.Workflow, diag.List) {
	tree, findings := Read(file, src)
	findings = append(findings, CheckSchema(tree, "workflow")...)
	if tree.root == nil || tree.root.bad || tree.root.kind != kindMap {
		return nil, bounded(findings, false)
	}
	k := newCompiler(tree, c)
	k.judging, k.options = true, o
	w := k.compile()
	findings = bounded(append(findings, k.findings()...), k.hasty)
	if findings.HasErrors() {
		return nil, findings
	}
	w.Seal()
	return w, findings
}

// Load builds the graph of an accepted document again from its canonical JSON
// (graph.Workflow.Document). Nothing is judged: what the catalog no longer
// knows is left to the run.
func Load(src []byte, c Catalog) (w *graph.Workflow, err error) {
	tree, findings := Read("document.json", src)
	if findings.HasErrors() {
		return nil, fmt.Errorf("load a workflow: %w", findings)
	}
	if tree.root == nil || tree.root.kind != kindMap {
		return nil, errors.New("load a workflow: the document is not an object")
	}
	k := newCompiler(tree, c)
	w = k.compile()
	if k.failed != nil {
		return nil, fmt.Errorf("load a workflow: %w", k.failed)
	}
	w.Seal()
	return w, nil
}

// Canonical returns the canonical JSON of a document: sorted keys, no white
// space, numbers as they are computed with. Formatting, comments and the
// order of keys do not change it.
func Canonical(t *Tree) []byte {
	if t == nil || t.root == nil {
		return []byte("null")
	}
	return appendCanonical(nil, t.root)
}

// bounded returns the findings in order, each once, and of too many the first,
// errors before warnings. hasty tells that even more were not looked for.
func bounded(l diag.List, hasty bool) diag.List {
	l.Sort()
	l = slices.CompactFunc(l, func(a, b diag.Diagnostic) bool { // what an alias repeats
		return a.Code == b.Code && a.Span == b.Span && a.Message == b.Message
	})
	rest := len(l) - maxFindings
	if rest <= 0 {
		return l
	}
	slices.SortStableFunc(l, func(a, b diag.Diagnostic) int { // errors are kept first
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Span.Start.Offset, b.Span.Start.Offset))
	})
	l = l[:maxFindings]
	l.Sort()
	more := strconv.Itoa(rest)
	if hasty || len(l)+rest > maxJudged {
		more += " or more"
	}
	l[maxFindings-1].Hint = more + " further findings are left out; correct these first"
	return l
}

// compiler turns one tree into a graph.
type compiler struct {
	tree    *Tree
	doc     *document
	catalog Catalog
	options Options
	blind   bool // there is no catalog
	judging bool // report; false: build an accepted document again
	diags   []*diag.Diagnostic
	wrong   int   // findings of expressions
	hasty   bool  // so many that some expressions were not looked at
	failed  error // while not judging: why it cannot be built

	graph     *graph.Workflow
	functions map[string]bool
	query     int     // of the questions about order
	visits    []visit // their working space
	placing   *node   // the text whose offsets are known
	offsets   []int   // nil where they could not be told
	env       environment
	listens   map[string]bool            // names at listen
	types     map[*node]*expression.Type // of the texts of the with that is being checked

	ends           *expression.Type // what the run may end with; nil: nothing is known yet
	defaultTimeout time.Duration
	operations     map[string]*operation
	bound          map[string]Connection
	reported       map[string]bool // connections with a finding
	attributes     map[string]attribute
	zones          int                           // unknown ones
	schemas        map[string]*expression.Schema // by their canonical JSON
	arguments      map[string]*expression.Schema // by what they are the input of
}

func newCompiler(t *Tree, c Catalog) *compiler {
	k := &compiler{tree: t, catalog: c, doc: newDocument(t)}
	if c == nil {
		k.catalog, k.blind = noCatalog{}, true
	}
	return k
}

// noCatalog knows nothing.
type noCatalog struct{}

func (noCatalog) Operation(string) (Operation, bool) { return Operation{}, false }
func (noCatalog) Operations() []string               { return nil }
func (noCatalog) Connections() map[string]Connection { return nil }

// compile runs the stages behind structure.
func (c *compiler) compile() *graph.Workflow {
	c.graph = &graph.Workflow{}
	c.declare()
	if c.judging {
		c.checkNames()
	}
	c.layOut()
	c.linkSteps()
	c.markSure()
	if c.judging {
		c.checkFlow()
	}
	c.buildSteps()
	c.finish()
	return c.graph
}

// at reports an error at n. While an accepted document is built again nothing
// is reported.
func (c *compiler) at(code diag.Code, n *node, message, hint string) *diag.Diagnostic {
	start, end := n.focus()
	return c.report(code, n, start, end, message, hint)
}

// atKey reports an error at the key of n.
func (c *compiler) atKey(code diag.Code, n *node, message, hint string) {
	if n.key == nil {
		c.at(code, n, message, hint)
		return
	}
	c.report(code, n, n.key.start, n.key.end, message, hint)
}

func (c *compiler) report(code diag.Code, n *node, start, end int, message, hint string) *diag.Diagnostic {
	d := &diag.Diagnostic{Code: code, Message: message, Hint: hint}
	if !c.judging {
		return d
	}
	d.Span, d.Path = c.tree.lines.span(start, end), n.pointer()
	c.diags = append(c.diags, d)
	return d
}

func (c *compiler) findings() diag.List {
	out := make(diag.List, len(c.diags))
	for i, d := range c.diags {
		out[i] = *d
	}
	return out
}

// fail remembers why an accepted document cannot be built again.
func (c *compiler) fail(err error) {
	if c.failed == nil {
		c.failed = err
	}
}
