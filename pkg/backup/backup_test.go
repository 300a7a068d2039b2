package backup_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/backup"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

// clock is that of the bubble.
type clock struct{}

func (clock) Now() time.Time { return time.Now() }

func (clock) AfterFunc(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }

// source writes small files, or fails while broken is set.
type source struct {
	mu     sync.Mutex
	broken error
	takes  time.Duration
	made   int
}

// be has later copies fail, or take long, or neither.
func (s *source) be(broken error, takes time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken, s.takes = broken, takes
}

// begun is how many copies were begun.
func (s *source) begun() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.made
}

func (s *source) Backup(ctx context.Context, dst string, _ boltlog.CopyOptions) (boltlog.Copied, error) {
	s.mu.Lock()
	s.made++
	takes := s.takes
	s.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return boltlog.Copied{}, ctx.Err()
	}
	s.mu.Lock()
	broken := s.broken
	s.mu.Unlock()
	if broken != nil {
		return boltlog.Copied{}, broken
	}
	if _, err := os.Stat(dst); err == nil {
		return boltlog.Copied{}, fs.ErrExist
	}
	return boltlog.Copied{CopyProgress: boltlog.CopyProgress{Bytes: 4}}, os.WriteFile(dst, []byte("copy"), 0o600)
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestName(t *testing.T) {
	at := time.Date(2026, 3, 1, 4, 5, 6, 7_000_000, time.FixedZone("", 3600))
	name := backup.Name(at)
	if want := "engine-20260301T030506.007Z.db"; name != want {
		t.Errorf("Name = %s, want %s", name, want)
	}
	if got, ok := backup.TimeOf(name); !ok || !got.Equal(at) {
		t.Errorf("TimeOf(%s) = %v, %v", name, got, ok)
	}
	for _, bad := range []string{"", "engine.db", "engine-.db", "engine-20260301T030506Z.db", name + ".old", "x" + name, "engine-20261301T030506.007Z.db"} {
		if at, ok := backup.TimeOf(bad); ok {
			t.Errorf("TimeOf(%q) = %v", bad, at)
		}
	}
}

// The newest copies stay, others' files are left alone, and a restart waits
// for the age of the newest.
func TestKeepsTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := filepath.Join(t.TempDir(), "made", "by us")
		src := &source{}
		o := backup.Options{Source: src, Clock: clock{}, To: to, Every: time.Hour, Keep: 3}
		w := backup.Start(o)
		began := time.Now()
		time.Sleep(5*time.Hour + time.Minute)
		synctest.Wait()
		want := []string{backup.Name(began.Add(3 * time.Hour)), backup.Name(began.Add(4 * time.Hour)), backup.Name(began.Add(5 * time.Hour))}
		if diff := cmp.Diff(want, names(t, to)); diff != "" {
			t.Errorf("copies after 5 h (-want +got):\n%s", diff)
		}
		s := w.Status()
		if s.Last == nil || !s.Last.At.Equal(began.Add(5*time.Hour)) || !s.Next.Equal(began.Add(6*time.Hour)) || s.Failures != 0 {
			t.Errorf("status %+v", s)
		}
		w.Close()
		time.Sleep(30 * time.Minute)
		for _, name := range []string{"notes.txt", "engine-mine.db", ".engine-copy-fresh"} {
			if err := os.WriteFile(filepath.Join(to, name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		was := src.begun()
		w = backup.Start(o)
		synctest.Wait()
		if src.begun() != was {
			t.Error("a restart made a copy though the newest is 31 minutes old")
		}
		if s := w.Status(); s.Last == nil || s.Last.Bytes != 4 || !s.Next.Equal(began.Add(6*time.Hour)) {
			t.Errorf("status after a restart %+v", s)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		got := names(t, to)
		for _, name := range []string{"notes.txt", "engine-mine.db", backup.Name(began.Add(6 * time.Hour))} {
			if !slices.Contains(got, name) {
				t.Errorf("%s is not there: %v", name, got)
			}
		}
		w.Close()
	})
}

// A copy that fails is tried again, later each time; it is shown, logged, and
// over with the first that goes well.
func TestFailing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &source{broken: errors.New("no room")}
		w := backup.Start(backup.Options{Source: src, Clock: clock{}, To: t.TempDir(), Every: 24 * time.Hour, Keep: 2})
		defer w.Close()
		began := time.Now()
		synctest.Wait()
		if s := w.Status(); s.Failures != 1 || s.Err != "no room" || !s.FailedAt.Equal(began) || !s.Next.Equal(began.Add(time.Minute)) {
			t.Errorf("status %+v", s)
		}
		time.Sleep(6 * time.Hour)
		synctest.Wait()
		if src.begun() < 10 || src.begun() > 20 {
			t.Errorf("%d copies were tried in 6 hours", src.begun())
		}
		src.be(nil, 0)
		time.Sleep(31 * time.Minute)
		synctest.Wait()
		if s := w.Status(); s.Failures != 0 || s.Err != "" || s.Last == nil {
			t.Errorf("status after a copy that went well %+v", s)
		}
	})
}

