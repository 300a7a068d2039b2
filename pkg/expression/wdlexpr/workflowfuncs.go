package wdlexpr

import (
	"errors"
	"fmt"
	"strings"
)

var oneName = []param{{name: "name", takes: kindString}}

// workflowFunctions read the workflow and its run.
var workflowFunctions = []*function{
	{
		name: "parameters", params: oneName, result: "any",
		summary:  "A parameter of the workflow.",
		examples: []Example{{"@parameters('limit')", `10`}},
		compile:  named(RefParameter, ""),
	},
	{
		name: "variables", params: oneName, result: "any",
		summary:  "A variable of the run, as it is now.",
		examples: []Example{{"@variables('total')", `12.5`}},
		compile:  named(RefVariable, ""),
	},
	{
		name: "actions", params: oneName, result: "object",
		summary:  "What became of an action: its name, status, code, inputs, outputs, times and error.",
		examples: []Example{{"@actions('Get order').status", `"Succeeded"`}},
		compile:  named(RefAction, ""),
	},
	{
		name: "action", result: "object",
		summary:  "The action that the expression stands in.",
		examples: []Example{{"@action().name", `"Poll"`}},
		compile:  reference(RefSelf, ""),
	},
	{
		name: "outputs", params: oneName, result: "any",
		summary:  "The outputs of an action.",
		examples: []Example{{"@outputs('Get order')?['statusCode']", `200`}},
		compile:  named(RefAction, "outputs"),
	},
	{
		name: "body", params: oneName, result: "any",
		summary:  "The body of the outputs of an action.",
		examples: []Example{{"@body('Get order')?['id']", `7`}, {"@body('get ORDER')['lines'][0]", `"book"`}},
		compile:  named(RefAction, "body"),
	},
	{
		name: "actionOutputs", like: "outputs", params: oneName, result: "any",
		summary:  "The older name of outputs().",
		examples: []Example{{"@actionOutputs('Get order').statusCode", `200`}},
		compile:  named(RefAction, "outputs"),
	},
	{
		name: "actionBody", like: "body", params: oneName, result: "any",
		summary:  "The older name of body().",
		examples: []Example{{"@actionBody('Get order').id", `7`}},
		compile:  named(RefAction, "body"),
	},
	{
		name: "trigger", result: "object",
		summary:  "The trigger: its name, status, code, inputs and outputs.",
		examples: []Example{{"@trigger().name", `"manual"`}},
		compile:  reference(RefTrigger, ""),
	},
	{
		name: "triggerOutputs", result: "any",
		summary:  "The outputs of the trigger.",
		examples: []Example{{"@triggerOutputs()?['headers/x-id']", `"h1"`}},
		compile:  reference(RefTrigger, "outputs"),
	},
	{
		name: "triggerBody", result: "any",
		summary:  "The body of the outputs of the trigger.",
		examples: []Example{{"@triggerBody()?['name']", `"Ann"`}, {"Hello @{triggerBody()?['name']}@{triggerBody()?['title']}", `"Hello Ann"`}},
		compile:  reference(RefTrigger, "body"),
	},
	{
		name: "triggers", like: "trigger", result: "object",
		summary:  "Another name of trigger(), as conditions of triggers have it.",
		examples: []Example{{"@triggers().name", `"manual"`}},
		compile:  reference(RefTrigger, ""),
	},
	{
		name: "result", params: oneName, result: "array", constant: true,
		summary: "What became of the actions of a scope or a loop, of the first level. The name must be a constant.", examples: []Example{{"@result('Scope')[0].status", `"Failed"`}},
		compile: named(RefResult, ""),
	},
	{
		name: "item", result: "any",
		summary:  "The element that is worked on.",
		examples: []Example{{"@item().sku", `"b-1"`}},
		compile:  reference(RefItem, ""),
	},
	{
		name: "items", params: oneName, result: "any",
		summary:  "The element that the named loop is at.",
		examples: []Example{{"@items('For_each')", `"book"`}},
		compile:  named(RefItems, ""),
	},
	{
		name: "iterationIndexes", params: oneName, result: "integer",
		summary:  "The number of the pass that the named Until loop is in, from 0 on.",
		examples: []Example{{"@iterationIndexes('Until')", `2`}},
		compile:  named(RefIterationIndex, ""),
	},
	{
		name: "workflow", result: "object",
		summary:  "The workflow and its run: name, type, id, location, tags, run.",
		examples: []Example{{"@workflow().run.name", `"r-1"`}},
		compile:  reference(RefWorkflow, ""),
	},
	{
		name: "listCallbackUrl", result: "string",
		summary:  "The address at which this trigger or action is called back.",
		examples: []Example{{"@listCallbackUrl()", `"https://engine.example/callback"`}},
		compile:  reference(RefCallbackURL, ""),
	},
	{
		name: "appsetting", params: oneName, result: "any",
		summary:  "A setting of the application.",
		examples: []Example{{"@appsetting('REGION')", `"west"`}},
		compile:  named(RefAppSetting, ""),
	},
	{
		name: "agentParameters", params: oneName, result: "any",
		summary:  "A parameter that an agent gave to its tool.",
		examples: []Example{{"@agentParameters('city')", `"Bern"`}},
		compile:  named(RefAgentParameter, ""),
	},
	{
		name: "formDataValue", params: []param{{name: "action", takes: kindString}, {name: "key", takes: kindString}}, result: "string",
		summary: "The value of a field of the form that an action returned. More than one is an error.", examples: []Example{{"@formDataValue('Form', 'color')", `"red"`}},
		compile: formField(RefAction, true),
	},
	{
		name: "formDataMultiValues", params: []param{{name: "action", takes: kindString}, {name: "key", takes: kindString}}, result: "array",
		summary: "All values of a field of the form that an action returned.", examples: []Example{{"@formDataMultiValues('Form', 'size')", `["S","L"]`}},
		compile: formField(RefAction, false),
	},
	{
		name: "triggerFormDataValue", params: []param{{name: "key", takes: kindString}}, result: "string",
		summary: "The value of a field of the trigger's form. More than one is an error.", examples: []Example{{"@triggerFormDataValue('city')", `"Bern"`}, {"@triggerFormDataValue('tag')", `error: triggerFormDataValue(): there is more than one match for the key "tag"`}},
		compile: formField(RefTrigger, true),
	},
	{
		name: "triggerFormDataMultiValues", params: []param{{name: "key", takes: kindString}}, result: "array",
		summary: "All values of a field of the trigger's form.", examples: []Example{{"@triggerFormDataMultiValues('tag')", `["a","b"]`}},
		compile: formField(RefTrigger, false),
	},
	{
		name: "multipartBody", params: []param{{name: "action", takes: kindString}, {name: "index", takes: kindInt}}, result: "any",
		summary: "The body of one part of what an action returned, from 0 on.", examples: []Example{{"@multipartBody('Parts', 1)", `{"two":2}`}},
		compile: partBody(RefAction),
	},
	{
		name: "triggerMultipartBody", params: []param{{name: "index", takes: kindInt}}, result: "any",
		summary: "The body of one part of what the trigger got, from 0 on.", examples: []Example{{"@triggerMultipartBody(0)", `"one"`}},
		compile: partBody(RefTrigger),
	},
}

