package boltlog

import (
	"bytes"
	"context"
	"errors"
	"iter"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// glimpse is one stream and the file, both at one moment.
type glimpse struct {
	head
	tx      *bolt.Tx
	journal journalReader
	tail    []uint64
	waits   []waiting
	known   bool
}

// look calls f with a glimpse of a stream. f must not keep what it reads from
// the transaction, and must not call the log: no transaction is open while a
// caller's code runs, for the committer waits for them when the file grows.
func (l *Log) look(ctx context.Context, name string, inbox bool, f func(*glimpse) error) error {
	err := guard(func() error {
		g, err := l.glimpse(ctx, name, inbox)
		if err != nil {
			return err
		}
		defer g.tx.Rollback() //nolint:errcheck // of a read transaction
		if !g.known {
			if err := g.load(name, inbox); err != nil {
				return err
			}
		}
		return f(g)
	})
	return ofStream(name, err)
}

func (l *Log) glimpse(ctx context.Context, name string, inbox bool) (*glimpse, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.stopped != nil {
		return nil, l.stopped
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	tx, err := l.begin()
	if err != nil {
		return nil, err
	}
	s, ok := l.tail[name]
	if ok && s.broken != nil {
		return nil, errors.Join(s.broken, tx.Rollback())
	}
	if !ok {
		return &glimpse{tx: tx, journal: journalReader{tx: tx}}, nil
	}
	g := &glimpse{tx: tx, journal: journalReader{tx: tx}, head: s.head, tail: s.tail, known: true}
	if inbox {
		g.waits = append(g.waits, s.waits...)
	}
	return g, nil
}

// view runs f in a read transaction, under the same terms as look.
func (l *Log) view(ctx context.Context, f func(*bolt.Tx) error) error {
	return guard(func() error {
		if err := errors.Join(l.serving(), ctx.Err()); err != nil {
			return err
		}
		tx, err := l.begin()
		if err != nil {
			return err
		}
		defer tx.Rollback() //nolint:errcheck // of a read transaction
		return f(tx)
	})
}

func (l *Log) begin() (*bolt.Tx, error) {
	tx, err := l.db.Begin(false)
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return nil, eventlog.ErrClosed
	}
	return tx, err
}

// load reads a stream that did not change since its checkpoint.
func (g *glimpse) load(name string, inbox bool) error {
	if inbox {
		s, err := loadStream(g.tx, name)
		if err == nil {
			g.head, g.waits = s.head, s.waits
		}
		return err
	}
	b := g.tx.Bucket(bucketHeads).Get([]byte(name))
	if b == nil {
		return unknownStream(g.tx, name)
	}
	h, err := decodeHead(name, b)
	g.head = h
	return err
}

// Head implements eventlog.Log.
func (l *Log) Head(ctx context.Context, name string) (s eventlog.Summary, ok bool, err error) {
	err = l.look(ctx, name, false, func(g *glimpse) (err error) {
		if ok = !g.hidden(); ok {
			s, err = g.public(name)
		}
		return err
	})
	return s, ok && err == nil, err
}

// maxPage is how many bytes of records are read in one go.
const maxPage = 256 << 10

// Read implements eventlog.Log.
func (l *Log) Read(ctx context.Context, name string, after uint64) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		p := reader{stream: name, next: after + 1}
		for {
			p.page, p.size = p.page[:0], 0
			err := l.look(ctx, name, false, p.fill)
			for i := range p.page {
				if !yield(p.page[i].public(), nil) {
					return
				}
			}
			if err != nil {
				yield(eventlog.Record{}, err)
				return
			}
			if len(p.page) == 0 {
				return
			}
		}
	}
}

// reader reads a stream page by page. Once it has seen a record it knows which
// hash the next one must carry.
type reader struct {
	stream string
	next   uint64
	page   []record
	size   int
	chain  hash
	linked bool // chain is that of the record before next
}

// fill reads the next page, or nothing at the stream's end.
func (p *reader) fill(g *glimpse) error {
	if p.next <= g.cut {
		p.next, p.linked = g.cut+1, false
	}
	for p.next <= g.records && p.size < maxPage {
		var err error
		if p.next <= g.chunked {
			err = p.chunk(g)
		} else {
			err = p.entry(g)
		}
		if err != nil {
			return err
		}
	}
	if p.next == g.records+1 && p.linked && p.chain != g.last {
		return corrupt(p.stream, g.records, "its hash is not the one that the stream's head has")
	}
	return nil
}

// chunk reads the rest of the chunk that the next record is in.
func (p *reader) chunk(g *glimpse) error {
	cur := g.tx.Bucket(bucketChunks).Cursor()
	key := rowKey(p.stream, p.next)
	k, v := cur.Seek(key)
	if !bytes.Equal(k, key) {
		if k == nil {
			k, v = cur.Last()
		} else {
			k, v = cur.Prev()
		}
	}
	name, rest, ok := splitRowKey(k)
	if !ok || name != p.stream || len(rest) != 8 {
		return corrupt(p.stream, p.next, "its chunk is missing")
	}
	d := decoder{b: rest}
	c, err := decodeChunk(p.stream, d.uint64(), v)
	if err != nil {
		return err
	}
	if c.first+c.count <= p.next {
		return corrupt(p.stream, p.next, "its chunk is missing")
	}
	if p.linked && c.first == p.next && c.prev != p.chain {
		return p.unlinked()
	}
	c.rows = bytes.Clone(c.rows) // one copy for all its records
	last, err := c.each(p.add)
	p.chain, p.linked = last, err == nil
	return err
}

// entry reads the next record from the journal.
func (p *reader) entry(g *glimpse) error {
	i := p.next - g.chunked - 1
	if i >= uint64(len(g.tail)) {
		return corrupt(p.stream, p.next, "it is missing")
	}
	e, err := g.journal.entry(g.tail[i])
	if err != nil {
		return err
	}
	r, ok := decodeRecord(e.record)
	if !ok || !e.sound() || r.stream != p.stream || r.seq != p.next {
		return corrupt(p.stream, p.next, "its checksum does not hold")
	}
	if p.linked && r.prev != p.chain {
		return p.unlinked()
	}
	p.chain, p.linked = hashOf(e.record), true
	r.data = append(make([]byte, 0, len(r.data)), r.data...)
	return p.add(r)
}

func (p *reader) unlinked() error {
	return corrupt(p.stream, p.next, "it does not follow the record before it")
}

// add takes a record into the page.
func (p *reader) add(r record) error {
	if r.seq == p.next {
		p.page = append(p.page, r)
		p.size += len(r.data) + 64
		p.next++
	}
	return nil
}
