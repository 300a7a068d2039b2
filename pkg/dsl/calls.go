package dsl

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// operation is an operation of the catalog with its types.
type operation struct {
	Operation
	in, out *expression.Type
}

// operationOf returns the operation of that name, nil when there is none.
func (c *compiler) operationOf(id string) *operation {
	if op, ok := c.operations[id]; ok {
		return op
	}
	if c.operations == nil {
		c.operations = map[string]*operation{}
		c.bound = c.catalog.Connections()
	}
	var op *operation
	if found, ok := c.catalog.Operation(id); ok {
		op = &operation{Operation: found, in: anyType, out: anyType}
		if found.In != nil {
			op.in = expression.TypeOfArgument(found.In)
		}
		if found.Out != nil {
			op.out = expression.TypeOfSchema(found.Out)
		}
	}
	c.operations[id] = op
	return op
}

// buildCall builds an action: what it calls, through which connection, with
// what, and whether it may be repeated.
func (c *compiler) buildCall(s *step, at place) {
	call := &graph.Call{Repeat: func(any) graph.Repeat { return graph.Never }}
	s.g.Call, s.types.output = call, anyType
	n := s.get("action")
	if n == nil {
		return
	}
	call.Operation, _ = n.str()
	call.Connector, _, _ = strings.Cut(call.Operation, ".")
	op := c.operationOf(call.Operation)
	if op == nil {
		if !c.blind {
			c.unknownOperation(n, call.Operation)
		}
	} else {
		call.Connector, call.ReturnsOf = op.Connector, op.Returns
		s.types.output = op.out
	}
	call.Connection = c.connection(s, n, op, call.Connector)
	call.Repeat = c.repeat(s, op, call.Connection)
	c.buildArguments(s, at, n, op)
	if v := s.get("returns"); v != nil {
		call.Returns = c.schema(v)
		if call.Returns != nil {
			s.types.output = withReturns(s.types.output, call.ReturnsOf, call.Returns.Type())
		}
	}
}

// withReturns puts the type of a returns into an operation's output.
func withReturns(out *expression.Type, member string, t *expression.Type) *expression.Type {
	if member == "" {
		return t
	}
	u := *out
	if u.Kind != expression.TypeObject {
		u = *openType
	}
	u.Fields = slices.Clone(u.Fields)
	for i, f := range u.Fields {
		if f.Name == member {
			u.Fields[i] = field(member, t)
			return &u
		}
	}
	u.Fields = append(u.Fields, field(member, t))
	return &u
}

func (c *compiler) unknownOperation(n *node, id string) {
	all := c.catalog.Operations()
	connector, name, _ := strings.Cut(id, ".")
	var connectors, names []string
	for _, o := range all {
		con, rest, _ := strings.Cut(o, ".")
		if !slices.Contains(connectors, con) {
			connectors = append(connectors, con)
		}
		if con == connector {
			names = append(names, rest)
		}
	}
	if !slices.Contains(connectors, connector) {
		hint := didYouMean(connector, connectors)
		c.inText(codeUnknownOperation, n, 0, len(connector), fmt.Sprintf("there is no connector %q", connector), hint)
		return
	}
	hint := ""
	if near := nearest(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %q?", connector+"."+near)
	} else {
		hint = fmt.Sprintf("%s has %s", connector, strings.Join(names, ", "))
	}
	c.at(codeUnknownOperation, n, fmt.Sprintf("the connector %q has no operation %q", connector, name), hint)
}

