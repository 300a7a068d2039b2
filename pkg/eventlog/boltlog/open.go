package boltlog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// lockTimeout is how long opening waits for another process to let go.
const lockTimeout = time.Second

// Open opens the log at path and makes it, with its directory, when there is
// none. One of an older format is upgraded, and stays beside as it was, under
// its name with .formatN. Open's error wraps ErrLocked, ErrNewer or eventlog.ErrCorrupt where they
// apply; the file is as it was then. A damaged record is no reason not to
// open: reading its stream says so.
func Open(path string, opts Options) (*Log, error) {
	l, err := open(path, opts.withDefaults())
	if err != nil {
		return nil, fmt.Errorf("open log %s: %w", path, err)
	}
	return l, nil
}

func open(path string, opts Options) (*Log, error) {
	if err := os.MkdirAll(parentOf(path), 0o700); err != nil {
		return nil, err
	}
	if err := create(path); err != nil {
		return nil, err
	}
	err := inspect(path, opts)
	if errors.Is(err, ErrOlder) {
		err = upgradeFile(path, opts)
	}
	if err != nil {
		return nil, err
	}
	l := &Log{
		path: path, opts: opts,
		queue: make(chan *request, maxQueue),
		ended: make(chan struct{}),
		tail:  map[string]*stream{},
	}
	if l.db, err = openBolt(path, opts); err != nil {
		return nil, err
	}
	dropUnfinished(path)
	l.raw, err = os.Open(path)
	if err == nil {
		err = guard(l.restore)
	}
	if err != nil {
		return nil, errors.Join(err, l.db.Close(), l.raw.Close())
	}
	go l.run()
	_ = l.endPurge() // else the next purge does it
	return l, nil
}

// mapSize is the address space that the file is mapped into. While it is
// longer than the file, a reader that takes its time never holds up a writer
// whose transaction makes the file grow.
const mapSize = 64 << 30

// growBy is the step in which the file grows; each costs a flush.
const growBy = 4 << 20

func openBolt(path string, opts Options) (db *bolt.DB, err error) {
	o := bolt.Options{
		Timeout:        lockTimeout,
		FreelistType:   bolt.FreelistMapType,
		NoFreelistSync: true, // a free list on disk is rewritten whole by every commit
	}
	var file *os.File
	o.OpenFile = func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
		if opts.openFile != nil {
			f, err = opts.openFile(name, flag, mode)
		} else {
			f, err = os.OpenFile(name, flag, mode)
		}
		file = f
		return f, err
	}
	if strconv.IntSize == 64 && runtime.GOOS != "windows" { // where a mapping is the file's size
		size := int64(mapSize)
		o.InitialMmapSize = int(size)
	}
	try := func() error {
		return guard(func() error {
			db, err = bolt.Open(path, 0o600, &o)
			return err
		})
	}
	if err = lockError(try()); err != nil && !errors.Is(err, ErrLocked) && o.InitialMmapSize > 0 {
		o.InitialMmapSize = 0 // as much address space is not to be had here
		err = lockError(try())
	}
	if err != nil {
		return nil, err
	}
	if err := still(path, file); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	db.AllocSize = growBy
	return db, nil
}

// still reports whether a file has kept its name while its lock was waited
// for: one that was compacted, or in whose place a copy was put, has lost it.
func still(path string, file *os.File) error {
	is, err := file.Stat()
	if err != nil {
		return err
	}
	named, err := os.Stat(path)
	if err == nil && !os.SameFile(is, named) {
		err = fmt.Errorf("%w: it was replaced just now; try again", ErrLocked)
	}
	return err
}

func parentOf(path string) string { return filepath.Dir(path) }

func lockError(err error) error {
	if errors.Is(err, berrors.ErrTimeout) {
		return ErrLocked
	}
	return err
}

// create puts a new file in place, whole or not at all, so that a first start
// that is cut off leaves nothing half-made behind. The link fails when another
// process was faster, which is as well.
func create(path string) error {
	// One that is there and empty is initialised by bbolt, under its lock.
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	dir := parentOf(path)
	f, err := os.CreateTemp(dir, newPrefix+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := f.Close(); err != nil {
		return err
	}
	db, err := bolt.Open(f.Name(), 0o600, &bolt.Options{NoFreelistSync: true, FreelistType: bolt.FreelistMapType})
	if err != nil {
		return err
	}
	if err := errors.Join(db.Update(initialise), db.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); errors.Is(err, fs.ErrExist) {
		return nil
	} else if err != nil {
		return nil // no links on this file system: bbolt makes the file in place
	}
	return syncDir(dir)
}

// syncDir makes the names in a directory durable, where the system can.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && runtime.GOOS != "windows" {
		return err
	}
	return nil
}

