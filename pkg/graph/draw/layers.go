package draw

import (
	"cmp"
	"slices"
)

// The distances of a picture, in pixels.
const (
	gapAcross = 28 // between two cells of a layer
	laneWidth = 14 // of an edge that passes a layer
	// maxSpan is over how many layers an edge is led between the cells; a
	// longer one is drawn straight. It bounds the work of a hostile file.
	maxSpan = 40
)

// shape is something with a place in a picture.
type shape struct {
	width, height int
	port          int // where edges enter and leave it, from its left
	foot          int // where edges leave it, from its top
	paint         func(c *canvas, x, y int)
}

// cell is a shape in a layered drawing, or a lane that an edge passes through.
type cell struct {
	shape
	beside bool // it stands to the right of what it follows
	layer  int
	x, y   int // of its port, and of its top
	in     []*link
	out    []*link
}

// link is a piece of an edge between two cells of neighbouring layers.
type link struct {
	from, to *cell
	dashed   bool
	label    string // of the last piece
	arrow    bool   // the last piece
	straight int    // how much it wants to be straight
	across   int    // the height at which it runs across
}

// drawing lays cells out in layers from top to bottom.
type drawing struct {
	cells  []*cell
	links  []*link // the edges, then their pieces
	layers [][]*cell
}

func (d *drawing) add(s shape) *cell {
	c := &cell{shape: s}
	d.cells = append(d.cells, c)
	return c
}

// connect adds an edge.
func (d *drawing) connect(l link) {
	d.links = append(d.links, &l)
}

// shape lays the cells out and returns them as one shape whose port is that of
// its first cell.
func (d *drawing) shape() shape {
	d.rank()
	d.split()
	d.order()
	d.place()
	return d.whole()
}

// rank puts each cell into the first layer below all that it follows.
func (d *drawing) rank() {
	waits := make(map[*cell]int, len(d.cells))
	follows := make(map[*cell][]*cell, len(d.cells))
	for _, l := range d.links {
		waits[l.to]++
		follows[l.from] = append(follows[l.from], l.to)
	}
	var ready []*cell
	for _, c := range d.cells {
		if waits[c] == 0 {
			ready = append(ready, c)
		}
	}
	for ; len(ready) > 0; ready = ready[1:] {
		for _, to := range follows[ready[0]] {
			to.layer = max(to.layer, ready[0].layer+1)
			if waits[to]--; waits[to] == 0 {
				ready = append(ready, to)
			}
		}
	}
}

// split cuts edges that pass layers into pieces with lanes between them.
func (d *drawing) split() {
	var pieces []*link
	for _, l := range d.links {
		from, span := l.from, l.to.layer-l.from.layer
		for layer := l.from.layer + 1; layer < l.to.layer && span <= maxSpan; layer++ {
			lane := &cell{layer: layer, shape: shape{width: laneWidth, port: laneWidth / 2}, beside: l.to.beside}
			d.cells = append(d.cells, lane)
			pieces = append(pieces, &link{from: from, to: lane, dashed: l.dashed, straight: 8 * l.straight})
			from = lane
		}
		pieces = append(pieces, &link{from: from, to: l.to, dashed: l.dashed, label: l.label, arrow: true, straight: l.straight})
	}
	d.links = pieces
	for _, l := range pieces {
		l.from.out = append(l.from.out, l)
		l.to.in = append(l.to.in, l)
	}
	for _, c := range d.cells {
		for c.layer >= len(d.layers) {
			d.layers = append(d.layers, nil)
		}
		d.layers[c.layer] = append(d.layers[c.layer], c)
	}
}

// order sorts each layer so that few edges cross. The order in the file is
// kept where that is as good.
func (d *drawing) order() {
	for _, layer := range d.layers {
		slices.SortStableFunc(layer, func(a, b *cell) int { return cmp.Compare(rightness(a), rightness(b)) })
	}
	best, least := d.snapshot(), d.crossings()
	for sweep := 0; sweep < 4 && least > 0; sweep++ {
		for i := range d.layers {
			if sweep%2 == 1 {
				i = len(d.layers) - 1 - i
			}
			d.sortLayer(i, sweep%2 == 0)
		}
		if n := d.crossings(); n < least {
			best, least = d.snapshot(), n
		}
	}
	d.layers = best
}

func rightness(c *cell) int {
	if c.beside {
		return 1
	}
	return 0
}

func (d *drawing) snapshot() [][]*cell {
	all := make([][]*cell, len(d.layers))
	for i, layer := range d.layers {
		all[i] = slices.Clone(layer)
	}
	return all
}

// sortLayer sorts a layer by the middle of what its cells are linked with, in
// the layer above or in that below.
func (d *drawing) sortLayer(i int, above bool) {
	d.number()
	middle := make(map[*cell]int, len(d.layers[i]))
	for _, c := range d.layers[i] {
		sum, n := 0, 0
		for _, l := range c.in {
			if above {
				sum, n = sum+l.from.x, n+1
			}
		}
		for _, l := range c.out {
			if !above {
				sum, n = sum+l.to.x, n+1
			}
		}
		middle[c] = 1000 * c.x
		if n > 0 {
			middle[c] = 1000 * sum / n
		}
	}
	slices.SortStableFunc(d.layers[i], func(a, b *cell) int { return cmp.Compare(middle[a], middle[b]) })
}

// number keeps each cell's position in its layer in x, until it has a place.
func (d *drawing) number() {
	for _, layer := range d.layers {
		for i, c := range layer {
			c.x = i
		}
	}
}

// maxCounted is up to how many pieces between two layers crossings are
// counted; more are taken as they come.
const maxCounted = 400

// crossings counts the pairs of edges that cross.
func (d *drawing) crossings() int {
	d.number()
	total := 0
	for _, layer := range d.layers {
		var ls []*link
		for _, c := range layer {
			ls = append(ls, c.out...)
		}
		if len(ls) > maxCounted {
			continue
		}
		for i, a := range ls {
			for _, b := range ls[i+1:] {
				if (a.from.x-b.from.x)*(a.to.x-b.to.x) < 0 {
					total++
				}
			}
		}
	}
	return total
}
