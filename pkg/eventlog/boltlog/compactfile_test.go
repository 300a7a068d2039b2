package boltlog_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

// holed makes a log with much free room in it.
func holed(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log.db")
	l := mustOpen(t, path, boltlog.Options{})
	fill(t, l, 600)
	if err := l.Put(t.Context(), payload("kept", 300_000)); err != nil {
		t.Fatal(err)
	}
	if err := l.Purge(t.Context(), "run/0", "run/2", "run/4", "run/6", "run/8"); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, l, 0)
	mustClose(t, l)
	return path
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	es, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range es {
		all = append(all, e.Name())
	}
	return all
}

// A log is compacted in place; all is there, and nothing is left beside it.
func TestCompactFile(t *testing.T) {
	path := holed(t)
	l := mustOpen(t, path, boltlog.Options{})
	want := contents(t, l)
	usage := l.Usage()
	if _, err := boltlog.CompactFile(t.Context(), path, boltlog.CompactOptions{}); !errors.Is(err, boltlog.ErrLocked) {
		t.Errorf("CompactFile of an open log = %v", err)
	}
	mustClose(t, l)
	stale := filepath.Join(filepath.Dir(path), ".compact-log.db-123")
	if err := os.WriteFile(stale, []byte("cut off"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := boltlog.CompactFile(t.Context(), path, boltlog.CompactOptions{Room: func() (int64, error) { return 1 << 40, nil }})
	if err != nil {
		t.Fatal(err)
	}
	if c.Left || c.Before != usage.Bytes || c.After >= c.Before-c.Free/2 || c.Free < usage.Free/2 {
		t.Errorf("%+v, it had %+v", c, usage)
	}
	if diff := cmp.Diff([]string{"log.db"}, names(t, filepath.Dir(path))); diff != "" {
		t.Errorf("what is there: %s", diff)
	}
	mustBeClean(t, path)
	l = mustOpen(t, path, boltlog.Options{})
	defer mustClose(t, l)
	if diff := cmp.Diff(want, contents(t, l), cmp.Comparer(bytes.Equal)); diff != "" {
		t.Errorf("compacted (-want +got):\n%s", diff)
	}
	if _, err := l.Get(t.Context(), payload("kept", 300_000).Hash); err != nil {
		t.Error(err)
	}
	if err := l.Append(t.Context(), eventlog.Batch{Stream: "new", Record: []byte("x")}); err != nil {
		t.Error(err)
	}
}

// What cannot be, or is not worth it, leaves the file as it was and nothing
// beside it.
func TestCompactFileLeft(t *testing.T) {
	path := holed(t)
	was, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	room := func(n int64) func() (int64, error) { return func() (int64, error) { return n, nil } }
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	broken := filepath.Join(t.TempDir(), "log.db")
	damaged := bytes.Clone(was)
	for i := 4 * 4096; i < len(damaged); i += 512 {
		damaged[i+100] ^= 0x55
	}
	if err := os.WriteFile(broken, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(t.TempDir(), "log.db")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		ctx  context.Context //nolint:containedctx // of one case
		path string
		o    boltlog.CompactOptions
		want error // nil: left alone
	}{
		"no room":       {t.Context(), path, boltlog.CompactOptions{Room: room(1 << 20)}, boltlog.ErrNoRoom},
		"not worth it":  {t.Context(), path, boltlog.CompactOptions{Least: 0.999}, nil},
		"ended":         {ended, path, boltlog.CompactOptions{}, context.Canceled},
		"damaged":       {t.Context(), broken, boltlog.CompactOptions{}, eventlog.ErrCorrupt},
		"empty":         {t.Context(), empty, boltlog.CompactOptions{}, eventlog.ErrCorrupt},
		"no such thing": {t.Context(), path + ".none", boltlog.CompactOptions{}, os.ErrNotExist},
	} {
		got, err := boltlog.CompactFile(c.ctx, c.path, c.o)
		if !errors.Is(err, c.want) || (c.want == nil) != got.Left {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if is, err := os.ReadFile(path); err != nil || len(is) != len(was) {
		t.Errorf("the file has %d bytes of %d, %v", len(is), len(was), err)
	}
	if diff := cmp.Diff([]string{"log.db"}, names(t, filepath.Dir(path))); diff != "" {
		t.Errorf("what is there: %s", diff)
	}
	mustBeClean(t, path)
}

// One who waited for the lock of a file that lost its name does not write to it.
func TestOpenCompacted(t *testing.T) {
	path := holed(t)
	opts := boltlog.Options{}.WithOpenFile(func(name string, flag int, mode os.FileMode) (*os.File, error) {
		f, err := os.OpenFile(name, flag, mode)
		if err == nil { // somebody else had the lock until now
			err = errors.Join(os.Rename(path, path+".old"), os.Link(path+".old", path+".x"))
			b, rerr := os.ReadFile(path + ".old")
			err = errors.Join(err, rerr, os.WriteFile(path, b, 0o600))
		}
		return f, err
	})
	if _, err := boltlog.Open(path, opts); !errors.Is(err, boltlog.ErrLocked) {
		t.Errorf("Open = %v", err)
	}
}