// Copies are made one at a time; the one under way ends with the worker; two
// of one moment have two names.
func TestOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := t.TempDir()
		src := &source{takes: time.Minute}
		w := backup.Start(backup.Options{Source: src, Clock: clock{}, To: to})
		began := time.Now()
		for range 2 {
			go func() { _, _ = w.Make(t.Context()) }()
		}
		synctest.Wait()
		if src.begun() != 1 {
			t.Errorf("%d copies are made at once", src.begun())
		}
		time.Sleep(2*time.Minute + time.Second)
		synctest.Wait()
		src.be(nil, 0)
		for range 2 {
			if _, err := w.Make(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if got := names(t, to); len(got) != 4 {
			t.Errorf("copies %v, want 4", got)
		}
		if next := w.Status().Next; !next.IsZero() {
			t.Errorf("the next is at %v, want never", next.Sub(began))
		}
		src.be(nil, time.Hour)
		ended := make(chan error)
		go func() { _, err := w.Make(t.Context()); ended <- err }()
		synctest.Wait()
		w.Close()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the copy under way ended with %v", err)
		}
		if s := w.Status(); s.Failures != 0 {
			t.Errorf("a copy that was given up counts as failed: %+v", s)
		}
		if _, err := w.Make(t.Context()); !errors.Is(err, context.Canceled) {
			t.Errorf("Make of a closed worker = %v", err)
		}
	})
}

// What a copy that was cut off left behind goes when it is a day old.
func TestSweep(t *testing.T) {
	to := t.TempDir()
	for name, age := range map[string]time.Duration{".engine-copy-old": 25 * time.Hour, ".engine-copy-new": time.Hour, "mine": 100 * time.Hour} {
		file := filepath.Join(to, name)
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-age)
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
	w := backup.Start(backup.Options{Source: &source{}, Clock: clock{}, To: to})
	defer w.Close()
	m, err := w.Make(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{".engine-copy-new", filepath.Base(m.File), "mine"}, names(t, to)); diff != "" {
		t.Errorf("left behind (-want +got):\n%s", diff)
	}
}