// bodyOf compiles the read of the body that a call's first arguments name, and
// of the argument behind them.
func (c *compiler) bodyOf(kind RefKind, f *function, n *callNode) (body, last code, argument int) {
	r := Ref{Kind: kind, Field: "body"}
	argument = len(n.args)
	last = c.value(n.args[argument-1])
	if kind == RefAction {
		return c.readNamed(f, n, r), last, argument
	}
	c.read(r)
	return func(m *machine) (Value, error) { return m.read(r) }, last, argument
}

func formField(kind RefKind, single bool) func(*compiler, *function, *callNode) code {
	return func(c *compiler, f *function, n *callNode) code {
		body, key, argument := c.bodyOf(kind, f, n)
		return func(m *machine) (Value, error) {
			form, err := body(m)
			if err != nil {
				return nil, err
			}
			k, err := key(m)
			if err != nil {
				return nil, err
			}
			name, ok := k.(string)
			if !ok {
				return nil, wants(argument, "be of type string", k)
			}
			values, err := m.formValues(form, name)
			if err != nil || !single {
				return values, err
			}
			switch len(values) {
			case 0:
				return nil, nil
			case 1:
				return values[0], nil
			}
			return nil, fmt.Errorf("there is more than one match for the key %s", quote(name))
		}
	}
}

var errForm = errors.New("the body is no form data")

// formValues returns the values of a field of form data.
func (m *machine) formValues(form Value, key string) ([]Value, error) {
	o, ok := form.(*Object)
	if !ok {
		return nil, errForm
	}
	values := []Value{}
	if list, ok := o.Find("$formdata"); ok {
		fields, _ := list.([]Value)
		if err := m.charge(len(fields)); err != nil {
			return nil, err
		}
		for _, field := range fields {
			pair, ok := field.(*Object)
			if !ok {
				return nil, errForm
			}
			name, _ := pair.Find("key")
			if text, ok := name.(string); ok && equalFold(text, key) {
				value, _ := pair.Find("value")
				values = append(values, value)
			}
		}
		return values, nil
	}
	e, ok := envelopeOf(o)
	if !ok || !strings.HasPrefix(strings.ToLower(e.contentType), "application/x-www-form-urlencoded") {
		return nil, errForm
	}
	text, err := e.text()
	if err != nil {
		return nil, err
	}
	if err := m.chargeText(len(text)); err != nil {
		return nil, err
	}
	for field := range strings.SplitSeq(text, "&") {
		name, value, _ := strings.Cut(field, "=")
		if equalFold(unescapeForm(name), key) && field != "" {
			values = append(values, unescapeForm(value))
		}
	}
	return values, nil
}

func unescapeForm(s string) string { return unescapeURI(strings.ReplaceAll(s, "+", " ")) }

func partBody(kind RefKind) func(*compiler, *function, *callNode) code {
	return func(c *compiler, f *function, n *callNode) code {
		body, index, argument := c.bodyOf(kind, f, n)
		return func(m *machine) (Value, error) {
			x, err := body(m)
			if err != nil {
				return nil, err
			}
			i, err := index(m)
			if err != nil {
				return nil, err
			}
			at, ok := i.(int64)
			if !ok {
				return nil, wants(argument, "be an integer", i)
			}
			parts, err := m.parts(x)
			if err != nil {
				return nil, err
			}
			if at < 0 || at >= int64(len(parts)) {
				return nil, wantsf(argument, "name one of the %d parts, got %d", len(parts), at)
			}
			return parts[at], nil
		}
	}
}
