package draw

import "github.com/keelstep/keelstep/pkg/graph"

// maxFan is how wide the steps of a block may stand beside each other, in
// pixels. When they all start at once and need more, they stand in rows.
const maxFan = 1300

// fanShape lays the steps of a block out in rows if they all start at once and
// are too wide for one. A line leads from the start down the left side to each
// row, and along it.
func fanShape(starts, cards []shape, b *graph.Block) (shape, bool) {
	width := -gapAcross
	for i, n := range b.Nodes {
		if len(n.After) > 0 {
			return shape{}, false
		}
		width += cards[i].width + gapAcross
	}
	if width <= maxFan || len(starts) != 1 {
		return shape{}, false
	}
	f := fan{start: starts[0]}
	f.fill(cards, width)
	return f.shape(), true
}

// fan is rows of steps that start at once.
type fan struct {
	start shape
	rows  [][]shape
}

// fill breaks the cards into rows: as few as maxFan asks for, each as full as
// the first.
func (f *fan) fill(cards []shape, width int) {
	n := (width + maxFan - 1) / maxFan
	for limit := width / n; ; limit += minCard / 4 {
		f.rows = rowsWithin(cards, limit)
		if len(f.rows) <= n {
			return
		}
	}
}

// rowsWithin breaks cards into rows that are not wider than limit, unless one
// card is.
func rowsWithin(cards []shape, limit int) [][]shape {
	var rows [][]shape
	used := 0
	for _, c := range cards {
		if len(rows) == 0 || used+c.width > limit {
			rows, used = append(rows, nil), 0
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], c)
		used += c.width + gapAcross
	}
	return rows
}

// trunk is where the line to the rows runs, and indent where the rows begin,
// from the left.
const (
	trunk  = 14
	indent = 28
)

func (f *fan) shape() shape {
	width := 0
	height := f.start.height
	for _, row := range f.rows {
		w, tall := rowSize(row)
		width = max(width, w)
		height += gapDown + tall
	}
	s := shape{width: indent + max(width, f.start.width), height: height, port: f.start.port, foot: height}
	s.paint = func(c *canvas, x, y int) {
		top := y + f.start.height
		last := top
		for _, row := range f.rows {
			across, at, end := top+gapDown/2-2, x+indent, 0
			for _, card := range row {
				end = at + card.port
				c.drop(end, across, top+gapDown)
				card.paint(c, at, top+gapDown)
				at += card.width + gapAcross
			}
			c.printf(`<path class="edge" d="M%d %dH%d"/>`, x+trunk, across, end)
			last = across
			_, tall := rowSize(row)
			top += gapDown + tall
		}
		c.printf(`<path class="edge" d="M%d %dV%d"/>`, x+trunk, y+f.start.foot, last)
		f.start.paint(c, x, y)
	}
	return s
}

// rowSize returns the width and the height of shapes beside each other.
func rowSize(row []shape) (width, tall int) {
	width = -gapAcross
	for _, c := range row {
		width += c.width + gapAcross
		tall = max(tall, c.height)
	}
	return width, tall
}

// drop draws an arrow straight down.
func (c *canvas) drop(x, y1, y2 int) {
	c.printf(`<path class="edge" d="M%d %dV%d" marker-end="url(#%s-arrow)"/>`, x, y1, y2-1, c.id)
}