// logWith makes a log with some runs and a book.
func logWith(t *testing.T, path string, runs int) {
	t.Helper()
	l, err := boltlog.Open(path, boltlog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i := range runs {
		s := &eventlog.Summary{Kind: "run", Status: "waiting"}
		if i%3 == 0 {
			s = &eventlog.Summary{Kind: "run", Status: "succeeded", Ended: true}
		}
		b := eventlog.Batch{Stream: fmt.Sprint("run-", i), Record: []byte("begun"), At: at.Add(time.Duration(i) * time.Second), Summary: s}
		if err := l.Append(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	b := eventlog.Batch{Stream: "book/b", Record: []byte("b"), At: at, Summary: &eventlog.Summary{Kind: "book", Ended: true}}
	if err := errors.Join(l.Append(t.Context(), b), l.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestRestore(t *testing.T) {
	dir := t.TempDir()
	src, dst := filepath.Join(dir, "copy.db"), filepath.Join(dir, "data", "engine.db")
	logWith(t, src, 7)
	r, err := backup.Restore(t.Context(), dst, src, backup.RestoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r.Bytes = 0
	want := backup.Restored{
		File: dst, Records: 8, Newest: time.Date(2026, 1, 2, 3, 4, 11, 0, time.UTC), Books: 1,
		Runs: []backup.Count{{"waiting", 4}, {"succeeded", 3}},
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("restored (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"engine.db"}, names(t, filepath.Dir(dst))); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	was, err := os.ReadFile(dst)
	if err != nil {
		t.Fatal(err)
	}
	// A log that is there stays, and with force stays beside.
	logWith(t, filepath.Join(dir, "other.db"), 2)
	if _, err := backup.Restore(t.Context(), dst, filepath.Join(dir, "other.db"), backup.RestoreOptions{}); !errors.Is(err, backup.ErrOccupied) {
		t.Errorf("Restore over a log = %v", err)
	}
	at := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	for range 2 {
		r, err = backup.Restore(t.Context(), dst, filepath.Join(dir, "other.db"), backup.RestoreOptions{Force: true, At: at})
		if !errors.Is(err, fs.ErrExist) {
			at = at.Add(time.Second)
		}
	}
	if err != nil || r.Records != 3 {
		t.Errorf("Restore with force = %+v, %v", r, err)
	}
	kept, err := os.ReadFile(dst + ".before-20260506T070809.000Z")
	if err != nil || string(kept) != string(was) {
		t.Errorf("the log that was there is not kept as it was: %v", err)
	}
}

// What cannot be restored leaves everything as it is.
func TestRestoreRefuses(t *testing.T) {
	dir := t.TempDir()
	good, dst := filepath.Join(dir, "good.db"), filepath.Join(dir, "engine.db")
	logWith(t, good, 3)
	damaged := filepath.Join(dir, "damaged.db")
	b, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	b = []byte(strings.ReplaceAll(string(b), "begun", "Begun"))
	if err := errors.Join(os.WriteFile(damaged, b, 0o600), os.WriteFile(filepath.Join(dir, "text"), []byte("no log"), 0o600)); err != nil {
		t.Fatal(err)
	}
	var bad *boltlog.DamagedCopyError
	if _, err := backup.Restore(t.Context(), dst, damaged, backup.RestoreOptions{}); !errors.As(err, &bad) || len(bad.Report.Damage) == 0 {
		t.Errorf("Restore of a damaged copy = %v", err)
	}
	for _, src := range []string{"nowhere", "text", "."} {
		if _, err := backup.Restore(t.Context(), dst, filepath.Join(dir, src), backup.RestoreOptions{}); err == nil {
			t.Errorf("Restore of %s went well", src)
		}
	}
	if diff := cmp.Diff([]string{"damaged.db", "good.db", "text"}, names(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	logWith(t, dst, 1)
	was, _ := os.ReadFile(dst)
	l, err := boltlog.Open(dst, boltlog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Restore(t.Context(), dst, good, backup.RestoreOptions{Force: true}); !errors.Is(err, boltlog.ErrLocked) {
		t.Errorf("Restore over an open log = %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Restore(t.Context(), dst, dst, backup.RestoreOptions{Force: true}); err == nil {
		t.Error("a log was restored from itself")
	}
	if _, err := backup.Restore(t.Context(), dst, damaged, backup.RestoreOptions{Force: true}); !errors.As(err, &bad) {
		t.Errorf("Restore of a damaged copy = %v", err)
	}
	if now, _ := os.ReadFile(dst); string(now) != string(was) {
		t.Error("the log that was there was changed")
	}
}
