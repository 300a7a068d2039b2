package wdlexpr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/keelstep/keelstep/pkg/expression"
)

// compiler makes code of the parts of an expression and collects what is wrong
// with them, in branches that are never taken too.
type compiler struct {
	program  *Program
	problems []expression.Problem
}

// value compiles a part, unless enough is wrong already.
func (c *compiler) value(n node) code {
	if len(c.problems) >= MaxProblems {
		return nil
	}
	switch v := n.(type) {
	case *literalNode:
		value := v.value
		return func(*machine) (Value, error) { return value, nil }
	case *accessNode:
		return c.access(v)
	case *callNode:
		return c.call(v)
	}
	panic(fmt.Sprintf("wdlexpr: unhandled %T", n))
}

func (c *compiler) report(p *expression.Problem) code {
	if len(c.problems) < MaxProblems {
		c.problems = append(c.problems, *p)
	}
	return nil
}

// call compiles the call of a function.
func (c *compiler) call(n *callNode) code {
	f := find(n.name)
	if f == nil {
		for _, arg := range n.args {
			c.value(arg)
		}
		problem := problemAt(codeFunction, n.pos, n.pos+len(n.name), "The template function '%s' is not defined or not valid", n.name)
		if near := nearest(n.name); near != "" {
			problem.Hint = fmt.Sprintf("did you mean %s()?", near)
		}
		return c.report(problem)
	}
	if wrong := f.arity(len(n.args)); wrong != "" {
		for _, arg := range n.args {
			c.value(arg)
		}
		problem := problemAt(codeArity, n.pos, n.end, "%s", wrong)
		problem.Hint = "it is called as " + f.signature()
		return c.report(problem)
	}
	if f.compile != nil {
		run := f.compile(c, f, n)
		return func(m *machine) (Value, error) {
			if err := m.charge(1); err != nil {
				return nil, m.place(err, n.pos)
			}
			x, err := run(m)
			if err != nil {
				return nil, m.place(f.explain(err), n.pos)
			}
			return x, nil
		}
	}
	args := make([]code, len(n.args))
	for i, arg := range n.args {
		args[i] = c.value(arg)
	}
	return func(m *machine) (Value, error) {
		values := make([]Value, len(args))
		for i, arg := range args {
			x, err := arg(m)
			if err != nil {
				return nil, err
			}
			values[i] = x
		}
		x, err := f.invoke(m, values)
		if err != nil {
			return nil, m.place(f.explain(err), n.pos)
		}
		return x, nil
	}
}

// reference compiles the read of something of the workflow that has no name.
func reference(kind RefKind, field string) func(*compiler, *function, *callNode) code {
	return func(c *compiler, _ *function, _ *callNode) code {
		r := Ref{Kind: kind, Field: field}
		c.read(r)
		return func(m *machine) (Value, error) { return m.read(r) }
	}
}

// named compiles the read of something of the workflow by its name.
func named(kind RefKind, field string) func(*compiler, *function, *callNode) code {
	return func(c *compiler, f *function, n *callNode) code {
		return c.readNamed(f, n, Ref{Kind: kind, Field: field})
	}
}

// readNamed compiles the read of r, whose name is the first argument of n.
func (c *compiler) readNamed(f *function, n *callNode, r Ref) code {
	if name, ok := constantName(n.args[0]); ok {
		r.Name = name
		c.read(r)
		return func(m *machine) (Value, error) { return m.read(r) }
	}
	if f.constant {
		pos, end := n.args[0].span()
		problem := problemAt(codeSlotName, pos, end, "%s() needs a constant name, not one that is computed", f.name)
		problem.Hint = "write the name in single quotes"
		return c.report(problem)
	}
	c.program.dynamic = true
	name := c.value(n.args[0])
	return func(m *machine) (Value, error) {
		x, err := name(m)
		if err != nil {
			return nil, err
		}
		text, ok := x.(string)
		if !ok {
			return nil, wants(1, "be of type string", x)
		}
		own := r
		own.Name = text
		return m.read(own)
	}
}

func constantName(n node) (string, bool) {
	if v, ok := n.(*literalNode); ok {
		name, ok := v.value.(string)
		return name, ok
	}
	return "", false
}

// read notes that the program reads r.
func (c *compiler) read(r Ref) {
	if !slices.Contains(c.program.refs, r) {
		c.program.refs = append(c.program.refs, r)
	}
}

// read asks the environment for a reference.
func (m *machine) read(r Ref) (Value, error) { return m.env.Value(r) }

// access compiles a property or an element of a value.
func (c *compiler) access(n *accessNode) code {
	of, guarded, pos := c.value(n.of), n.guarded, n.pos
	if name, ok := constantName(n.index); ok {
		slash := strings.Contains(name, "/")
		return func(m *machine) (Value, error) {
			x, err := of(m)
			if err != nil {
				return nil, err
			}
			if x, err = m.property(x, name, guarded, slash); err != nil {
				return nil, m.place(err, pos)
			}
			return x, nil
		}
	}
	index := c.value(n.index)
	return func(m *machine) (Value, error) {
		x, err := of(m)
		if err != nil {
			return nil, err
		}
		i, err := index(m)
		if err != nil {
			return nil, err
		}
		if name, ok := i.(string); ok {
			x, err = m.property(x, name, guarded, strings.Contains(name, "/"))
		} else {
			x, err = element(x, i, guarded)
		}
		if err != nil {
			return nil, m.place(err, pos)
		}
		return x, nil
	}
}
