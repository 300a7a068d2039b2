package boltlog

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
)

// ErrOlder says that an older version of the program wrote the file, or that
// its upgrade was interrupted. Opening it upgrades it, behind a copy of it as
// it was.
var ErrOlder = errors.New("the log was written by an older version: opening it upgrades it")

// upgrade takes a file from one format to the next. It runs as many
// transactions, each of which can be the last before the power goes.
type upgrade struct {
	// position reads the log's position as that format has it.
	position func([]byte) (position, error)
	// step does the part behind the place that the step before returned, empty
	// at first; a next of nil means that all is done. What it does to a row must
	// be known by the row: it may meet those that it wrote itself.
	step func(tx *bolt.Tx, after []byte) (next []byte, err error)
}

// upgrades is what this program can upgrade, by the format to begin from.
// There is one format so far.
var upgrades = map[byte]upgrade{}

// olderError is the error of a file that opening upgrades.
type olderError struct{ from byte }

func (e *olderError) Error() string {
	return fmt.Sprintf("%s (its format is %d, now it is %d)", ErrOlder, e.from, format)
}

func (e *olderError) Unwrap() error { return ErrOlder }

// newerError is the error of a file that this program must not touch.
func newerError(has byte) error {
	return fmt.Errorf("%w: its format is %d, and this program reads up to %d: start the newer program, "+
		"or restore a backup from before the upgrade into another directory", ErrNewer, has, format)
}

// upgradeKey is where an upgrade under way notes how far it is. The log's
// position is in the newest format from its first transaction on, so that an
// older program refuses the file.
var upgradeKey = []byte("upgrade")

// mark is how far an upgrade is.
type mark struct {
	from  byte
	after []byte
}

func (m mark) encode() []byte {
	return seal(appendBytes([]byte{format, m.from}, m.after))
}

func decodeMark(b []byte) (m mark, err error) {
	body, ok := unseal(b)
	d := decoder{b: body}
	version := d.byte()
	m.from, m.after = d.byte(), bytes.Clone(d.bytes())
	if !ok || !d.done() || version != format {
		return m, corrupt("", 0, "the note on how far the upgrade is, is damaged")
	}
	return m, nil
}

// upgradable returns the error of a file whose position this program reads
// only after an upgrade; nil when it is none of those.
func upgradable(position []byte) error {
	if len(position) == 0 || position[0] == format {
		return nil
	}
	if position[0] > format {
		return newerError(position[0])
	}
	if _, ok := upgrades[position[0]]; !ok {
		return nil // no format that ever was: it is damaged
	}
	return &olderError{position[0]}
}

// upgradeFile brings a file to this program's format. It holds the file's lock
// all the time, and copies the file as it is before it changes anything.
func upgradeFile(path string, opts Options) error {
	db, err := openBolt(path, opts)
	if err != nil {
		return err
	}
	return errors.Join(guard(func() error { return upgradeBolt(db, path) }), db.Close())
}

func upgradeBolt(db *bolt.DB, path string) error {
	m, p, begun, err := whereUpgrade(db)
	if err != nil {
		return err
	}
	if !begun {
		if err := keepOld(db, path, m.from); err != nil {
			return fmt.Errorf("copy the log before its upgrade: %w", err)
		}
	}
	for m.from < format {
		err := db.Update(func(tx *bolt.Tx) error {
			next, err := upgrades[m.from].step(tx, m.after)
			if err != nil {
				return fmt.Errorf("upgrade the log from format %d: %w", m.from, err)
			}
			if m.after = next; next == nil {
				m.from++
			}
			return noteUpgrade(tx, m, p)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// whereUpgrade returns how far an upgrade is, whether it has begun, and the
// log's position.
func whereUpgrade(db *bolt.DB) (m mark, p position, begun bool, err error) {
	err = db.View(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketState)
		is := b.Get(stateKey)
		noted := b.Get(upgradeKey)
		switch {
		case noted != nil:
			begun = true
			if m, err = decodeMark(noted); err == nil {
				p, err = decodePosition(is)
			}
		case len(is) > 0 && is[0] < format:
			m.from = is[0]
			u, ok := upgrades[m.from]
			if !ok {
				return corrupt("", 0, "the log's position is damaged")
			}
			p, err = u.position(is)
		default:
			m.from = format // another process was faster
			begun = true
		}
		return err
	})
	return m, p, begun, err
}

// noteUpgrade writes how far the upgrade is; nothing when it is over.
func noteUpgrade(tx *bolt.Tx, m mark, p position) error {
	b := tx.Bucket(bucketState)
	p.txid = uint64(tx.ID())
	if err := b.Put(stateKey, p.encode()); err != nil {
		return err
	}
	if m.from == format {
		return b.Delete(upgradeKey)
	}
	return b.Put(upgradeKey, m.encode())
}

// keepOld copies the file as it is beside itself. A copy of this very moment
// that is there already will do.
func keepOld(db *bolt.DB, path string, from byte) error {
	name := fmt.Sprintf("%s.format%d", path, from)
	for n := 2; ; n++ {
		err := db.View(func(tx *bolt.Tx) error {
			if sameMoment(name, tx) {
				return nil
			}
			return writeCopy(tx, name)
		})
		if !errors.Is(err, os.ErrExist) {
			return err
		}
		name = fmt.Sprintf("%s.format%d-%d", path, from, n)
	}
}

// sameMoment reports whether a file is a copy of the log as tx sees it.
func sameMoment(name string, tx *bolt.Tx) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	hs, err := readHeaders(f)
	return err == nil && hs.intact() && hs.newest().txid == uint64(tx.ID())
}

// writeCopy writes what tx sees to a new file, which gets its name last.
func writeCopy(tx *bolt.Tx, name string) error {
	f, err := copyFile(filepath.Dir(name))
	if err != nil {
		return err
	}
	defer f.Close() // with its lock, once it has its name
	defer os.Remove(f.Name())
	_, err = tx.WriteTo(f)
	if err := errors.Join(err, f.Sync()); err != nil {
		return err
	}
	return place(f.Name(), name)
}
