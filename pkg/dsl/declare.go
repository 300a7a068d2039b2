package dsl

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// What is meant where a document does not say.
const (
	defaultCancelGrace = 10 * time.Second
	defaultDeadline    = 120 * time.Second
	defaultAttempts    = 5
	defaultDelay       = time.Second
	defaultMaxDelay    = time.Hour
	defaultMaxPasses   = 1000
)

// declare reads what stands beside the steps and the output.
func (c *compiler) declare() {
	g, d := c.graph, c.doc
	g.Name, _ = d.get("workflow").str()
	g.Version, _ = d.get("version").str()
	g.Description, _ = d.get("description").str()
	g.Timeout = c.duration(d.get("timeout"))
	g.CancelGrace = defaultCancelGrace
	if n := d.get("cancelGrace"); n != nil {
		g.CancelGrace = c.duration(n)
	}
	c.env.input = anyType
	if n := d.get("input"); n != nil {
		g.Input = c.schema(n)
		if g.Input != nil {
			c.env.input = g.Input.Type()
		}
	}
	c.declareParams()
	c.declareVars()
	if list := d.get("connections"); list != nil {
		for _, at := range sortedKeys(list) {
			if n := list.items[at]; !n.bad {
				connector, _ := n.get("connector").str()
				g.Connections = append(g.Connections, graph.Connection{Name: list.keys[at].text, Connector: connector})
			}
		}
	}
	c.env.run = runType
	c.env.trigger = c.triggerOfRun()
	c.declareListens()
	if defaults := d.get("defaults"); defaults != nil {
		c.defaultTimeout = c.duration(usable(defaults.get("timeout")))
	}
}

// usable returns n, nil when it is missing or bad.
func usable(n *node) *node {
	if n == nil || n.bad {
		return nil
	}
	return n
}

func (c *compiler) declareParams() {
	c.env.params = &expression.Type{Kind: expression.TypeObject}
	list := c.doc.get("parameters")
	if list == nil {
		return
	}
	for _, at := range sortedKeys(list) {
		n := list.items[at]
		if n.bad {
			c.env.params.Fields = append(c.env.params.Fields, field(list.keys[at].text, anyType))
			continue
		}
		p := graph.Param{Name: list.keys[at].text, Schema: c.schemaWithout(n, "secret")}
		p.Secret = n.get("secret") != nil && n.get("secret").value == true
		typ := anyType
		if p.Schema != nil {
			typ = p.Schema.Type()
		}
		if p.Secret {
			typ = secretType
		}
		if def := n.get("default"); def != nil {
			p.Default = c.recorded(def)
			c.checkDefault(def, p)
		}
		c.graph.Params = append(c.graph.Params, p)
		c.env.params.Fields = append(c.env.params.Fields, field(p.Name, typ))
	}
}

// checkDefault holds the default of a parameter against its own schema.
func (c *compiler) checkDefault(def *node, p graph.Param) {
	if p.Secret {
		c.atKey(codeDefault, def, fmt.Sprintf("the parameter %q is secret, its default would stand in the file", p.Name),
			"leave the default out and give the value per deployment")
		return
	}
	if p.Schema == nil || !c.judging {
		return
	}
	for _, v := range p.Schema.Validate(def.decoded()) {
		c.at(codeDefault, within(def, v.Path), fmt.Sprintf("the default of %q does not fit its own schema: %s", p.Name, v.Message), "change the default or the schema")
	}
}

// within returns the node at a JSON Pointer below n, or the last one on the
// way.
func within(n *node, pointer string) *node {
	t := Tree{root: n}
	found, _ := t.find(pointer)
	return found
}

func (c *compiler) declareVars() {
	c.env.vars = &expression.Type{Kind: expression.TypeObject}
	list := c.doc.get("variables")
	if list == nil {
		return
	}
	for _, at := range sortedKeys(list) {
		n, name := list.items[at], list.keys[at].text
		c.env.varNames = append(c.env.varNames, name)
		typ := anyType
		if !n.bad {
			c.literalOnly(n)
			typ = variableType(n.decoded())
			c.graph.Vars = append(c.graph.Vars, graph.Var{Name: name, Initial: c.recorded(n)})
		}
		c.env.vars.Fields = append(c.env.vars.Fields, field(name, typ))
	}
}

