package draw

import (
	"slices"
	"strings"

	"github.com/keelstep/keelstep/pkg/graph"
)

// Row is one line of a tree.
type Row struct {
	Branch string // the lines that lead to it, such as "│  ├─ "
	Label  string // the step's id, or how a block of a step is called
	Verb   string // of a step
	Detail string // what the verb is applied to
	Note   string // conditions, order and what wraps the step
	Step   bool   // the row is a step, not a block or a trigger
	Beside bool   // the row is a handler, or stands in one
}

// maxDetail is how much of an expression the tree shows.
const maxDetail = 60

// Tree returns a workflow as the lines of a tree.
func Tree(w *graph.Workflow) []Row {
	t := &tree{rows: []Row{{Label: title(w), Note: short(w.Description, 200)}}}
	var items []item
	for _, tr := range w.Triggers {
		items = append(items, item{trigger: &tr})
	}
	t.list(append(items, itemsOf(w.Root)...), "", false)
	return t.rows
}

// item is what hangs in the tree: a trigger, a step or a part of a step.
type item struct {
	trigger *graph.Trigger
	step    *step
	part    *part
	beside  bool
}

func itemsOf(b *graph.Block) []item {
	items := make([]item, len(b.Nodes))
	for i, n := range b.Nodes {
		s := describe(n)
		items[i] = item{step: &s}
	}
	return items
}

// below lists what hangs under an item.
func (i item) below() []item {
	var items []item
	switch {
	case i.part != nil:
		return itemsOf(i.part.block)
	case i.step != nil:
		parts := i.step.parts
		if len(parts) == 1 && parts[0].key == "body" {
			items = itemsOf(parts[0].block) // its label would only repeat the verb
			parts = nil
		}
		for _, p := range parts {
			items = append(items, item{part: &p})
		}
		for _, p := range i.step.beside {
			items = append(items, item{part: &p, beside: true})
		}
	}
	return items
}

type tree struct{ rows []Row }

func (t *tree) list(items []item, indent string, beside bool) {
	for i, it := range items {
		branch, deeper := "├─ ", "│  "
		if i == len(items)-1 {
			branch, deeper = "└─ ", "   "
		}
		row := it.row()
		row.Branch, row.Beside = indent+branch, beside || it.beside
		t.rows = append(t.rows, row)
		t.list(it.below(), indent+deeper, row.Beside)
	}
}

func (i item) row() Row {
	switch {
	case i.trigger != nil:
		return Row{Label: short("trigger "+i.trigger.ID, maxDetail), Detail: short(triggerText(*i.trigger), maxDetail)}
	case i.part != nil:
		r := Row{Label: short(i.part.label, maxDetail)}
		if len(i.part.block.Nodes) == 0 {
			r.Note = "nothing"
		}
		return r
	}
	s := i.step
	notes := slices.Clone(s.notes)
	if order := orderNote(s.node); order != "" {
		notes = append([]string{order}, notes...)
	}
	for j := range notes {
		notes[j] = short(notes[j], maxDetail)
	}
	return Row{
		Label: short(s.node.ID, maxDetail), Verb: short(s.verb, maxDetail), Detail: short(s.detail, maxDetail), Note: strings.Join(notes, " · "), Step: true,
	}
}

// orderNote says what a step follows unless that is what its place in the file
// says.
func orderNote(n *graph.Node) string {
	if n.Block.Owner != nil && (n.Block.Owner.Kind == graph.Parallel || n.Block.Owner.Kind == graph.Race) && len(n.After) == 0 {
		return ""
	}
	above := lineAbove(n)
	switch {
	case len(n.After) == 0 && above == nil:
		return ""
	case len(n.After) == 0:
		return "starts with its block"
	case len(n.After) == 1 && n.After[0].From == above && edgeLabel(n.After[0]) == "":
		return ""
	}
	texts := make([]string, len(n.After))
	for i, e := range n.After {
		texts[i] = e.From.ID
		if label := edgeLabel(e); label != "" {
			texts[i] += " " + label
		}
	}
	return "after " + strings.Join(texts, " and ")
}

// lineAbove returns the step that n follows when it does not say.
func lineAbove(n *graph.Node) *graph.Node {
	for _, above := range slices.Backward(n.Block.Nodes[:n.Pos]) {
		if !isHandler(above) {
			return above
		}
	}
	return nil
}
