package dsl_test

import (
	"fmt"
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
		d.line("trigger %s %s %s respond=%v deadline=%s input=%s", t.ID, t.HTTP.Method, t.HTTP.Path, t.HTTP.Respond, t.HTTP.Deadline, template(t.Input))
	}
	d.line("timeout=%s cancelGrace=%s respond=%v output=%s", w.Timeout, w.CancelGrace, w.HasRespond, template(w.Output))
	d.block("", w.Root)
	return d.b.String()
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
