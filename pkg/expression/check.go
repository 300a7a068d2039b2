package expression

import (
	"github.com/expr-lang/expr/ast"
)

type checker struct {
	src      string
	scope    *Scope
	problems []Problem
}

func newChecker(src string, sc *Scope) *checker {
	if sc == nil {
		sc = &Scope{}
	}
	return &checker{src: src, scope: sc}
}

func (c *checker) checkTop(ast.Node) *Type { return anyType }
func (c *checker) result() []Problem       { return c.problems }
func (c *checker) aliases() map[string]Read {
	m := map[string]Read{}
	for n, x := range c.scope.Names {
		if x.Alias != nil {
			m[n] = *x.Alias
		}
	}
	return m
}
