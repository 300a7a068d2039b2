package boltlog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
)

// ErrNoRoom says that there is too little room for a copy.
var ErrNoRoom = errors.New("there is too little room on the disk")

// CompactOptions says how a file is compacted; the zero value works.
type CompactOptions struct {
	// Room asks how many bytes are left on the disk; nil: it is tried.
	Room func() (int64, error)
	// Least is which share of the file has to be free for it to be worth it,
	// from 0 to 1.
	Least float64
}

// Compacted is what became of a file.
type Compacted struct {
	Before, After int64 // its size in bytes
	Free          int64 // of those before, how many were free
	Left          bool  // it was not worth it, and nothing was done
}

// CompactFile puts a copy of the log at path in its place, without the room
// that was freed in it. Nobody may have it open: the error wraps ErrLocked when
// somebody has. The copy is flushed and checked first, and has to hold as much
// as the file; whatever goes wrong, and whenever the process is cut off, there
// is the one or the other. The error wraps ErrNoRoom when the disk has no room
// for a copy.
func CompactFile(ctx context.Context, path string, o CompactOptions) (Compacted, error) {
	c, err := compactFile(ctx, path, o)
	if err != nil {
		return c, fmt.Errorf("compact log %s: %w", path, err)
	}
	return c, nil
}

func compactFile(ctx context.Context, path string, o CompactOptions) (c Compacted, err error) {
	if err := notEmpty(path); err != nil {
		return c, err // bbolt would make one
	}
	if err := inspect(path, Options{}); err != nil {
		return c, err
	}
	has, err := checkFile(ctx, path)
	if err != nil {
		return c, err
	}
	if !has.Clean() {
		return c, corrupt("", 0, "%s", has.Damage[0])
	}
	from, err := openBolt(path, Options{})
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	dropUnfinished(path)
	if err := c.weigh(from, o); err != nil || c.Left {
		return c, err
	}
	tmp, err := compactCopy(path, from)
	if err != nil {
		return c, err
	}
	defer os.Remove(tmp) // when it is not in its place by then
	is, err := checkFile(ctx, tmp)
	switch {
	case err != nil:
		return c, err
	case !is.Clean():
		return c, &DamagedCopyError{is}
	case !is.holds(has):
		return c, errors.New("the log changed meanwhile: try again")
	}
	info, err := os.Stat(tmp)
	if err != nil {
		return c, err
	}
	c.After = info.Size()
	// Who waits for the lock of the old file finds the new one at its name.
	return c, errors.Join(os.Rename(tmp, path), syncDir(parentOf(path)))
}

// weigh finds out whether it is worth it, and whether there is room.
func (c *Compacted) weigh(from *bolt.DB, o CompactOptions) error {
	info, err := os.Stat(from.Path())
	if err != nil {
		return err
	}
	c.Before, c.After = info.Size(), info.Size()
	c.Free = int64(from.Stats().FreePageN) * int64(from.Info().PageSize)
	if c.Left = float64(c.Free) < o.Least*float64(c.Before); c.Left || o.Room == nil {
		return nil
	}
	used := c.Before - c.Free
	need := used + used/8 + growBy
	room, err := o.Room()
	if err == nil && room < need {
		err = fmt.Errorf("%w: a copy needs about %d bytes and %d are left", ErrNoRoom, need, room)
	}
	return err
}

// compactCopy makes a flushed copy beside the file, without free pages.
func compactCopy(path string, from *bolt.DB) (tmp string, err error) {
	f, err := os.CreateTemp(parentOf(path), compactPrefix+filepath.Base(path)+"-*")
	if err != nil {
		return "", err
	}
	if err := f.Close(); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	to, err := bolt.Open(f.Name(), 0o600, &bolt.Options{FreelistType: bolt.FreelistMapType, NoFreelistSync: true, NoSync: true})
	if err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	err = guard(func() error {
		if err := bolt.Compact(to, from, compactBytes); err != nil {
			return err
		}
		return errors.Join(to.Update(reposition), to.Sync())
	})
	if isFull(err) {
		err = fmt.Errorf("%w: %w", ErrNoRoom, err)
	}
	if err = errors.Join(err, to.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// holds reports whether as much was read as another report says.
func (r *Report) holds(has Report) bool {
	return r.Entries == has.Entries && r.Streams == has.Streams && r.Records == has.Records &&
		r.Messages == has.Messages && r.Payloads == has.Payloads && r.Snapshots == has.Snapshots
}
