package boltlog

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	bolt "go.etcd.io/bbolt"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// checkpoint is how far the one under way has to come, and who waits for it.
type checkpoint struct {
	until   uint64 // the journal's last entry when it began; 0: none runs
	todo    []*stream
	waiters []*request
	hold    uint64 // after a full disk: none by itself before this entry
}

func (c *checkpoint) running() bool { return c.until > 0 }

func (c *checkpoint) end(err error) {
	answer(c.waiters, err)
	*c = checkpoint{hold: c.hold}
}

// startCheckpoint begins a checkpoint, or lets the one under way go on to
// where the journal is now. Streams are moved in the order of their names:
// bbolt rewrites the neighbours of what it writes.
func (l *Log) startCheckpoint() {
	c := &l.committer
	c.check.until, c.check.todo = max(c.number, 1), nil
	for _, d := range c.dirty {
		if !d.stale() {
			c.check.todo = append(c.check.todo, d.stream)
		}
	}
	slices.SortFunc(c.check.todo, func(a, b *stream) int { return strings.Compare(a.name, b.name) })
}

// holdFor is how many entries go by before a checkpoint that found the disk
// full is tried again by itself.
const holdFor = 1000

// due reports whether the journal is long enough for a checkpoint.
func (l *Log) due() bool {
	c := &l.committer
	if c.number < c.check.hold {
		return false
	}
	return c.number+1-c.floor >= uint64(l.opts.Records) || c.segment >= l.opts.Bytes
}

// checkpoint does the next part of the one under way: one transaction.
func (l *Log) checkpoint() {
	c := &l.committer
	if !c.check.running() {
		return
	}
	if l.stopped != nil {
		c.check.end(l.stopped)
		return
	}
	defer l.hold(true)()
	m := mover{log: l, most: maxGroupBytes}
	l.moved(&m, l.write(m.run))
}

// moved goes on from a part of the checkpoint that was written, or ends the
// checkpoint when there is nothing left to do or it cannot go on.
func (l *Log) moved(m *mover, err error) {
	c := &l.committer
	if err != nil {
		if errors.Is(err, eventlog.ErrFull) {
			c.check.hold = c.number + holdFor
		}
		c.check.end(err)
		return
	}
	m.publish()
	if len(c.check.todo) == 0 && !m.left {
		c.segment = 0
		c.check.end(nil)
	}
}

// fillPercent is how full pages are left where one is split. Most streams are
// new, and stand behind all others: half a page each would stay empty.
const fillPercent = 0.9

// mover is one transaction of a checkpoint.
type mover struct {
	log     *Log
	tx      *bolt.Tx
	journal journalReader
	most    int // how many bytes it moves
	size    int
	moved   []moved
	todo    []*stream // not yet whole
	left    bool      // segments can be removed now that nobody needs
}

// moved is what a transaction did for one stream.
type moved struct {
	stream  *stream
	chunked uint64 // records in chunks now
	whole   bool   // nothing of it is left to the journal
}

func (m *mover) run(tx *bolt.Tx) (changed bool, err error) {
	m.tx, m.journal = tx, journalReader{tx: tx}
	c := &m.log.committer
	for _, b := range [][]byte{bucketChunks, bucketHeads, bucketOpen} {
		m.tx.Bucket(b).FillPercent = fillPercent
	}
	for m.todo = c.check.todo; len(m.todo) > 0 && m.size < m.most; {
		whole, err := m.move(m.todo[0])
		if err != nil {
			return false, err
		}
		if whole {
			m.todo = m.todo[1:]
		}
	}
	dropped, err := m.drop()
	return dropped || len(m.moved) > 0, err
}

// stale: the stream was checkpointed since.
func (d dirty) stale() bool { return d.stream.since != d.since }

// move writes what is new of a stream, as much as the transaction takes.
func (m *mover) move(s *stream) (whole bool, err error) {
	h := s.head
	tail := s.tail
	for len(tail) > 0 && m.size < m.most {
		n, err := m.chunk(s, h.chunked+1, tail)
		if err != nil {
			return false, err
		}
		h.chunked += uint64(n)
		tail = tail[n:]
	}
	whole = len(tail) == 0
	if whole {
		if err := m.settle(s, h); err != nil {
			return false, err
		}
	} else if err := m.part(s, h.chunked); err != nil {
		return false, err
	}
	m.moved = append(m.moved, moved{s, h.chunked, whole})
	return whole, nil
}

// chunk writes one chunk and returns how many of the tail's records it holds.
func (m *mover) chunk(s *stream, first uint64, tail []uint64) (n int, err error) {
	c := chunk{stream: s.name, first: first}
	for _, number := range tail {
		e, err := m.journal.entry(number)
		if err != nil {
			return 0, err
		}
		if n > 0 && len(c.rows)+len(e.record) > maxChunk {
			break
		}
		if n == 0 {
			if r, ok := decodeRecord(e.record); ok {
				c.prev = r.prev
			}
		}
		c.add(e.record, e.sum) // damaged or not: the checksum goes with it
		n++
	}
	m.size += len(c.rows)
	return n, m.tx.Bucket(bucketChunks).Put(rowKey(s.name, first), c.encode())
}

