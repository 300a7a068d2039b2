//go:build unix

package boltlog_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

var upgradeKills = flag.Int("upgrades", 6, "how often an upgrade is killed")

// upgraderEnv makes the test binary open the log that it names, slowly.
const upgraderEnv = "KEELSTEP_TEST_UPGRADER"

// before is a format that never was: heads have another first byte.
const before = 0

var heads = []byte("heads")

// stepOf upgrades so many heads in each transaction.
func stepOf(rows int) func(*bolt.Tx, []byte) ([]byte, error) {
	return func(tx *bolt.Tx, after []byte) ([]byte, error) {
		b := tx.Bucket(heads)
		c := b.Cursor()
		k, v := c.Seek(after)
		for n := 0; k != nil; k, v = c.Next() {
			if bytes.Equal(k, after) {
				continue
			}
			if n++; n > rows {
				return after, nil
			}
			after = bytes.Clone(k)
			if v[0] == before {
				if err := b.Put(after, boltlog.Reformat(v, before+1)); err != nil {
					return nil, err
				}
				c.Seek(after)
			}
		}
		return nil, nil
	}
}

// downgrade makes a log one of the format before.
func downgrade(t *testing.T, path string) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoFreelistSync: true})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket(heads)
		var keys [][]byte
		for k := range rowsOf(b) {
			keys = append(keys, bytes.Clone(k))
		}
		for _, k := range keys {
			if err := b.Put(k, boltlog.Reformat(b.Get(k), before)); err != nil {
				return err
			}
		}
		s := tx.Bucket([]byte("state"))
		k, v := s.Cursor().First()
		return s.Put(bytes.Clone(k), boltlog.Reformat(v, before))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func rowsOf(b *bolt.Bucket) func(func(k, v []byte) bool) {
	return func(yield func(k, v []byte) bool) {
		c := b.Cursor()
		for k, v := c.First(); k != nil && yield(k, v); k, v = c.Next() {
		}
	}
}

// older makes a log of the format before and returns what is in it, and the
// file's bytes.
func older(t *testing.T, path string) (want any, file []byte) {
	t.Helper()
	l := mustOpen(t, path, boltlog.Options{Records: 20})
	fill(t, l, 100)
	if err := l.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, l, 0) // something stays in the journal
	want = contents(t, l)
	mustClose(t, l)
	downgrade(t, path)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return want, file
}

// equal compares what is in a log with what was.
func equal(t *testing.T, path string, want any) {
	t.Helper()
	l := mustOpen(t, path, boltlog.Options{})
	defer mustClose(t, l)
	if diff := cmp.Diff(want, any(contents(t, l)), cmp.Comparer(bytes.Equal)); diff != "" {
		t.Errorf("upgraded (-want +got):\n%s", diff)
	}
}

// A file of an older format is upgraded in steps. Cut off at each of them, the
// next start goes on; the file as it was stays beside.
func TestUpgrade(t *testing.T) {
	t.Cleanup(boltlog.UpgradeFrom(before, stepOf(3)))
	dir := t.TempDir()
	path := filepath.Join(dir, "log.db")
	want, file := older(t, path)
	if _, err := boltlog.Check(t.Context(), path); !errors.Is(err, boltlog.ErrOlder) {
		t.Errorf("Check of an older log = %v", err)
	}
	cut := errors.New("cut off here")
	for fail := 1; ; fail++ {
		path := filepath.Join(t.TempDir(), "log.db")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		n := 0
		restore := boltlog.UpgradeFrom(before, func(tx *bolt.Tx, after []byte) ([]byte, error) {
			if n++; n == fail {
				return nil, cut
			}
			return stepOf(3)(tx, after)
		})
		l, err := boltlog.Open(path, boltlog.Options{})
		restore()
		if err == nil {
			mustClose(t, l)
			if fail < 4 {
				t.Errorf("the upgrade took %d steps, too few to see anything", fail-1)
			}
			break
		}
		if !errors.Is(err, cut) {
			t.Fatal(err)
		}
		if _, err := boltlog.Check(t.Context(), path); !errors.Is(err, boltlog.ErrOlder) {
			t.Errorf("cut off at step %d: Check = %v", fail, err)
		}
		equal(t, path, want)
		mustBeClean(t, path)
		kept, _ := filepath.Glob(path + ".format*")
		if len(kept) != 1 {
			t.Fatalf("cut off at step %d: kept %v, want one file", fail, kept)
		}
		restored := filepath.Join(t.TempDir(), "log.db")
		if err := os.Rename(kept[0], restored); err != nil {
			t.Fatal(err)
		}
		equal(t, restored, want)
	}
}

// Without the upgrade such a file is damaged or newer, not guessed at, and not
// touched. A program that knows only the older format refuses one that is
// being upgraded.
func TestUpgradeRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	_, file := older(t, path)
	if l, err := boltlog.Open(path, boltlog.Options{}); err == nil {
		mustClose(t, l)
		t.Error("a file of a format that never was is opened")
	}
	if now, _ := os.ReadFile(path); !bytes.Equal(now, file) {
		t.Error("the file was changed")
	}
	cut := errors.New("cut off here")
	n := 0
	t.Cleanup(boltlog.UpgradeFrom(before, func(tx *bolt.Tx, after []byte) ([]byte, error) {
		if n++; n == 2 {
			return nil, cut
		}
		return stepOf(2)(tx, after)
	}))
	if _, err := boltlog.Open(path, boltlog.Options{}); !errors.Is(err, cut) {
		t.Fatal(err)
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	err = db.View(func(tx *bolt.Tx) error {
		if _, v := tx.Bucket([]byte("state")).Cursor().First(); v[0] != before+1 {
			t.Errorf("while it is upgraded the file says that its format is %d", v[0])
		}
		return nil
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

// upgradeSlowly is what the process does that is killed.
func upgradeSlowly(path string) {
	boltlog.UpgradeFrom(before, func(tx *bolt.Tx, after []byte) ([]byte, error) {
		time.Sleep(2 * time.Millisecond)
		return stepOf(1)(tx, after)
	})
	l, err := boltlog.Open(path, boltlog.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = l.Close()
	os.Exit(0)
}

// Killed at any moment, as often as one likes, the upgrade comes to its end.
func TestUpgradeKilled(t *testing.T) {
	r := random(t)
	t.Cleanup(boltlog.UpgradeFrom(before, stepOf(1)))
	whole, killed := 0, 0
	most := 40 // milliseconds until it is killed; more each time, for a slow machine
	for killed < *upgradeKills {
		path := filepath.Join(t.TempDir(), "log.db")
		want, _ := older(t, path)
		for ended := false; !ended; {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(5+r.IntN(most))*time.Millisecond)
			cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^$") // killed with its context
			cmd.Env = append(os.Environ(), upgraderEnv+"="+path)
			out, err := cmd.CombinedOutput()
			cancel()
			switch {
			case err == nil:
				ended = true
			case ctx.Err() == nil:
				t.Fatalf("the upgrade failed: %v\n%s", err, out)
			default:
				killed++
				most += most / 10
			}
			if killed > 20*(*upgradeKills) {
				t.Fatal("the upgrade never comes to its end")
			}
		}
		whole++
		equal(t, path, want)
		mustBeClean(t, path)
	}
	t.Logf("%d upgrades were killed %d times", whole, killed)
}
