//go:build unix

package boltlog_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

func TestFileModes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "made", "by us", "log.db")
	mustClose(t, mustOpen(t, path, boltlog.Options{}))
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v (%v), want %v", name, info.Mode().Perm(), err, want)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); left != nil {
		t.Errorf("left behind: %v", left)
	}
}

// Files as a first start leaves them that was cut off.
func TestFirstStart(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole")
	mustClose(t, mustOpen(t, whole, boltlog.Options{}))
	b, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	plain := filepath.Join(t.TempDir(), "plain")
	db, err := bolt.Open(plain, 0o600, nil)
	if err != nil || db.Close() != nil {
		t.Fatal(err)
	}
	initialised, err := os.ReadFile(plain)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file []byte
		says string // empty: opens
	}{
		"empty":        {nil, ""},
		"initialised":  {initialised, ""},
		"whole":        {b, ""},
		"zeros":        {make([]byte, 16384), "remove it and start again"},
		"first page":   {append(slices.Clone(initialised[:4096]), make([]byte, 12288)...), "remove it and start again"},
		"another kind": {[]byte(strings.Repeat("SQLite format 3", 2000)), "no log at all"},
	} {
		path := filepath.Join(t.TempDir(), "log.db")
		if err := os.WriteFile(path, c.file, 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := boltlog.Open(path, boltlog.Options{})
		if c.says == "" {
			if err != nil {
				t.Errorf("%s: Open = %v", name, err)
				continue
			}
			mustAppend(t, l, 0)
			mustClose(t, l)
			mustBeClean(t, path)
			continue
		}
		if !errors.Is(err, eventlog.ErrCorrupt) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: Open = %v, want it to say %q", name, err, c.says)
		}
		if now, _ := os.ReadFile(path); string(now) != string(c.file) {
			t.Errorf("%s: the file was changed", name)
		}
	}
}

func TestTwoOwners(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	l := mustOpen(t, path, boltlog.Options{})
	defer l.Close()
	synctest.Test(t, func(t *testing.T) { // the time of the bubble is what Open waits
		began := time.Now()
		_, err := boltlog.Open(path, boltlog.Options{})
		if !errors.Is(err, boltlog.ErrLocked) || !strings.Contains(err.Error(), path) {
			t.Errorf("Open of an open log = %v", err)
		}
		if waited := time.Since(began); waited > 2*time.Second {
			t.Errorf("it waited %v for the log", waited)
		}
	})
	if _, err := boltlog.Check(t.Context(), path); !errors.Is(err, boltlog.ErrLocked) {
		t.Errorf("Check of an open log = %v", err)
	}
	mustAppend(t, l, 0)
}

func TestForeignFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "other.db")
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoFreelistSync: true})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucket([]byte("somebody's"))
		return err
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := boltlog.Open(path, boltlog.Options{}); err == nil || !strings.Contains(err.Error(), "not a log") {
		t.Errorf("Open of another's bbolt file = %v", err)
	}
	if _, err := boltlog.Open(t.TempDir(), boltlog.Options{}); err == nil {
		t.Error("a directory was opened")
	}
}

// A file of a newer version is refused and not touched.
func TestNewer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	l := mustOpen(t, path, boltlog.Options{})
	mustAppend(t, l, 0)
	mustClose(t, l)
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoFreelistSync: true})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte("state"))
		k, v := b.Cursor().First()
		return b.Put(k, append([]byte{v[0] + 1}, "which nobody knows yet"...))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	was, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := boltlog.Open(path, boltlog.Options{}); !errors.Is(err, boltlog.ErrNewer) {
		t.Errorf("Open = %v, want %v", err, boltlog.ErrNewer)
	}
	if _, err := boltlog.Check(t.Context(), path); !errors.Is(err, boltlog.ErrNewer) {
		t.Errorf("Check = %v, want %v", err, boltlog.ErrNewer)
	}
	if now, _ := os.ReadFile(path); string(now) != string(was) {
		t.Error("the file was changed")
	}
}

func TestHeaders(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	l := mustOpen(t, path, boltlog.Options{})
	mustAppend(t, l, 0)
	mustClose(t, l)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for damaged, says := range map[string]string{
		"0": "two headers", "1": "two headers", "01": "both headers",
	} {
		b := []byte(string(whole))
		for _, page := range damaged {
			b[int(page-'0')*os.Getpagesize()+40] ^= 1
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := boltlog.Open(path, boltlog.Options{})
		if !errors.Is(err, eventlog.ErrCorrupt) || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "restore a backup") {
			t.Errorf("headers %s: Open = %v", damaged, err)
		}
		if r, err := boltlog.Check(t.Context(), path); err != nil || r.Clean() {
			t.Errorf("headers %s: Check = %v, %v", damaged, r.Damage, err)
		}
		l, err := boltlog.Open(path, boltlog.Options{AcceptLoss: true})
		if damaged == "01" {
			if err == nil {
				t.Error("a log without a header was opened")
			}
			continue
		}
		if err != nil {
			t.Errorf("headers %s: Open with the loss accepted = %v", damaged, err)
			continue
		}
		head, _, err := l.Head(t.Context(), "r")
		if err != nil || head.Records > 1 {
			t.Errorf("headers %s: Head = %+v, %v", damaged, head, err)
		}
		mustAppend(t, l, head.Records)
		mustClose(t, l)
		mustBeClean(t, path)
	}
}
