package books

import (
	"cmp"
	"slices"

	"github.com/keelstep/keelstep/pkg/fact"
)

// flat is the index as its state lists it.
type flat struct {
	name     string
	triggers []named
	shapes   []flatShape
}

type flatShape struct {
	paths []named
	open  []*open // in the order in which they were opened
}

type named struct{ name string }

func namedFields(c *fact.Coder, n *named) { c.String(1, "name", &n.name) }

// fields carries the index: the matches of a shape by the order in which they
// were opened.
func (x *matchIndex) fields(c *fact.Coder, tag uint64) {
	var all []flat
	if !c.Reading() {
		all = x.flatten()
	}
	fact.List(c, tag, "types", &all, func(c *fact.Coder, f *flat) {
		c.String(1, "name", &f.name)
		fact.List(c, 2, "triggers", &f.triggers, namedFields)
		fact.List(c, 3, "shapes", &f.shapes, func(c *fact.Coder, s *flatShape) {
			fact.List(c, 1, "paths", &s.paths, namedFields)
			fact.List(c, 2, "open", &s.open, openFields)
		})
	})
	if c.Reading() {
		x.unflatten(all)
	}
}

func openFields(c *fact.Coder, p **open) {
	if *p == nil {
		*p = new(open)
	}
	o := *p
	c.Uint(1, "seq", &o.seq)
	c.String(2, "run", &o.run)
	c.String(3, "path", &o.path)
	key := o.key[:]
	c.Bytes(4, &key)
	copy(o.key[:], key)
}

func (x *matchIndex) flatten() []flat {
	all := make([]flat, 0, len(x.names))
	for _, n := range x.names {
		k := x.types[n]
		f := flat{name: n}
		for _, t := range k.triggers {
			f.triggers = append(f.triggers, named{t})
		}
		for _, s := range k.shapes {
			fs := flatShape{open: s.ordered()}
			for _, p := range s.paths {
				fs.paths = append(fs.paths, named{p})
			}
			f.shapes = append(f.shapes, fs)
		}
		all = append(all, f)
	}
	return all
}

// ordered returns the open matches of the shape in the order in which they
// were opened.
func (s *shape) ordered() []*open {
	type entry struct { // the numbers stand together: sorting looks at nothing else
		seq uint64
		o   *open
	}
	entries := make([]entry, 0, len(s.keys))
	for _, first := range s.keys { // order does not show: the list is sorted below
		for o := first; ; o = o.next {
			entries = append(entries, entry{o.seq, o})
			if o.next == first {
				break
			}
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.seq, b.seq) })
	all := make([]*open, len(entries))
	for i, e := range entries {
		all[i] = e.o
	}
	return all
}

func (x *matchIndex) unflatten(all []flat) {
	n := 0
	for _, f := range all {
		for _, fs := range f.shapes {
			n += len(fs.open)
		}
	}
	x.runs = make(map[string]*open, n)
	for _, f := range all {
		k := x.kind(f.name)
		for _, t := range f.triggers {
			k.triggers = append(k.triggers, t.name)
		}
		for _, fs := range f.shapes {
			var paths []string
			for _, p := range fs.paths {
				paths = append(paths, p.name)
			}
			s := &shape{paths: paths, keys: make(map[matchKey]*open, len(fs.open))}
			k.shapes = append(k.shapes, s)
			last := ""
			for _, o := range fs.open {
				if o.path == last { // most are one step's: they share its name
					o.path = last
				}
				o.kind, o.shape, last = k, s, o.path
				x.insert(o)
			}
		}
	}
}
