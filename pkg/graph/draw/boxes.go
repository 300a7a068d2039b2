package draw

import (
	"strings"

	"github.com/keelstep/keelstep/pkg/graph"
)

// The measures of cards and frames, in pixels.
const (
	pad       = 14
	minCard   = 132
	maxText   = 300 // of a line in a card
	frameText = 420 // of a line in the head of a frame
	maxTip    = 500 // characters of a line of a tooltip
	pillPad   = 10
	pillHigh  = 22
	dotSize   = 14
	lineHigh  = 17
)

// line is a line of text in pieces of different style.
type line []piece

type piece struct {
	style
	text string
}

func (l line) width() int {
	w := 0
	for i, p := range l {
		if i > 0 {
			w += 8
		}
		w += p.width(p.text)
	}
	return w
}

// lines returns what stands on the card of a step.
func (s step) lines(most int) []line {
	verb := verbStyle
	verb.class += " " + string(s.family)
	second := line{{verb, verbStyle.fit(s.verb, most)}}
	if s.detail != "" {
		rest := max(most-verbStyle.width(s.verb)-8, 60)
		second = append(second, piece{detailStyle, detailStyle.fit(s.detail, rest)})
	}
	ls := []line{{{nameStyle, nameStyle.fit(s.node.ID, most)}}, second}
	for _, n := range s.notes {
		ls = append(ls, line{{noteStyle, noteStyle.fit(n, most)}})
	}
	return ls
}

// full is everything that is said of a step, uncut.
func (s step) full() string {
	parts := append([]string{s.node.ID + ": " + strings.TrimSpace(s.verb+" "+s.detail)}, s.notes...)
	for i := range parts {
		parts[i] = short(parts[i], maxTip)
	}
	return strings.Join(parts, "\n")
}

// stepShape draws a step with its handlers beside it.
func stepShape(n *graph.Node, depth int) shape {
	s := describe(n)
	main := card(s)
	if len(s.parts) > 0 {
		main = frame(s, depth)
	}
	if len(s.beside) == 0 {
		return main
	}
	var handlers []shape
	x, y := main.width+gapAcross, 0
	width := 0
	for _, p := range s.beside {
		h := boxed(section(p, depth+1), "handler")
		handlers = append(handlers, h)
		width = max(width, h.width)
		y += h.height + gapAcross/2
	}
	all := shape{width: x + width, height: max(main.height, y-gapAcross/2), port: main.port, foot: main.foot}
	all.paint = func(c *canvas, left, top int) {
		y := top
		trunk := left + main.width + gapAcross/2
		for i, h := range handlers {
			at := y + pad + pillHigh/2
			if i == 0 {
				c.dashes(left+main.width, at, left+x, at)
			} else {
				c.dashes(trunk, at, left+x, at)
			}
			if i == len(handlers)-1 && i > 0 {
				c.dashes(trunk, top+pad+pillHigh/2, trunk, at)
			}
			h.paint(c, left+x, y)
			y += h.height + gapAcross/2
		}
		main.paint(c, left, top)
	}
	return all
}

// card is a step that holds no other.
func card(s step) shape {
	lines := s.lines(maxText)
	width := minCard
	for _, l := range lines {
		width = max(width, l.width()+2*pad)
	}
	height := 2*pad - 6 + lineHigh*len(lines)
	c := shape{width: width, height: height, port: width / 2, foot: height}
	c.paint = func(p *canvas, x, y int) {
		p.open("", s.full())
		p.rect("card", x, y, width, height, 7)
		p.stripe(s.family, x, y, height)
		p.lines(lines, x+pad, y+pad+9)
		p.close()
	}
	return c
}

// frame is a step that holds others: a head, and its parts side by side.
func frame(s step, depth int) shape {
	lines := s.lines(frameText)
	head := 0
	for _, l := range lines {
		head = max(head, l.width())
	}
	var parts []shape
	inner, tall := -gapAcross, 0
	for _, p := range s.parts {
		part := section(p, depth+1)
		parts = append(parts, part)
		inner += part.width + gapAcross
		tall = max(tall, part.height)
	}
	width := max(head, inner) + 2*pad
	top := pad + lineHigh*len(lines) + pad/2
	height := top + tall + pad
	f := shape{width: width, height: height, port: width / 2, foot: height}
	f.paint = func(c *canvas, x, y int) {
		c.open("", s.full())
		c.rect(groupClass(depth), x, y, width, height, 10)
		c.stripe(s.family, x, y, height)
		c.lines(lines, x+pad, y+pad+9)
		c.close()
		at := x + (width-inner)/2
		for _, p := range parts {
			p.paint(c, at, y+top)
			at += p.width + gapAcross
		}
	}
	return f
}