// connection returns the name of the connection that the step calls through:
// the one that it names, or the only one of the connector.
func (c *compiler) connection(s *step, action *node, op *operation, connector string) string {
	n := s.get("connection")
	if n == nil {
		if s.has("connection") || op == nil && c.judging || op != nil && !op.Connected {
			return ""
		}
		return c.onlyConnection(action, connector)
	}
	name, _ := n.str()
	if op != nil && !op.Connected {
		c.atKey(codeIneffective, n, fmt.Sprintf("%s needs no connection", op.ID), "leave connection out")
		return ""
	}
	i := slices.IndexFunc(c.graph.Connections, func(x graph.Connection) bool { return x.Name == name })
	if i < 0 {
		if list := c.doc.n.get("connections"); list == nil || !list.bad && !list.has(name) {
			c.at(codeUndeclared, n, fmt.Sprintf("there is no connection %q", name), c.connectionHint(name, connector))
		}
		return name
	}
	if declared := c.graph.Connections[i].Connector; op != nil && declared != op.Connector && declared != "" {
		c.at(codeOtherConnector, n, fmt.Sprintf("the connection %q is of the connector %q, %s needs one of %q", name, declared, op.ID, op.Connector), c.connectionHint("", op.Connector))
		return name
	}
	c.checkBound(n, name)
	return name
}

// connectionHint names the connections of a connector.
func (c *compiler) connectionHint(name, connector string) string {
	var names []string
	for _, x := range c.graph.Connections {
		if x.Connector == connector {
			names = append(names, x.Name)
		}
	}
	if name != "" {
		if near := nearest(name, names); near != "" {
			return fmt.Sprintf("did you mean %q?", near)
		}
	}
	if len(names) == 0 {
		if name == "" {
			name = "NAME"
		}
		return fmt.Sprintf("declare it at the top: connections: { %s: { connector: %s } }", name, connector)
	}
	return fmt.Sprintf("connections of %q: %s", connector, strings.Join(names, ", "))
}

func (c *compiler) onlyConnection(action *node, connector string) string {
	var names []string
	for _, x := range c.graph.Connections {
		if x.Connector == connector {
			names = append(names, x.Name)
		}
	}
	switch len(names) {
	case 1:
		c.checkBound(action, names[0])
		return names[0]
	case 0:
		c.at(codeNoConnection, action, fmt.Sprintf("%s needs a connection, and none of %q is declared", action.text, connector), c.connectionHint("", connector))
	default:
		c.at(codeNoConnection, action, fmt.Sprintf("%s needs a connection, and there are several of %q", action.text, connector),
			fmt.Sprintf("say which with connection: one of %s", strings.Join(names, ", ")))
	}
	return ""
}

// checkBound reports a connection that the environment does not bind, or
// binds to another connector, once for each name.
func (c *compiler) checkBound(n *node, name string) {
	if c.bound == nil || c.reported[name] {
		return
	}
	declared := ""
	for _, x := range c.graph.Connections {
		if x.Name == name {
			declared = x.Connector
		}
	}
	b, ok := c.bound[name]
	switch {
	case !ok:
		hint := fmt.Sprintf("add it to the file of the environment: connections: { %s: { … } }", name)
		if near := nearest(name, slices.Sorted(maps.Keys(c.bound))); near != "" {
			hint = fmt.Sprintf("it binds %q: is that the one? Give both the same name", near)
		}
		c.at(codeUnbound, n, fmt.Sprintf("the environment does not bind the connection %q", name), hint)
	case b.Connector != "" && declared != "" && b.Connector != declared:
		c.at(codeOtherConnector, n, fmt.Sprintf("the environment binds %q to the connector %q, the workflow says %q", name, b.Connector, declared), "change one of them")
	default:
		return
	}
	if c.reported == nil {
		c.reported = map[string]bool{}
	}
	c.reported[name] = true
}

// repeat returns the rule of repetition: the step's own, the connection's, or
// the operation's.
func (c *compiler) repeat(s *step, op *operation, connection string) func(any) graph.Repeat {
	rule := ""
	if n := s.get("repeat"); n != nil {
		rule = n.text
	} else {
		rule = c.bound[connection].Repeat
	}
	switch rule {
	case "never":
		return func(any) graph.Repeat { return graph.Never }
	case "keyed":
		return func(any) graph.Repeat { return graph.Keyed }
	case "safe":
		return func(any) graph.Repeat { return graph.Safe }
	}
	if op == nil || op.Repeat == nil {
		return func(any) graph.Repeat { return graph.Never }
	}
	settings, of := c.bound[connection].Settings, op.Repeat
	return func(input any) graph.Repeat { return of(settings, input) }
}

