package dsl

import (
	"fmt"
	"strings"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// eventTypeOf is a CloudEvent whose data has that type.
func eventTypeOf(data *expression.Type) *expression.Type {
	return object(
		field("id", stringType), field("source", stringType), field("type", stringType),
		field("subject", nullable(stringType)), field("time", stringType), field("data", data),
	)
}

// messageType is what an await gives, and what its where sees of a signal.
func messageType(data *expression.Type) *expression.Type {
	return object(field("data", data), field("id", stringType), field("time", stringType))
}

// buildAwait builds an await of a signal, of a listen or of a CloudEvent.
func (c *compiler) buildAwait(s *step, at place) {
	n := s.get("await")
	if n == nil {
		return
	}
	a := &graph.AwaitSpec{Returns: c.schema(s.get("returns"))}
	s.g.Await = a
	a.Signal, _ = usable(n.get("signal")).str()
	data := anyType
	if a.Returns != nil {
		data = a.Returns.Type()
	}
	at.event = messageType(data)
	if v := usable(n.get("event")); v != nil {
		a.Event, _ = v.str()
	}
	if n.has("event") || c.listens[a.Signal] {
		at.event = eventTypeOf(data)
	}
	if v := usable(n.get("match")); v != nil {
		a.Match = c.match(v, place{placed: at.placed})
	}
	if where := usable(n.get("where")); where != nil {
		a.Where = c.condition(where, at)
	}
	s.types.output = messageType(data)
}

// match builds what in an event must equal what, in the order of the places.
func (c *compiler) match(n *node, at place) []graph.MatchField {
	var out []graph.MatchField
	for _, i := range sortedKeys(n) {
		k, v := n.keys[i], n.items[i]
		if v.bad {
			continue
		}
		c.checkMatchPlace(k, v)
		t, typ := c.template(v, at)
		switch {
		case typ.Nullable || typ.Kind == expression.TypeNull:
			c.at(codeWrongType, v, fmt.Sprintf("%s may be null, which matches nothing", v.name()), typeHint(v, typ, stringType))
		case typ.Kind == expression.TypeList || typ.Kind == expression.TypeObject:
			c.at(codeWrongType, v, fmt.Sprintf("%s is compared with a text, a number or a boolean, this is %s", v.name(), typ), "match one of its members")
		}
		out = append(out, graph.MatchField{Path: k.text, Value: t})
	}
	return out
}

// eventAttributes are the members of a CloudEvent that a match may name.
var eventAttributes = []string{"id", "source", "type", "subject", "time", "data"}

// checkMatchPlace reports a place that no event can have: attributes have no
// members, and theirs are small letters and digits.
func (c *compiler) checkMatchPlace(k, v *node) {
	first, rest, deeper := strings.Cut(k.text, ".")
	switch {
	case first == "event" && deeper:
		c.report(codeValue, v, k.start, k.end, fmt.Sprintf("%q starts at the event itself", k.text), fmt.Sprintf("write %q", rest))
	case first == "type":
		c.report(codeValue, v, k.start, k.end, "the type stands in event: already", "leave it out")
	case deeper && first != "data":
		c.report(codeValue, v, k.start, k.end, fmt.Sprintf("the attribute %q of an event has no members", first), fmt.Sprintf("did you mean %q?", "data."+k.text))
	case !deeper && nonAttribute(first):
		hint := fmt.Sprintf("did you mean %q?", "data."+k.text)
		if near := nearest(k.text, eventAttributes); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		c.report(codeValue, v, k.start, k.end, fmt.Sprintf("%q is no attribute of an event", k.text), hint)
	}
}

// nonAttribute tells that a name cannot be one of an attribute of CloudEvents,
// extensions included.
func nonAttribute(name string) bool {
	return len(name) > 20 || strings.ContainsFunc(name, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
}

// buildEmit builds the event that a step publishes.
func (c *compiler) buildEmit(s *step, at place) {
	s.types.output = object(field("id", stringType))
	n := s.get("emit")
	if n == nil {
		return
	}
	e := &graph.EmitSpec{}
	s.g.Emit = e
	e.Type, _ = usable(n.get("type")).str()
	if v := usable(n.get("subject")); v != nil {
		e.Subject = c.typed(v, at, stringType, "a subject is a text")
	}
	if v := n.get("data"); v != nil {
		e.Data, _ = c.template(v, at)
	}
}

// buildChild builds the call of another workflow.
func (c *compiler) buildChild(s *step, at place) {
	child := &graph.ChildSpec{}
	s.g.Child, s.types.output = child, anyType
	n := s.get("call")
	child.Workflow, _ = n.str()
	callee, found := c.callee(child.Workflow)
	if v := s.get("detach"); v != nil {
		child.Detach = v.value == true
	}
	c.buildChildInput(s, at, callee, found)
	if found && callee.Output != nil {
		s.types.output = callee.Output
	}
	if v := s.get("returns"); v != nil {
		if child.Detach {
			c.atKey(codeIneffective, v, "returns has no effect where the step does not wait for the output", "leave out returns, or detach")
		}
		if child.Returns = c.schema(v); child.Returns != nil {
			s.types.output = child.Returns.Type()
		}
	}
	if child.Detach {
		s.types.output = object(field("run", stringType))
	}
}

// buildChildInput builds the input of a child and holds it against what the
// workflow takes, where that is known.
func (c *compiler) buildChildInput(s *step, at place, callee Callee, found bool) {
	n := s.get("with")
	var want *expression.Type
	if found && callee.Input != nil && c.judging {
		want = expression.TypeOfArgument(callee.Input)
	}
	what := fmt.Sprintf("the workflow %q", s.g.Child.Workflow)
	if n == nil {
		if want != nil && !s.has("with") {
			c.checkRequired(s.n.get("call"), nil, want, what)
		}
		return
	}
	c.types = map[*node]*expression.Type{}
	before := len(c.diags)
	s.g.Child.With, _ = c.template(n, at)
	if want != nil {
		c.checkArgument(n, want, what)
		c.checkLiteral(n, s.g.Child.With, callee.Input, what, before)
	}
	c.types = nil
}

// callee returns what is known of a workflow that a step calls: of this one
// itself its input, of others what the catalog says. Only those who judge ask.
func (c *compiler) callee(name string) (Callee, bool) {
	if name == "" || !c.judging {
		return Callee{}, false
	}
	if name == c.graph.Name {
		own := Callee{}
		if c.graph.Input != nil {
			own.Input = c.graph.Input.Raw()
		}
		return own, true
	}
	if w, ok := c.catalog.(Workflows); ok {
		return w.Workflow(name)
	}
	return Callee{}, false
}
