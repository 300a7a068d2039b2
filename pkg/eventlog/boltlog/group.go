package boltlog

import (
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// group is what one transaction is going to do for all who came together. A
// caller who is refused leaves nothing behind in it. There is one, which the
// committer uses again and again.
type group struct {
	log     *Log
	tx      *bolt.Tx
	streams map[string]*stream // those that it looked at
	drafts  []*draft
	spare   []*draft // for later groups
	entries []entry
	wrote   bool // beside the journal: payloads, snapshots
	asks    int  // callers so far
	undone  []undone
}

// draft is a stream as it will be if the group is committed.
type draft struct {
	stream  *stream // as it is; never changed here
	records uint64
	last    hash
	summary *eventlog.Summary
	inbox   int
	moves   []move                      // in order
	marks   map[eventlog.MessageID]bool // the last move of each: waits or not
	kept    int                         // the caller before whose first batch it was kept
}

type move struct {
	id    eventlog.MessageID
	waits bool
}

// begin makes the group ready for a transaction.
func (g *group) begin(l *Log, tx *bolt.Tx) {
	g.end()
	g.log, g.tx = l, tx
	if g.streams == nil {
		g.streams = make(map[string]*stream)
	}
}

// end lets go of all that the group holds.
func (g *group) end() {
	for _, d := range g.drafts {
		d.stream.draft = nil
		clear(d.moves)
		*d = draft{moves: d.moves[:0]}
	}
	g.spare = append(g.spare, g.drafts...)
	g.drafts = g.drafts[:0]
	clear(g.entries)
	g.entries = g.entries[:0]
	clear(g.streams)
	g.tx, g.wrote, g.asks = nil, false, 0
}

// draft returns the draft of a stream, reading the stream when need be.
func (g *group) draft(name string) (*draft, error) {
	s, err := g.stream(name)
	if err != nil {
		return nil, err
	}
	if s.draft != nil {
		return s.draft, nil
	}
	switch {
	case s.broken != nil:
		return nil, s.broken
	case s.damaged != 0:
		return nil, corrupt(name, s.damaged, "the record is damaged")
	case s.lost != 0:
		return nil, corrupt(name, 0, "messages in its inbox are damaged")
	}
	d := g.newDraft()
	d.stream, d.records, d.last, d.summary, d.inbox = s, s.records, s.last, s.summary, len(s.waits)
	s.draft = d
	g.drafts = append(g.drafts, d)
	return d, nil
}

func (g *group) newDraft() *draft {
	n := len(g.spare)
	if n == 0 {
		return &draft{}
	}
	d := g.spare[n-1]
	g.spare = g.spare[:n-1]
	return d
}

// stream returns a stream as it was before the group.
func (g *group) stream(name string) (s *stream, err error) {
	if s, ok := g.streams[name]; ok {
		return s, nil
	}
	s, ok := g.log.tail[name] // the committer alone writes it
	if !ok {
		err := guard(func() (err error) {
			s, err = loadStream(g.tx, name)
			return err
		})
		if err != nil {
			return nil, ofStream(name, err)
		}
	}
	g.streams[name] = s
	return s, nil
}

// append adds one caller's batches, or nothing of them.
func (g *group) append(bs []eventlog.Batch, ready []prepared) error {
	entries := len(g.entries)
	g.asks++
	g.undone = g.undone[:0]
	for i := range bs {
		if err := g.batch(&bs[i], &ready[i]); err != nil {
			clear(g.entries[entries:])
			g.entries = g.entries[:entries]
			g.undo()
			return err
		}
	}
	return nil
}

// batch adds one batch.
func (g *group) batch(b *eventlog.Batch, p *prepared) error {
	d, err := g.draft(b.Stream)
	if err != nil {
		return err
	}
	g.keep(d)
	e := entry{stream: b.Stream}
	if b.Record != nil {
		if d.records != b.After {
			return &eventlog.ConflictError{Stream: b.Stream, After: b.After, Has: d.records}
		}
		if !p.follows(d.last) {
			p.record(b, d.last)
		}
		e.record, e.sum, e.hash, e.cut = p.section, p.sum, p.hash, b.Cut
		d.records, d.last = b.After+1, p.hash
	}
	if b.Summary != nil {
		if !p.changes(d.summary) {
			p.summarise(b.Summary, d.summary)
		}
		if !p.same() {
			e.summary, e.change, e.next = true, p.change, p.next
		}
		d.summary = p.next
	}
	for _, id := range b.Took {
		if d.waits(id) {
			d.move(id, false)
			e.took = append(e.took, id)
		}
	}
	for _, m := range b.Send {
		to, err := g.draft(m.ID.Receiver)
		if err != nil {
			return fmt.Errorf("message to %s: %w", m.ID.Receiver, err)
		}
		g.keep(to)
		if to.waits(m.ID) {
			continue
		}
		if m.Outside && to.inbox >= eventlog.MaxInbox {
			return fmt.Errorf("stream %s: %w", m.ID.Receiver, eventlog.ErrInboxFull)
		}
		to.move(m.ID, true)
		e.sends = append(e.sends, m)
	}
	if e.record != nil || e.summary || len(e.took) > 0 || len(e.sends) > 0 {
		g.entries = append(g.entries, e)
	}
	return nil
}

func (d *draft) waits(id eventlog.MessageID) bool {
	if w, ok := d.marks[id]; ok {
		return w
	}
	_, ok := d.stream.index[id]
	return ok
}

func (d *draft) move(id eventlog.MessageID, waits bool) {
	d.moves = append(d.moves, move{id, waits})
	d.mark(move{id, waits})
	if waits {
		d.inbox++
	} else {
		d.inbox--
	}
}

func (d *draft) mark(m move) {
	if d.marks == nil {
		d.marks = map[eventlog.MessageID]bool{}
	}
	d.marks[m.id] = m.waits
}

// undone is a draft as it was before the caller whose turn it is.
type undone struct {
	draft *draft
	was   draft
}

// keep remembers a draft as it is before a caller's first batch changes it.
func (g *group) keep(d *draft) {
	if d.kept != g.asks {
		g.undone = append(g.undone, undone{d, *d})
		d.kept = g.asks
	}
}

// undo puts drafts back to where they were.
func (g *group) undo() {
	for i := range g.undone {
		u := &g.undone[i]
		d := u.draft
		*d = u.was
		clear(d.marks)
		for _, m := range d.moves {
			d.mark(m)
		}
	}
}
