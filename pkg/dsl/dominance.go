package dsl

import "github.com/keelstep/keelstep/pkg/graph"

// A chain is a run of steps of one block that each wait for nothing but the
// one before, by an edge that only a step that was not skipped meets. It
// makes questions about order cheap in long blocks.
type chain struct {
	steps []*step
	seen  [2]int // the last query that went behind its head, without and with transit
}

// transit tells that the edge is met only when its predecessor was not
// skipped for want of its own predecessors, so that what was sure for the
// predecessor is sure behind it.
func (e edge) transit() bool { return !e.statuses.Has(graph.Skipped) }

// certain tells that the predecessor succeeded when the edge is met.
func (e edge) certain() bool {
	return e.statuses == onSuccess && (!e.passedOver || !e.from.guarded())
}

// guarded tells that the step has an if of its own, which may pass it over.
func (s *step) guarded() bool { return s.verb != "if" && s.n.has("if") }

// chainUp puts the steps of a block into chains, in an order in which
// predecessors come first.
func chainUp(b *block) {
	for _, s := range b.steps {
		var todo []*step
		for todo = append(todo, s); len(todo) > 0; {
			t := todo[len(todo)-1]
			if t.chain != nil {
				todo = todo[:len(todo)-1]
				continue
			}
			ready := true
			for _, e := range t.edges {
				if e.from.chain == nil {
					todo, ready = append(todo, e.from), false
				}
			}
			if ready {
				t.join()
				todo = todo[:len(todo)-1]
			}
		}
	}
}

// join puts s at the end of its only predecessor's chain, where that is still
// its end, or starts one.
func (s *step) join() {
	if len(s.edges) == 1 && s.edges[0].statuses == onSuccess {
		p := s.edges[0].from
		if last := p.chain.steps[len(p.chain.steps)-1]; last == p {
			s.chain, s.rank = p.chain, len(p.chain.steps)
			s.chain.steps = append(s.chain.steps, s)
			return
		}
	}
	s.chain = &chain{steps: []*step{s}}
}

// visit is a step on the way back from another one. transit tells that only
// steps that were not skipped are in between.
type visit struct {
	s       *step
	transit bool
}

// before tells whether y has ended whenever its sibling x starts, and whether
// it certainly succeeded then.
func (c *compiler) before(x, y *step) (ended, sure bool) {
	c.query++
	todo := append(c.visits[:0], visit{x, true})
	defer func() { c.visits = todo }()
	for len(todo) > 0 {
		v := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if y.chain == v.s.chain && y.rank < v.s.rank {
			ended = true
			if v.transit && v.s.chain.steps[y.rank+1].edges[0].certain() {
				return true, true
			}
		}
		if v.s.chain.entered(c.query, v.transit) {
			continue
		}
		for _, e := range v.s.chain.steps[0].edges {
			if e.from == y {
				ended = true
				if v.transit && e.certain() {
					return true, true
				}
			}
			todo = append(todo, visit{e.from, v.transit && e.transit()})
		}
	}
	return ended, false
}

// entered tells whether a query has gone behind the chain's head already, and
// remembers that it has.
func (ch *chain) entered(query int, transit bool) bool {
	at := 0
	if transit {
		at = 1
	}
	if ch.seen[at] == query {
		return true
	}
	ch.seen[at] = query
	return false
}

// markSure finds for each block the steps that certainly succeeded when the
// block did.
func (c *compiler) markSure() {
	for _, b := range c.doc.blocks {
		findAbnormal(b)
		var todo []*step
		mark := func(s *step, succeeded bool) {
			if succeeded {
				s.sure = true
			}
			todo = append(todo, s)
		}
		for _, s := range b.leaves {
			if !s.abnormal {
				mark(s, !s.guarded())
			}
		}
		seen := make([]bool, len(b.steps))
		for len(todo) > 0 {
			s := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			if seen[s.pos] {
				continue
			}
			seen[s.pos] = true
			for _, e := range s.edges {
				if e.transit() {
					mark(e.from, e.certain())
				}
			}
		}
	}
}

// findAbnormal finds the steps that may be skipped though nothing failed, so
// that the success of their block says nothing about them: those that wait for
// more than success, and those that wait for one of them.
func findAbnormal(b *block) {
	for _, s := range b.inOrder() {
		for _, e := range s.edges {
			s.abnormal = s.abnormal || e.from.abnormal || e.statuses != onSuccess || !e.passedOver && e.from.guarded()
		}
	}
}

// presence is what is known of a step where another one is running.
type presence uint8

const (
	present presence = iota // it certainly succeeded
	maybe                   // it may not have run
	absent                  // it cannot have run, or cannot be read there
)

// placed is the place of an expression: a step and the block of it that the
// expression stands in, as roles go. within is nil for what is evaluated with
// the step's own block (its with, its if).
type placed struct {
	s      *step  // nil: outside of all steps (the document's output)
	within *block // a block of s whose end the expression sees (an output, an until)
	self   bool   // the step itself has been attempted (retry.if, catch.when)
	ended  bool   // the step itself has ended, in whatever way (track)
}

