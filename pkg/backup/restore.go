package backup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

// Restored is what a copy brought back.
type Restored struct {
	File    string // where the log lies now
	Kept    string // where the log that was there lies now; empty: there was none
	Bytes   int64
	Records uint64
	// Newest is the time of the newest record: what came later is lost.
	Newest time.Time
	Runs   []Count // by status, the most first
	Books  int     // streams that are no runs
}

// Count is how many runs have a status.
type Count struct {
	Status string
	Runs   int
}

// RestoreOptions says how a copy is brought back.
type RestoreOptions struct {
	// Force puts the copy in the place of a log that is there; that one stays
	// beside it, under a name with the time At.
	Force bool
	At    time.Time
}

// ErrOccupied says that there is a log already where a copy was to go.
var ErrOccupied = errors.New("there is a log already")

// Restore puts a copy of src at dst, after it was checked. The error wraps
// ErrOccupied, boltlog.ErrLocked when somebody has one of the two open, or a
// *boltlog.DamagedCopyError; nothing was changed then. When it is interrupted
// at dst is either what was there or the whole copy.
func Restore(ctx context.Context, dst, src string, o RestoreOptions) (Restored, error) {
	r, err := restore(ctx, dst, src, o)
	if err != nil {
		return r, fmt.Errorf("restore %s: %w", src, err)
	}
	return r, nil
}

func restore(ctx context.Context, dst, src string, o RestoreOptions) (r Restored, err error) {
	was, err := os.Stat(dst)
	occupied := err == nil
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return r, err
	case occupied && !o.Force:
		return r, fmt.Errorf("%s: %w", dst, ErrOccupied)
	}
	if is, err := os.Stat(src); err != nil {
		return r, err
	} else if occupied && os.SameFile(was, is) {
		return r, fmt.Errorf("%s is the log itself", src)
	}
	if occupied {
		release, err := boltlog.Hold(dst)
		if err != nil {
			return r, err
		}
		defer release() // who waits for it finds the copy then
	}
	if _, err := os.Stat(filepath.Dir(dst)); errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(dst), 0o700); err != nil {
			return r, err
		}
		defer func() {
			if err != nil {
				_ = os.Remove(filepath.Dir(dst)) // unless there is something in it
			}
		}()
	}
	staged := boltlog.StagedName(dst)
	if err := os.Remove(staged); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return r, err
	}
	if err := dropOld(staged); err != nil {
		return r, err
	}
	c, err := boltlog.BackupFile(ctx, staged, src, boltlog.CopyOptions{})
	if errors.Is(err, boltlog.ErrOlder) {
		c, err = upgraded(ctx, staged, src)
	}
	if err != nil {
		_ = os.Remove(staged)
		return r, err
	}
	r = Restored{File: dst, Bytes: c.Bytes, Records: c.Report.Records, Newest: c.Report.Newest}
	if r.Kept, err = replace(dst, staged, occupied, o.At); err != nil {
		_ = os.Remove(staged) // opening the log does, too
		return r, err
	}
	return r, r.count(ctx)
}

// upgraded is a copy of src that has this program's format. The copy that the
// upgrade keeps is not needed: there is src.
func upgraded(ctx context.Context, staged, src string) (c boltlog.Copied, err error) {
	if c, err = boltlog.BackupFile(ctx, staged, src, boltlog.CopyOptions{Unchecked: true}); err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, dropOld(staged)) }()
	l, err := boltlog.Open(staged, boltlog.Options{}) //nolint:contextcheck // opening needs none
	if err == nil {
		err = l.Close()
	}
	if err == nil {
		c.Report, err = boltlog.Check(ctx, staged)
	}
	if err == nil && !c.Report.Clean() {
		err = &boltlog.DamagedCopyError{Report: c.Report}
	}
	return c, err
}

// dropOld removes the copies that upgrading a log kept.
func dropOld(log string) (err error) {
	entries, err := os.ReadDir(filepath.Dir(log))
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), filepath.Base(log)+".format") {
			err = errors.Join(err, os.Remove(filepath.Join(filepath.Dir(log), e.Name())))
		}
	}
	return err
}

// replace puts staged at dst. What is there keeps a second name first, so that
// there is no moment without a log.
func replace(dst, staged string, occupied bool, at time.Time) (kept string, err error) {
	if !occupied {
		if err := os.Link(staged, dst); err == nil {
			if err := os.Remove(staged); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return "", err
			}
			return "", boltlog.SyncDir(filepath.Dir(dst))
		} else if _, there := os.Lstat(dst); there == nil { // opened meanwhile
			return "", fmt.Errorf("%s: %w", dst, ErrOccupied)
		}
	} else {
		kept = dst + ".before-" + at.UTC().Format(nameTime)
		if err := os.Link(dst, kept); err != nil {
			if errors.Is(err, fs.ErrExist) {
				return "", err
			}
			if err := os.Rename(dst, kept); err != nil { // no links on this file system
				return "", err
			}
		}
	}
	if err := os.Rename(staged, dst); err != nil {
		return kept, err
	}
	return kept, boltlog.SyncDir(filepath.Dir(dst))
}

// count reads what is in the log that was restored.
func (r *Restored) count(ctx context.Context) error {
	l, err := boltlog.Open(r.File, boltlog.Options{}) //nolint:contextcheck // opening needs none
	if err != nil {
		return err
	}
	byStatus := map[string]int{}
	for s, err := range l.List(ctx, eventlog.Filter{Oldest: true}) {
		switch {
		case err != nil:
			return errors.Join(err, l.Close())
		case s.Kind == "run":
			byStatus[s.Status]++
		default:
			r.Books++
		}
	}
	for status, n := range byStatus {
		r.Runs = append(r.Runs, Count{status, n})
	}
	slices.SortFunc(r.Runs, func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.Runs, a.Runs), cmp.Compare(a.Status, b.Status))
	})
	return l.Close()
}
