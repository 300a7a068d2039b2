package dsl

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// environment is what every expression of a document sees, whatever its
// place.
type environment struct {
	input, params, vars, trigger, run *expression.Type
	varNames                          []string
}

// The types of what the engine itself gives.
var (
	anyType    = &expression.Type{}
	nullType   = &expression.Type{Kind: expression.TypeNull}
	boolType   = &expression.Type{Kind: expression.TypeBool}
	intType    = &expression.Type{Kind: expression.TypeInt}
	numberType = &expression.Type{Kind: expression.TypeNumber}
	stringType = &expression.Type{Kind: expression.TypeString}
	secretType = &expression.Type{Kind: expression.TypeSecret}
	openType   = &expression.Type{Kind: expression.TypeObject, Open: true}
	listType   = &expression.Type{Kind: expression.TypeList, Elem: anyType}

	errorType = object(
		field("code", stringType), field("message", stringType), field("status", intType),
		field("step", stringType), field("attempt", intType), field("details", anyType),
	)
	runType = object(
		field("id", stringType), field("workflow", stringType), field("version", stringType), field("startedAt", stringType),
	)
	statusType = &expression.Type{Kind: expression.TypeString, Enum: []string{
		graph.Pending.String(), graph.Running.String(), graph.Waiting.String(), graph.Succeeded.String(),
		graph.Failed.String(), graph.TimedOut.String(), graph.Skipped.String(), graph.Cancelled.String(),
	}}
)

func object(fields ...expression.Field) *expression.Type {
	return &expression.Type{Kind: expression.TypeObject, Fields: fields}
}

func field(name string, t *expression.Type) expression.Field {
	return expression.Field{Name: name, Type: t}
}

func nullable(t *expression.Type) *expression.Type {
	if t.Nullable || t.Kind == expression.TypeNull {
		return t
	}
	u := *t
	u.Nullable = true
	return &u
}

// place says what an expression may use beside what its step gives.
type place struct {
	placed
	secrets  bool
	wantBool bool
	wantList bool
	trigger  *firing          // not nil: a part of a trigger, where no run has started yet
	auth     bool             // who may fire a trigger, before anything of the request is believed
	choice   bool             // the condition that decides whether the step runs
	start    bool             // when a run starts, before its first step
	event    *expression.Type // not nil: the where of an await
}

var (
	stepMention   = regexp.MustCompile(`\bsteps\s*(?:\?\.|\.|(?:\?\.)?\[)\s*["']?([A-Za-z_][A-Za-z0-9_]*)`)
	secretMention = regexp.MustCompile(`\bsecrets\s*(?:\?\.|\.|(?:\?\.)?\[)\s*["']?([A-Za-z_][A-Za-z0-9_]*)`)
)

// scope returns what the expression src can see at p. Of the steps it holds
// those that src mentions, so that the work does not grow with the document.
func (c *compiler) scope(src string, p place) *expression.Scope {
	names := map[string]expression.Name{
		"params": {Type: c.env.params},
		"task":   taskName(p.placed),
	}
	sc := &expression.Scope{Names: names, Secrets: p.secrets, WantBool: p.wantBool, WantList: p.wantList, WarnAny: c.options.WarnAny}
	names["secrets"] = expression.Name{Type: mentionedSecrets(src)}
	switch {
	case p.trigger != nil:
		p.trigger.addNames(names)
		return sc
	case p.auth:
		deny(names, "is not known before the caller is", "read secrets and params", "trigger", "input", "vars", "steps", "loops", "error", "run", "index", "event", "task")
		return sc
	case p.start:
		names["input"] = expression.Name{Type: c.env.input}
		names["trigger"] = expression.Name{Type: c.env.trigger}
		names["run"] = expression.Name{Type: runType}
		deny(names, "is not known before the first step", "read input, trigger, params and run", "vars", "steps", "loops", "error", "index", "event", "task")
		return sc
	}
	sc.Given = c.givenAt(p)
	names["input"] = expression.Name{Type: c.env.input}
	names["vars"] = expression.Name{Type: c.env.vars}
	names["trigger"] = expression.Name{Type: c.env.trigger}
	names["run"] = expression.Name{Type: runType}
	names["steps"] = expression.Name{Type: c.mentionedSteps(src, p.placed)}
	c.addLoops(names, p.placed)
	names["error"] = errorName(p.placed)
	names["event"] = expression.Name{Type: anyType, Denied: "event is known in the where of an await only", Hint: "the output of an await is steps.ID.output"}
	if p.event != nil {
		names["event"] = expression.Name{Type: p.event}
	}
	return sc
}

// deny says of roots why they cannot be read.
func deny(names map[string]expression.Name, why, hint string, roots ...string) {
	for _, root := range roots {
		names[root] = expression.Name{Type: anyType, Denied: root + " " + why, Hint: hint}
	}
}

