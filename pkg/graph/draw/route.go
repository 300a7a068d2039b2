package draw

import (
	"cmp"
	"math"
	"slices"
)

// The distances between two layers, in pixels.
const (
	gapDown  = 30 // with one track
	gapLabel = 16 // more where an edge has a label
	gapTrack = 9  // more for each further track
)

// whole returns the placed cells as one shape.
func (d *drawing) whole() shape {
	left, right := math.MaxInt, math.MinInt
	for _, c := range d.cells {
		left, right = min(left, c.x-c.port), max(right, c.x-c.port+c.width)
	}
	y := 0
	for i, layer := range d.layers {
		tall := 0
		for _, c := range layer {
			c.x, c.y = c.x-left, y
			tall = max(tall, c.height)
		}
		y += tall
		if i < len(d.layers)-1 {
			y += route(layer, y)
		}
	}
	s := shape{width: right - left, height: y, port: d.cells[0].x, foot: y}
	s.paint = func(c *canvas, x, y int) {
		for _, l := range d.links {
			c.link(l, x, y)
		}
		for _, cl := range d.cells {
			if cl.paint != nil {
				cl.paint(c, x+cl.x-cl.port, y+cl.y)
			}
		}
	}
	return s
}

// bus is the edges between two layers that run across on one line: those that
// leave one cell together, or that enter one together.
type bus struct {
	links       []*link
	left, right int
	track       int
}

// route gives each edge that leaves a layer the height at which it runs
// across. Edges that have nothing to do with each other run on tracks of their
// own where they would touch. It returns the distance to the next layer.
func route(layer []*cell, bottom int) int {
	buses := busesOf(layer)
	var ends []int // of the tracks, at the right
	gap, label := gapDown, 0
	for i := range buses {
		b := &buses[i]
		b.track = -1
		for t, end := range ends {
			if end+gapAcross/2 < b.left {
				b.track = t
				break
			}
		}
		if b.track < 0 {
			b.track, ends = len(ends), append(ends, 0)
		}
		ends[b.track] = b.right
		for _, l := range b.links {
			if l.label != "" {
				label = gapLabel
			}
		}
	}
	gap += label + gapTrack*max(0, len(ends)-1)
	for _, b := range buses {
		for _, l := range b.links {
			l.across = bottom + gapDown/2 - 2 + gapTrack*b.track
		}
	}
	return gap
}

// busesOf gathers the edges that leave a layer and do not run straight down,
// from left to right.
func busesOf(layer []*cell) []bus {
	var buses []bus
	at := map[*cell]int{} // where the bus of a cell is
	for _, c := range layer {
		for _, l := range c.out {
			if l.straightDown() {
				buses = append(buses, bus{links: []*link{l}, left: math.MinInt / 2, right: math.MinInt / 2})
				continue
			}
			hub := l.from
			if len(l.from.out) == 1 && len(l.to.in) > 1 {
				hub = l.to
			}
			i, ok := at[hub]
			if !ok {
				i = len(buses)
				at[hub] = i
				buses = append(buses, bus{left: l.from.x, right: l.from.x})
			}
			b := &buses[i]
			b.links = append(b.links, l)
			b.left, b.right = min(b.left, l.from.x, l.to.x), max(b.right, l.from.x, l.to.x)
		}
	}
	slices.SortStableFunc(buses, func(a, b bus) int { return cmp.Compare(a.left, b.left) })
	return buses
}

// straightDown tells whether an edge runs down without going across.
func (l *link) straightDown() bool {
	dx := l.from.x - l.to.x
	return dx >= -6 && dx <= 6
}

// alone tells whether an edge is the only one that leaves what it comes from,
// and that is no lane: then it may leave a little beside the middle.
func (l *link) alone() bool { return len(l.from.out) == 1 && l.from.paint != nil }
