package wdlexpr

import (
	"errors"
	"fmt"
	"time"
)

// Context is what expressions read, out of a JSON object. Its members are
// actions, variables, parameters, results, items, iterationIndexes, appsettings
// and agentParameters, objects by name; trigger, triggerOutputs, triggerBody,
// action, item, workflow and listCallbackUrl; and now, a timestamp. result and
// appsetting are other names of results and appsettings; further members are
// not looked at.
type Context struct {
	members *Object
	now     time.Time
}

var _ Env = (*Context)(nil)

// contextMembers are the members that a context knows.
var contextMembers = []string{
	"trigger", "triggerOutputs", "triggerBody", "actions", "action", "results", "result", "variables", "parameters", "item", "items", "iterationIndexes",
	"workflow", "listCallbackUrl", "appsettings", "appsetting", "agentParameters", "now",
}

// ContextMembers lists the members that a context knows.
func ContextMembers() []string { return contextMembers }

// NewContext returns the context of a JSON object; without one, nothing can be
// read. now is the time where the object does not give one.
func NewContext(x Value, now time.Time) (*Context, error) {
	c := &Context{members: NewObject(nil, nil), now: now}
	if x == nil {
		return c, nil
	}
	o, ok := x.(*Object)
	if !ok {
		return nil, errors.New("the context is no JSON object")
	}
	c.members = o
	if x, ok := o.Find("now"); ok {
		text, ok := x.(string)
		if !ok {
			return nil, errors.New("now in the context is no timestamp")
		}
		t, err := english.parseDate(text, now)
		if err != nil {
			return nil, fmt.Errorf("now in the context: %w", err)
		}
		c.now = t.time()
	}
	return c, nil
}

// Now is the time of the context.
func (c *Context) Now() time.Time { return c.now }

// Seed is the same for every context.
func (c *Context) Seed() string { return "context" }

// Value returns what a reference stands for.
func (c *Context) Value(r Ref) (Value, error) {
	switch r.Kind {
	case RefTrigger:
		return c.trigger(r.Field)
	case RefAction:
		action, err := c.named("actions", "action", r.Name)
		if err != nil || r.Field == "" {
			return action, err
		}
		return fieldOf(action, r.Field), nil
	case RefVariable:
		return c.named("variables", "variable", r.Name)
	case RefParameter:
		return c.named("parameters", "parameter", r.Name)
	case RefResult:
		return c.named(c.either("result", "results"), "scope", r.Name)
	case RefItems:
		return c.named("items", "loop", r.Name)
	case RefIterationIndex:
		return c.named("iterationIndexes", "loop", r.Name)
	case RefAppSetting:
		return c.named(c.either("appsetting", "appsettings"), "setting", r.Name)
	case RefAgentParameter:
		return c.named("agentParameters", "parameter", r.Name)
	case RefSelf:
		return c.member("action")
	case RefItem:
		return c.member("item")
	case RefWorkflow:
		return c.member("workflow")
	case RefCallbackURL:
		return c.member("listCallbackUrl")
	}
	panic(fmt.Sprintf("wdlexpr: unhandled reference %d", r.Kind))
}

// either returns the name of the two that the context has.
func (c *Context) either(name, other string) string {
	if _, ok := c.members.Find(name); ok {
		return name
	}
	return other
}

// member returns a member of the context that has no parts of its own.
func (c *Context) member(name string) (Value, error) {
	x, ok := c.members.Find(name)
	if !ok {
		return nil, fmt.Errorf("there is no %s in the context", name)
	}
	return x, nil
}

// named returns something of a member by its name.
func (c *Context) named(member, what, name string) (Value, error) {
	x, _ := c.members.Find(member)
	if o, ok := x.(*Object); ok {
		if x, ok := o.Find(name); ok {
			return x, nil
		}
	}
	return nil, fmt.Errorf("there is no %s %s in the context", what, quote(name))
}

// trigger returns the trigger, its outputs or its body, whichever the context
// gives.
func (c *Context) trigger(field string) (Value, error) {
	if x, ok := c.members.Find("triggerBody"); ok && field == "body" {
		return x, nil
	}
	whole, hasWhole := c.members.Find("trigger")
	outputs, hasOutputs := c.members.Find("triggerOutputs")
	switch {
	case !hasWhole && !hasOutputs:
		return nil, errors.New("there is no trigger in the context")
	case hasOutputs && (field != "" || !hasWhole):
		whole = NewObject([]string{"outputs"}, []Value{outputs})
	}
	if field == "" {
		return whole, nil
	}
	return fieldOf(whole, field), nil
}

// fieldOf returns the outputs of a trigger or an action, or their body; null
// when there are none.
func fieldOf(x Value, field string) Value {
	for _, name := range map[string][]string{"outputs": {"outputs"}, "body": {"outputs", "body"}}[field] {
		o, ok := x.(*Object)
		if !ok {
			return nil
		}
		x, _ = o.Find(name)
	}
	return x
}
