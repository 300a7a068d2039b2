package interpreter

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// maxPageBytes is how large the results of one page may be together to be put
// in one place. Larger ones stay as they were recorded, one by one.
const maxPageBytes = 4 << 20

// resultPage is what the passes of one page of a loop left. Once the page
// of a long loop is complete it stands in two stored lists, so that a run
// holds some hashes and not the results of all its passes.
type resultPage struct {
	ended           int                // passes of the page
	outs            []expression.Value // by pass; shorter: the others had none
	fails           []passFailure      // in order of passes
	results, failed expression.Value   // the stored lists
	bytes           int                // of outs
	refs            int                // outs that are stored by hash themselves
}

type passFailure struct {
	at  int // in the page
	err *graph.Failure
}

func (p *resultPage) fields(c *fact.Coder) {
	c.Int(1, "ended", &p.ended)
	fact.List(c, 2, "outs", &p.outs, func(c *fact.Coder, v *expression.Value) { c.Value(1, "value", v) })
	fact.List(c, 3, "fails", &p.fails, func(c *fact.Coder, f *passFailure) {
		c.Index(1, "at", &f.at)
		failureField(c, 2, "error", &f.err)
	})
	c.Value(4, "results", &p.results)
	c.Value(5, "failed", &p.failed)
	if c.Reading() {
		for _, v := range p.outs {
			p.weigh(v)
		}
	}
}

func (p *resultPage) weigh(v expression.Value) {
	p.bytes += len(v.Inline())
	if v.Ref() != nil {
		p.refs++
	}
}

// pageLen returns how many passes of a loop are one page.
func (s *step) pageLen() int {
	if s.node.PageLen > 0 {
		return s.node.PageLen
	}
	return expression.PageLen
}

// keepResult keeps what a pass left, and makes the recording of its page due
// when that is complete.
func (m *Machine) keepResult(s *step, f *passEnded) {
	l := s.loop
	size := s.pageLen()
	n := f.Pass / size
	for len(l.pages) <= n {
		l.pages = append(l.pages, resultPage{})
	}
	p, at := &l.pages[n], f.Pass%size
	p.ended++
	if f.Status == graph.Succeeded && !f.Output.IsAbsent() && string(f.Output.Inline()) != "null" {
		for len(p.outs) <= at {
			p.outs = append(p.outs, expression.Value{})
		}
		v := f.Output
		if v.Ref() == nil {
			v = expression.Raw(bytes.Clone(v.Inline())) // it may be part of a record that was read
		}
		p.outs[at] = v
		p.weigh(v)
	}
	if f.Error != nil {
		i, _ := slices.BinarySearchFunc(p.fails, at, func(f passFailure, at int) int { return f.at - at })
		p.fails = slices.Insert(p.fails, i, passFailure{at, f.Error})
	}
	full := p.ended == size
	if s.node.Kind == graph.Foreach {
		full = l.count > size && p.ended == min(size, l.count-n*size)
	}
	if full && len(p.outs)+len(p.fails) > 0 && p.refs == 0 && p.bytes <= maxPageBytes {
		m.st.agenda.push(task{kind: taskPage, step: s, pass: n})
	}
}

// recordPage puts the results of a page into stored lists.
func (m *Machine) recordPage(s *step, page int) (fact.Fact, error) {
	f := &pageRecorded{Path: s.path, Page: page}
	if s.loop == nil || page >= len(s.loop.pages) {
		return f, nil
	}
	p := &s.loop.pages[page]
	var failed []any
	for _, x := range p.fails {
		e, err := m.failureObject(x.err)
		if err != nil {
			return nil, err
		}
		failed = append(failed, []any{x.at, e})
	}
	if len(p.fails) > 0 {
		raw, err := expression.Encode(failed)
		if err != nil {
			return nil, err
		}
		f.Failed = m.store(raw, len(failed))
	}
	if len(p.outs) > 0 {
		raw := append(make([]byte, 0, p.bytes+len(p.outs)*5+2), '[')
		for i, v := range p.outs {
			if i > 0 {
				raw = append(raw, ',')
			}
			if v.IsAbsent() {
				raw = append(raw, "null"...)
			}
			raw = append(raw, v.Inline()...)
		}
		f.Results = m.store(append(raw, ']'), len(p.outs))
	}
	return f, nil
}

// store returns the list raw of n elements as a stored value, whatever its
// size.
func (m *Machine) store(raw []byte, n int) expression.Value {
	p := expression.Payload{Hash: expression.HashOf(raw), Bytes: raw}
	m.note(p)
	return expression.Stored(expression.Ref{Hash: p.Hash, Size: int64(len(raw)), Kind: expression.KindList, Length: n})
}

func (m *Machine) applyPage(s *step, f *pageRecorded) error {
	if f.Results.IsAbsent() && f.Failed.IsAbsent() {
		return nil
	}
	if s.loop == nil || f.Page >= len(s.loop.pages) {
		return fmt.Errorf("the loop has no page %d", f.Page)
	}
	p := &s.loop.pages[f.Page]
	p.outs, p.fails, p.bytes = nil, nil, 0
	p.results, p.failed = f.Results, f.Failed
	return nil
}

