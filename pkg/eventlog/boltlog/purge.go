package boltlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

var _ eventlog.Keeper = (*Log)(nil)

// ErrOpen says that a stream has not ended, or that messages wait for it, so
// that it is not purged.
var ErrOpen = eventlog.ErrOpen

// errUnsettled: the journal still speaks of the stream.
var errUnsettled = errors.New("the stream is not in its chunks yet")

// The bounds of one transaction of a purge. A row that is removed costs its
// page, and its neighbours on that page are written again.
const (
	maxPurgeStreams = 128
	maxPurgeRows    = 256
)

// Purge implements eventlog.Purger, in transactions of bounded work. Streams
// that changed since their last checkpoint wait for the next one, which it asks
// for.
func (l *Log) Purge(ctx context.Context, streams ...string) error {
	l.purging.Lock()
	defer l.purging.Unlock()
	if l.half != "" {
		streams = append([]string{l.half}, streams...)
	}
	for try := 0; len(streams) > 0; {
		left, err := l.purgeSome(ctx, streams)
		switch {
		case err == nil:
			try, streams = 0, left
		case errors.Is(err, errUnsettled) && try < 10:
			try++
			err = l.Checkpoint(ctx)
		}
		if err != nil {
			return fmt.Errorf("purge: %w", err)
		}
	}
	return nil
}

// purgeSome is one transaction of a purge; it returns the streams that are
// left.
func (l *Log) purgeSome(ctx context.Context, streams []string) (left []string, err error) {
	p := purge{streams: streams}
	if err := l.do(ctx, &request{size: maxGroupBytes, background: true, do: p.step}); err != nil {
		return streams, err
	}
	if left = streams[p.done:]; p.partly {
		l.half = left[0]
	} else {
		l.half = ""
	}
	return left, nil
}

// purge is one transaction of a purge. What it did counts once that is
// committed.
type purge struct {
	streams []string
	done    int  // streams that are gone
	partly  bool // of the next one, some rows are
}

// step removes as many streams as one transaction takes, and of one that is
// larger than that, some rows. A stream that cannot be removed ends it: what
// came before it is removed all the same.
func (p *purge) step(g *group) error {
	p.done, p.partly = 0, false // a transaction may be tried twice
	for rows := 0; p.done < len(p.streams) && p.done < maxPurgeStreams && rows < maxPurgeRows && !p.partly; {
		name := p.streams[p.done]
		h, err := g.purgeable(name)
		switch {
		case err != nil && p.done > 0:
			return nil // the next step says so
		case err != nil:
			return fmt.Errorf("stream %s: %w", name, err)
		}
		n, whole, err := g.purge(name, h, maxPurgeRows-rows)
		if err != nil {
			return err
		}
		if rows += n; whole {
			p.done++
		} else {
			p.partly = true
		}
	}
	return nil
}

// purgeable returns the head of a stream that can be removed, nil when there is
// none, or says why it cannot be.
func (g *group) purgeable(name string) (*head, error) {
	if err := eventlog.ValidStream(name); err != nil {
		return nil, err
	}
	if g.streams[name] != nil || g.log.tail[name] != nil {
		return nil, errUnsettled
	}
	b := g.tx.Bucket(bucketHeads).Get([]byte(name))
	if b == nil {
		return nil, nil
	}
	h, err := decodeHead(name, b)
	switch {
	case err != nil:
		return nil, err
	case h.open():
		return nil, ErrOpen
	case h.upTo >= g.log.committer.floor:
		return nil, errUnsettled // opening the log would bring it back
	}
	return &h, nil
}

// purgeMark is where the name of a stream stands that is being removed by more
// than one transaction. No stream has a zero byte in its name.
const purgeMark = "\x00purge"

// purge removes a stream, or the first rows of one that has more than so many.
// Of the latter only a head is left that says that all its records were cut:
// nobody sees it any more, and its name is not free before it is gone.
func (g *group) purge(name string, h *head, limit int) (rows int, whole bool, err error) {
	rows, whole, err = removeRows(g.tx.Bucket(bucketChunks), name, limit)
	if err != nil {
		return rows, whole, err
	}
	g.wrote = true
	heads, snapshots := g.tx.Bucket(bucketHeads), g.tx.Bucket(bucketSnapshots)
	if !whole {
		if h == nil || h.purged() {
			return rows, false, nil
		}
		gone := *h
		gone.cut = gone.records
		return rows, false, errors.Join(heads.Put([]byte(name), gone.encode(name)),
			snapshots.Put([]byte(purgeMark), encodeSnapshot(purgeMark, 0, []byte(name))))
	}
	if h != nil && h.purged() {
		if _, _, err := removeRows(g.tx.Bucket(bucketInbox), name, eventlog.MaxInbox); err != nil {
			return rows, false, err
		}
		if err := snapshots.Delete([]byte(purgeMark)); err != nil {
			return rows, false, err
		}
	}
	for _, bucket := range [][]byte{bucketHeads, bucketOpen, bucketSnapshots} {
		if err := g.tx.Bucket(bucket).Delete([]byte(name)); err != nil {
			return rows, false, err
		}
	}
	return rows, true, nil
}

// purged reports whether the stream is being removed: no other is ever cut to
// its last record.
func (h *head) purged() bool { return h.cut > 0 && h.cut == h.records }

// hidden reports whether nobody sees the stream.
func (h *head) hidden() bool { return h.empty() || h.purged() }

// endPurge removes what is left of a stream whose removal was cut off.
func (l *Log) endPurge() error {
	ctx := context.Background() // it is part of opening the log
	_, name, err := l.Latest(ctx, purgeMark)
	if errors.Is(err, eventlog.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	l.half = string(name)
	return l.Purge(ctx)
}

// removeRows removes rows of one stream, at most limit of them; whole reports
// whether none is left.
func removeRows(b *bolt.Bucket, stream string, limit int) (rows int, whole bool, err error) {
	prefix := append([]byte(stream), 0)
	c := b.Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Seek(prefix) {
		if rows == limit {
			return rows, false, nil
		}
		if err := c.Delete(); err != nil {
			return rows, false, err
		}
		rows++
	}
	return rows, true, nil
}
