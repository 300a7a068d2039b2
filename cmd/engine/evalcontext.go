package main

import (
	"maps"
	"slices"

	"github.com/keelstep/keelstep/pkg/expression"
)

// contextRoots are the members of a context that hold one value.
var contextRoots = map[string]expression.Root{
	"input": expression.RootInput, "trigger": expression.RootTrigger, "error": expression.RootError,
	"task": expression.RootTask, "event": expression.RootEvent,
}

// namedRoots are the members of a context that hold values by name.
var namedRoots = map[string]expression.Root{"params": expression.RootParams, "vars": expression.RootVars}

// fill takes what expressions read, and its types, from a context.
func (e *evalEnv) fill(context map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(context)) {
		x := context[name]
		if root, ok := contextRoots[name]; ok {
			e.slots[expression.Read{Root: root}] = x
			e.scope.Names[name] = expression.Name{Type: expression.TypeOfData(x)}
			continue
		}
		if name == "now" {
			text, _ := x.(string)
			t, err := expression.ParseTime(text)
			if err != nil {
				return usagef("", "now in the context: %v", err)
			}
			e.now = t
			continue
		}
		if err := e.fillName(name, x); err != nil {
			return err
		}
	}
	return nil
}

// fillName takes a member that holds others, or a name of its own.
func (e *evalEnv) fillName(name string, x any) error {
	members, isObject := x.(map[string]any)
	root, isNamed := namedRoots[name]
	switch {
	case name == "secrets":
		return nil // their values are never read
	case isNamed || name == "steps" || name == "loops" || name == "run":
		if !isObject {
			return usagef("", "%s in the context must be an object", name)
		}
	default:
		r := expression.Read{Root: expression.RootLoops, Name: name, Field: "item"}
		if !expression.IsRoot(name) && expression.IsFunction(name) {
			return usagef("give it another name", "%q in the context is the name of a function", name)
		}
		e.slots[r] = x
		e.scope.Names[name] = expression.Name{Type: expression.TypeOfData(x), Alias: &r}
		return nil
	}
	typ := &expression.Type{Kind: expression.TypeObject}
	for _, member := range slices.Sorted(maps.Keys(members)) {
		field := expression.Field{Name: member, Type: expression.TypeOfData(members[member])}
		switch {
		case name == "run":
			e.slots[expression.Read{Root: expression.RootRun, Field: member}] = members[member]
		case isNamed:
			e.slots[expression.Read{Root: root, Name: member}] = members[member]
		default:
			var err error
			if field.Type, err = e.fillSlots(name, member, members[member]); err != nil {
				return err
			}
		}
		typ.Fields = append(typ.Fields, field)
	}
	e.scope.Names[name] = expression.Name{Type: typ}
	return nil
}

// stepSlots and loopSlots are what can be read of a step and of a loop.
var (
	stepSlots = []string{"output", "status", "error"}
	loopSlots = []string{"item", "index"}
)

// fillSlots takes the slots of a step or a loop. A step whose status is not
// given succeeded.
func (e *evalEnv) fillSlots(root, name string, x any) (*expression.Type, error) {
	members, ok := x.(map[string]any)
	if !ok {
		return nil, usagef("", "%s.%s in the context must be an object", root, name)
	}
	known, at := stepSlots, expression.RootSteps
	if root == "loops" {
		known, at = loopSlots, expression.RootLoops
	}
	for _, member := range slices.Sorted(maps.Keys(members)) {
		if !slices.Contains(known, member) {
			return nil, usagef("", "%s.%s.%s in the context is not known", root, name, member)
		}
	}
	typ := &expression.Type{Kind: expression.TypeObject}
	for _, slot := range known {
		value, given := members[slot]
		if slot == "status" && !given {
			value, given = "succeeded", true
		}
		e.slots[expression.Read{Root: at, Name: name, Field: slot}] = value
		typ.Fields = append(typ.Fields, expression.Field{Name: slot, Type: expression.TypeOfData(value), Optional: !given})
	}
	return typ, nil
}
