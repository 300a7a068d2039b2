package draw

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/keelstep/keelstep/pkg/graph"
)

// maxMermaid is how much of an expression a flowchart shows.
const maxMermaid = 60

// Mermaid returns a workflow as a Mermaid flowchart. Steps that hold others
// are subgraphs; handlers are dashed and linked by a dotted line to their
// step.
func Mermaid(w *graph.Workflow) string {
	m := &mermaid{}
	m.line("---")
	m.line("title: %s", strconv.Quote(title(w)))
	m.line("---")
	m.line("flowchart TB")
	m.depth++
	for i, t := range w.Triggers {
		m.line(`t%d(["%s"])`, i, mermaidText(triggerText(t)))
	}
	m.block(w.Root, "")
	for i := range w.Triggers {
		for _, n := range w.Root.Nodes {
			if len(n.After) == 0 {
				m.line("t%d --> %s", i, nodeID(n))
			}
		}
	}
	m.line("classDef handler stroke-dasharray: 5 4")
	if len(m.handlers) > 0 {
		m.line("class %s handler", strings.Join(m.handlers, ","))
	}
	return m.b.String()
}

type mermaid struct {
	b        strings.Builder
	depth    int
	handlers []string
}

func (m *mermaid) line(format string, args ...any) {
	m.b.WriteString(strings.Repeat("  ", m.depth))
	fmt.Fprintf(&m.b, format, args...)
	m.b.WriteByte('\n')
}

func nodeID(n *graph.Node) string { return "s" + strconv.Itoa(n.Index) }

// shapes is what surrounds the text of a step, by family.
var shapes = map[family][2]string{
	calls: {"[", "]"}, data: {"[", "]"}, control: {"[", "]"}, waits: {"([", "])"}, ends: {"{{", "}}"},
}

// block writes the steps of a block and the edges between them. empty is the
// name of the node that stands for a block without steps.
func (m *mermaid) block(b *graph.Block, empty string) {
	if len(b.Nodes) == 0 && empty != "" {
		m.line(`%s["nothing"]`, empty)
	}
	for _, n := range b.Nodes {
		m.step(describe(n))
	}
	for _, n := range b.Nodes {
		for _, e := range n.After {
			arrow := "-->"
			if !e.Statuses.Has(graph.Succeeded) {
				arrow = "-.->"
			}
			if label := edgeLabel(e); label != "" {
				arrow += `|"` + mermaidText(label) + `"|`
			}
			m.line("%s %s %s", nodeID(e.From), arrow, nodeID(n))
		}
	}
}

func (m *mermaid) step(s step) {
	id := nodeID(s.node)
	switch {
	case len(s.parts) == 0:
		shape := shapes[s.family]
		m.line(`%s%s"%s"%s`, id, shape[0], s.mermaid("<br/>"), shape[1])
	case len(s.parts) == 1 && s.parts[0].key == "body":
		m.subgraph(id, s.mermaid(" · "), s.parts[0].block)
	default:
		m.line(`subgraph %s["%s"]`, id, s.mermaid(" · "))
		m.depth++
		m.line("direction TB")
		for _, p := range s.parts {
			m.subgraph(id+p.key, mermaidText(p.label), p.block)
		}
		m.depth--
		m.line("end")
	}
	for _, p := range s.beside {
		sub := id + p.key
		m.subgraph(sub, mermaidText(p.label), p.block)
		m.handlers = append(m.handlers, sub)
		m.line("%s -.- %s", id, sub)
	}
}

// mermaid returns what stands in the box of a step. A subgraph has room for
// one line only.
func (s step) mermaid(sep string) string {
	texts := []string{mermaidText(s.node.ID), mermaidText(strings.TrimSpace(s.verb + " " + s.detail))}
	for _, note := range s.notes {
		texts = append(texts, mermaidText(note))
	}
	return strings.Join(texts, sep)
}

func (m *mermaid) subgraph(id, text string, b *graph.Block) {
	m.line(`subgraph %s["%s"]`, id, text)
	m.depth++
	m.line("direction TB")
	m.block(b, id+"none")
	m.depth--
	m.line("end")
}

// mermaidText writes a text so that nothing in it means anything to Mermaid
// or to the page around it.
func mermaidText(s string) string {
	var b strings.Builder
	for _, r := range short(s, maxMermaid) {
		switch r {
		case '"':
			b.WriteString("#quot;")
		case '<':
			b.WriteString("#lt;")
		case '>':
			b.WriteString("#gt;")
		case '&':
			b.WriteString("#amp;")
		case '#', '`', '\\', ';', '%':
			fmt.Fprintf(&b, "#%d;", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
