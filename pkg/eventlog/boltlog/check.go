package boltlog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	stdhash "hash"
	"io"
	"math"
	"os"

	bolt "go.etcd.io/bbolt"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// Check reads everything in the log at path and reports what does not hold:
// checksums, the chain of each stream and of the commits, what stands in
// chunks against what heads and journal say, messages, payloads by their hash.
// It changes nothing, trusts no page and ends for every file. Its error says
// that it could not look: ErrLocked while a process has the log open, ErrNewer,
// ErrOlder, the context's. Damage is no error.
func Check(ctx context.Context, path string) (Report, error) {
	r, err := checkFile(ctx, path)
	if err != nil {
		return r, fmt.Errorf("check log %s: %w", path, err)
	}
	return r, nil
}

func checkFile(ctx context.Context, path string) (Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return Report{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Report{}, err
	}
	if info.Size() == 0 {
		return Report{}, nil
	}
	unlock, err := lockShared(path)
	if err != nil {
		return Report{}, err
	}
	defer unlock()
	c := checker{ctx: ctx, file: f}
	hs, err := readHeaders(f)
	if err != nil {
		c.damage("", 0, "header", "%v", err)
		return c.report, nil
	}
	if !hs.intact() {
		c.damage("", 0, "header", "one of two is damaged: the last transaction may be missing")
	}
	h := hs.newest()
	if want := int64(h.pages * h.pageSize); info.Size() < want {
		c.damage("", 0, "file", "it has %d bytes of at least %d", info.Size(), want)
	}
	return c.report, c.run(h)
}

// Check is as the function Check, on the log as it is now. Appends go on
// meanwhile, and the file grows by what they write.
func (l *Log) Check(ctx context.Context) (r Report, err error) {
	for range 100 {
		if r, err = l.check(ctx); !errors.Is(err, errOvertaken) {
			break
		}
	}
	return r, err
}

func (l *Log) check(ctx context.Context) (r Report, err error) {
	err = l.view(ctx, func(tx *bolt.Tx) error {
		h, err := l.headerOf(tx)
		if err != nil {
			return err
		}
		c := checker{ctx: ctx, file: l.raw}
		err = c.run(h)
		r = c.report
		return err
	})
	return r, err
}

// headerOf finds the header that a read transaction began with. The pages that
// it leads to stay as they are until the transaction ends.
func (l *Log) headerOf(tx *bolt.Tx) (*header, error) {
	hs, err := readHeaders(l.raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", eventlog.ErrCorrupt, err)
	}
	for _, h := range hs.both {
		if h != nil && h.txid == uint64(tx.ID()) {
			return h, nil
		}
	}
	return nil, errOvertaken
}

// errOvertaken: two transactions were committed between two instructions.
var errOvertaken = errors.New("the log moved on too fast to be looked at: try again")

// checker is one check.
type checker struct {
	ctx      context.Context
	file     io.ReaderAt
	pages    *pages
	buckets  map[string]bucket
	segments []bucket // of the journal, in order
	position position
	tail     map[string][]numbered // what the journal says of each stream
	report   Report
}

// numbered is an entry with its number.
type numbered struct {
	number uint64
	*entry
}

func (c *checker) damage(stream string, seq uint64, place, format string, args ...any) {
	c.report.add(Damage{stream, seq, place, fmt.Sprintf(format, args...)})
}

// corrupt reports an error that says itself where the damage is; any other is
// returned.
func (c *checker) corrupt(place string, err error) error {
	var e *eventlog.CorruptError
	if !errors.As(err, &e) {
		return err
	}
	c.damage(e.Stream, e.Seq, place, "%s", e.Reason)
	return nil
}

func (c *checker) run(h *header) error {
	c.pages = newPages(c.file, *h, func(page uint64, reason string) error {
		c.damage("", 0, fmt.Sprintf("page %d", page), "%s", reason)
		return c.ctx.Err()
	})
	c.buckets, c.tail = map[string]bucket{}, map[string][]numbered{}
	for _, step := range []func() error{
		func() error { return c.findBuckets(h.txid) }, func() error { return c.state(h.txid) }, c.journal,
		c.streams, c.payloads, c.snapshots, c.ctx.Err,
	} {
		if err := step(); err != nil {
			c.report.Pages = c.pages.read
			return err
		}
	}
	c.report.Pages = c.pages.read
	return nil
}

