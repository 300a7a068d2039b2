package dsl

import (
	"regexp"
	"slices"
	"sort"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// role is what a block is to the step that owns it.
type role uint8

const (
	roleRoot role = iota
	roleBody
	roleBranch
	roleNotify
	roleOnTimeout
	roleCatch
	roleCompensate
	roleFinally
)

// block is a list of steps that run under one parent.
type block struct {
	role  role
	name  string // of a branch: then, else, default or the case's text
	order int    // of a catch: its place
	n     *node  // the list
	owner *step  // nil for the document's own steps
	steps []*step
	depth int
	g     *graph.Block

	leaves []*step // steps that no sibling waits for

	given      []expression.Facts // what conditions around it have shown
	givenKnown bool
}

// parallel tells that there is no order among the steps.
func (b *block) parallel() bool {
	return b.owner != nil && b.role == roleBody && (b.owner.verb == "parallel" || b.owner.verb == "race")
}

// step is one step of the document. A broken one has its finding and is only
// kept so that its siblings and references to it make sense.
type step struct {
	n      *node
	id     string
	verb   string
	broken bool
	block  *block
	pos    int
	blocks []*block // body and branches, then handlers
	g      *graph.Node

	edges           []edge
	abnormal        bool // may be skipped though nothing failed
	handler         bool // does not run when all went well
	next            bool // a sibling waits for it
	chain           *chain
	rank            int  // in its chain
	sure            bool // it succeeded whenever its block did
	undo, undoKnown bool // it, or a step inside of it, has a compensation
	types           stepTypes
	guard           *expression.Facts // what its own if has shown; nil: not known yet
}

// edge is a predecessor of a step as the document has it.
type edge struct {
	from       *step
	statuses   graph.StatusSet
	passedOver bool
	n          *node // where it is written; nil for the order of the list
}

// get returns the member of the step, nil when it is missing or bad.
func (s *step) get(key string) *node {
	v := s.n.get(key)
	if v == nil || v.bad {
		return nil
	}
	return v
}

// label is how a message calls the step.
func (s *step) label() string {
	if s.id == "" {
		return "this step"
	}
	return "step \"" + s.id + "\""
}

// document is a workflow as it is written, ready to be checked.
type document struct {
	n      *node
	root   *block
	steps  []*step // all, in the order of graph.Workflow.Nodes
	blocks []*block
	byID   map[string]*step
	ids    []string        // sorted
	lost   map[string]bool // ids inside of what could not be read
}

// get returns the member of the document, nil when it is missing or bad.
func (d *document) get(key string) *node {
	v := d.n.get(key)
	if v == nil || v.bad {
		return nil
	}
	return v
}

// newDocument collects the steps of a tree.
func newDocument(t *Tree) *document {
	d := &document{n: t.root, byID: map[string]*step{}, lost: map[string]bool{}}
	for _, g := range t.gaps {
		for _, m := range idLine.FindAllSubmatch(t.Source[g.start:min(g.end, len(t.Source))], -1) {
			d.lost[string(m[1])] = true
		}
	}
	d.root = &block{role: roleRoot, n: t.root.get("steps")}
	d.fill(d.root)
	for id := range d.byID {
		d.ids = append(d.ids, id)
	}
	sort.Strings(d.ids)
	return d
}

var idLine = regexp.MustCompile(`\bid"?:\s*"?([A-Za-z_][A-Za-z0-9_]*)`)

// fill reads the steps of a block and what is below them.
func (d *document) fill(b *block) {
	d.blocks = append(d.blocks, b)
	if b.n == nil || b.n.bad || b.n.kind != kindList {
		return
	}
	for _, n := range b.n.items {
		s := &step{n: n, block: b, pos: len(b.steps)}
		b.steps = append(b.steps, s)
		d.steps = append(d.steps, s)
		if n.kind != kindMap || n.bad {
			s.broken = true
			d.lose(n)
			if id := n.get("id"); id != nil && !id.bad {
				s.id, _ = id.str()
			}
			continue
		}
		if id := n.get("id"); id != nil && !id.bad {
			s.id, _ = id.str()
		}
		s.verb = verbOf(n)
		if s.id != "" && d.byID[s.id] == nil {
			d.byID[s.id] = s
		}
		d.fillBlocks(s)
	}
}

// lose remembers the ids inside of a broken step, so that what refers to them
// is not reported as well.
func (d *document) lose(n *node) {
	if id, ok := n.get("id").str(); ok {
		d.lost[id] = true
	}
	for _, c := range n.items {
		if c.kind >= kindList {
			d.lose(c)
		}
	}
}

func verbOf(n *node) string {
	if v := verbsOf(n); len(v) > 0 {
		return v[0].text
	}
	return ""
}

// fillBlocks reads the blocks of a step in the one order that nodes are
// numbered in, whatever the order of the keys.
func (d *document) fillBlocks(s *step) {
	add := func(n *node, r role, name string, order int) {
		if n == nil || n.bad || n.kind != kindList {
			return
		}
		depth := s.block.depth + 1
		b := &block{role: r, name: name, order: order, n: n, owner: s, depth: depth}
		s.blocks = append(s.blocks, b)
		d.fill(b)
	}
	switch s.verb {
	case "if":
		add(s.get("then"), roleBranch, "then", 0)
		add(s.get("else"), roleBranch, "else", 1)
	case "switch":
		if cases := s.get("cases"); cases != nil {
			for i, at := range sortedKeys(cases) {
				add(cases.items[at], roleBranch, cases.keys[at].text, i)
			}
		}
		add(s.get("default"), roleBranch, "default", -1)
	case "parallel", "race":
		add(s.get(s.verb), roleBody, "", 0)
	case "foreach", "while", "until", "do":
		add(s.get("do"), roleBody, "", 0)
	case "approval":
		d.fillNotify(s)
	}
	add(s.get("onTimeout"), roleOnTimeout, "", 0)
	if handlers := s.get("catch"); handlers != nil {
		for i, h := range handlers.items {
			if !h.bad {
				add(h.get("do"), roleCatch, "", i)
			}
		}
	}
	add(s.get("compensate"), roleCompensate, "", 0)
	add(s.get("finally"), roleFinally, "", 0)
}

// notifyID is the id of the step that tells the people of an approval. No
// expression can name it.
const notifyID = "send"

// fillNotify makes a block of one action out of the notify of an approval.
func (d *document) fillNotify(s *step) {
	n := usable(s.get("approval").get("notify"))
	if n == nil {
		return
	}
	b := &block{role: roleNotify, n: n, owner: s, depth: s.block.depth + 1}
	send := &step{n: n, id: notifyID, verb: "action", block: b}
	b.steps = []*step{send}
	s.blocks = append(s.blocks, b)
	d.blocks = append(d.blocks, b)
	d.steps = append(d.steps, send)
}

// sortedKeys returns the places of the members of n in the order of their
// keys.
func sortedKeys(n *node) []int {
	out := make([]int, len(n.keys))
	for i := range out {
		out[i] = i
	}
	slices.SortFunc(out, func(a, b int) int {
		switch {
		case n.keys[a].text < n.keys[b].text:
			return -1
		case n.keys[a].text > n.keys[b].text:
			return 1
		}
		return 0
	})
	return out
}

// looping tells whether the step runs its body more than once.
func (s *step) looping() bool {
	return s.verb == "foreach" || s.verb == "while" || s.verb == "until"
}
