package interpreter

import (
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// frame carries a frame whose owner and kind are known.
func (d *dump) frame(c *fact.Coder, f *frame) {
	c.Int(1, "pass", &f.pass)
	c.Int(2, "index", &f.index)
	c.Int(3, "open", &f.open)
	c.Bool(4, "stopping", &f.stopping)
	c.Bool(5, "keep", &f.keep)
	failureField(c, 6, "caught", &f.caught)
	if c.Reading() {
		f.block = d.block(f)
		if f.block == nil {
			d.fail("a block is missing")
			f.block = &graph.Block{}
		}
	}
	i := 0
	fact.List(c, 7, "steps", &f.steps, func(c *fact.Coder, s **step) {
		if c.Reading() {
			*s = &step{in: f}
			if i >= len(f.block.Nodes) {
				d.fail("a block has fewer steps")
				return
			}
			(*s).node = f.block.Nodes[i]
		}
		d.step(c, *s)
		i++
	})
	if c.Reading() && len(f.steps) != len(f.block.Nodes) {
		d.fail("a block has other steps")
	}
}

// block returns the block that a frame executes.
func (d *dump) block(f *frame) *graph.Block {
	if f.owner == nil {
		return d.m.wf.Root
	}
	n := f.owner.node
	switch f.kind {
	case bodyFrame:
		if n.Kind != graph.If && n.Kind != graph.Switch {
			return n.Body
		}
		if f.index == 0 {
			return &graph.Block{Owner: n}
		}
		if f.index <= len(n.Branches) {
			return n.Branches[f.index-1].Body
		}
	case passFrame:
		return n.Body
	case onTimeoutFrame:
		return n.OnTimeout
	case catchFrame:
		if f.index < len(n.Catch) {
			return n.Catch[f.index].Do
		}
	case finallyFrame:
		return n.Finally
	case compensateFrame:
		return n.Compensate
	case notifyFrame:
		if n.Approval != nil {
			return n.Approval.Notify
		}
	case rootFrame:
	}
	return nil
}

// frames carries the frames of a step.
func (d *dump) frames(c *fact.Coder, tag uint64, owner *step, list *[]*frame) {
	fact.List(c, tag, "frames", list, func(c *fact.Coder, f **frame) {
		if c.Reading() {
			*f = &frame{owner: owner}
		}
		fact.Enum(c, 1, "kind", &(*f).kind)
		present := true
		c.Sub(2, "frame", &present, func(c *fact.Coder) { d.frame(c, *f) })
	})
}

func (d *dump) step(c *fact.Coder, s *step) {
	c.String(1, "path", &s.path)
	fact.Enum(c, 2, "status", &s.status)
	c.String(3, "reason", &s.reason)
	fact.Enum(c, 4, "phase", &s.phase)
	c.Int(5, "preds", &s.preds)
	c.Uint(6, "order", &s.order)
	c.Uint(7, "endedSeq", &s.ended)
	c.Int(8, "attempt", &s.attempt)
	c.Time(9, "started", &s.started)
	c.Time(10, "ended", &s.endedAt)
	c.Time(12, "due", &s.due)
	d.cell(c, 13, &s.out)
	failureField(c, 14, "error", &s.fail)
	d.result(c, 15, &s.res)
	c.Bool(16, "stopped", &s.stopped)
	fact.Enum(c, 17, "halt", &s.halt)
	c.Bool(18, "struck", &s.struck)
	fact.Enum(c, 19, "undo", &s.undo)
	d.ref(c, 20, &s.undoneBy)
	c.Value(21, "input", &s.input)
	fact.Enum(c, 22, "repeat", &s.repeat)
	c.Bool(23, "issued", &s.issued)
	d.frames(c, 24, s, &s.frames)
	d.loop(c, 26, s)
	c.Uint(27, "seen", &s.seen)
	fact.List(c, 28, "undos", &s.undos, func(c *fact.Coder, f **graph.Failure) { failureField(c, 1, "error", f) })
	d.refs(c, 29, &s.tried)
	d.ref(c, 30, &s.winner)
	c.String(31, "child", &s.child)
	d.task(c, 32, &s.task)
	d.refs(c, 33, &s.passed)
}

// refs carries references to steps.
func (d *dump) refs(c *fact.Coder, tag uint64, list *[]*step) {
	var refs []int
	for _, s := range *list {
		refs = append(refs, d.numberOf(s))
	}
	fact.List(c, tag, "refs", &refs, func(c *fact.Coder, n *int) { c.Int(1, "step", n) })
	if !c.Reading() {
		return
	}
	d.late = append(d.late, func() {
		for _, n := range refs {
			if n < 1 || n > len(d.steps) {
				d.fail("a step is missing")
				return
			}
			*list = append(*list, d.steps[n-1])
		}
	})
}

func (d *dump) result(c *fact.Coder, tag uint64, r **result) {
	if *r == nil && !c.Reading() {
		return
	}
	present := *r != nil
	x := *r
	if x == nil {
		x = &result{}
	}
	c.Sub(tag, "result", &present, func(c *fact.Coder) {
		fact.Enum(c, 1, "status", &x.status)
		d.cell(c, 2, &x.out)
		failureField(c, 3, "error", &x.err)
	})
	if c.Reading() && present {
		*r = x
	}
}

func (d *dump) task(c *fact.Coder, tag uint64, t **openTask) {
	if *t == nil && !c.Reading() {
		return
	}
	present := *t != nil
	x := *t
	if x == nil {
		x = &openTask{to: &cell{}, title: &cell{}}
	}
	c.Sub(tag, "task", &present, func(c *fact.Coder) {
		c.Value(1, "to", &x.to.v)
		c.Value(2, "title", &x.title.v)
		c.Int(3, "notified", &x.notified)
		fact.List(c, 4, "answers", &x.answers, func(c *fact.Coder, a *taskAnswered) { a.Fields(c) })
	})
	if c.Reading() && present {
		*t = x
	}
}

func (d *dump) loop(c *fact.Coder, tag uint64, s *step) {
	if s.loop == nil && !c.Reading() {
		return
	}
	present := s.loop != nil
	l := s.loop
	if l == nil {
		l = &loop{items: &cell{}}
	}
	c.Sub(tag, "loop", &present, func(c *fact.Coder) {
		c.Value(1, "items", &l.items.v)
		c.Int(2, "count", &l.count)
		c.Int(3, "next", &l.next)
		c.Int(4, "active", &l.active)
		c.Int(5, "queued", &l.queued)
		d.frames(c, 6, s, &l.live)
		d.frames(c, 7, s, &l.kept)
		fact.List(c, 8, "pages", &l.pages, func(c *fact.Coder, p *resultPage) { p.fields(c) })
		c.Int(9, "failed", &l.failed)
		failureField(c, 10, "first", &l.first)
		c.Bool(11, "stop", &l.stop)
	})
	if c.Reading() && present {
		s.loop = l
	}
}

// indexes carries the agenda, the timers, the open calls and awaits, and the
// registered compensations.
func (d *dump) indexes(c *fact.Coder) {
	st := &d.m.st
	tasks := append([]task{}, st.agenda.all()...)
	fact.List(c, 19, "agenda", &tasks, func(c *fact.Coder, t *task) {
		fact.Enum(c, 1, "kind", &t.kind)
		n := d.numberOf(t.step)
		c.Int(2, "step", &n)
		c.Int(3, "pass", &t.pass)
		if c.Reading() && n > 0 && n <= len(d.steps) {
			t.step = d.steps[n-1]
		}
	})
	timers := st.timers.all()
	fact.List(c, 20, "timers", &timers, func(c *fact.Coder, t *timer) {
		c.String(1, "id", &t.id)
		fact.Enum(c, 2, "kind", &t.kind)
		n := d.numberOf(t.step)
		c.Int(3, "step", &n)
		c.Time(4, "due", &t.due)
		if c.Reading() && n > 0 && n <= len(d.steps) {
			t.step = d.steps[n-1]
		}
	})
	calls, awaits := st.calls.all(), st.awaits.all()
	if c.Reading() {
		calls, awaits = nil, nil
	}
	d.refs(c, 21, &calls)
	d.refs(c, 22, &awaits)
	d.refs(c, 23, &st.undos)
	d.between(c)
	if !c.Reading() {
		return
	}
	for _, t := range tasks {
		st.agenda.push(t)
	}
	for _, t := range timers {
		st.timers.add(t.id, t)
	}
	d.late = append(d.late, func() {
		for _, s := range calls {
			st.calls.add(s.path, s)
		}
		for _, s := range awaits {
			st.awaits.add(s.path, s)
		}
	})
}

// between carries what has to do with other runs and with people.
func (d *dump) between(c *fact.Coder) {
	st := &d.m.st
	children, open := st.children.all(), st.tasks.all()
	if c.Reading() {
		children, open = nil, nil
	}
	d.refs(c, 24, &children)
	d.refs(c, 25, &open)
	fact.List(c, 26, "closed", &st.closed, func(c *fact.Coder, t *closedTask) {
		c.String(1, "path", &t.path)
		c.Bool(2, "answered", &t.answered)
	})
	c.Bool(27, "suspended", &st.suspended)
	c.Bool(28, "asked", &st.asked)
	c.String(29, "slotKey", &st.slotKey)
	c.Bool(30, "matched", &st.matched)
	fact.List(c, 31, "tracked", &st.tracked, varFields)
	if !c.Reading() {
		return
	}
	d.late = append(d.late, func() {
		for _, s := range children {
			st.children.add(s.path, s)
		}
		for _, s := range open {
			st.tasks.add(s.path, s)
		}
	})
}

// relink checks that nothing refers to what is not there.
func (d *dump) relink() {
	for _, t := range d.m.st.agenda.all() {
		if t.step == nil && t.kind != taskEndRun && t.kind != taskStop && t.kind != taskAdmit && t.kind != taskListen {
			d.fail("a decision has no step")
		}
	}
}
