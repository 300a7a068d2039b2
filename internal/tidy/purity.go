package tidy

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

// orderComment allows a range over a map on its line: the words behind it say
// why the order does not show.
const orderComment = "// order does not show: "

// purity checks that the core is data in, data out.
func (t *tree) purity() ([]Finding, error) {
	var pure []*pkg
	var paths []string
	for _, p := range t.pkgs {
		if slices.Contains(core, p.path) && len(p.files) > 0 {
			pure, paths = append(pure, p), append(paths, p.ImportPath)
		}
	}
	if len(pure) == 0 {
		return nil, nil
	}
	deps, err := goList(t.root, append([]string{"-deps", "-export"}, paths...)...)
	if err != nil {
		return nil, err
	}
	exports := map[string]string{}
	for _, d := range deps {
		exports[d.ImportPath] = d.Export
	}
	imp := importer.ForCompiler(t.fset, "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("no export data of %s", path)
		}
		return os.Open(exports[path])
	})
	var fs []Finding
	for _, p := range pure {
		found, err := t.purityOf(p, mapped{imp, p.ImportMap})
		if err != nil {
			return nil, err
		}
		fs = append(fs, found...)
	}
	return fs, nil
}

// mapped imports what a source file means by a path (the standard library
// keeps copies of others' packages under other paths).
type mapped struct {
	types.Importer
	paths map[string]string
}

func (m mapped) Import(path string) (*types.Package, error) {
	if p, ok := m.paths[path]; ok {
		path = p
	}
	return m.Importer.Import(path)
}

// purityOf checks one package of the core.
func (t *tree) purityOf(p *pkg, imp types.Importer) ([]Finding, error) {
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	var syntax []*ast.File
	for _, f := range p.files {
		syntax = append(syntax, f.syntax)
	}
	conf := types.Config{Importer: imp}
	if _, err := conf.Check(p.ImportPath, t.fset, syntax, info); err != nil {
		return nil, fmt.Errorf("check types of %s: %w", p.path, err)
	}
	var fs []Finding
	for _, f := range p.files {
		c := &purityCheck{tree: t, file: f, info: info}
		c.imports()
		ast.Inspect(f.syntax, c.node)
		fs = append(fs, c.found...)
	}
	return fs, nil
}

// purityCheck walks one file of the core.
type purityCheck struct {
	tree   *tree
	file   *file
	info   *types.Info
	sorted []ast.Expr // arguments of sorting calls that enclose what comes next
	found  []Finding
}

func (c *purityCheck) add(pos token.Pos, format string, args ...any) {
	c.found = append(c.found, Finding{
		File: c.file.name, Line: c.tree.line(pos), Rule: "purity", Message: "the core must not " + fmt.Sprintf(format, args...),
	})
}

func (c *purityCheck) imports() {
	for _, spec := range c.file.syntax.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil || slices.Contains(pureBelow, path) {
			continue
		}
		for _, bad := range impureImports {
			if path == bad || strings.HasPrefix(path, bad+"/") {
				c.add(spec.Pos(), "import %s", path)
			}
		}
	}
}

// node checks one node of the syntax tree.
func (c *purityCheck) node(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GoStmt:
		c.add(n.Pos(), "start a goroutine")
	case *ast.ChanType:
		c.add(n.Pos(), "use a channel")
	case *ast.SendStmt:
		c.add(n.Pos(), "send on a channel")
	case *ast.SelectStmt:
		c.add(n.Pos(), "select")
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			c.add(n.Pos(), "receive from a channel")
		}
	case *ast.RangeStmt:
		c.rangeOver(n)
	case *ast.CallExpr:
		if slices.Contains(sorting, c.callee(n.Fun)) {
			c.sorted = append(c.sorted, n.Args...)
		} else if name := c.callee(n.Fun); slices.Contains(unordered, name) && !slices.Contains(c.sorted, ast.Expr(n)) && !c.excused(n.Pos()) {
			c.add(n.Pos(), "take the entries of a map in no order: wrap %s in slices.Sorted, or say why on the line: %swhy", name, orderComment)
		}
	case *ast.Ident:
		if name := qualified(c.info.Uses[n]); slices.Contains(impureNames, name) {
			c.add(n.Pos(), "use %s", name)
		}
	}
	return true
}

// rangeOver refuses a range over a map unless its line says why the order
// does not show.
func (c *purityCheck) rangeOver(n *ast.RangeStmt) {
	tv, ok := c.info.Types[n.X]
	if !ok || c.excused(n.Pos()) {
		return
	}
	if isMap(tv.Type) {
		c.add(n.Pos(), "range over a map: keep a list, sort the keys, or say why on the line: %swhy", orderComment)
	}
}

// isMap tells whether a value of type t may be a map.
func isMap(t types.Type) bool {
	if _, ok := t.Underlying().(*types.Map); ok {
		return true
	}
	p, ok := types.Unalias(t).(*types.TypeParam)
	if !ok {
		return false
	}
	u, ok := p.Constraint().Underlying().(*types.Interface)
	if !ok {
		return false
	}
	for e := range u.NumEmbeddeds() {
		un, ok := u.EmbeddedType(e).(*types.Union)
		if !ok {
			if isMap(u.EmbeddedType(e)) {
				return true
			}
			continue
		}
		for i := range un.Len() {
			if isMap(un.Term(i).Type()) {
				return true
			}
		}
	}
	return false
}

// excused tells whether the line of pos carries the comment that allows it.
func (c *purityCheck) excused(pos token.Pos) bool {
	for _, g := range c.file.syntax.Comments {
		for _, m := range g.List {
			if c.tree.line(m.Pos()) == c.tree.line(pos) && len(m.Text) > len(orderComment) && strings.HasPrefix(m.Text, orderComment) {
				return true
			}
		}
	}
	return false
}

// callee returns the qualified name of a called function, empty when it has
// none.
func (c *purityCheck) callee(fun ast.Expr) string {
	switch f := ast.Unparen(fun).(type) {
	case *ast.IndexExpr:
		return c.callee(f.X)
	case *ast.IndexListExpr:
		return c.callee(f.X)
	case *ast.SelectorExpr:
		return qualified(c.info.Uses[f.Sel])
	}
	return ""
}

// qualified returns package.Name of an object of another package.
func qualified(o types.Object) string {
	if o == nil || o.Pkg() == nil {
		return ""
	}
	if f, ok := o.(*types.Func); ok && f.Signature().Recv() != nil && o.Pkg().Path() != "reflect" {
		return "" // a method of a value that the core was given
	}
	return o.Pkg().Path() + "." + o.Name()
}
