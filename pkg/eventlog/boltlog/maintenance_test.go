package boltlog_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
	"github.com/keelstep/keelstep/pkg/eventlog/logtest"
)

func contents(t *testing.T, l *boltlog.Log) logtest.Content {
	t.Helper()
	c, err := logtest.Contents(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// fill appends turns to several streams; the even ones end.
func fill(t *testing.T, l *boltlog.Log, turns int) {
	t.Helper()
	for i := range turns {
		run := i % 10
		b := eventlog.Batch{
			Stream: fmt.Sprint("run/", run), After: uint64(i / 10), Record: make([]byte, 100*i),
			Summary: &eventlog.Summary{Ended: run%2 == 0},
		}
		if err := l.Append(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
}

// A purged stream is gone for good, an open one stays, the others never notice.
func TestPurge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	l := mustOpen(t, path, boltlog.Options{})
	fill(t, l, 100)
	for _, bad := range []string{"run/1", ""} {
		if err := l.Purge(t.Context(), "run/0", bad); err == nil {
			t.Errorf("Purge of %q went well", bad)
		}
	}
	if err := l.Purge(t.Context(), "run/1"); !errors.Is(err, boltlog.ErrOpen) {
		t.Errorf("Purge of an open stream = %v, want %v", err, boltlog.ErrOpen)
	}
	want := contents(t, l)
	for _, name := range []string{"run/0", "run/4"} {
		delete(want.Records, name)
	}
	kept := want.Summaries[:0]
	for _, s := range want.Summaries {
		if s.Stream != "run/0" && s.Stream != "run/4" {
			kept = append(kept, s)
		}
	}
	want.Summaries = kept
	if err := l.Purge(t.Context(), "run/0", "run/4", "nobody", "run/0"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if diff := cmp.Diff(want, contents(t, l), cmp.Comparer(bytes.Equal)); diff != "" {
			t.Errorf("after the purge (-want +got):\n%s", diff)
		}
		mustClose(t, l)
		mustBeClean(t, path)
		l = mustOpen(t, path, boltlog.Options{})
	}
	if err := l.Append(t.Context(), eventlog.Batch{Stream: "run/0", Record: []byte("anew")}); err != nil {
		t.Errorf("the name of a purged stream is not free: %v", err)
	}
	mustClose(t, l)
}

func TestCompact(t *testing.T) {
	dir := t.TempDir()
	src, dst := filepath.Join(dir, "src.db"), filepath.Join(dir, "dst.db")
	l := mustOpen(t, src, boltlog.Options{Records: 30})
	fill(t, l, 200)
	if err := l.Purge(t.Context(), "run/0", "run/2", "run/4", "run/6"); err != nil {
		t.Fatal(err)
	}
	fill2 := eventlog.Batch{Stream: "late", Record: []byte("in the journal")}
	if err := l.Append(t.Context(), fill2); err != nil {
		t.Fatal(err)
	}
	want := contents(t, l)
	if err := boltlog.Compact(t.Context(), dst, src); !errors.Is(err, boltlog.ErrLocked) {
		t.Errorf("Compact of an open log = %v", err)
	}
	mustClose(t, l)
	if err := boltlog.Compact(t.Context(), dst, src); err != nil {
		t.Fatal(err)
	}
	if err := boltlog.Compact(t.Context(), dst, src); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Compact onto a file = %v", err)
	}
	mustBeClean(t, dst)
	was, _ := os.Stat(src)
	is, err := os.Stat(dst)
	if err != nil || is.Size() >= was.Size() || is.Mode().Perm() != 0o600 {
		t.Errorf("compacted to %v bytes of %v, %v", is.Size(), was.Size(), err)
	}
	l = mustOpen(t, dst, boltlog.Options{})
	defer mustClose(t, l)
	if diff := cmp.Diff(want, contents(t, l), cmp.Comparer(bytes.Equal)); diff != "" {
		t.Errorf("compacted (-want +got):\n%s", diff)
	}
	fill2.After = 1
	if err := l.Append(t.Context(), fill2); err != nil {
		t.Error(err)
	}
}

// A copy of a log in use has all that was acknowledged before it began, and a
// check of it finds nothing while appends go on.
func TestCopyAndCheckInUse(t *testing.T) {
	l := mustOpen(t, filepath.Join(t.TempDir(), "log.db"), boltlog.Options{Records: 20})
	defer mustClose(t, l)
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() {
		var err error
		for i := uint64(0); err == nil; i++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			err = l.Append(t.Context(), eventlog.Batch{Stream: "busy", After: i, Record: make([]byte, 5000)})
		}
		done <- err
	}()
	for i := range uint64(20) {
		mustAppend(t, l, i)
		path := filepath.Join(t.TempDir(), "copy.db")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.WriteTo(f); err != nil {
			t.Fatal(err)
		}
		f.Close()
		if r, err := l.Check(t.Context()); err != nil || !r.Clean() || r.Records < i {
			t.Errorf("Check in use = %+v, %v", r, err)
		}
		mustBeClean(t, path)
		c := mustOpen(t, path, boltlog.Options{})
		if head, _, err := c.Head(t.Context(), "r"); err != nil || head.Records != i+1 {
			t.Errorf("the copy has %d records of %d, %v", head.Records, i+1, err)
		}
		mustClose(t, c)
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// The room of records that were cut is used again: a stream that is cut now
// and then never takes more than what it keeps.
func TestCutRoom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	l := mustOpen(t, path, boltlog.Options{Records: 500})
	size := func() int64 {
		if err := l.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	var first int64
	after := uint64(0)
	for round := range 20 {
		bs := make([]eventlog.Batch, 0, 1000)
		for range 1000 {
			b := eventlog.Batch{Stream: "run/1", After: after, Record: bytes.Repeat([]byte{byte(after)}, 1000)}
			if after > 1500 && after%500 == 0 {
				b.Cut = after - 1000
			}
			bs = append(bs, b)
			after++
		}
		if err := l.Append(t.Context(), bs...); err != nil {
			t.Fatal(err)
		}
		if round == 5 {
			first = size()
		}
	}
	const step = 4 << 20 // in which the file grows
	if last := size(); last > first+first/2+step {
		t.Errorf("the file has %d bytes after 20,000 records and had %d after 6,000", last, first)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err := boltlog.Check(t.Context(), path); err != nil || !r.Clean() {
		t.Errorf("Check = %v, %v", r.Damage, err)
	}
}
