// Package draw shows a compiled workflow to people: as a tree of lines for a
// terminal, as a Mermaid flowchart, and as an SVG picture with a layout of its
// own. All three show the same: every step with its verb, what it does and
// what wraps it; the order of the steps, declared or implied, with the
// statuses where they are not the usual ones; and the handlers beside the
// steps that they belong to.
//
// The package is pure: a workflow always gives the same text.
package draw

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/keelstep/keelstep/pkg/graph"
)

// family is what a step is about. It decides the colour.
type family string

// The families.
const (
	calls   family = "call"    // talks to the world
	data    family = "data"    // computes
	control family = "control" // decides what runs
	waits   family = "wait"    // takes its time
	ends    family = "end"     // ends something
)

// step is what is said of one step.
type step struct {
	node   *graph.Node
	family family
	verb   string   // one or two words
	detail string   // what it is applied to; may be empty
	notes  []string // conditions and what wraps it, in order
	parts  []part   // what it runs itself: body or branches
	beside []part   // its handlers
}

// part is one block of a step and how it is called.
type part struct {
	label string
	block *graph.Block
	key   string // unique in its step, made of letters and digits
}

// standardRetry is what every action has that does not say otherwise. It is
// not worth a note.
var standardRetry = graph.Retry{Attempts: 5, Delay: time.Second, Exponential: true, MaxDelay: time.Hour, Jitter: true}

// describe says what there is to say about a step.
func describe(n *graph.Node) step {
	s := step{node: n}
	s.family, s.verb, s.detail = verbOf(n)
	if n.Parallelism > 1 {
		s.notes = append(s.notes, fmt.Sprintf("%d at once", n.Parallelism))
	}
	if n.Child != nil && n.Child.Detach {
		s.notes = append(s.notes, "detached")
	}
	if n.If != nil {
		s.notes = append(s.notes, "if "+n.If.Source())
	}
	if r := n.Retry; r != nil && r.Attempts > 1 && *r != standardRetry {
		s.notes = append(s.notes, fmt.Sprintf("%d attempts", r.Attempts))
	}
	if n.Timeout > 0 {
		s.notes = append(s.notes, "timeout "+duration(n.Timeout))
	}
	s.parts, s.beside = partsOf(n), handlersOf(n)
	return s
}

// verbOf returns the family, the verb and what it is applied to.
func verbOf(n *graph.Node) (f family, verb, detail string) {
	switch n.Kind {
	case graph.Action:
		return calls, n.Call.Operation, n.Call.Connection
	case graph.Compose:
		return data, "compose", ""
	case graph.Set:
		return data, setVerb(n.Sets), setNames(n.Sets)
	case graph.If:
		return control, "if", n.Cond.Source()
	case graph.Switch:
		return control, "switch", n.Subject.Source()
	case graph.Foreach:
		return control, "foreach", n.Items.Source()
	case graph.While:
		return control, "while", n.Cond.Source()
	case graph.Until:
		return control, "until", n.Cond.Source()
	case graph.Parallel:
		return control, "parallel", ""
	case graph.Race:
		return control, "race", ""
	case graph.Scope:
		return control, "do", ""
	case graph.Wait:
		return waits, "wait", waitDetail(n.Wait)
	case graph.Await:
		if n.Await.Signal != "" {
			return waits, "await signal", n.Await.Signal
		}
		return waits, "await event", n.Await.Event
	case graph.Approval:
		return waits, "approval", strings.Join(n.Approval.Options, " · ")
	case graph.CallWorkflow:
		return calls, "call", n.Child.Workflow
	case graph.Emit:
		return calls, "emit", n.Emit.Type
	case graph.Respond:
		return calls, "respond", template(n.Response.Status, "200")
	case graph.Return:
		return ends, "return", ""
	case graph.Fail:
		return ends, "fail", n.Error.Code
	case graph.Terminate:
		return ends, "terminate", n.Error.Status.String()
	case graph.Rollback:
		return ends, "rollback", n.Target.ID
	default:
		panic(fmt.Sprintf("draw: unhandled kind %d", n.Kind))
	}
}

// source is an expression.
type source interface{ Source() string }

// template returns what a template holds, as far as it is short to say.
func template[P source, T interface {
	comparable
	IsLiteral() (any, bool)
	Programs() []P
}](t T, without string) string {
	var none T
	if t == none {
		return without
	}
	if x, ok := t.IsLiteral(); ok {
		return fmt.Sprint(x)
	}
	if ps := t.Programs(); len(ps) == 1 {
		return ps[0].Source()
	}
	return "…"
}

func setVerb(sets []graph.Assignment) string {
	names := [...]string{graph.Assign: "set", graph.Append: "append", graph.Increment: "increment"}
	verb := ""
	for _, s := range sets {
		if verb != "" && verb != names[s.Op] {
			return "set"
		}
		verb = names[s.Op]
	}
	return verb
}