// groupClass alternates the ground of frames, so that one in another shows.
func groupClass(depth int) string {
	if depth%2 == 0 {
		return "group even"
	}
	return "group odd"
}

// boxed puts a box around a shape.
func boxed(s shape, class string) shape {
	b := shape{width: s.width + 2*pad, height: s.height + 2*pad, port: s.port + pad, foot: s.height + 2*pad}
	b.paint = func(c *canvas, x, y int) {
		c.rect(class, x, y, b.width, b.height, 10)
		s.paint(c, x+pad, y+pad)
	}
	return b
}

// section is a block of steps below the name of the block.
func section(p part, depth int) shape {
	start := point()
	if p.label != "" {
		start = pill(p.label, "pill")
	}
	return blockShape([]shape{start}, p.block, depth, false)
}

// point is where a block without a name begins.
func point() shape {
	const size = 8
	return shape{width: size, height: size, port: size / 2, foot: size, paint: func(c *canvas, x, y int) {
		c.printf(`<circle class="stopcore" cx="%d" cy="%d" r="%d"/>`, x+size/2, y+size/2, size/2)
	}}
}

// blockShape lays the steps of a block out below what starts it. ended tells
// to mark the end of the line.
func blockShape(starts []shape, b *graph.Block, depth int, ended bool) shape {
	cards := make([]shape, len(b.Nodes))
	for i, n := range b.Nodes {
		cards[i] = stepShape(n, depth)
	}
	if fan, ok := fanShape(starts, cards, b); ok {
		return fan
	}
	d := &drawing{}
	var entries []*cell
	for _, s := range starts {
		entries = append(entries, d.add(s))
	}
	if len(cards) == 0 {
		cards = append(cards, pill("nothing", "nothing"))
	}
	cells := make([]*cell, len(cards))
	for i, s := range cards {
		cells[i] = d.add(s)
		if i < len(b.Nodes) && len(b.Nodes[i].After) > 0 {
			continue
		}
		for _, e := range entries {
			d.connect(link{from: e, to: cells[i], straight: 10})
		}
	}
	leaf := d.edges(b, cells)
	if ended {
		d.end(b, cells, leaf)
	}
	return d.shape()
}

// edges adds the edges between the steps of a block. It returns which of them
// nothing follows but handlers.
func (d *drawing) edges(b *graph.Block, cells []*cell) []bool {
	leaf := make([]bool, len(b.Nodes))
	for i := range leaf {
		leaf[i] = true
	}
	for i, n := range b.Nodes {
		cells[i].beside = isHandler(n)
		for _, e := range n.After {
			l := link{from: cells[e.From.Pos], to: cells[i], label: short(edgeLabel(e), 40), straight: 1000}
			if !e.Statuses.Has(graph.Succeeded) {
				l.dashed, l.straight = true, 1
			}
			l.to.width = max(l.to.width, l.to.port+labelGap+labelStyle.width(l.label))
			leaf[e.From.Pos] = leaf[e.From.Pos] && l.dashed
			d.connect(l)
		}
	}
	return leaf
}

// end adds the mark at the end of the line, after the steps that nothing
// follows and that do not end the run themselves.
func (d *drawing) end(b *graph.Block, cells []*cell, leaf []bool) {
	dot := shape{width: dotSize, height: dotSize, port: dotSize / 2, foot: dotSize, paint: func(c *canvas, x, y int) {
		c.dot(x+dotSize/2, y+dotSize/2, dotSize/2)
	}}
	var last *cell
	for i, n := range b.Nodes {
		if !leaf[i] || cells[i].beside || n.Kind == graph.Return || n.Kind == graph.Fail || n.Kind == graph.Terminate {
			continue
		}
		if last == nil {
			last = d.add(dot)
		}
		d.connect(link{from: cells[i], to: last, straight: 100})
	}
}

// pill is a short text in a round box.
func pill(text, class string) shape {
	text = pillStyle.fit(text, maxText)
	w := pillStyle.width(text) + 2*pillPad
	return shape{width: w, height: pillHigh, port: w / 2, foot: pillHigh, paint: func(c *canvas, x, y int) {
		c.rect(class, x, y, w, pillHigh, pillHigh/2)
		c.text(pillStyle, "middle", x+w/2, y+pillHigh/2+4, text)
	}}
}
