package dsl

import (
	"fmt"
	"strings"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// typed compiles a value and reports where its static type does not fit.
func (c *compiler) typed(n *node, p place, want *expression.Type, hint string) *expression.Template {
	before := len(c.diags)
	t, typ := c.template(n, p)
	if n == nil || n.bad || !c.judging {
		return t
	}
	why := misfit(typ, want)
	if why == "" {
		return t
	}
	if last := len(c.diags) - 1; last == before && c.diags[last].Code == codeLooksLike {
		hint, c.diags = c.diags[last].Hint, c.diags[:last] // the type says more
	} else if h := typeHint(n, typ, want); h != "" {
		hint = h
	}
	c.at(codeWrongType, n, fmt.Sprintf("%s %s", n.name(), why), hint)
	return t
}

// misfit says why a value of type got cannot stand where want is needed, empty
// when it can. A literal text is named as such.
func misfit(got, want *expression.Type) string {
	why := expression.Assignable(got, want)
	if why != "" && len(got.Enum) == 1 && want.Kind != expression.TypeString {
		return fmt.Sprintf("wants %s, got the text %q", want, got.Enum[0])
	}
	return why
}

// typeHint says how a value becomes one of the type that is needed, empty
// where there is no one way.
func typeHint(n *node, got, want *expression.Type) string {
	inner, dynamic := strings.CutPrefix(n.text, "${")
	inner = strings.TrimSpace(strings.TrimSuffix(inner, "}"))
	switch {
	case n.kind != kindString:
		return ""
	case dynamic && got.Nullable && !want.Nullable && expression.Assignable(withoutNull(got), want) == "":
		return fmt.Sprintf("say what stands for null: ${ %s ?? %s }", inner, example(want))
	case dynamic && want.Kind == expression.TypeString && (got.Kind == expression.TypeNumber || got.Kind == expression.TypeInt || got.Kind == expression.TypeBool):
		return fmt.Sprintf("make a text of it: ${ string(%s) }", inner)
	case !dynamic && n.style != stylePlain && got.Kind == expression.TypeString && want.Kind != expression.TypeString:
		return "a quoted value is a text: leave the quotes out"
	}
	return ""
}

// example is a value of a type, as an expression that can stand in a YAML text
// of either quotes.
func example(t *expression.Type) string {
	switch t.Kind {
	case expression.TypeBool:
		return "false"
	case expression.TypeInt, expression.TypeNumber:
		return "0"
	case expression.TypeList:
		return "[]"
	case expression.TypeObject:
		return "{}"
	default:
		return "''"
	}
}

func withoutNull(t *expression.Type) *expression.Type {
	u := *t
	u.Nullable = false
	return &u
}

// buildSet builds set, append and increment.
func (c *compiler) buildSet(s *step, at place) {
	list := s.get(s.verb)
	if list == nil {
		return
	}
	op := map[string]graph.AssignOp{"set": graph.Assign, "append": graph.Append, "increment": graph.Increment}[s.verb]
	for _, i := range sortedKeys(list) {
		k, n := list.keys[i], list.items[i]
		if n.bad {
			continue
		}
		want := c.variable(k.text)
		if want == nil {
			hint := didYouMean(k.text, c.env.varNames)
			if hint == "" {
				hint = fmt.Sprintf("declare it at the top: variables: { %s: … }", k.text)
			}
			c.report(codeUnknownVar, n, k.start, k.end, fmt.Sprintf("there is no variable %q", k.text), hint)
		}
		c.checkOperator(op, k, n, want)
		value := expression.Type{}
		switch {
		case want == nil || op == graph.Append:
		case op == graph.Increment:
			value = *numberType
		default:
			value = *want
		}
		t := c.typed(n, at, &value, fmt.Sprintf("the variable %q began as %s and stays that; begin with null to let it hold anything", k.text, &value))
		s.g.Sets = append(s.g.Sets, graph.Assignment{Op: op, Var: k.text, Value: t})
	}
}

func (c *compiler) variable(name string) *expression.Type {
	for _, f := range c.env.vars.Fields {
		if f.Name == name {
			return f.Type
		}
	}
	return nil
}

// checkOperator reports append to what is no list and increment of what is no
// number.
func (c *compiler) checkOperator(op graph.AssignOp, k, n *node, t *expression.Type) {
	if t == nil || t.Kind == expression.TypeAny {
		return
	}
	switch {
	case op == graph.Append && t.Kind != expression.TypeList:
		c.report(codeWrongType, n, k.start, k.end, fmt.Sprintf("append needs a list, the variable %q began as %s", k.text, t), "use set:")
	case op == graph.Increment && t.Kind != expression.TypeNumber:
		c.report(codeWrongType, n, k.start, k.end, fmt.Sprintf("increment needs a number, the variable %q began as %s", k.text, t), "use set:")
	}
}

// buildWait builds a wait for a duration or until a time.
func (c *compiler) buildWait(s *step, at place) {
	n := s.get("wait")
	if n == nil {
		return
	}
	s.g.Wait = &graph.WaitSpec{}
	if n.kind == kindMap {
		if until := usable(n.get("until")); until != nil {
			want := &expression.Type{Kind: expression.TypeTime}
			s.g.Wait.Until = c.typed(until, at, want, `a time is written as RFC 3339, such as "2026-01-31T08:00:00Z"`)
			c.checkTime(until)
		}
		return
	}
	if !strings.Contains(n.text, "${") {
		c.waitDuration(n)
	}
	s.g.Wait.For = c.typed(n, at, &expression.Type{Kind: expression.TypeDuration}, `a duration has a unit: "${ string(n) + "s" }"`)
}

// waitDuration checks a literal wait; unlike a timeout it may be 0s.
func (c *compiler) waitDuration(n *node) {
	if _, err := expression.ParseDuration(n.text); err != nil {
		c.at(codeDuration, n, fmt.Sprintf("%s: %v", n.name(), err), durationHint(n.text))
	}
}

func (c *compiler) checkTime(n *node) {
	if strings.Contains(n.text, "${") {
		return
	}
	if _, err := parseTime(n.text); err != nil {
		c.at(codeDuration, n, fmt.Sprintf("%q is not a time", n.text), `write it as RFC 3339, such as "2026-01-31T08:00:00Z"`)
	}
}

// buildRespond builds the answer to the caller.
func (c *compiler) buildRespond(s *step, at place) {
	n := s.get("respond")
	if n == nil {
		return
	}
	s.g.Response = &graph.ResponseSpec{}
	if v := usable(n.get("status")); v != nil {
		s.g.Response.Status = c.typed(v, at, intType, "an HTTP status is a whole number from 200 to 599")
	}
	if v := usable(n.get("headers")); v != nil {
		s.g.Response.Headers = c.typed(v, at, openType, "headers are a mapping of names to texts")
		c.checkHeaders(v)
	}
	if v := n.get("body"); v != nil {
		s.g.Response.Body, _ = c.template(v, at)
	}
}

// checkHeaders reports header values that are no text.
func (c *compiler) checkHeaders(n *node) {
	if n.kind != kindMap {
		return
	}
	for _, v := range n.items {
		if v.kind >= kindList || v.kind == kindNull {
			c.at(codeWrongType, v, fmt.Sprintf("the header %s must be a text, not %s", v.name(), v.kind), "write it as a text, or use ${ join(…) }")
		}
	}
}

// buildError builds fail and terminate.
func (c *compiler) buildError(s *step, at place) {
	n := s.get(s.verb)
	if n == nil {
		return
	}
	e := &graph.ErrorSpec{}
	s.g.Error = e
	if n.kind == kindString {
		e.Message = c.typed(n, at, stringType, "a message is a text")
		return
	}
	e.Code, _ = n.get("code").str()
	if v := usable(n.get("message")); v != nil {
		e.Message = c.typed(v, at, stringType, "a message is a text")
	}
	if v := n.get("details"); v != nil {
		e.Details, _ = c.template(v, at)
	}
	if text, ok := n.get("status").str(); ok {
		e.Status, _ = graph.ParseStatus(text)
	}
}

// buildRollback finds the step whose compensations run.
func (c *compiler) buildRollback(s *step) {
	n := s.get("rollback")
	if n == nil {
		return
	}
	id, _ := n.str()
	target := c.doc.byID[id]
	switch {
	case target == nil && c.doc.lost[id]:
		return
	case target == nil:
		c.at(codeUnknownStep, n, fmt.Sprintf("%s rolls back %q, which does not exist", s.label(), id), c.nearAny(id))
		c.fail(fmt.Errorf("%s: there is no step %q", n.pointer(), id))
		return
	}
	s.g.Target = target.g
	if !c.judging {
		return
	}
	if !encloses(target, s) {
		if known, absence := c.find(placed{s: s}, target); known == absent {
			c.at(codeRollback, n, fmt.Sprintf("%s cannot roll back %q: %s", s.label(), id, absence.why), "name an enclosing step, or an earlier one")
			return
		}
	}
	if !compensates(target) {
		c.warn(codeNothingToUndo, n, fmt.Sprintf("no step in %q has a compensate, so there is nothing to roll back", id), "add compensate: to the steps that can be undone")
	}
}

func encloses(outer, s *step) bool {
	for b := s.block; b.owner != nil; b = b.owner.block {
		if b.owner == outer {
			return true
		}
	}
	return false
}

func (c *compiler) nearAny(id string) string {
	if len(c.diags) > maxFindings {
		return ""
	}
	return didYouMean(id, c.doc.ids)
}

// compensates tells whether s or a step inside of it has a compensation.
func compensates(s *step) bool {
	if !s.undoKnown {
		s.undoKnown, s.undo = true, s.has("compensate")
		for _, b := range s.blocks {
			for _, inner := range b.steps {
				s.undo = s.undo || inner.broken || compensates(inner)
			}
		}
	}
	return s.undo
}
