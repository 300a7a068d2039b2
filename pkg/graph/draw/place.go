package draw

import "math"

// place gives each cell its x: first below what it follows, then above what
// follows it, at last between both.
func (d *drawing) place() {
	for _, layer := range d.layers {
		x := 0
		for _, c := range layer {
			c.x = x + c.port
			x += c.width + gapAcross
		}
	}
	for i := range d.layers {
		d.settle(d.layers[i], true, false)
	}
	for i := len(d.layers) - 1; i >= 0; i-- {
		d.settle(d.layers[i], false, true)
	}
	for i := range d.layers {
		d.settle(d.layers[i], true, true)
	}
}

// settle moves the cells of a layer as near as they can get to what they are
// linked with, in their order and with the gaps between them.
func (d *drawing) settle(layer []*cell, above, below bool) {
	want := make([]float64, len(layer))
	weight := make([]float64, len(layer))
	offset := make([]float64, len(layer)) // of a cell from the first, at the least
	for i, c := range layer {
		if i > 0 {
			p := layer[i-1]
			offset[i] = offset[i-1] + float64(p.width-p.port+gapAcross+c.port)
		}
		sum, n := 0.0, 0.0
		if above {
			for _, l := range c.in {
				sum, n = sum+float64(l.straight*l.from.x), n+float64(l.straight)
			}
		}
		if below {
			for _, l := range c.out {
				sum, n = sum+float64(l.straight*l.to.x), n+float64(l.straight)
			}
		}
		want[i], weight[i] = float64(c.x), 0.001
		if n > 0 {
			want[i], weight[i] = sum/n, n
		}
		want[i] -= offset[i]
	}
	for i, x := range monotone(want, weight) {
		layer[i].x = int(math.Round(x + offset[i]))
	}
}

// monotone returns the rising sequence that is nearest to want, in the sum of
// the weighted squares. Neighbours that would fall are pooled.
func monotone(want, weight []float64) []float64 {
	type pool struct {
		value, weight float64
		n             int
	}
	var pools []pool
	for i := range want {
		p := pool{want[i], weight[i], 1}
		for len(pools) > 0 && pools[len(pools)-1].value > p.value {
			last := pools[len(pools)-1]
			pools = pools[:len(pools)-1]
			w := last.weight + p.weight
			p = pool{(last.value*last.weight + p.value*p.weight) / w, w, last.n + p.n}
		}
		pools = append(pools, p)
	}
	out := make([]float64, 0, len(want))
	for _, p := range pools {
		for range p.n {
			out = append(out, p.value)
		}
	}
	return out
}
