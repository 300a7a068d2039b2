package dsl

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/schedule"
	"github.com/keelstep/keelstep/pkg/zone"
)

// kindOfTrigger returns how a trigger fires, empty when that is not known.
func kindOfTrigger(n *node) string {
	for _, kind := range triggerKinds {
		if n.has(kind) {
			return kind
		}
	}
	return ""
}

func (c *compiler) buildTriggers() {
	list := c.doc.get("triggers")
	if list == nil {
		return
	}
	for _, n := range list.items {
		kind := kindOfTrigger(n)
		what := usable(n.get(kind))
		if n.bad || what == nil {
			continue
		}
		t := graph.Trigger{}
		t.ID, _ = n.get("id").str()
		p := place{trigger: &firing{kind: kind}}
		switch kind {
		case "http":
			t.HTTP = c.buildHTTP(n, what)
			p.trigger.path = c.pathType(what)
		case "schedule":
			t.Schedule = c.buildSchedule(what)
		case "event":
			t.Event = &graph.EventTrigger{}
			t.Event.Type, _ = usable(what.get("type")).str()
		}
		t.Policy = c.buildPolicy(n, what, p)
		if v := n.get("input"); v != nil && !v.bad {
			t.Input = c.triggerInput(v, p)
		} else if v == nil && kind == "schedule" && !splits(n) {
			t.Input = c.emptyInput(what)
		}
		c.graph.Triggers = append(c.graph.Triggers, t)
	}
}

func (c *compiler) buildHTTP(n, h *node) *graph.HTTPTrigger {
	t := &graph.HTTPTrigger{Method: method(h), Deadline: defaultDeadline, Respond: c.graph.HasRespond && !n.has("splitOn")}
	t.Path, _ = h.get("path").str()
	if v := usable(h.get("answer")); v != nil {
		t.Respond = v.text == "respond"
	}
	if v := usable(h.get("deadline")); v != nil {
		t.Deadline = c.duration(v)
		if !t.Respond {
			c.atKey(codeIneffective, v, "deadline has no effect in a trigger that does not wait for an answer", "leave it out, or add a respond step")
		}
	}
	c.checkReserved(h)
	return t
}

// reserved are the paths that the engine answers itself.
var reserved = []string{"/v1", "/tasks", "/healthz", "/readyz"}

// checkReserved reports a path that no request of others reaches.
func (c *compiler) checkReserved(h *node) {
	n := usable(h.get("path"))
	text, _ := n.str()
	for _, own := range reserved {
		if text == own || strings.HasPrefix(text, own+"/") {
			c.at(codeReserved, n, fmt.Sprintf("the engine answers %s itself", own), fmt.Sprintf("write %q, or another path", "/hooks"+text))
			return
		}
	}
}

// overlaps are the rules of overlap.
var overlaps = map[string]graph.Overlap{
	"allow": graph.OverlapAllow, "skip": graph.OverlapSkip, "queue": graph.OverlapQueue, "cancelRunning": graph.OverlapCancel,
}

func (c *compiler) buildSchedule(n *node) *graph.ScheduleTrigger {
	t := &graph.ScheduleTrigger{}
	cron, every := n.get("cron"), n.get("every")
	switch {
	case cron == nil && every == nil:
		c.at(codeMissingKey, n, "the schedule does not say when it fires", `write cron: "30 7 * * 1-5", or every: 1h`)
	case cron != nil && every != nil:
		c.atKey(codeIneffective, every, "a schedule has cron or every, not both", "make two triggers of them")
	}
	if v := usable(cron); v != nil {
		t.Cron, _ = v.str()
		c.checkCron(v)
	}
	if v := usable(every); v != nil {
		t.Every = c.duration(v)
		if t.Every > 0 && t.Every < schedule.MinEvery {
			c.at(codeSchedule, v, fmt.Sprintf("the shortest interval is %s", schedule.MinEvery), fmt.Sprintf("write %s or more", schedule.MinEvery))
		}
	}
	if v := usable(n.get("timezone")); v != nil {
		t.Zone = c.zone(v)
	}
	if v := usable(n.get("overlap")); v != nil {
		t.Overlap = overlaps[v.text]
	}
	if v := usable(n.get("catchUp")); v != nil {
		t.CatchUp = c.duration(v)
	}
	return t
}

