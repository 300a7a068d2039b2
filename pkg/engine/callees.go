package engine

import (
	"context"

	"github.com/keelstep/keelstep/pkg/books"
	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/graph"
)

// judge compiles a document that somebody gives.
func (e *Engine) judge(ctx context.Context, file string, src []byte) (*graph.Workflow, diag.List) {
	return dsl.Compile(file, src, dsl.WithWorkflows(e.catalog, func(name string) (dsl.Callee, bool) {
		return e.defs.callee(ctx, name)
	}))
}

// callee returns what the active version of a workflow takes and gives. What
// cannot be read is not known: then calls are checked when they run.
func (d *definitions) callee(ctx context.Context, name string) (dsl.Callee, bool) {
	def, err := d.find(name, "")
	if err != nil {
		return dsl.Callee{}, false
	}
	d.calleesMu.Lock()
	defer d.calleesMu.Unlock()
	if c, ok := d.callees[name]; ok && c.digest == def.Digest {
		return c.Callee, true
	}
	c, ok := d.readCallee(ctx, def)
	if ok {
		if d.callees == nil {
			d.callees = map[string]knownCallee{}
		}
		d.callees[name] = knownCallee{c, def.Digest}
	}
	return c, ok
}

// knownCallee is what is known of the version with that digest.
type knownCallee struct {
	dsl.Callee
	digest string
}

// readCallee compiles a definition once more, as it was judged: one that is
// only loaded has no types.
func (d *definitions) readCallee(ctx context.Context, def books.Definition) (dsl.Callee, bool) {
	document, err := wholeOf(ctx, d.store, def.Document)
	if err != nil {
		return dsl.Callee{}, false
	}
	wf, _ := dsl.Compile("document.json", document, d.catalog)
	if wf == nil {
		if wf, err = dsl.Load(document, d.catalog); err != nil {
			return dsl.Callee{}, false
		}
	}
	return dsl.CalleeOf(wf), true
}
