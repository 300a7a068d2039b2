package tidy

import (
	"fmt"
	"go/ast"
	"go/token"
	"path/filepath"
)

// timed looks for tests that compare how long something took: how fast and how
// busy the machine is must not decide on a test. Files with bubbles of
// testing/synctest may, for in those time is what the test makes it.
func (t *tree) timed() ([]Finding, error) {
	var fs []Finding
	for _, p := range t.pkgs {
		for _, name := range append(p.TestGoFiles, p.XTestGoFiles...) {
			f, err := t.parse(filepath.Join(p.Dir, name))
			if err != nil {
				return nil, err
			}
			if !imports(f.syntax, `"testing/synctest"`) {
				fs = append(fs, t.timedIn(f)...)
			}
		}
	}
	return fs, nil
}

func (t *tree) timedIn(f *file) []Finding {
	var fs []Finding
	for _, d := range f.syntax.Decls {
		took := map[string]bool{} // the variables that hold what time.Since gave
		ast.Inspect(d, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for i, x := range n.Lhs {
					if id, ok := x.(*ast.Ident); ok && len(n.Lhs) == len(n.Rhs) && since(n.Rhs[i], nil) {
						took[id.Name] = true
					}
				}
			case *ast.BinaryExpr:
				if compares(n.Op) && (since(n.X, took) || since(n.Y, took)) {
					fs = append(fs, Finding{
						File: f.name, Line: t.line(n.Pos()), Rule: "timed",
						Message: fmt.Sprintf("a test compares a duration by %s: count, use testing/synctest, or make it a benchmark", n.Op),
					})
				}
			}
			return true
		})
	}
	return fs
}

func compares(op token.Token) bool {
	return op == token.LSS || op == token.LEQ || op == token.GTR || op == token.GEQ
}

// since tells whether time.Since, or a variable that holds what it gave, stands
// in x.
func since(x ast.Expr, took map[string]bool) (found bool) {
	ast.Inspect(x, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false // it is looked at by itself
		case *ast.SelectorExpr:
			id, ok := n.X.(*ast.Ident)
			found = found || ok && id.Name == "time" && n.Sel.Name == "Since"
		case *ast.Ident:
			found = found || took[n.Name]
		}
		return !found
	})
	return found
}

func imports(f *ast.File, path string) bool {
	for _, i := range f.Imports {
		if i.Path.Value == path {
			return true
		}
	}
	return false
}