// checkCron reports what is wrong with a cron expression, at the field.
func (c *compiler) checkCron(n *node) {
	_, err := schedule.Parse(n.text)
	if err == nil {
		return
	}
	var e *schedule.ParseError
	if !errors.As(err, &e) {
		c.at(codeSchedule, n, err.Error(), "")
		return
	}
	c.inText(codeSchedule, n, e.Offset, max(e.Length, 1), e.Message, e.Hint)
}

// maxZones is for how many unknown zones a near one is looked for, among some
// 700 names.
const maxZones = 50

// zone returns the IANA name of a zone.
func (c *compiler) zone(n *node) string {
	name, ok := zone.IANA(n.text)
	if ok || n.text == "UTC" {
		if name == "" {
			name = "UTC"
		}
		return name
	}
	hint := "write an IANA name such as Europe/Berlin, or a Windows name"
	if c.zones++; c.zones <= maxZones {
		if near := zone.Suggest(n.text); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
	}
	c.at(codeSchedule, n, fmt.Sprintf("there is no time zone %q", n.text), hint)
	return n.text
}

// triggerInput builds what a trigger makes the input of, and holds it against
// the schema of the input.
func (c *compiler) triggerInput(n *node, p place) *expression.Template {
	c.types = map[*node]*expression.Type{}
	before := len(c.diags)
	t, _ := c.template(n, p)
	if c.graph.Input != nil && c.judging {
		c.checkArgument(n, expression.TypeOfArgument(c.graph.Input.Raw()), inputOfWorkflow)
		c.checkLiteral(n, t, c.graph.Input.Raw(), inputOfWorkflow, before)
	}
	c.types = nil
	return t
}

const inputOfWorkflow = "the input of the workflow"

// emptyInput is the input of a schedule that says nothing of it.
func (c *compiler) emptyInput(schedule *node) *expression.Template {
	if c.graph.Input != nil && c.judging {
		before := len(c.diags)
		c.checkRequired(schedule, nil, expression.TypeOfArgument(c.graph.Input.Raw()), inputOfWorkflow)
		if len(c.diags) > before {
			c.diags[before].Hint = "a schedule brings no data: add input: to the trigger"
		}
	}
	return expression.Literal(map[string]any{})
}

// defaultWindow is how long a dedupe key is remembered.
const defaultWindow = 24 * time.Hour

var pathParameter = regexp.MustCompile(`\{[A-Za-z_][A-Za-z0-9_]*\}`)

// pathType is trigger.path of an http trigger: a text for each {name} of its
// path.
func (c *compiler) pathType(h *node) *expression.Type {
	t := pathFields(h)
	for i, f := range t.Fields {
		if slices.ContainsFunc(t.Fields[:i], func(x expression.Field) bool { return x.Name == f.Name }) {
			c.at(codeDuplicate, h.get("path"), fmt.Sprintf("the path holds {%s} twice", f.Name), "give each part its own name")
		}
	}
	return t
}

// pathFields is an object with a text for each {name} of the path of an http
// trigger.
func pathFields(h *node) *expression.Type {
	t := object()
	text, _ := h.get("path").str()
	for _, m := range pathParameter.FindAllString(text, -1) {
		t.Fields = append(t.Fields, field(strings.Trim(m, "{}"), stringType))
	}
	return t
}