func mentionedSecrets(src string) *expression.Type {
	t := &expression.Type{Kind: expression.TypeObject}
	for _, m := range secretMention.FindAllStringSubmatch(src, -1) {
		if !slices.ContainsFunc(t.Fields, func(f expression.Field) bool { return f.Name == m[1] }) {
			t.Fields = append(t.Fields, field(m[1], secretType))
		}
	}
	return t
}

func (c *compiler) mentionedSteps(src string, at placed) *expression.Type {
	t := &expression.Type{Kind: expression.TypeObject}
	add := func(f expression.Field) {
		if !slices.ContainsFunc(t.Fields, func(g expression.Field) bool { return g.Name == f.Name }) {
			t.Fields = append(t.Fields, f)
		}
	}
	for _, m := range stepMention.FindAllStringSubmatch(src, -1) {
		switch s := c.doc.byID[m[1]]; {
		case s != nil:
			add(c.stepField(s, at))
		case c.doc.lost[m[1]]:
			add(field(m[1], anyType))
		default: // a name that is near, so that the finding can offer it
			if near := c.doc.byID[c.nearStep(m[1])]; near != nil {
				add(c.stepField(near, at))
			}
		}
	}
	return t
}

// nearStep is nearest among the steps. When nobody will read the finding it
// is not looked for.
func (c *compiler) nearStep(id string) string {
	if !c.judging || len(c.diags) > maxFindings {
		return ""
	}
	return nearest(id, c.doc.ids)
}

// stepField is steps.ID at a place.
func (c *compiler) stepField(s *step, at placed) expression.Field {
	if s.broken {
		return field(s.id, anyType)
	}
	known, absence := c.find(at, s)
	output := s.types.output
	if output == nil {
		output = anyType
	}
	f := field(s.id, nil)
	switch known {
	case present:
		f.Type = object(field("output", output), field("status", statusType), field("error", nullable(errorType)))
	case maybe:
		failure := nullable(errorType)
		if certainFailure(at, s) {
			failure = errorType
		}
		own := field("output", nullable(output))
		own.Succeeded = output
		f.Type = object(own, field("status", statusType), field("error", failure))
	default:
		f.Type = anyType
		f.Denied = fmt.Sprintf("step %q cannot be read here: %s", s.id, absence.why)
		f.Hint = absence.hint
	}
	return f
}

// innerBlock is the innermost block that the place is evaluated in.
func (at placed) innerBlock() *block {
	switch {
	case at.within != nil:
		return at.within
	case at.s != nil:
		return at.s.block
	}
	return nil
}

// addLoops adds loops, index and the names of items.
func (c *compiler) addLoops(names map[string]expression.Name, at placed) {
	loops := &expression.Type{Kind: expression.TypeObject}
	names["index"] = expression.Name{Type: anyType, Denied: "index is known inside of a loop only", Hint: "there is no foreach, while or until around this"}
	innermost := true
	for b := at.innerBlock(); b != nil && b.owner != nil; b = b.owner.block {
		s := b.owner
		if b.role != roleBody || !s.looping() || s.id == "" {
			continue
		}
		fields := []expression.Field{field("index", intType)}
		if s.verb == "foreach" {
			item := s.types.item
			if item == nil {
				item = anyType
			}
			fields = append(fields, field("item", item))
			if name := s.itemName(); names[name].Type == nil {
				names[name] = expression.Name{Type: item, Alias: &expression.Read{Root: expression.RootLoops, Name: s.id, Field: "item"}}
			}
		}
		if innermost {
			names["index"] = expression.Name{Type: intType, Alias: &expression.Read{Root: expression.RootLoops, Name: s.id, Field: "index"}}
			innermost = false
		}
		loops.Fields = append(loops.Fields, field(s.id, object(fields...)))
	}
	names["loops"] = expression.Name{Type: loops}
}

// errorName is error at a place: what the innermost handler around it handles.
func errorName(at placed) expression.Name {
	switch {
	case at.ended:
		return expression.Name{Type: nullable(errorType)}
	case at.self:
		return expression.Name{Type: errorType}
	}
	for b := at.innerBlock(); b != nil; {
		switch b.role {
		case roleCatch, roleOnTimeout:
			return expression.Name{Type: errorType}
		case roleCompensate, roleFinally:
			return expression.Name{Type: nullable(errorType)}
		default: // not a handler
		}
		if b.owner == nil {
			break
		}
		b = b.owner.block
	}
	return expression.Name{
		Type: anyType, Denied: "there is no error here",
		Hint: "error is known inside of catch, onTimeout, finally and compensate; steps.ID.error is the error of a step",
	}
}