func (c *checker) findBuckets(txid uint64) error {
	all, err := c.pages.buckets()
	if err != nil {
		return err
	}
	for _, b := range all {
		if _, ok := parseSegment([]byte(b.name)); ok {
			c.segments = append(c.segments, b)
		} else {
			c.buckets[b.name] = b
		}
	}
	if len(all) == 0 && fresh(txid) {
		return nil
	}
	for _, name := range buckets {
		if _, ok := c.buckets[string(name)]; !ok {
			c.damage("", 0, "root", "the bucket %s is missing", name)
			c.buckets[string(name)] = bucket{name: string(name)}
		}
	}
	if len(c.buckets) > len(buckets) {
		c.damage("", 0, "root", "there are buckets that are none of the log's")
	}
	return nil
}

// rows walks a bucket until the context ends.
func (c *checker) rows(b bucket, f func(key, value []byte) error) error {
	n := 0
	return c.pages.rows(b, func(key, value []byte) error {
		if n++; n%256 == 0 && c.ctx.Err() != nil {
			return c.ctx.Err()
		}
		return f(key, value)
	})
}

func (c *checker) state(txid uint64) error {
	found := false
	err := c.rows(c.buckets[string(bucketState)], func(k, v []byte) error {
		if bytes.Equal(k, upgradeKey) {
			if m, err := decodeMark(v); err == nil {
				return &olderError{m.from}
			}
		}
		if !bytes.Equal(k, stateKey) {
			c.damage("", 0, "state", "an unknown key %q", k)
			return nil
		}
		found = true
		p, err := decodePosition(v)
		c.position = p
		return c.corrupt("state", err)
	})
	if err != nil {
		return err
	}
	switch {
	case !found && len(c.buckets) > 0:
		c.damage("", 0, "state", "the log's position is missing")
	case found && c.position.txid != 0 && c.position.txid != txid:
		c.damage("", 0, "state", "it is of transaction %d, the header of %d", c.position.txid, txid)
	}
	return nil
}

func (c *checker) journal() error {
	s := scan{position: c.position, each: c.entry, damaged: func(e *entryError) error {
		c.damage(e.stream, 0, fmt.Sprintf("journal entry %d", e.number), "%s", e.reason)
		return nil
	}}
	if c.position.txid == 0 {
		s.position.floor = math.MaxUint64 // it is damaged: nothing to compare with
	}
	for _, b := range c.segments {
		segment, _ := parseSegment([]byte(b.name))
		if err := c.rows(b, func(k, v []byte) error { return s.row(segment, k, v) }); err != nil {
			return err
		}
	}
	c.report.Entries = s.entries
	if c.position.txid == 0 {
		return nil
	}
	return s.end()
}

// entry keeps what an entry says of each stream for the walk over them.
func (c *checker) entry(number uint64, e *entry) error {
	n := numbered{number, e}
	c.tail[e.stream] = append(c.tail[e.stream], n)
	for _, m := range e.sends {
		to := c.tail[m.ID.Receiver]
		if len(to) == 0 || to[len(to)-1].number != number {
			c.tail[m.ID.Receiver] = append(to, n)
		}
	}
	return nil
}

// payloads adds up the parts of each payload.
func (c *checker) payloads() error {
	var cur struct {
		hash  hash
		sum   stdhash.Hash
		next  uint32
		size  uint64 // as the first part has it
		got   uint64
		whole bool // the first part is there, and all parts so far
	}
	finish := func() {
		switch {
		case cur.sum == nil:
		case !cur.whole:
			c.report.Unfinished++
		default:
			c.report.Payloads++
			if hash(cur.sum.Sum(nil)) != cur.hash || cur.got != cur.size {
				c.damage("", 0, "payloads", "payload %x: its bytes have another hash", cur.hash)
			}
		}
	}
	err := c.rows(c.buckets[string(bucketPayloads)], func(k, v []byte) error {
		d := decoder{b: k}
		h, n := d.hash(), d.uint32()
		p := decoder{b: v}
		if version := p.byte(); !d.done() || !p.ok() || version != format {
			c.damage("", 0, "payloads", "key %x: it is no part of a payload", k)
			return nil
		}
		if cur.sum == nil || h != cur.hash {
			finish()
			cur.hash, cur.sum, cur.next, cur.got = h, sha256.New(), 0, 0
			if cur.whole = n == 0; cur.whole {
				cur.size = p.uvarint()
			}
		}
		if cur.whole && n != cur.next {
			c.damage("", 0, "payloads", "payload %x: part %d is missing", h, cur.next)
			cur.next = n
		}
		cur.next++
		cur.got += uint64(len(p.b))
		cur.sum.Write(p.b)
		return nil
	})
	finish()
	return err
}

func (c *checker) snapshots() error {
	return c.rows(c.buckets[string(bucketSnapshots)], func(k, v []byte) error {
		c.report.Snapshots++
		if _, _, ok := decodeSnapshot(string(k), v); !ok {
			c.damage(string(k), 0, "snapshots", "the snapshot is damaged, and made again when it is needed")
		}
		return nil
	})
}
