package boltlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// ErrOpen says that a stream has not ended, or that messages wait for it, so
// that it is not purged.
var ErrOpen = errors.New("the stream has not ended")

// errUnsettled: the journal still speaks of the stream.
var errUnsettled = errors.New("the stream is not in its chunks yet")

// Purge removes streams that have ended, with all they had but payloads, which
// others may name. It makes a checkpoint first. A stream that is not there is
// none to remove; at the first that is open it stops with ErrOpen.
func (l *Log) Purge(ctx context.Context, streams ...string) error {
	for some := range slices.Chunk(streams, 100) {
		err := errUnsettled
		for try := 0; errors.Is(err, errUnsettled) && try < 10; try++ {
			if err = l.Checkpoint(ctx); err == nil {
				err = l.do(ctx, &request{size: maxGroupBytes, do: func(g *group) error { return g.purge(some) }})
			}
		}
		if err != nil {
			return fmt.Errorf("purge: %w", err)
		}
	}
	return nil
}

// purge removes all of these streams or none.
func (g *group) purge(streams []string) error {
	for _, name := range streams {
		if err := g.purgeable(name); err != nil {
			return fmt.Errorf("stream %s: %w", name, err)
		}
	}
	for _, name := range streams {
		if err := removeRows(g.tx.Bucket(bucketChunks), name); err != nil {
			return err
		}
		for _, bucket := range [][]byte{bucketHeads, bucketOpen, bucketSnapshots} {
			if err := g.tx.Bucket(bucket).Delete([]byte(name)); err != nil {
				return err
			}
		}
	}
	g.wrote = true
	return nil
}

// purgeable says why a stream cannot be removed, if so.
func (g *group) purgeable(name string) error {
	if err := eventlog.ValidStream(name); err != nil {
		return err
	}
	if g.streams[name] != nil || g.log.tail[name] != nil {
		return errUnsettled
	}
	b := g.tx.Bucket(bucketHeads).Get([]byte(name))
	if b == nil {
		return nil
	}
	h, err := decodeHead(name, b)
	switch {
	case err != nil:
		return err
	case h.open():
		return ErrOpen
	case h.upTo >= g.log.committer.floor:
		return errUnsettled // opening the log would bring it back
	}
	return nil
}

// removeRows removes the rows of one stream.
func removeRows(b *bolt.Bucket, stream string) error {
	prefix := append([]byte(stream), 0)
	c := b.Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Seek(prefix) {
		if err := c.Delete(); err != nil {
			return err
		}
	}
	return nil
}