// buildArguments builds with and holds it against the operation's schema.
func (c *compiler) buildArguments(s *step, at place, action *node, op *operation) {
	n := s.get("with")
	if n == nil {
		if !s.has("with") {
			s.g.Call.With = expression.Literal(map[string]any{})
			if op != nil {
				c.checkRequired(action, nil, op.in, op.ID)
			}
		}
		return
	}
	at.secrets = true
	c.types = map[*node]*expression.Type{}
	before := len(c.diags)
	s.g.Call.With, _ = c.template(n, at)
	if op != nil && c.judging {
		c.checkArgument(n, op.in, op.ID)
		c.checkLiteral(n, s.g.Call.With, op.In, op.ID, before)
	}
	c.types = nil
}

// checkLiteral holds a literal argument in which nothing else is wrong (before
// is how many findings there were) against the whole schema.
func (c *compiler) checkLiteral(n *node, t *expression.Template, raw []byte, what string, before int) {
	x, literal := t.IsLiteral()
	wrong := func(d *diag.Diagnostic) bool { return d.Severity == diag.Error }
	if !literal || raw == nil || slices.ContainsFunc(c.diags[before:], wrong) {
		return
	}
	schema, ok := c.arguments[what]
	if !ok {
		schema, _ = expression.CompileSchema(raw) // one that was accepted; nil lets all through
		if c.arguments == nil {
			c.arguments = map[string]*expression.Schema{}
		}
		c.arguments[what] = schema
	}
	for _, v := range schema.Validate(x) {
		c.at(codeWithType, within(n, v.Path), fmt.Sprintf("%s: %s", what, v.Message), "")
	}
}

// checkRequired reports members that the operation needs and n (nil: with
// itself) does not have.
func (c *compiler) checkRequired(place, n *node, want *expression.Type, op string) {
	if want.Kind != expression.TypeObject {
		return
	}
	var missing []string
	for _, f := range want.Fields {
		if !f.Optional && !n.has(f.Name) {
			missing = append(missing, fmt.Sprintf("%q", f.Name))
		}
	}
	if len(missing) > 0 {
		c.atKey(codeWithMissing, place, fmt.Sprintf("%s needs %s", op, strings.Join(missing, " and ")), "add it")
	}
}

// checkArgument holds a value of with against what the operation takes there.
func (c *compiler) checkArgument(n *node, want *expression.Type, op string) {
	if want == nil || want.Kind == expression.TypeAny || n.bad {
		return
	}
	switch {
	case n.kind == kindMap && want.Kind == expression.TypeObject:
		c.checkRequired(n, n, want, op)
		for i, k := range n.keys {
			c.checkMember(k, n.items[i], want, op)
		}
	case n.kind == kindList && want.Kind == expression.TypeList:
		for _, item := range n.items {
			c.checkArgument(item, want.Elem, op)
		}
	default:
		got := c.types[n]
		if got == nil {
			got = literalType(n)
		}
		if why := misfit(got, want); why != "" {
			c.at(codeWithType, n, fmt.Sprintf("%s %s", n.name(), why), typeHint(n, got, want))
		}
	}
}

func literalType(n *node) *expression.Type {
	if n.kind == kindList {
		return listType
	}
	if n.kind == kindMap {
		return openType
	}
	if _, ok := n.value.(json.Number); ok {
		return numberType
	}
	return expression.TypeOf(n.value)
}

// checkMember checks one member of an object in with.
func (c *compiler) checkMember(k, v *node, want *expression.Type, op string) {
	names := make([]string, 0, len(want.Fields))
	for _, f := range want.Fields {
		if f.Name == k.text {
			c.checkArgument(v, f.Type, op)
			return
		}
		names = append(names, f.Name)
	}
	if want.Open {
		return
	}
	hint := ""
	if near := nearest(k.text, names); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	} else if len(names) > 0 {
		hint = "it takes " + strings.Join(names, ", ")
	}
	c.report(codeWithUnknown, v, k.start, k.end, fmt.Sprintf("%s does not take %q", op, k.text), hint)
}
