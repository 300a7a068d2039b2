package dsl

import (
	"fmt"
	"slices"

	"github.com/keelstep/keelstep/pkg/expression"
)

// firing is what is known of a trigger where one of its parts is evaluated.
type firing struct {
	kind  string
	path  *expression.Type // of an http trigger
	split bool             // body, or the event's data, is one element of splitOn
}

// triggerFields are the members of trigger that triggers of some kinds have,
// with those kinds.
var triggerFields = []struct {
	name  string
	typ   *expression.Type
	kinds []string
}{
	{"due", stringType, []string{"schedule"}},
	{"body", anyType, []string{"http"}},
	{"headers", openType, []string{"http"}},
	{"query", openType, []string{"http"}},
	{"path", openType, []string{"http"}},
	{"caller", openType, []string{"http"}},
	{"event", eventTypeOf(anyType), []string{"event"}},
}

// addNames adds what the part of a trigger can see.
func (f *firing) addNames(names map[string]expression.Name) {
	t := object(field("id", stringType), field("kind", &expression.Type{Kind: expression.TypeString, Enum: []string{f.kind}}), field("time", stringType))
	for _, x := range triggerFields {
		fl := field(x.name, x.typ)
		switch {
		case x.name == "body" && f.split && f.kind == "schedule":
		case !slices.Contains(x.kinds, f.kind):
			fl.Type, fl.Denied = anyType, fmt.Sprintf("trigger.%s is known in triggers by %s only, this one is by %s", x.name, x.kinds[0], f.kind)
			fl.Hint = "there are " + map[string]string{"http": "body, headers, query, path and caller", "schedule": "time and due", "event": "event and time"}[f.kind]
		case x.name == "path" && f.path != nil:
			fl.Type = f.path
		}
		t.Fields = append(t.Fields, fl)
	}
	names["trigger"] = expression.Name{Type: t}
	deny(names, "is not known before the run has started", "what a trigger does is made from trigger and params", "input", "vars", "steps", "loops", "error", "run", "index", "task")
	names["event"] = expression.Name{Type: anyType, Denied: "event is known in triggers by event only", Hint: "read trigger"}
	if f.kind == "event" {
		names["event"] = expression.Name{Type: eventTypeOf(anyType)}
	}
}

// splits tells whether a trigger makes a run for each element of a list, which
// is then the body.
func splits(n *node) bool { return n.has("splitOn") }

// triggerOfRun is trigger as steps see it: what all triggers of the document
// have is there, what only some have may be absent.
func (c *compiler) triggerOfRun() *expression.Type {
	kinds, bodies := map[string]bool{}, false
	list := c.doc.n.get("triggers")
	if list != nil {
		bodies = len(list.items) > 0
		for _, n := range list.items {
			kind := kindOfTrigger(n)
			kinds[kind] = true
			bodies = bodies && (kind == "http" || kind == "schedule" && splits(n))
		}
	}
	t := object(field("id", stringType), field("kind", stringType), field("time", stringType))
	for _, x := range triggerFields {
		typ := x.typ
		if x.name == "path" && list != nil && len(list.items) == 1 {
			typ = pathFields(list.items[0].get("http"))
		}
		if has := len(kinds) == 1 && kinds[x.kinds[0]]; !has && (x.name != "body" || !bodies) {
			typ = nullable(typ)
		}
		t.Fields = append(t.Fields, field(x.name, typ))
	}
	return t
}