func setNames(sets []graph.Assignment) string {
	names := make([]string, len(sets))
	for i, s := range sets {
		names[i] = s.Var
	}
	return strings.Join(names, ", ")
}

func waitDetail(w *graph.WaitSpec) string {
	if w.Until != nil {
		return "until " + template(w.Until, "")
	}
	return template(w.For, "")
}

// duration prints a duration without the units that are zero.
func duration(d time.Duration) string {
	if d >= 48*time.Hour && d%(24*time.Hour) == 0 {
		return strconv.Itoa(int(d/(24*time.Hour))) + "d"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// partsOf lists what a step runs itself.
func partsOf(n *graph.Node) []part {
	var parts []part
	if n.Body != nil {
		parts = append(parts, part{bodyLabel(n.Kind), n.Body, "body"})
	}
	for i, b := range n.Branches {
		label := b.Name
		if n.Kind == graph.Switch && !b.Default {
			label = strconv.Quote(b.Name)
		}
		parts = append(parts, part{label, b.Body, "branch" + strconv.Itoa(i)})
	}
	return parts
}

func bodyLabel(k graph.Kind) string {
	switch k {
	case graph.Foreach:
		return "each"
	case graph.While, graph.Until:
		return "each pass"
	case graph.Parallel:
		return "all at once"
	case graph.Race:
		return "first wins"
	default:
		return ""
	}
}

// handlersOf lists what runs besides a step: when something happens to it.
func handlersOf(n *graph.Node) []part {
	var parts []part
	add := func(label, key string, b *graph.Block) {
		if b != nil {
			parts = append(parts, part{label, b, key})
		}
	}
	if n.Approval != nil {
		add("notify", "notify", n.Approval.Notify)
	}
	add("on timeout", "timeout", n.OnTimeout)
	for i, c := range n.Catch {
		label := "catch"
		if c.When != nil {
			label += " " + c.When.Source()
		}
		add(label, "catch"+strconv.Itoa(i), c.Do)
	}
	add("compensate", "compensate", n.Compensate)
	add("finally", "finally", n.Finally)
	return parts
}

// usual is the statuses of an edge that nobody wrote down.
var usual = graph.Statuses(graph.Succeeded)

// edgeLabel names the statuses of an edge unless they are the usual ones.
func edgeLabel(e graph.Edge) string {
	if e.PassedOver && e.Statuses == usual {
		return ""
	}
	var names []string
	for s := graph.Pending; s <= graph.Stuck; s++ {
		if e.Statuses.Has(s) {
			names = append(names, s.String())
		}
	}
	return strings.Join(names, ", ")
}

// isHandler tells whether a step stands beside the line: it runs only when
// what it follows did not succeed.
func isHandler(n *graph.Node) bool {
	for _, e := range n.After {
		if e.Statuses.Has(graph.Succeeded) {
			return false
		}
	}
	return len(n.After) > 0
}

// triggerText says what starts a workflow.
func triggerText(t graph.Trigger) string {
	switch {
	case t.HTTP != nil:
		return t.HTTP.Method + " " + t.HTTP.Path
	case t.Schedule != nil:
		text := t.Schedule.Cron
		if text == "" {
			text = "every " + duration(t.Schedule.Every)
		}
		if t.Schedule.Zone != "" {
			text += " " + t.Schedule.Zone
		}
		return text
	case t.Event != nil:
		return t.Event.Type
	default:
		return t.ID
	}
}

// title is a workflow's name and version.
func title(w *graph.Workflow) string {
	return short(w.Name+" "+w.Version, 200)
}

// summary says in one sentence what a workflow does, for those who cannot see
// the picture.
func summary(w *graph.Workflow) string {
	var names []string
	for _, n := range w.Root.Nodes {
		s := describe(n)
		names = append(names, short(n.ID+" ("+s.verb+")", 80))
	}
	const most = 30
	text := "Steps: " + strings.Join(names[:min(most, len(names))], ", ")
	if len(names) > most {
		text += fmt.Sprintf(" and %d more", len(names)-most)
	}
	if w.Description != "" {
		return short(w.Description, 500) + " " + text + "."
	}
	return text + "."
}

// oneLine takes line breaks, repeated blanks and control characters out of a
// text.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == 0xfffe || r == 0xffff {
			return utf8.RuneError
		}
		return r
	}, strings.Join(strings.Fields(s), " "))
}

// short returns at most n characters of a text on one line.
func short(s string, n int) string {
	s = oneLine(s)
	if len(s) <= n {
		return s
	}
	count := 0
	for i := range s {
		if count == n-1 {
			if len([]rune(s[i:])) == 1 {
				return s
			}
			return s[:i] + "…"
		}
		count++
	}
	return s
}
