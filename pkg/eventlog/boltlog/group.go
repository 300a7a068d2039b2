package boltlog

import (
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// group is what one transaction is going to do for all who came together. A
// caller who is refused leaves nothing behind in it.
type group struct {
	log     *Log
	tx      *bolt.Tx
	drafts  map[string]*draft
	entries []entry
	wrote   bool // beside the journal: payloads, snapshots
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
}

type move struct {
	id    eventlog.MessageID
	waits bool
}

func (l *Log) newGroup(tx *bolt.Tx) *group {
	return &group{log: l, tx: tx, drafts: map[string]*draft{}}
}

// draft returns the draft of a stream, reading the stream when need be.
func (g *group) draft(name string) (*draft, error) {
	if d, ok := g.drafts[name]; ok {
		return d, nil
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
	switch {
	case s.broken != nil:
		return nil, s.broken
	case s.damaged != 0:
		return nil, corrupt(name, s.damaged, "the record is damaged")
	case s.lost != 0:
		return nil, corrupt(name, 0, "messages in its inbox are damaged")
	}
	d := &draft{stream: s, records: s.records, last: s.last, summary: s.summary, inbox: len(s.waits)}
	g.drafts[name] = d
	return d, nil
}

// append adds one caller's batches, or nothing of them.
func (g *group) append(bs []eventlog.Batch) error {
	undo := undo{entries: len(g.entries), was: map[*draft]draft{}}
	for i := range bs {
		if err := g.batch(&bs[i], &undo); err != nil {
			g.entries = g.entries[:undo.entries]
			undo.restore()
			return err
		}
	}
	return nil
}

// batch adds one batch.
func (g *group) batch(b *eventlog.Batch, undo *undo) error {
	d, err := g.draft(b.Stream)
	if err != nil {
		return err
	}
	undo.keep(d)
	e := entry{stream: b.Stream}
	if b.Record != nil {
		if d.records != b.After {
			return &eventlog.ConflictError{Stream: b.Stream, After: b.After, Has: d.records}
		}
		d.record(&e, b)
		e.cut = b.Cut
	}
	if b.Summary != nil {
		d.summarise(&e, b.Summary)
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
		undo.keep(to)
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

func (d *draft) record(e *entry, b *eventlog.Batch) {
	r := record{stream: b.Stream, seq: b.After + 1, at: nanos(b.At), prev: d.last, data: b.Record}
	e.record = r.appendTo(make([]byte, 0, headerSize(b.Stream)+len(b.Record)))
	e.sum = checksum(e.record)
	d.records, d.last = r.seq, hashOf(e.record)
}

func (d *draft) summarise(e *entry, s *eventlog.Summary) {
	was := d.summary
	if was == nil {
		was = &eventlog.Summary{}
	}
	e.summary, e.change = true, appendSummary(nil, was, s)
	dec := decoder{b: e.change}
	d.summary = dec.summary(was) // a copy that the caller does not hold
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

// undo puts drafts back to where they were before a caller's first batch.
type undo struct {
	entries int
	was     map[*draft]draft
}

func (u *undo) keep(d *draft) {
	if _, ok := u.was[d]; !ok {
		u.was[d] = *d
	}
}

func (u *undo) restore() {
	for d, was := range u.was {
		*d = was
		clear(d.marks)
		for _, m := range d.moves {
			d.mark(m)
		}
	}
}
