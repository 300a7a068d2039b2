package boltlog_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

var backups = flag.Int("backups", 8, "how many copies are made under load")

// Copies of a log under load: each opens, is clean, and holds all that was
// acknowledged before it began.
func TestBackupUnderLoad(t *testing.T) {
	l := mustOpen(t, filepath.Join(t.TempDir(), "log.db"), boltlog.Options{Records: 300})
	defer mustClose(t, l)
	var acked [8]atomic.Uint64
	var stop atomic.Bool
	var load sync.WaitGroup
	for w := range acked {
		load.Go(func() {
			for n := uint64(0); !stop.Load(); n++ {
				err := l.Append(t.Context(), eventlog.Batch{
					Stream: fmt.Sprint("w", w), After: n, Record: fmt.Appendf(nil, "%d of %d", n, w),
					Send: []eventlog.Message{{ID: eventlog.MessageID{Sender: fmt.Sprint("w", w), Seq: n, Receiver: "all"}, Body: []byte("m")}},
				})
				if err != nil {
					t.Error(err)
					return
				}
				acked[w].Store(n + 1)
			}
		})
	}
	load.Go(func() { // runs that end and are purged: pages are freed while copies are made
		for i := 0; !stop.Load(); i++ {
			name := fmt.Sprint("purged", i)
			b := eventlog.Batch{Stream: name, Record: make([]byte, 20_000), Summary: &eventlog.Summary{Ended: true}}
			if err := errors.Join(l.Append(t.Context(), b), l.Purge(t.Context(), name)); err != nil {
				t.Error(err)
				return
			}
		}
	})
	dir := t.TempDir()
	for i := range *backups {
		var before [len(acked)]uint64
		for w := range acked {
			before[w] = acked[w].Load()
		}
		file := filepath.Join(dir, fmt.Sprint("copy", i))
		c, err := l.Backup(t.Context(), file, boltlog.CopyOptions{})
		if err != nil || !c.Report.Clean() || c.Report.Pages == 0 {
			t.Fatalf("copy %d: %+v, %v", i, c.Report.Damage, err)
		}
		if info, err := os.Stat(file); err != nil || info.Size() != c.Bytes || info.Mode().Perm() != 0o600 {
			t.Errorf("copy %d has %v bytes of %d, %v", i, info, c.Bytes, err)
		}
		mustBeClean(t, file)
		is := mustOpen(t, file, boltlog.Options{})
		for w, n := range before {
			name := fmt.Sprint("w", w)
			has := uint64(0)
			for rec, err := range is.Read(t.Context(), name, 0) {
				if want := fmt.Sprintf("%d of %d", has, w); err != nil || string(rec.Data) != want {
					t.Fatalf("copy %d: record %d is %q, %v, want %q", i, rec.Seq, rec.Data, err, want)
				}
				has++
			}
			if has < n {
				t.Errorf("copy %d: %s has %d records, %d were acknowledged before", i, name, has, n)
			}
			if err := is.Append(t.Context(), eventlog.Batch{Stream: name, After: has, Record: []byte("goes on")}); err != nil {
				t.Errorf("copy %d: %v", i, err)
			}
		}
		mustClose(t, is)
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	stop.Store(true)
	load.Wait()
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A copy of a log that nobody has open, and what is refused.
func TestBackupFile(t *testing.T) {
	dir := t.TempDir()
	src, dst := filepath.Join(dir, "log.db"), filepath.Join(dir, "copy.db")
	l := mustOpen(t, src, boltlog.Options{Records: 30})
	fill(t, l, 120)
	want := contents(t, l)
	if _, err := boltlog.BackupFile(t.Context(), dst, src, boltlog.CopyOptions{}); !errors.Is(err, boltlog.ErrLocked) {
		t.Errorf("BackupFile of an open log = %v", err)
	}
	mustClose(t, l)
	if _, err := l.Backup(t.Context(), dst, boltlog.CopyOptions{}); !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("Backup of a closed log = %v", err)
	}
	var told boltlog.CopyProgress
	c, err := boltlog.BackupFile(t.Context(), dst, src, boltlog.CopyOptions{Progress: func(p boltlog.CopyProgress) { told = p }})
	if err != nil || c.Report.Records != 120 {
		t.Fatalf("BackupFile = %+v, %v", c, err)
	}
	if told.Bytes == 0 || told.Bytes > c.Bytes {
		t.Errorf("told of %d bytes of %d", told.Bytes, c.Bytes)
	}
	if _, err := boltlog.BackupFile(t.Context(), dst, src, boltlog.CopyOptions{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("BackupFile onto a file = %v", err)
	}
	l = mustOpen(t, dst, boltlog.Options{})
	if diff := cmp.Diff(want, contents(t, l), cmp.Comparer(bytes.Equal)); diff != "" {
		t.Errorf("copied (-want +got):\n%s", diff)
	}
	mustClose(t, l)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, bad := range []struct {
		ctx      context.Context
		dst, src string
	}{{ended, "a", "log.db"}, {t.Context(), "a", "nowhere"}, {t.Context(), "no/dir/a", "log.db"}} {
		if _, err := boltlog.BackupFile(bad.ctx, filepath.Join(dir, bad.dst), filepath.Join(dir, bad.src), boltlog.CopyOptions{}); err == nil {
			t.Errorf("BackupFile of %s to %s went well", bad.src, bad.dst)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); left != nil {
		t.Errorf("left behind: %v", left)
	}
}

// A log that is damaged is not copied, unless nobody looks.
func TestBackupDamaged(t *testing.T) {
	dir := t.TempDir()
	src, dst := filepath.Join(dir, "log.db"), filepath.Join(dir, "copy.db")
	l := mustOpen(t, src, boltlog.Options{})
	defer mustClose(t, l)
	if err := l.Append(t.Context(), eventlog.Batch{Stream: "r", Record: []byte("the record")}); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(src, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := os.ReadFile(src)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.LastIndex(b, []byte("the record"))
	if at < 0 {
		t.Fatal("the record is not in the file")
	}
	if _, err := f.WriteAt([]byte("THE"), int64(at)); err != nil {
		t.Fatal(err)
	}
	var bad *boltlog.DamagedCopyError
	if c, err := l.Backup(t.Context(), dst, boltlog.CopyOptions{}); !errors.As(err, &bad) || bad.Report.Clean() {
		t.Errorf("Backup of a damaged log = %+v, %v", c, err)
	}
	if _, err := os.Stat(dst); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a damaged copy stayed: %v", err)
	}
	if _, err := l.Backup(t.Context(), dst, boltlog.CopyOptions{Unchecked: true}); err != nil {
		t.Error(err)
	}
}

// What breaks off as it is received is no copy, whether or not somebody looks.
func TestReceiveCutOff(t *testing.T) {
	src := holed(t)
	whole, err := os.ReadFile(src)
	if err != nil {
		t.Fatal(err)
	}
	gone := errors.New("the network is gone")
	for _, cut := range []error{io.ErrUnexpectedEOF, gone} {
		for _, size := range []int{0, 100, 1 << 20, len(whole)} {
			dir := t.TempDir()
			from := io.MultiReader(bytes.NewReader(whole[:min(size, len(whole))]), iotest.ErrReader(cut))
			_, err := boltlog.Receive(t.Context(), filepath.Join(dir, "copy.db"), from, boltlog.CopyOptions{Unchecked: true})
			if !errors.Is(err, cut) {
				t.Errorf("cut off after %d bytes with %v: Receive = %v", size, cut, err)
			}
			if left := names(t, dir); len(left) > 0 {
				t.Errorf("cut off after %d bytes: %q is there", size, left)
			}
		}
	}
}