// settle writes a stream's head and inbox: the journal is not needed for it
// any more.
func (m *mover) settle(s *stream, h head) error {
	name := []byte(s.name)
	if err := m.settleInbox(s); err != nil {
		return err
	}
	if err := m.cut(s.name, h.cut); err != nil {
		return err
	}
	heads, open := m.tx.Bucket(bucketHeads), m.tx.Bucket(bucketOpen)
	if h.empty() {
		return errors.Join(heads.Delete(name), open.Delete(name))
	}
	value := h.encode(s.name)
	m.size += len(value) + len(name)
	if err := heads.Put(name, value); err != nil {
		return err
	}
	if h.open() {
		value = h.brief(s.name)
		m.size += len(value) + len(name)
		return open.Put(name, value)
	}
	return open.Delete(name)
}

// cut removes the chunks of which no record is read any more. One that holds a
// record which is, stays whole.
func (m *mover) cut(stream string, upTo uint64) error {
	if upTo == 0 {
		return nil
	}
	prefix := append([]byte(stream), 0)
	rows := m.tx.Bucket(bucketChunks).Cursor()
	for k, v := rows.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = rows.Seek(prefix) {
		d := decoder{b: k[len(prefix):]}
		c, err := decodeChunk(stream, d.uint64(), v)
		if err != nil || c.first+c.count-1 > upTo {
			return nil // a damaged one stays, to be found
		}
		if err := rows.Delete(); err != nil {
			return err
		}
		m.size += len(v)
	}
	return nil
}

func (m *mover) settleInbox(s *stream) error {
	inbox := m.tx.Bucket(bucketInbox)
	for _, at := range s.gone {
		if err := inbox.Delete(inboxKey(s.name, at)); err != nil {
			return err
		}
	}
	for _, w := range s.waits {
		if w.stored {
			continue
		}
		msg, err := m.journal.message(w.at)
		if err != nil {
			return err
		}
		value := encodeRow(s.name, w.at, msg)
		m.size += len(value)
		if err := inbox.Put(inboxKey(s.name, w.at), value); err != nil {
			return err
		}
	}
	return nil
}

// part notes in the stored head how far the chunks reach; all else in it stays
// as of its last checkpoint, and recovery brings it up to date.
func (m *mover) part(s *stream, chunked uint64) error {
	heads := m.tx.Bucket(bucketHeads)
	var h head
	if b := heads.Get([]byte(s.name)); b != nil {
		var err error
		if h, err = decodeHead(s.name, b); err != nil {
			return err
		}
	}
	h.chunked = chunked
	return heads.Put([]byte(s.name), h.encode(s.name))
}

// drop moves the journal's floor and removes the segments that nobody needs
// any more. Those that nobody needs because of this very transaction stay for
// the next: a reader who sees the file after it may know the streams as they
// were before.
func (m *mover) drop() (dropped bool, err error) {
	c := &m.log.committer
	settled := map[*stream]bool{}
	for _, mv := range m.moved {
		settled[mv.stream] = mv.whole
	}
	was, floor := c.number+1, c.number+1
	for _, d := range c.dirty {
		if d.stale() {
			continue
		}
		was = min(was, d.since)
		if !settled[d.stream] {
			floor = d.since
			break
		}
	}
	m.left = segmentOf(was) < segmentOf(floor)
	if dropped, err = m.dropSegments(segmentOf(was)); err != nil {
		return false, err
	}
	if floor > c.floor {
		c.floor, dropped = floor, true
	}
	return dropped, nil
}

// dropSegments removes the journal's segments below one.
func (m *mover) dropSegments(below uint64) (dropped bool, err error) {
	segments := m.tx.Cursor()
	for {
		k, _ := segments.Seek([]byte(segmentPrefix))
		segment, ok := parseSegment(k)
		if !ok || segment >= below {
			return dropped, nil
		}
		if err := m.tx.DeleteBucket(bytes.Clone(k)); err != nil {
			return false, err
		}
		dropped = true
	}
}

// publish makes what the transaction did visible.
func (m *mover) publish() {
	l, c := m.log, &m.log.committer
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, mv := range m.moved {
		s := mv.stream
		s.tail = s.tail[mv.chunked-s.chunked:]
		s.chunked = mv.chunked
		if mv.whole {
			s.settled()
			delete(l.tail, s.name)
		}
	}
	c.check.todo = m.todo
	c.dirty = slices.DeleteFunc(c.dirty, dirty.stale)
}
