package screen

import (
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// maxAlike is how many ended passes of one loop are shown before the rest is
// counted in one line.
const maxAlike = 12

// node is one line of the tree: a step, or a group such as a pass of a loop
// or a handler.
type node struct {
	label    string
	step     *Step
	group    bool
	children []*node
	index    map[string]*node
}

// child returns the node below n of that label, made if need be.
func (n *node) child(label string, group bool) *node {
	if c, ok := n.index[label]; ok {
		return c
	}
	c := &node{label: label, group: group}
	if n.index == nil {
		n.index = make(map[string]*node)
	}
	n.index[label] = c
	n.children = append(n.children, c)
	return c
}

// active tells whether anything at or below n goes on, or needs to be seen.
func (n *node) active() bool {
	if n.step != nil {
		switch n.step.Status {
		case graph.Running, graph.Waiting, graph.Failed, graph.TimedOut:
			return true
		default:
		}
	}
	for _, c := range n.children {
		if c.active() {
			return true
		}
	}
	return false
}

// line is one row of the tree before its columns are set.
type line struct {
	branch string // ├─ and so on
	node   *node
	label  string
	text   string // instead of a node: what was left out
}

// Tree returns r's steps as lines, and those of outline that have not begun.
// Width 0 means that lines may have any length. What runs is timed against
// now.
func Tree(r Run, outline []Outline, now time.Time, width int) []string {
	rows := flatten(build(r, outline))
	return layout(rows, now, width)
}

// Fit drops lines of steps that have ended, from the top, until the tree has
// at most height lines, and says how many it left out.
func Fit(r Run, outline []Outline, now time.Time, width, height int) []string {
	rows := flatten(build(r, outline))
	if len(rows) > height && height > 1 {
		drop := len(rows) - height + 1
		var kept []line
		for _, l := range rows {
			if drop > 0 && (l.node == nil || !l.node.active()) {
				drop--
				continue
			}
			kept = append(kept, l)
		}
		hidden := len(rows) - len(kept)
		if len(kept) > height-1 {
			hidden += len(kept) - (height - 1)
			kept = kept[:height-1]
		}
		rows = append([]line{{text: fmt.Sprintf("… %d more lines", hidden)}}, kept...)
	}
	return layout(rows, now, width)
}

// build hangs the steps into a tree by their paths.
func build(r Run, outline []Outline) *node {
	root := &node{}
	seed(root, outline)
	for i := range r.Steps {
		segments, err := interpreter.SplitPath(r.Steps[i].Path)
		if err != nil {
			segments = []interpreter.Segment{{Name: r.Steps[i].Path, Pass: -1}}
		}
		at := root
		for _, seg := range segments {
			at = at.child(seg.Name, seg.Handler)
			if seg.Attempt > 1 {
				at = at.child(fmt.Sprintf("attempt %d", seg.Attempt), true)
			}
			if seg.Pass >= 0 {
				at = at.child(fmt.Sprintf("[%d]", seg.Pass), true)
			}
		}
		at.step, at.group = &r.Steps[i], false
	}
	return root
}

// seed puts the steps that a workflow has, run or not, into the tree, in
// their order in the file.
func seed(n *node, outline []Outline) {
	for _, o := range outline {
		c := n.child(o.ID, false)
		c.step = &Step{Path: o.ID, Kind: o.Kind, Operation: o.Operation}
		seed(c, o.Children)
	}
}

// flatten walks the tree into rows.
func flatten(root *node) []line {
	var rows []line
	for _, c := range root.children {
		rows = c.rows(rows, "", "")
	}
	return rows
}

func (n *node) rows(rows []line, branch, indent string) []line {
	label := n.label
	for n.group && n.step == nil && len(n.children) == 1 && len(n.children[0].children) == 0 {
		n = n.children[0]
		label += " " + n.label
	}
	rows = append(rows, line{branch: branch, node: n, label: label})
	shown, hidden := n.shown()
	for i, c := range shown {
		if i == len(shown)-1 && hidden == 0 {
			rows = c.rows(rows, indent+"└─ ", indent+"   ")
		} else {
			rows = c.rows(rows, indent+"├─ ", indent+"│  ")
		}
	}
	if hidden > 0 {
		rows = append(rows, line{branch: indent + "└─ ", text: fmt.Sprintf("… and %d more that ended", hidden)})
	}
	return rows
}

// shown returns the children to show: all of them, but of many ended passes
// only the first few.
func (n *node) shown() (shown []*node, hidden int) {
	ended := 0
	for _, c := range n.children {
		if c.group && !c.active() {
			if ended++; ended > maxAlike {
				hidden++
				continue
			}
		}
		shown = append(shown, c)
	}
	return shown, hidden
}

// layout sets the columns: tree and name, what the step does, its state, its
// time, and what there is to say about it.
func layout(rows []line, now time.Time, width int) []string {
	nameCol, whatCol := 8, 4
	for _, l := range rows {
		if l.node != nil {
			nameCol = max(nameCol, ansi.StringWidth(l.branch)+2+ansi.StringWidth(l.label))
			whatCol = max(whatCol, ansi.StringWidth(what(l.node.step)))
		}
	}
	nameCol, whatCol = min(nameCol, 44), min(whatCol, 24)
	if width > 0 && width < 72 { // what matters is whether it goes on
		nameCol, whatCol = min(nameCol, width/2), 0
	}
	out := make([]string, 0, len(rows))
	for _, l := range rows {
		s := l.render(now, nameCol, whatCol)
		if width > 0 {
			s = ansi.Truncate(s, width-1, "…")
		}
		out = append(out, s)
	}
	return out
}

func (l line) render(now time.Time, nameCol, whatCol int) string {
	if l.node == nil {
		return dim.Render(l.branch + l.text)
	}
	st := l.node.step
	if st == nil {
		return paint(dim, l.branch) + "  " + dim.Render(l.label)
	}
	k := lookOf(st.Status)
	room := nameCol - ansi.StringWidth(l.branch) - 2
	label := pad(ansi.Truncate(l.label, max(room, 4), "…"), room)
	if st.Status == graph.Pending || st.Status == graph.Skipped {
		label = dim.Render(label)
	}
	s := paint(dim, l.branch) + k.style.Render(k.glyph) + " " + label + "  "
	if whatCol > 0 {
		s += dim.Render(pad(what(st), whatCol)) + "  "
	}
	if st.Status == graph.Pending {
		return s + k.style.Render(k.word)
	}
	s += k.style.Render(pad(k.word, 9))
	s += "  " + dim.Render(padLeft(took(st, now), 6))
	if note := note(st, now); note != "" {
		s += "  " + note
	}
	return s
}

// what is the operation that a step calls, or its verb.
func what(st *Step) string {
	switch {
	case st == nil:
		return ""
	case st.Operation != "":
		return st.Operation
	}
	return st.Kind
}

func took(st *Step, now time.Time) string {
	switch {
	case st.StartedAt.IsZero() || st.Status == graph.Skipped:
		return ""
	case st.EndedAt.IsZero():
		return Elapsed(now.Sub(st.StartedAt))
	}
	return Elapsed(st.EndedAt.Sub(st.StartedAt))
}

// note is what else there is to say: attempts, how long until the next one,
// why it failed or was skipped.
func note(st *Step, now time.Time) string {
	var parts []string
	if st.Attempt > 1 {
		parts = append(parts, dim.Render(fmt.Sprintf("attempt %d", st.Attempt)))
	}
	if !st.Due.IsZero() && !st.Status.Ended() {
		left := "in " + Elapsed(st.Due.Sub(now))
		if st.Error != nil {
			left = "again " + left
		}
		parts = append(parts, yellow.Render(left))
	}
	if st.WaitsFor != "" {
		parts = append(parts, yellow.Render("waits for "+Clean(st.WaitsFor)))
	}
	if st.Status == graph.Skipped {
		parts = append(parts, dim.Render(skipReason(st.Reason)))
	}
	under := st.Status == graph.Running && st.Due.IsZero() // the error is of an attempt before this one
	if st.Error != nil && !under && st.Status != graph.Succeeded && st.Status != graph.Skipped {
		parts = append(parts, red.Render(Clean(st.Error.String())))
	}
	return strings.Join(parts, dim.Render(" · "))
}

func skipReason(reason string) string {
	switch reason {
	case "dependency":
		return "a step before it did not succeed"
	case "condition":
		return "its condition is false"
	}
	return reason
}