// absence says why a step cannot be read.
type absence struct{ why, hint string }

// find tells what is known of step y at a place.
func (c *compiler) find(at placed, y *step) (presence, absence) {
	if at.s == nil {
		return c.insideOf(c.doc.root, y)
	}
	if at.within != nil && inside(at.within, y) {
		return c.insideOf(at.within, y)
	}
	x := at.s
	xb, yb := (*block)(nil), (*block)(nil) // the blocks below x and y on the way
	yy := y
	for x.block.depth > yy.block.depth {
		xb = x.block
		x = xb.owner
	}
	for yy.block.depth > x.block.depth {
		yb = yy.block
		yy = yb.owner
	}
	for x.block != yy.block {
		xb, yb = x.block, yy.block
		x, yy = xb.owner, yb.owner
	}
	if x == yy {
		return sameStep(xb, yb, at)
	}
	return c.besides(x, yy, y)
}

// inside tells whether y stands in b or deeper.
func inside(b *block, y *step) bool {
	for yb := y.block; yb != nil; {
		if yb == b {
			return true
		}
		if yb.owner == nil {
			return false
		}
		yb = yb.owner.block
	}
	return false
}

// insideOf tells what is known of y behind the success of the block b that it
// stands in or below.
func (c *compiler) insideOf(b *block, y *step) (presence, absence) {
	yy := y
	for yy.block != b {
		yy = yy.block.owner
	}
	return deeper(yy, y, yy.sure)
}

// deeper goes from a step that has ended down to y, which is that step or
// stands inside of it.
func deeper(from, y *step, sure bool) (presence, absence) {
	known := present
	if !sure {
		known = maybe
	}
	var path []*block
	for yy := y; yy != from; yy = yy.block.owner {
		path = append(path, yy.block)
	}
	for i := len(path) - 1; i >= 0; i-- {
		b := path[i]
		if why, ok := closed(b); ok {
			return absent, why
		}
		child := y
		if i > 0 {
			child = path[i-1].owner
		}
		if !b.certainWithOwner() || !child.sure {
			known = maybe
		}
	}
	return known, absence{}
}

// closed tells that steps in b are not seen from behind the step that owns it.
func closed(b *block) (absence, bool) {
	switch {
	case b.role == roleBody && b.owner.looping():
		return absence{
			why:  "it is inside the loop \"" + b.owner.id + "\" and is seen only within its pass",
			hint: "read steps." + b.owner.id + ".output, and say with output: what each pass gives",
		}, true
	case b.role == roleCompensate:
		return absence{why: "it is a compensation of \"" + b.owner.id + "\"", hint: "compensations are seen only by each other"}, true
	}
	return absence{}, false
}

// certainWithOwner tells that the block succeeded whenever its step did.
func (b *block) certainWithOwner() bool {
	o := b.owner
	if b.role != roleBody || o.n.has("catch") || o.n.has("onTimeout") {
		return false
	}
	if o.verb == "parallel" {
		rule, _ := o.n.get("onError").str()
		return rule != "ignore"
	}
	return o.verb == "do"
}

// sameStep tells what is known of a step from a place inside of the same one.
// xb and yb are the blocks of that one that hold the place and the step; nil
// for that one itself.
func sameStep(xb, yb *block, at placed) (presence, absence) {
	if yb == nil { // the step around the place, or the one that it belongs to
		if xb == nil && !at.self {
			return absent, absence{why: "it is this step itself", hint: "its output is there once it has ended"}
		}
		if xb != nil && xb.role == roleNotify {
			return absent, absence{why: "nobody has answered yet here", hint: "read task"}
		}
		if xb != nil && (xb.role == roleBody || xb.role == roleBranch) {
			return absent, absence{why: "it is still running here", hint: "read the steps inside of it"}
		}
		return maybe, absence{}
	}
	if xb == nil {
		if why, ok := closed(yb); ok {
			return absent, why
		}
		if at.self {
			return maybe, absence{}
		}
		return absent, absence{why: "it is inside of this step, which has not started", hint: ""}
	}
	if why, ok := closed(yb); ok {
		return absent, why
	}
	if xb.role == yb.role && (yb.role == roleBranch || yb.role == roleCatch) {
		return absent, absence{why: "it is in another branch", hint: "only one of the branches runs"}
	}
	if yb.role >= xb.role {
		return absent, absence{why: "it runs later", hint: ""}
	}
	return maybe, absence{}
}

// besides tells what is known of y, inside of yy, from x beside yy.
func (c *compiler) besides(x, yy, y *step) (presence, absence) {
	ended, sure := c.before(x, yy)
	if !ended {
		if later, _ := c.before(yy, x); later {
			return absent, absence{why: "it runs later", hint: "steps run in the order in which they stand; move it up, or use runAfter"}
		}
		hint := "let this step wait for it: runAfter: [" + yy.id + "]"
		if x.block.parallel() {
			hint = "put both into a do, one behind the other"
		}
		return absent, absence{why: "it runs beside this step, in no order", hint: hint}
	}
	return deeper(yy, y, sure)
}