// literalOnly reports expressions in a value that is there before the run.
func (c *compiler) literalOnly(n *node) {
	for _, item := range n.items {
		c.literalOnly(item)
	}
	if text, ok := n.str(); ok {
		if i := strings.Index(text, "${"); i >= 0 && !strings.Contains(text, "$${") {
			c.inText(codeInPlace, n, i, 2, "first values of variables are literal, ${ } has no place here", "assign it with set: in the first step")
		}
	}
}

// variableType is the type of a variable with that first value. A number stays
// a number, a list or object may change what it holds; null says nothing.
func variableType(first any) *expression.Type {
	switch first.(type) {
	case nil:
		return anyType
	case bool:
		return boolType
	case string:
		return stringType
	case []any:
		return listType
	case map[string]any:
		return openType
	}
	return numberType
}

// recorded returns n as facts hold values.
func (c *compiler) recorded(n *node) expression.Value {
	raw, err := expression.Encode(n.decoded())
	if err != nil {
		c.at(codeValue, n, fmt.Sprintf("%s cannot be recorded: %v", n.name(), err), "")
		return expression.Value{}
	}
	if len(raw) > expression.MaxInline {
		c.at(codeValue, n, fmt.Sprintf("%s has %d bytes, more than %d", n.name(), len(raw), expression.MaxInline), "load large data in a step")
	}
	return expression.Raw(raw)
}

// duration reads a literal duration that must be longer than nothing; 0 when n
// is nil.
func (c *compiler) duration(n *node) time.Duration {
	text, ok := n.str()
	if !ok {
		return 0
	}
	d, err := expression.ParseDuration(text)
	switch {
	case err != nil:
		c.at(codeDuration, n, fmt.Sprintf("%s: %v", n.name(), err), durationHint(n.text))
		c.fail(fmt.Errorf("%s: %w", n.pointer(), err))
	case d <= 0:
		c.at(codeDuration, n, fmt.Sprintf("%s must be longer than nothing", n.name()), "leave it out for no bound")
	}
	return d
}

// schema compiles the JSON Schema n; nil when it is not one.
func (c *compiler) schema(n *node) *expression.Schema { return c.schemaWithout(n, "") }

var quotedStart = regexp.MustCompile(`^"([^"]*)": `)

// textBelow returns the first text below n that reads like this, n when there
// is none.
func textBelow(n *node, text string) *node {
	var find func(n *node) *node
	find = func(n *node) *node {
		if n.kind == kindString && n.text == text {
			return n
		}
		for _, item := range n.items {
			if found := find(item); found != nil {
				return found
			}
		}
		return nil
	}
	if found := find(n); found != nil {
		return found
	}
	return n
}

// schemaWithout compiles n without one of its members.
func (c *compiler) schemaWithout(n *node, member string) *expression.Schema {
	if n == nil || n.bad {
		return nil
	}
	if c.judging {
		before := len(c.diags)
		if c.bundle(n); len(c.diags) > before {
			return nil
		}
	}
	plain := *n
	if member != "" && n.has(member) {
		plain.keys, plain.items, plain.byName = nil, nil, nil
		for i, k := range n.keys {
			if k.text != member {
				plain.keys, plain.items = append(plain.keys, k), append(plain.items, n.items[i])
			}
		}
	}
	raw := appendCanonical(nil, &plain)
	if s := c.schemas[string(raw)]; s != nil {
		return s
	}
	s, err := expression.CompileSchema(raw)
	if err != nil {
		c.notSchema(n, err)
		c.fail(fmt.Errorf("%s: %w", n.pointer(), err))
		return nil
	}
	if c.schemas == nil {
		c.schemas = map[string]*expression.Schema{}
	}
	c.schemas[string(raw)] = s
	return s
}
