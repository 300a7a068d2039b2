package expression

import (
	"github.com/expr-lang/expr/ast"
)

// rootNames are the names that expressions start with, and how many names
// stand behind each of them until a slot is reached.
var rootNames = map[string]struct {
	root  Root
	names int
}{
	"input":   {RootInput, 0},
	"trigger": {RootTrigger, 0},
	"params":  {RootParams, 1},
	"vars":    {RootVars, 1},
	"steps":   {RootSteps, 2},
	"loops":   {RootLoops, 2},
	"error":   {RootError, 0},
	"task":    {RootTask, 0},
	"event":   {RootEvent, 0},
	"run":     {RootRun, 1},
	"secrets": {RootSecrets, 1},
}

// wholeFields are the fields of slots that are read together when the name in
// front of them stands alone.
var wholeFields = map[Root][]string{
	RootSteps: {"output", "status", "error"},
	RootLoops: {"item", "index"},
	RootRun:   {"id", "workflow", "version", "startedAt"},
}

// IsRoot tells whether expressions know name without anybody giving it, so that
// an author may not take it for a thing of his own.
func IsRoot(name string) bool {
	switch name {
	case "index", "null", "nil", "true", "false":
		return true
	}
	_, ok := rootNames[name]
	return ok
}

// path is a chain of constant names behind a root.
type path struct {
	root  Root
	want  int // names until a slot is reached
	names []string
	node  ast.Node
}

// read returns the slot of a complete path.
func (p path) read() Read {
	r := Read{Root: p.root}
	switch {
	case p.root == RootRun:
		r.Field = p.names[0]
	case p.want == 1:
		r.Name = p.names[0]
	case p.want == 2:
		r.Name, r.Field = p.names[0], p.names[1]
	}
	return r
}

// pathOf returns the path that n is, when it is a root or constant names
// behind one and no more names than lead to a slot. local tells which names
// are taken by let.
func pathOf(n ast.Node, local func(string) bool) (path, bool) {
	switch v := n.(type) {
	case *ast.ChainNode:
		return pathOf(v.Node, local)
	case *ast.IdentifierNode:
		root, ok := rootNames[v.Value]
		if !ok || local(v.Value) {
			return path{}, false
		}
		return path{root: root.root, want: root.names, node: n}, true
	case *ast.MemberNode:
		name, ok := v.Property.(*ast.StringNode)
		if !ok {
			return path{}, false
		}
		p, ok := pathOf(v.Node, local)
		if !ok || len(p.names) == p.want {
			return path{}, false
		}
		p.names, p.node = append(p.names, name.Value), n
		return p, true
	}
	return path{}, false
}
