package boltlog

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// guard runs f and turns a panic into an error. bbolt panics on pages that
// make no sense, and a page beyond the file's end is a memory fault.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = corrupt("", 0, "a page of the file cannot be read: %v", p)
		}
	}()
	return f()
}

// isFull reports whether err is a disk, a quota or a file at its limit. bbolt
// passes some errors on as text alone.
func isFull(err error) bool {
	for _, full := range []syscall.Errno{syscall.ENOSPC, syscall.EFBIG, syscall.EDQUOT} {
		if errors.Is(err, full) || err != nil && strings.Contains(err.Error(), full.Error()) {
			return true
		}
	}
	return false
}

// reached reports whether the header of a failed transaction got into the
// file, so that it may have happened after all.
func (l *Log) reached(txid uint64) bool {
	hs, err := readHeaders(l.raw)
	return err != nil || hs.newest().txid >= txid
}

// probeSize is about what a transaction needs.
const probeSize = 256 << 10

// probe finds out whether a full disk has space again, without bbolt: a failed
// transaction makes it read the whole file.
func (l *Log) probe() error {
	f, err := os.CreateTemp(parentOf(l.path), ".space-*")
	if err == nil {
		_, err = f.Write(make([]byte, probeSize))
		err = errors.Join(err, f.Sync(), f.Close(), os.Remove(f.Name()))
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", eventlog.ErrFull, err)
}

// ofStream names the stream in the error of a page that could not be read.
func ofStream(name string, err error) error {
	var c *eventlog.CorruptError
	if errors.As(err, &c) && c.Stream == "" {
		return corrupt(name, c.Seq, "%s", c.Reason)
	}
	return err
}
