package dsl

import (
	"fmt"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// What is meant where an approval does not say.
const (
	approve          = "approve"
	reject           = "reject"
	defaultReminders = 10
	everyone         = -1 // of graph.ApprovalSpec.Require
)

// taskType is task as the notify of an approval sees it.
var taskType = object(
	field("id", stringType), field("link", secretType), field("to", &expression.Type{Kind: expression.TypeList, Elem: stringType}),
	field("title", stringType), field("reminder", intType),
)

// buildApproval builds a task for people.
func (c *compiler) buildApproval(s *step, at place) {
	n := s.get("approval")
	if n == nil {
		return
	}
	a := &graph.ApprovalSpec{Options: []string{approve, reject}}
	s.g.Approval = a
	a.To = c.people(usable(n.get("to")), at)
	if v := usable(n.get("title")); v != nil {
		a.Title = c.typed(v, at, stringType, "a title is a text")
	}
	if v := usable(n.get("options")); v != nil {
		a.Options = c.outcomes(v)
	}
	a.Require = c.required(n)
	form := usable(n.get("form"))
	if returns := s.get("returns"); returns != nil {
		if form != nil {
			c.atKey(codeIneffective, returns, "form says already what an answer must fill in", "keep one of form and returns")
		} else {
			form = returns
		}
	}
	a.Form = c.schema(form)
	c.buildNotify(s, a)
	c.buildReminders(n, a)
	filled := nullType
	if a.Form != nil {
		filled = a.Form.Type()
	} else if form != nil {
		filled = anyType
	}
	s.types.output = object(
		field("outcome", &expression.Type{Kind: expression.TypeString, Enum: a.Options}),
		field("by", stringType), field("at", stringType), field("form", filled),
	)
}

// people builds the list of those who may answer; one text is a list of one.
func (c *compiler) people(n *node, at place) *expression.Template {
	if n == nil {
		return nil
	}
	list := &expression.Type{Kind: expression.TypeList, Elem: stringType}
	if n.kind == kindList {
		c.eachOnce(n)
		return c.typed(n, at, list, "to is a list of texts, one for each person")
	}
	t, typ := c.template(n, at)
	if typ.Kind == expression.TypeString {
		if typ.Nullable {
			c.at(codeWrongType, n, `"to" may be null`, typeHint(n, typ, stringType))
		}
		return expression.List([]*expression.Template{t})
	}
	if why := expression.Assignable(typ, list); why != "" {
		c.at(codeWrongType, n, fmt.Sprintf("%s %s", n.name(), why), "to is a text, or a list of texts, one for each person")
	}
	return t
}

// outcomes reads the possible outcomes, each once.
func (c *compiler) outcomes(n *node) []string {
	var out []string
	for _, item := range c.eachOnce(n) {
		if text, ok := item.str(); ok {
			out = append(out, text)
		}
	}
	return out
}

// required reads how many answers end the task.
func (c *compiler) required(n *node) int {
	v := usable(n.get("require"))
	if v == nil || v.text == "first" {
		return 1
	}
	if v.text == "all" {
		return everyone
	}
	count, _ := v.value.(int)
	if to := usable(n.get("to")); to != nil && to.kind == kindList && count > len(to.items) {
		c.at(codeValue, v, fmt.Sprintf("the task needs %d equal answers, but only %d can answer", count, len(to.items)),
			"name more people in to, or require fewer answers")
	}
	return count
}

// buildNotify builds the block of the one action that tells the people.
func (c *compiler) buildNotify(s *step, a *graph.ApprovalSpec) {
	for _, b := range s.blocks {
		if b.role == roleNotify {
			c.buildBlock(b)
			a.Notify = b.g
		}
	}
}

func (c *compiler) buildReminders(n *node, a *graph.ApprovalSpec) {
	r := usable(n.get("remind"))
	if r == nil {
		return
	}
	if !n.has("notify") {
		c.atKey(codeIneffective, r, "remind has no effect in an approval without notify", "say with notify: which action tells the people")
	}
	a.Every, a.Max = c.duration(usable(r.get("every"))), defaultReminders
	if a.Every > 0 && a.Every < time.Second {
		c.at(codeValue, r.get("every"), "reminders come every second at most", "write 1s or more")
	}
	if v := usable(r.get("max")); v != nil {
		a.Max, _ = v.value.(int)
	}
}

// inNotify tells whether a place is the action that tells the people of an
// approval, which sees task.
func (at placed) inNotify() bool {
	return at.s != nil && at.s.block != nil && at.s.block.role == roleNotify
}

// taskName is task at a place.
func taskName(at placed) expression.Name {
	if at.inNotify() {
		return expression.Name{Type: taskType}
	}
	return expression.Name{
		Type: anyType, Denied: "task is known in the notify of an approval only",
		Hint: "the answer is steps.ID.output: outcome, by, at and form",
	}
}
