package draw

import (
	"fmt"
	"strings"

	"github.com/keelstep/keelstep/pkg/graph"
)

// labelGap is between an edge and its label, in pixels.
const labelGap = 8

// margin is around the whole picture, in pixels.
const margin = 28

// SVG returns a workflow as a picture: an SVG document that needs nothing
// else. It has a title and a description for those who cannot see it, follows
// the reader's choice of a light or a dark scheme, and says what it had to cut
// as a tooltip.
func SVG(w *graph.Workflow) string {
	var starts []shape
	for _, t := range w.Triggers {
		starts = append(starts, pill(triggerText(t), "pill trigger"))
	}
	if len(starts) == 0 {
		starts = append(starts, pill("start", "pill trigger"))
	}
	body := blockShape(starts, w.Root, 0, true)

	head := []line{{{headStyle, headStyle.fit(title(w), 900)}}}
	if w.Description != "" {
		head = append(head, line{{aboutStyle, aboutStyle.fit(w.Description, 900)}})
	}
	width := body.width
	for _, l := range head {
		width = max(width, l.width())
	}
	top := margin + 26*len(head)

	id := "ks-" + escape(w.Name)
	c := &canvas{id: id}
	c.printf(`<svg xmlns="http://www.w3.org/2000/svg" class="keelstep" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-labelledby="%s-title %s-desc">`,
		width+2*margin, top+body.height+margin, width+2*margin, top+body.height+margin, id, id)
	c.printf(`<title id="%s-title">%s</title>`, id, escape("Workflow "+title(w)))
	c.printf(`<desc id="%s-desc">%s</desc>`, id, escape(summary(w)))
	c.b.WriteString(strings.ReplaceAll(sheet, "{arrow}", id+"-arrow"))
	c.printf(`<rect class="ground" width="100%%" height="100%%"/>`)
	for i, l := range head {
		c.lines([]line{l}, margin, margin+14+22*i)
	}
	body.paint(c, margin+(width-body.width)/2, top)
	c.printf(`</svg>`)
	return c.b.String()
}

// canvas writes the elements of a picture.
type canvas struct {
	b  strings.Builder
	id string
}

func (c *canvas) printf(format string, args ...any) {
	fmt.Fprintf(&c.b, format, args...)
	c.b.WriteByte('\n')
}

// open begins a group with a tooltip.
func (c *canvas) open(class, tip string) {
	if class != "" {
		class = ` class="` + class + `"`
	}
	c.printf(`<g%s><title>%s</title>`, class, strings.ReplaceAll(escape(strings.ReplaceAll(tip, "\n", "\x00")), "\ufffd", "&#10;"))
}

func (c *canvas) close() { c.printf(`</g>`) }

func (c *canvas) rect(class string, x, y, w, h, round int) {
	c.printf(`<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="%d"/>`, class, x, y, w, h, round)
}

// stripe marks the left edge of a card with the colour of its family.
func (c *canvas) stripe(f family, x, y, h int) {
	c.printf(`<path class="stripe %s" d="M%d %dv%d"/>`, f, x+1, y+8, h-16)
}

func (c *canvas) dot(x, y, r int) {
	c.printf(`<circle class="stop" cx="%d" cy="%d" r="%d"/><circle class="stopcore" cx="%d" cy="%d" r="%d"/>`, x, y, r-1, x, y, r-4)
}

func (c *canvas) dashes(x1, y1, x2, y2 int) {
	c.printf(`<path class="edge dashed" d="M%d %dL%d %d"/>`, x1, y1, x2, y2)
}

// lines writes lines of text whose first base line is at y.
func (c *canvas) lines(ls []line, x, y int) {
	for i, l := range ls {
		at := x
		for _, p := range l {
			c.text(p.style, "", at, y+i*lineHigh, p.text)
			at += p.width(p.text) + 8
		}
	}
}

func (c *canvas) text(st style, anchor string, x, y int, s string) {
	if anchor != "" {
		anchor = ` text-anchor="` + anchor + `"`
	}
	c.printf(`<text class="%s" x="%d" y="%d"%s>%s</text>`, st.class, x, y, anchor, escape(s))
}

// turn is the radius of a corner of an edge, in pixels.
const turn = 8

// link draws a piece of an edge whose drawing stands at x, y: straight down,
// or down, across and down again.
func (c *canvas) link(l *link, x, y int) {
	class, end := "edge", ""
	if l.dashed {
		class += " dashed"
	}
	x1, y1, x2, y2 := x+l.from.x, y+l.from.y+l.from.foot, x+l.to.x, y+l.to.y
	if l.arrow {
		end = fmt.Sprintf(` marker-end="url(#%s-arrow)"`, c.id)
		y2--
	}
	if x1 == x2 || l.straightDown() && l.alone() {
		c.printf(`<path class="%s" d="M%d %dV%d"%s/>`, class, x2, y1, y2, end)
	} else {
		at, r := y+l.across, min(turn, max(x1-x2, x2-x1)/2)
		sideways := r
		if x2 < x1 {
			sideways = -r
		}
		c.printf(`<path class="%s" d="M%d %dV%dq0 %d %d %dH%dq%d 0 %d %dV%d"%s/>`,
			class, x1, y1, at-r, r, sideways, r, x2-sideways, sideways, sideways, r, y2, end)
	}
	if l.label != "" {
		c.text(labelStyle, "", x2+labelGap, y2-9, l.label)
	}
}