// initialise makes the buckets of a new file; errStop says that it is not new.
func initialise(tx *bolt.Tx) error {
	if tx.Bucket(bucketState) != nil {
		return errStop
	}
	for _, name := range buckets {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	p := position{txid: uint64(tx.ID()), floor: 1}
	return tx.Bucket(bucketState).Put(stateKey, p.encode())
}

// inspect looks at the file's pages before bbolt does, for bbolt goes round in
// circles or takes the process down where they are damaged. It holds the lock
// that other readers share, so nobody writes meanwhile.
func inspect(path string, opts Options) error {
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		return nil // about to be made
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	unlock, err := lockShared(path)
	if err != nil {
		return err
	}
	defer unlock()
	hs, err := readHeaders(f)
	if !hs.intact() && unfinished(f) {
		return fmt.Errorf("%w: the file was never finished being made and holds nothing: remove it and start again", eventlog.ErrCorrupt)
	}
	if err != nil {
		return fmt.Errorf("%w: %w: restore a backup", eventlog.ErrCorrupt, err)
	}
	if !hs.intact() && !opts.AcceptLoss {
		return fmt.Errorf("%w: one of the file's two headers is damaged, so the last transaction may be missing: "+
			"restore a backup, or open it with the loss accepted", eventlog.ErrCorrupt)
	}
	if err := notShort(f, hs.newest()); err != nil {
		return err
	}
	p := newPages(f, *hs.newest(), func(page uint64, reason string) error {
		return fmt.Errorf("%w: page %d: %s: restore a backup, or save what can be read into a new file",
			eventlog.ErrCorrupt, page, reason)
	})
	p.keys = true
	defer readAhead(f)()
	bs, err := p.buckets()
	if err != nil {
		return err
	}
	older := known(p, bs, hs.newest())
	if older != nil && !errors.Is(older, ErrOlder) {
		return older
	}
	for _, b := range bs {
		if err := p.rows(b, func(_, _ []byte) error { return nil }); err != nil {
			return err
		}
	}
	return older
}

// notShort refuses a file that was cut off: bbolt makes it longer first and
// uses the new pages afterwards.
func notShort(f *os.File, h *header) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if want := int64(h.pages * h.pageSize); info.Size() < want {
		return fmt.Errorf("%w: the file has %d bytes of at least %d: restore a backup", eventlog.ErrCorrupt, info.Size(), want)
	}
	return nil
}

// known refuses what another program or a newer version of this one wrote.
func known(p *pages, bs []bucket, h *header) error {
	if len(bs) == 0 && fresh(h.txid) {
		return nil // initialised by bbolt, and by nobody else yet
	}
	if len(bs) == 0 {
		return fmt.Errorf("%w: the root page is of another time: restore a backup", eventlog.ErrCorrupt)
	}
	q := newPages(p.file, p.head, p.damaged) // reads what p is going to read again
	for _, b := range bs {
		if b.name != string(bucketState) {
			continue
		}
		return knownState(q, b, h)
	}
	return errors.New("it is a bbolt file, but not a log")
}

// knownState refuses a file whose format or whose moment is another one.
func knownState(p *pages, b bucket, h *header) error {
	var pos position
	var upgrading error
	err := p.rows(b, func(k, v []byte) (err error) {
		if bytes.Equal(k, upgradeKey) {
			m, err := decodeMark(v)
			upgrading = &olderError{m.from}
			return err
		}
		if err := upgradable(v); err != nil {
			return err
		}
		pos, err = decodePosition(v)
		return err
	})
	if err == nil && pos.txid != h.txid {
		err = fmt.Errorf("%w: the newest header and the root page are of different times: restore a backup", eventlog.ErrCorrupt)
	}
	if err == nil {
		err = upgrading
	}
	return err
}

// fresh reports whether a file whose newest transaction is this one was made
// by bbolt and not written to: its two headers are of transactions 0 and 1. An
// empty root in any other is a page of another time.
func fresh(txid uint64) bool { return txid <= 1 }

// lockShared waits for whoever writes to the file to let go of it. A file that
// bbolt cannot even map has no lock worth waiting for.
func lockShared(path string) (unlock func(), err error) {
	var db *bolt.DB
	err = guard(func() (err error) {
		db, err = bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, Timeout: lockTimeout})
		return err
	})
	if err := lockError(err); errors.Is(err, ErrLocked) {
		return nil, err
	}
	return func() {
		if db != nil {
			db.Close()
		}
	}, nil
}

// firstSize is the largest file that a first start which was cut off leaves.
const firstSize = 64 << 10

// unfinished reports whether a file is zeros but for what bbolt puts first.
func unfinished(f *os.File) bool {
	b, err := io.ReadAll(io.NewSectionReader(f, 0, firstSize+1))
	if err != nil || len(b) > firstSize {
		return false
	}
	// Two headers, an empty free list and an empty root have fewer than that.
	return len(b)-bytes.Count(b, []byte{0}) <= 128
}
