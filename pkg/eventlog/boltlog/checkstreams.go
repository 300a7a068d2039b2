package boltlog

import (
	"fmt"
	"iter"
	"slices"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// rowsOf is a bucket's rows as a sequence that can be asked for the next one.
type rowsOf struct {
	name       string // the stream of the row at hand; empty: no more
	key, value []byte
	next       func() ([]byte, []byte, bool)
	stop       func()
	err        error
}

// pull begins to walk a bucket; byRow says that its keys are a stream's name
// and more.
func (c *checker) pull(bucketName []byte, byRow bool) *rowsOf {
	r := &rowsOf{}
	next, stop := iter.Pull2(func(yield func([]byte, []byte) bool) {
		err := c.rows(c.buckets[string(bucketName)], func(k, v []byte) error {
			if byRow {
				if _, _, ok := splitRowKey(k); !ok {
					c.damage("", 0, string(bucketName), "key %q: it is of no stream", k)
					return nil
				}
			}
			if !yield(k, v) {
				return errStop
			}
			return nil
		})
		r.err = err
	})
	r.stop = stop
	r.next = next
	r.advance(byRow)
	return r
}

func (r *rowsOf) advance(byRow bool) {
	k, v, ok := r.next()
	if r.key, r.value = k, v; !ok {
		r.name = ""
		return
	}
	r.name = string(k)
	if byRow {
		r.name, _, _ = splitRowKey(k)
	}
}

// streams walks heads, chunks, inboxes and the index of open streams side by
// side, so that only the journal's tail is kept in memory.
func (c *checker) streams() error {
	heads, open := c.pull(bucketHeads, false), c.pull(bucketOpen, false)
	chunks, inbox := c.pull(bucketChunks, true), c.pull(bucketInbox, true)
	all := []*rowsOf{heads, open, chunks, inbox}
	for _, r := range all {
		defer r.stop()
	}
	tail := make([]string, 0, len(c.tail))
	for name := range c.tail {
		tail = append(tail, name)
	}
	slices.Sort(tail)
	for {
		name := ""
		for _, r := range all {
			name = lower(name, r.name)
		}
		if len(tail) > 0 {
			name = lower(name, tail[0])
		}
		if name == "" {
			break
		}
		s := streamCheck{checker: c, name: name, known: true}
		s.start(heads)
		s.chunks(chunks)
		s.journal(c.tail[name])
		s.inbox(inbox, c.tail[name])
		s.open(open)
		s.end()
		if len(tail) > 0 && tail[0] == name {
			tail = tail[1:]
		}
	}
	for _, r := range all {
		if r.err != nil {
			return r.err
		}
	}
	return nil
}

func lower(a, b string) string {
	if a == "" || b != "" && b < a {
		return b
	}
	return a
}

// streamCheck is the check of one stream.
type streamCheck struct {
	*checker
	name    string
	stored  head // as of the last checkpoint
	broken  bool // that cannot be read
	next    uint64
	last    hash // of the record before next
	known   bool // last is known
	changed bool // since its last checkpoint
}

// start reads the stored head.
func (s *streamCheck) start(heads *rowsOf) {
	s.next = 1
	if heads.name != s.name {
		return
	}
	var err error
	if s.stored, err = decodeHead(s.name, heads.value); err != nil {
		s.broken = true
		_ = s.corrupt("heads", err) // it is a CorruptError
	}
	heads.advance(false)
}

// step takes the stream's next record: prev is the hash that it carries, own
// its own.
func (s *streamCheck) step(place string, seq uint64, prev, own hash) {
	if seq != s.next {
		s.damage(s.name, s.next, place, "records %d to %d are missing", s.next, seq-1)
		s.known = false
	}
	if s.known && prev != s.last {
		s.damage(s.name, seq, place, "it does not follow the record before it")
	}
	s.report.Records++
	s.next, s.last, s.known = seq+1, own, true
	if seq == s.stored.records && own != s.stored.last && !s.broken {
		s.damage(s.name, seq, place, "its hash is not the one that the stream's head has")
	}
}

// begin passes over what was cut: what is left begins with a chunk that holds
// the first record behind it, or with the journal.
func (s *streamCheck) begin(rows *rowsOf) {
	if s.stored.cut == 0 {
		return
	}
	first := s.stored.cut + 1
	if rows.name == s.name {
		_, rest, _ := splitRowKey(rows.key)
		d := decoder{b: rest}
		first = min(first, d.uint64())
	}
	s.next, s.known = max(first, 1), false
}

func (s *streamCheck) chunks(rows *rowsOf) {
	s.begin(rows)
	for ; rows.name == s.name; rows.advance(true) {
		_, rest, _ := splitRowKey(rows.key)
		d := decoder{b: rest}
		first := d.uint64()
		if !d.done() {
			s.damage(s.name, 0, "chunks", "key %q: it is of no chunk", rows.key)
			continue
		}
		c, err := decodeChunk(s.name, first, rows.value)
		if err == nil && first < s.next {
			err = corrupt(s.name, first, "it is in two chunks")
		}
		if err == nil {
			_, err = c.each(func(r record) error {
				s.step("chunks", r.seq, r.prev, hashOf(r.appendTo(nil)))
				s.report.newer(r.at)
				return nil
			})
		}
		if err != nil {
			_ = s.corrupt("chunks", err) // it is a CorruptError
			s.known = false
			// What comes behind is found missing only where it is.
			s.next = max(s.next, first+c.count)
		}
	}
	if chunked := s.next - 1; chunked != s.stored.chunked && !s.broken {
		s.damage(s.name, min(chunked, s.stored.chunked)+1, "chunks",
			"there are %d records, the stream's head has %d", chunked, s.stored.chunked)
		s.next, s.known = s.stored.chunked+1, false
	}
}

// journal goes on with the records that are in no chunk.
func (s *streamCheck) journal(tail []numbered) {
	seq := s.stored.records
	for _, n := range tail {
		if n.stream != s.name || n.record == nil {
			continue
		}
		place := fmt.Sprintf("journal entry %d", n.number)
		r, ok := decodeRecord(n.record)
		switch sound := n.sound() && ok; {
		case s.stale(n) && !sound:
			s.damage(s.name, 0, place, "its record's checksum does not hold; it is no longer needed")
		case !sound:
			seq++
			s.damage(s.name, seq, place, "its checksum does not hold")
			if seq >= s.next {
				s.next, s.known = seq+1, false
			}
			continue
		}
		if s.stale(n) {
			continue
		}
		if seq = r.seq; seq < s.next {
			continue // a checkpoint that was cut short moved it already
		}
		if r.stream != s.name {
			s.damage(s.name, seq, place, "it is a record of stream %s", r.stream)
		}
		s.step(place, seq, r.prev, hashOf(n.record))
		s.report.newer(r.at)
	}
}

// stale reports whether the stored head has the entry in it already.
func (s *streamCheck) stale(n numbered) bool {
	return n.number <= s.stored.upTo || n.number < s.position.floor
}

// inbox compares the messages that wait with the head, and moves on with the
// journal.
func (s *streamCheck) inbox(rows *rowsOf, tail []numbered) {
	waits := map[eventlog.MessageID]bool{}
	count := uint64(0)
	for ; rows.name == s.name; rows.advance(true) {
		m, _, err := decodeRow(s.name, rows.key, rows.value)
		if err != nil {
			_ = s.corrupt("inbox", err) // it is a CorruptError
			continue
		}
		count++
		if waits[m.ID] {
			s.damage(s.name, 0, "inbox", "message %d of %s waits twice", m.ID.Seq, m.ID.Sender)
		}
		waits[m.ID] = true
	}
	if count != s.stored.inbox && !s.broken {
		s.damage(s.name, 0, "inbox", "%d messages wait, not %d", count, s.stored.inbox)
	}
	for _, n := range tail {
		if s.stale(n) {
			continue
		}
		s.changed = true
		if n.stream == s.name {
			for _, id := range n.took {
				if !waits[id] {
					s.damage(s.name, 0, fmt.Sprintf("journal entry %d", n.number),
						"message %d of %s was taken and did not wait", id.Seq, id.Sender)
				}
				delete(waits, id)
			}
		}
		for _, m := range n.sends {
			if m.ID.Receiver == s.name {
				waits[m.ID] = true
			}
		}
	}
	s.report.Messages += uint64(len(waits))
}

// open compares the index of open streams with the head.
func (s *streamCheck) open(rows *rowsOf) {
	indexed := rows.name == s.name
	var row []byte
	if indexed {
		row = rows.value
		rows.advance(false)
	}
	want := s.stored.upTo > 0 && s.stored.open()
	if indexed != want && !s.broken {
		s.damage(s.name, 0, "open", "the index of open streams has it: %v, its head says: %v", indexed, want)
	}
	if indexed && want && !s.broken && !fits(s.name, row, &s.stored) {
		s.damage(s.name, 0, "open", "the index of open streams says something else than its head")
	}
}

// end counts the stream if there is anything of it.
func (s *streamCheck) end() {
	if s.next > 1 || s.stored.upTo > 0 || s.changed {
		s.report.Streams++
	}
}
