package boltlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// CopyOptions says how a copy is made; the zero value works.
type CopyOptions struct {
	// Unchecked leaves out the check of the copy.
	Unchecked bool
	// Progress hears how far the copy is, about each MiB of it; nil: nobody
	// does.
	Progress func(CopyProgress)
}

// CopyProgress is how far a copy is.
type CopyProgress struct {
	Bytes int64 // written so far
	Grew  int64 // by how much the log's own file grew since the copy began
}

// Copied is what a copy came to. Report is that of its check, empty when it
// was not checked.
type Copied struct {
	CopyProgress
	Report Report
}

// DamagedCopyError is a copy whose check found damage; the copy was removed.
type DamagedCopyError struct{ Report Report }

func (e *DamagedCopyError) Error() string {
	n := uint64(len(e.Report.Damage)) + e.Report.More
	if n == 1 {
		return fmt.Sprintf("the copy is damaged: %s", e.Report.Damage[0])
	}
	return fmt.Sprintf("the copy is damaged in %d places, the first is %s", n, e.Report.Damage[0])
}

// Backup copies the log as it is now to a new file, while it is in use. The
// copy holds all that was acknowledged before it began, is flushed, checked as
// Check does, and gets its name last: there is never half of one under it.
// The error wraps fs.ErrExist when there is such a file already, and a
// *DamagedCopyError when the check found something.
//
// What is freed in the log while it is copied cannot be used again before that
// is over, so the log's own file may grow; Copied says by how much.
func (l *Log) Backup(ctx context.Context, dst string, o CopyOptions) (Copied, error) {
	c, err := copyTo(ctx, dst, o, l.copyPages, l.fileSize)
	if err != nil {
		return c, fmt.Errorf("copy log %s: %w", l.path, err)
	}
	return c, nil
}

// BackupFile is Backup of a log that nobody has open. The error wraps
// ErrLocked when somebody has. A file that Open refuses is not copied, and one
// of an older format, for which it wraps ErrOlder, only unchecked.
func BackupFile(ctx context.Context, dst, src string, o CopyOptions) (Copied, error) {
	c, err := backupFile(ctx, dst, src, o)
	if err != nil {
		return c, fmt.Errorf("copy log %s: %w", src, err)
	}
	return c, nil
}

func backupFile(ctx context.Context, dst, src string, o CopyOptions) (c Copied, err error) {
	if err := notEmpty(src); err != nil {
		return c, err // bbolt would make one
	}
	if err := inspect(src, Options{}); err != nil && (!o.Unchecked || !errors.Is(err, ErrOlder)) {
		return c, err
	}
	from, err := bolt.Open(src, 0o600, &bolt.Options{ReadOnly: true, Timeout: lockTimeout})
	if err != nil {
		return c, lockError(err)
	}
	defer from.Close()
	return copyTo(ctx, dst, o, func(p *pacer) error {
		return guard(func() error {
			return from.View(func(tx *bolt.Tx) error {
				_, err := tx.WriteTo(p)
				return err
			})
		})
	}, nil)
}

// notEmpty refuses a file that is not there, or in which nothing was ever
// recorded.
func notEmpty(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.Size() == 0 {
		err = fmt.Errorf("%w: the file is empty", eventlog.ErrCorrupt)
	}
	return err
}

// copyTo makes a new file: write fills a temporary one beside it, which is
// flushed, checked and renamed.
func copyTo(ctx context.Context, dst string, o CopyOptions, write func(*pacer) error, size func() int64) (c Copied, err error) {
	if _, err := os.Lstat(dst); !errors.Is(err, fs.ErrNotExist) {
		return c, errors.Join(err, fmt.Errorf("%s: %w", dst, fs.ErrExist))
	}
	f, err := copyFile(filepath.Dir(dst))
	if err != nil {
		return c, err
	}
	defer f.Close() // with its lock, once it has its name
	defer os.Remove(f.Name())
	p := newPacer(ctx, f, size, o.Progress)
	err = errors.Join(write(p), f.Sync())
	c.CopyProgress = p.progress()
	if err == nil && !o.Unchecked {
		c.Report, err = checkFile(ctx, f.Name())
		if err == nil && !c.Report.Clean() {
			err = &DamagedCopyError{c.Report}
		}
	}
	if err != nil {
		return c, err
	}
	return c, place(f.Name(), dst)
}

// place gives a file its name, unless there is one of that name.
func place(tmp, dst string) error {
	err := os.Link(tmp, dst)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s: %w", dst, fs.ErrExist)
	}
	if err != nil { // no links on this file system
		if err := os.Rename(tmp, dst); err != nil {
			return err
		}
	}
	return syncDir(filepath.Dir(dst))
}

// fileSize returns the size of the log's file.
func (l *Log) fileSize() int64 {
	info, err := l.raw.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

// copyPages writes the log as it is now, page by page.
func (l *Log) copyPages(p *pacer) error {
	return l.view(p.ctx, func(tx *bolt.Tx) error {
		_, err := tx.WriteTo(p)
		return err
	})
}

// Free returns nil when no process has the log at path open, an error that
// wraps ErrLocked when one has. A file that is no log is free.
func Free(path string) error {
	unlock, err := lockShared(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	unlock()
	return nil
}

// Hold keeps the log at path from being opened until release is called. The
// error wraps ErrLocked when a process has it open. The file may be damaged.
func Hold(path string) (release func(), err error) {
	if err := Free(path); err != nil { // waits for who is about to let go
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	held, err := lockFile(f, true)
	if held {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, ErrLocked), f.Close())
	}
	if err != nil { // no locks on this file system
		return func() {}, f.Close()
	}
	return func() { f.Close() }, nil
}

// SyncDir makes the names in a directory durable, where the system can.
func SyncDir(dir string) error { return syncDir(dir) }

// Receive is Backup of a log that somebody else sends, as Stream does.
func Receive(ctx context.Context, dst string, from io.Reader, o CopyOptions) (Copied, error) {
	c, err := copyTo(ctx, dst, o, func(p *pacer) error {
		_, err := p.ReadFrom(from)
		return err
	}, nil)
	if err != nil {
		return c, fmt.Errorf("receive a log: %w", err)
	}
	return c, nil
}