// buildPolicy builds what a trigger has besides its kind. The list is split
// first: where, dedupe and input see one element of it as the body or data.
func (c *compiler) buildPolicy(n, what *node, p place) graph.TriggerPolicy {
	var g graph.TriggerPolicy
	if v := usable(n.get("splitOn")); v != nil {
		g.SplitOn = c.splitOn(v, what, p)
	}
	p.trigger.split = splits(n)
	if v := usable(n.get("where")); v != nil {
		g.Where = c.condition(v, p)
	}
	if v := usable(what.get("where")); p.trigger.kind == "event" && v != nil {
		if own := n.get("where"); own != nil {
			d := c.report(codeDuplicate, own, own.key.start, own.key.end, "where stands twice, here and in event", "join both with and")
			d.Related = []diag.Related{{Span: c.tree.lines.span(v.key.start, v.key.end), Message: "the other one is here"}}
		}
		g.Where = c.condition(v, p)
	}
	if d := usable(n.get("dedupe")); d != nil {
		g.Window = defaultWindow
		if v := usable(d.get("window")); v != nil {
			g.Window = c.duration(v)
		}
		if v := usable(d.get("key")); v != nil {
			g.DedupeKey = c.key(v, p)
		}
	}
	if r := usable(n.get("rateLimit")); r != nil {
		g.Rate.Per = time.Minute
		if v := usable(r.get("count")); v != nil {
			g.Rate.Count, _ = v.value.(int)
		}
		if v := usable(r.get("per")); v != nil {
			g.Rate.Per = c.duration(v)
		}
	}
	if v := usable(n.get("auth")); v != nil {
		g.Auth = c.buildAuth(v)
	}
	return g
}

// splitOn builds the list that makes a run for each of its elements.
func (c *compiler) splitOn(v, what *node, p place) *expression.Program {
	p.wantList = true
	prog, _ := c.bare(v, p)
	if a := usable(what.get("answer")); a != nil && a.text == "respond" {
		c.at(codeNoAnswer, a, "the trigger makes a run for each element of splitOn, so there is no one answer to wait for", "write answer: accepted")
	}
	return prog
}

// buildAuth builds who may fire an http trigger.
func (c *compiler) buildAuth(n *node) *graph.Auth {
	a := &graph.Auth{}
	if v := usable(n.get("key")); v != nil {
		a.Key = c.secret(v)
	}
	if h := usable(n.get("hmac")); h != nil {
		a.HMAC = &graph.HMACAuth{Algorithm: "sha256"}
		if v := usable(h.get("secret")); v != nil {
			a.HMAC.Secret = c.secret(v)
		}
		a.HMAC.Header, _ = usable(h.get("header")).str()
		a.HMAC.Prefix, _ = usable(h.get("prefix")).str()
		if v := usable(h.get("algorithm")); v != nil {
			a.HMAC.Algorithm = v.text
		}
	}
	if j := usable(n.get("jwt")); j != nil {
		a.JWT = &graph.JWTAuth{}
		a.JWT.Issuer, _ = usable(j.get("issuer")).str()
		a.JWT.Audience, _ = usable(j.get("audience")).str()
		a.JWT.JWKS, _ = usable(j.get("jwks")).str()
		if claims := usable(j.get("claims")); claims != nil {
			for _, i := range sortedKeys(claims) {
				text, _ := claims.items[i].str()
				a.JWT.Claims = append(a.JWT.Claims, graph.Claim{Name: claims.keys[i].text, Value: text})
			}
		}
	}
	return a
}

// secret builds a text that must come from a secret: one that stands in the
// file is known to all who read it.
func (c *compiler) secret(n *node) *expression.Template {
	t, typ := c.template(n, place{auth: true, secrets: true})
	if typ.Kind != expression.TypeSecret && typ.Kind != expression.TypeAny {
		c.at(codeInFile, n, fmt.Sprintf("%s stands in the file, where everyone can read it", n.name()),
			fmt.Sprintf("write %s: \"${ secrets.NAME }\"", n.key.text))
	}
	return t
}
