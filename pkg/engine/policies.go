package engine

import (
	"fmt"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/graph"
)

// unsupported returns a finding for each rule of a trigger that compiles and
// that this engine does not apply: what is accepted is never ignored.
func unsupported(file string, src []byte, wf *graph.Workflow) diag.List {
	var found diag.List
	var tree *dsl.Tree
	for i, t := range wf.Triggers {
		for _, key := range []string{"auth"} {
			if tree == nil {
				tree, _ = dsl.Read(file, src)
			}
			pointer := fmt.Sprintf("/triggers/%d/%s", i, key)
			if tree.Has(pointer) {
				d := tree.Diagnostic("E208", pointer, fmt.Sprintf("the engine does not apply %q of this trigger yet", key),
					fmt.Sprintf("take %q out of trigger %q", key, t.ID))
				d.Span = tree.KeySpan(pointer)
				found = append(found, d)
			}
		}
	}
	return found
}
