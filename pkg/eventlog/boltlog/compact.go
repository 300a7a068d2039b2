package boltlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	bolt "go.etcd.io/bbolt"
)

// Compact copies the log at src, which nobody has open, to a new file at dst,
// without the space that was freed in it. A damaged log is not copied.
func Compact(ctx context.Context, dst, src string) error {
	if err := compact(ctx, dst, src); err != nil {
		return fmt.Errorf("compact log %s: %w", src, err)
	}
	return nil
}

// compactBytes bounds the transactions of a copy.
const compactBytes = 1 << 20

func compact(ctx context.Context, dst, src string) error {
	if _, err := os.Stat(dst); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, fmt.Errorf("%s: %w", dst, fs.ErrExist))
	}
	if err := inspect(src, Options{}); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	from, err := bolt.Open(src, 0o600, &bolt.Options{ReadOnly: true, Timeout: lockTimeout})
	if err != nil {
		return lockError(err)
	}
	defer from.Close()
	to, err := bolt.Open(dst, 0o600, &bolt.Options{FreelistType: bolt.FreelistMapType, NoFreelistSync: true})
	if err != nil {
		return err
	}
	err = guard(func() error {
		if err := bolt.Compact(to, from, compactBytes); err != nil {
			return err
		}
		return to.Update(reposition)
	})
	if err = errors.Join(err, to.Close()); err != nil {
		return errors.Join(err, os.Remove(dst))
	}
	return syncDir(parentOf(dst))
}

// reposition makes the log's position that of this transaction.
func reposition(tx *bolt.Tx) error {
	b := tx.Bucket(bucketState)
	p, err := decodePosition(b.Get(stateKey))
	if err != nil {
		return err
	}
	p.txid = uint64(tx.ID())
	return b.Put(stateKey, p.encode())
}

// WriteTo writes the log as it is now to w, as a file that Open takes: a
// backup of a log in use. All that was acknowledged before it began is in it.
func (l *Log) WriteTo(w io.Writer) (n int64, err error) {
	c, err := l.Stream(context.Background(), w, nil)
	return c.Bytes, err
}

var _ io.WriterTo = (*Log)(nil)

// Stream is WriteTo that ends with ctx and tells how far it is, about each
// MiB. A slow reader keeps the log from using again what is freed meanwhile.
func (l *Log) Stream(ctx context.Context, w io.Writer, progress func(CopyProgress)) (CopyProgress, error) {
	p := &pacer{ctx: ctx, out: w, size: l.fileSize, began: l.fileSize(), tell: progress}
	err := l.copyPages(p)
	return p.progress(), err
}
