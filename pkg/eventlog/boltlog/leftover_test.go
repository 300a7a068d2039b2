//go:build unix && !aix && !illumos && !solaris

package boltlog_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

// leave makes files as those leave them who are killed.
func leave(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("cut off"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Opening a log removes what was to become it, or a copy beside it, and never
// did: nothing of other logs, and nothing that has another name.
func TestOpenRemovesLeftovers(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "log.db")
	leave(t, dir, ".compact-log.db-1", ".new-log.db-22", ".restore-log.db", ".restore-log.db.format1", ".engine-copy-333")
	leave(t, dir, ".compact-other.db-1", ".new-other.db-2", ".restore-other.db", ".engine-copy-of-mine", "log.db.format1", "log.db.before-1")
	mustClose(t, mustOpen(t, path, boltlog.Options{}))
	want := []string{".compact-other.db-1", ".engine-copy-of-mine", ".new-other.db-2", ".restore-other.db", "log.db", "log.db.before-1", "log.db.format1"}
	if diff := cmp.Diff(want, names(t, dir)); diff != "" {
		t.Errorf("what is there (-want +got):\n%s", diff)
	}
}

// A copy removes what was left of others that were cut off, and nothing of one
// that is under way.
func TestBackupLeavesOthers(t *testing.T) {
	src, dir := holed(t), t.TempDir()
	whole, err := os.ReadFile(src)
	if err != nil {
		t.Fatal(err)
	}
	leave(t, dir, ".engine-copy-1")
	half := readers{io.LimitReader(bytes.NewReader(whole), 100), func() {
		if _, err := boltlog.BackupFile(t.Context(), filepath.Join(dir, "second.db"), src, boltlog.CopyOptions{}); err != nil {
			t.Error(err)
		}
		leave(t, dir, ".engine-copy-2")
	}, bytes.NewReader(whole[100:])}
	if _, err := boltlog.Receive(t.Context(), filepath.Join(dir, "first.db"), &half, boltlog.CopyOptions{}); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{".engine-copy-2", "first.db", "second.db"}, names(t, dir)); diff != "" {
		t.Errorf("what is there (-want +got):\n%s", diff)
	}
}

// readers is first, then second; between them something happens.
type readers struct {
	first   io.Reader
	between func()
	second  io.Reader
}

func (r *readers) Read(b []byte) (int, error) {
	if r.between != nil {
		n, err := r.first.Read(b)
		if !errors.Is(err, io.EOF) {
			return n, err
		}
		r.between()
		r.between = nil
	}
	return r.second.Read(b)
}

// Nobody opens a log that is held, damaged or not; afterwards they do.
func TestHold(t *testing.T) {
	path := holed(t)
	l := mustOpen(t, path, boltlog.Options{})
	if _, err := boltlog.Hold(path); !errors.Is(err, boltlog.ErrLocked) {
		t.Errorf("Hold of an open log = %v", err)
	}
	mustClose(t, l)
	release, err := boltlog.Hold(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := boltlog.Open(path, boltlog.Options{}); !errors.Is(err, boltlog.ErrLocked) {
		t.Errorf("Open of a log that is held = %v", err)
	}
	release()
	mustClose(t, mustOpen(t, path, boltlog.Options{}))
	damaged := filepath.Join(t.TempDir(), "log.db")
	leave(t, filepath.Dir(damaged), "log.db")
	if release, err = boltlog.Hold(damaged); err != nil {
		t.Fatal(err)
	}
	release()
}
