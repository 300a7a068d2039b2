package dsl_test

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// dump writes a graph for people: one line a step, what belongs to it below.
func dump(w *graph.Workflow) string {
	d := &dumper{}
	d.line("workflow %s %s %s", w.Name, w.Version, w.Digest[:12])
	if w.Input != nil {
		d.line("input %s", w.Input.Raw())
	}
	for _, p := range w.Params {
		d.line("param %s default=%s secret=%v schema=%s", p.Name, inline(p.Default), p.Secret, p.Schema.Raw())
	}
	for _, v := range w.Vars {
		d.line("var %s = %s", v.Name, inline(v.Initial))
	}
	for _, c := range w.Connections {
		d.line("connection %s: %s", c.Name, c.Connector)
	}
	for _, t := range w.Triggers {
		d.trigger(t)
	}
	if c := w.Concurrency; c != nil {
		limit := strconv.Itoa(c.Limit)
		if c.Named != "" {
			limit = c.Named
		}
		d.line("concurrency key=%s limit=%s onLimit=%d queue=%d", program(c.Key), limit, c.OnLimit, c.Queue)
	}
	for _, l := range w.Listens {
		d.line("listen %s %s %s", l.Name, l.Type, match(l.Match))
	}
	d.line("timeout=%s cancelGrace=%s respond=%v output=%s", w.Timeout, w.CancelGrace, w.HasRespond, template(w.Output))
	d.block("", w.Root)
	return d.b.String()
}

func (d *dumper) trigger(t graph.Trigger) {
	switch {
	case t.HTTP != nil:
		d.line("trigger %s %s %s respond=%v deadline=%s input=%s", t.ID, t.HTTP.Method, t.HTTP.Path, t.HTTP.Respond, t.HTTP.Deadline, template(t.Input))
	case t.Schedule != nil:
		s := t.Schedule
		d.line("trigger %s cron=%q every=%s zone=%q overlap=%d catchUp=%s input=%s", t.ID, s.Cron, s.Every, s.Zone, s.Overlap, s.CatchUp, template(t.Input))
	case t.Event != nil:
		d.line("trigger %s event %s input=%s", t.ID, t.Event.Type, template(t.Input))
	}
	d.depth++
	p := t.Policy
	if p.Where != nil {
		d.line("where %s", program(p.Where))
	}
	if p.DedupeKey != nil {
		d.line("dedupe %s within %s", program(p.DedupeKey), p.Window)
	}
	if p.SplitOn != nil {
		d.line("splitOn %s", program(p.SplitOn))
	}
	if p.Rate.Count != 0 {
		d.line("rate %d per %s", p.Rate.Count, p.Rate.Per)
	}
	if a := p.Auth; a != nil {
		switch {
		case a.Key != nil:
			d.line("auth key %s", template(a.Key))
		case a.HMAC != nil:
			d.line("auth hmac %s header=%s algorithm=%s prefix=%q", template(a.HMAC.Secret), a.HMAC.Header, a.HMAC.Algorithm, a.HMAC.Prefix)
		case a.JWT != nil:
			d.line("auth jwt %+v", *a.JWT)
		}
	}
	d.depth--
}

func match(list []graph.MatchField) string {
	var out []string
	for _, f := range list {
		out = append(out, f.Path+" = "+template(f.Value))
	}
	return "[" + strings.Join(out, ", ") + "]"
}

type dumper struct {
	b     strings.Builder
	depth int
}

func (d *dumper) line(format string, args ...any) {
	d.b.WriteString(strings.Repeat("  ", d.depth))
	d.b.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " "))
	d.b.WriteByte('\n')
}

func inline(v expression.Value) string {
	if v.IsAbsent() {
		return "-"
	}
	return string(v.Inline())
}

func program(p *expression.Program) string {
	if p == nil {
		return "-"
	}
	return "⟨" + p.Source() + "⟩" + reads(p.Reads())
}

func reads(list []expression.Read) string {
	var out []string
	for _, r := range list {
		out = append(out, strings.TrimRight(fmt.Sprintf("%d.%s.%s", r.Root, r.Name, r.Field), "."))
	}
	if out == nil {
		return ""
	}
	return "{" + strings.Join(out, " ") + "}"
}

func template(t *expression.Template) string {
	if t == nil {
		return "-"
	}
	if x, ok := t.IsLiteral(); ok {
		b, err := expression.Encode(x)
		if err != nil {
			return err.Error()
		}
		return string(b)
	}
	var out []string
	for _, p := range t.Programs() {
		out = append(out, program(p))
	}
	return strings.Join(out, " ")
}

func (d *dumper) block(name string, b *graph.Block) {
	if b == nil {
		return
	}
	if name != "" {
		d.line("%s:", name)
	}
	d.depth++
	for _, n := range b.Nodes {
		d.node(n)
	}
	d.depth--
}