// decodeOf returns the output of a loop that ended well or of a race that was
// won. It is put together from what was recorded and never recorded again.
func (m *Machine) decodeOf(s *step) (any, error) {
	if s.winner == nil {
		return m.decodeLoop(s)
	}
	x, err := m.decode(s.winner.out)
	return map[string]any{"winner": s.winner.node.ID, "output": x}, err
}

// small tells that the output of a loop or a race may be kept in decoded form.
func (s *step) small() bool {
	if s.winner != nil {
		return s.winner.out == nil || s.winner.out.v.Ref() == nil
	}
	return len(s.loop.pages) <= 1 && s.loop.refsAndBytes() <= expression.MaxInline
}

// refsAndBytes returns the size of the first page's results, more than any
// bound when some are stored.
func (l *loop) refsAndBytes() int {
	if len(l.pages) == 0 {
		return 0
	}
	p := &l.pages[0]
	if p.refs > 0 || len(p.fails) > 0 || !p.results.IsAbsent() || !p.failed.IsAbsent() {
		return expression.MaxInline + 1
	}
	return p.bytes
}

// decodeLoop returns a list for while and until, {count, results, failed} for
// foreach. The error is a *Lack of all bytes that are not at hand.
func (m *Machine) decodeLoop(s *step) (any, error) {
	l := s.loop
	n := l.count
	if s.node.Kind != graph.Foreach {
		n = 0
		for i := range l.pages {
			n += l.pages[i].ended
		}
	}
	d := loopOutput{m: m, s: s, results: make([]any, n), failed: []any{}}
	for i := range l.pages {
		if err := d.page(i*s.pageLen(), &l.pages[i]); err != nil {
			return nil, err
		}
	}
	switch {
	case d.lack.Hashes != nil:
		return nil, &d.lack
	case s.node.Kind != graph.Foreach:
		return d.results, nil
	}
	return map[string]any{"count": l.count, "results": d.results, "failed": d.failed}, nil
}

// loopOutput puts the output of a loop together.
type loopOutput struct {
	m       *Machine
	s       *step
	results []any
	failed  []any
	lack    expression.Lack
}

// want notes the bytes that an error tells are not at hand, and returns any
// other error.
func (d *loopOutput) want(err error) error {
	var lack *expression.Lack
	if !errors.As(err, &lack) {
		return err
	}
	for _, h := range lack.Hashes {
		if !slices.Contains(d.lack.Hashes, h) {
			d.lack.Hashes = append(d.lack.Hashes, h)
		}
	}
	return nil
}

func (d *loopOutput) page(first int, p *resultPage) error {
	if !p.results.IsAbsent() {
		x, err := expression.Decode(p.results, d.m.fetch)
		if err := d.want(err); err != nil {
			return err
		}
		if list, ok := x.([]any); ok {
			copy(d.results[first:], list)
		}
	}
	for i, v := range p.outs {
		x, err := expression.Decode(v, d.m.fetch)
		if err := d.want(err); err != nil {
			return err
		}
		d.results[first+i] = x
	}
	for _, f := range p.fails {
		e, err := d.m.failureObject(f.err)
		if err := d.want(err); err != nil {
			return err
		}
		if err := d.fail(first+f.at, e); err != nil {
			return err
		}
	}
	if p.failed.IsAbsent() {
		return nil
	}
	x, err := expression.Decode(p.failed, d.m.fetch)
	if err := d.want(err); err != nil {
		return err
	}
	list, _ := x.([]any)
	for _, x := range list {
		pair, _ := x.([]any)
		if len(pair) != 2 {
			return errors.New("a stored page of failures is damaged")
		}
		at, _ := pair[0].(int)
		if err := d.fail(first+at, pair[1]); err != nil {
			return err
		}
	}
	return nil
}

// fail adds a pass that failed.
func (d *loopOutput) fail(pass int, e any) error {
	if d.s.node.Kind != graph.Foreach {
		return nil
	}
	item, err := d.m.item(d.s, pass)
	d.failed = append(d.failed, map[string]any{"index": pass, "item": item, "error": e})
	return d.want(err)
}

// item returns the item of pass i of a foreach. Of a list that is stored by
// hash only the item's page is looked at.
func (m *Machine) item(s *step, i int) (any, error) {
	items := s.loop.items
	if items.v.Ref() != nil {
		return m.pages.elem(items.v, i, m.fetch)
	}
	x, err := m.decode(items)
	if list, ok := x.([]any); ok && i < len(list) {
		return list[i], err
	}
	return nil, err
}

// keptPages is how many decoded pages of items a machine keeps.
const keptPages = 4

// pageCache is the pages of stored lists that were read last, decoded.
type pageCache []decodedPage

type decodedPage struct {
	of    expression.Hash
	first int
	elems []any
}

// elem returns element i of a stored list.
func (c *pageCache) elem(v expression.Value, i int, fetch expression.Fetch) (any, error) {
	of := v.Ref().Hash
	for n, p := range *c {
		if p.of == of && i >= p.first && i < p.first+len(p.elems) {
			if n > 0 {
				copy((*c)[1:n+1], (*c)[:n])
				(*c)[0] = p
			}
			return p.elems[i-p.first], nil
		}
	}
	first, elems, err := expression.PageOf(v, i, fetch)
	if err != nil {
		return nil, err
	}
	if len(*c) < keptPages {
		*c = append(*c, decodedPage{})
	}
	copy((*c)[1:], *c)
	(*c)[0] = decodedPage{of, first, elems}
	return elems[i-first], nil
}