var kindNames = [...]string{
	"action", "compose", "set", "if", "switch", "foreach", "while", "until", "parallel", "race", "scope", "wait", "await",
	"approval", "call", "emit", "respond", "return", "fail", "terminate", "rollback",
}

func (d *dumper) node(n *graph.Node) {
	var after []string
	for _, e := range n.After {
		var on []string
		for s := graph.Pending; s <= graph.Stuck; s++ {
			if e.Statuses.Has(s) {
				on = append(on, s.String())
			}
		}
		over := ""
		if e.PassedOver {
			over = "|passed over"
		}
		after = append(after, e.From.ID+"("+strings.Join(on, ",")+over+")")
	}
	d.line("#%d.%d %s %s after [%s]", n.Index, n.Pos, n.ID, kindNames[n.Kind], strings.Join(after, " "))
	d.depth++
	d.wraps(n)
	d.verb(n)
	d.between(n)
	d.block("onTimeout", n.OnTimeout)
	for _, c := range n.Catch {
		d.block("catch "+program(c.When), c.Do)
	}
	d.block("compensate", n.Compensate)
	d.block("finally", n.Finally)
	d.depth--
}

func (d *dumper) wraps(n *graph.Node) {
	if n.If != nil {
		d.line("if %s", program(n.If))
	}
	if r := n.Retry; r != nil {
		d.line("retry attempts=%d delay=%s exponential=%v max=%s jitter=%v if=%s attemptTimeout=%s", r.Attempts, r.Delay, r.Exponential, r.MaxDelay, r.Jitter, program(r.If), n.AttemptTimeout)
	}
	if n.Timeout != 0 {
		d.line("timeout %s", n.Timeout)
	}
	if n.SecureInput || n.SecureOutput {
		d.line("secure input=%v output=%v", n.SecureInput, n.SecureOutput)
	}
}

// between writes what goes on between a run and others, or people.
func (d *dumper) between(n *graph.Node) {
	raw := func(s *expression.Schema) string {
		if s == nil {
			return "-"
		}
		return string(s.Raw())
	}
	switch {
	case n.Child != nil:
		d.line("child %s with %s detach=%v returns %s", n.Child.Workflow, template(n.Child.With), n.Child.Detach, raw(n.Child.Returns))
	case n.Emit != nil:
		d.line("emit %s subject %s data %s", n.Emit.Type, template(n.Emit.Subject), template(n.Emit.Data))
	case n.Approval != nil:
		a := n.Approval
		d.line("to %s title %s options %q require=%d form %s remind %s max=%d", template(a.To), template(a.Title), a.Options, a.Require, raw(a.Form), a.Every, a.Max)
		d.block("notify", a.Notify)
	}
	for _, t := range n.Track {
		d.line("track %s = %s", t.Name, program(t.Value))
	}
}

func (d *dumper) verb(n *graph.Node) {
	switch {
	case n.Call != nil:
		returns := "-"
		if n.Call.Returns != nil {
			returns = string(n.Call.Returns.Raw())
		}
		d.line("call %s (%s) through %q repeat=%s returns %s of %q", n.Call.Operation, n.Call.Connector, n.Call.Connection, n.Call.Repeat(map[string]any{}), returns, n.Call.ReturnsOf)
		d.line("with %s", template(n.Call.With))
	case n.Wait != nil:
		d.line("for %s until %s", template(n.Wait.For), template(n.Wait.Until))
	case n.Await != nil:
		if n.Await.Event != "" {
			d.line("event %s match %s where %s", n.Await.Event, match(n.Await.Match), program(n.Await.Where))
			break
		}
		d.line("signal %s where %s", n.Await.Signal, program(n.Await.Where))
	case n.Response != nil:
		d.line("status %s headers %s body %s", template(n.Response.Status), template(n.Response.Headers), template(n.Response.Body))
	case n.Error != nil:
		d.line("code %q message %s details %s status %s", n.Error.Code, template(n.Error.Message), template(n.Error.Details), n.Error.Status)
	case n.Target != nil:
		d.line("target %s", n.Target.ID)
	case n.Value != nil:
		d.line("value %s", template(n.Value))
	}
	for _, s := range n.Sets {
		d.line("%s %s = %s", [...]string{"assign", "append", "increment"}[s.Op], s.Var, template(s.Value))
	}
	if n.Cond != nil {
		d.line("condition %s max=%d", program(n.Cond), n.MaxPasses)
	}
	if n.Subject != nil {
		d.line("subject %s", program(n.Subject))
	}
	if n.Items != nil {
		d.line("items %s parallelism=%d", program(n.Items), n.Parallelism)
	}
	if n.Kind == graph.Foreach || n.Kind == graph.Parallel {
		d.line("onError %d", n.OnError)
	}
	for _, b := range n.Branches {
		d.block(fmt.Sprintf("branch %q default=%v", b.Name, b.Default), b.Body)
	}
	d.block("body", n.Body)
	if n.Output != nil {
		d.line("output %s", template(n.Output))
	}
}
