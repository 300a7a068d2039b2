//go:build unix

package boltlog_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"github.com/keelstep/keelstep/pkg/backup"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

// A copy of an older format is upgraded as it is restored, and stays as it is
// itself. Where that fails nothing has changed and nothing is left behind.
func TestRestoreOlder(t *testing.T) {
	t.Cleanup(boltlog.UpgradeFrom(before, stepOf(3)))
	src := filepath.Join(t.TempDir(), "copy.db")
	want, file := older(t, src)
	at := time.Date(2026, 3, 1, 3, 5, 6, 0, time.UTC)
	for name, occupied := range map[string]bool{"no log there": false, "in the place of one": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			dst, there := filepath.Join(dir, "log.db"), []string(nil)
			if occupied {
				l := mustOpen(t, dst, boltlog.Options{})
				mustAppend(t, l, 0)
				mustClose(t, l)
				there = []string{"log.db"}
			}
			cut := errors.New("cut off here")
			for fail := 1; ; fail++ {
				n := 0
				restore := boltlog.UpgradeFrom(before, func(tx *bolt.Tx, after []byte) ([]byte, error) {
					if n++; n == fail {
						return nil, cut
					}
					return stepOf(3)(tx, after)
				})
				r, err := backup.Restore(t.Context(), dst, src, backup.RestoreOptions{Force: occupied, At: at})
				restore()
				if err == nil {
					if fail == 1 {
						t.Error("no step failed")
					}
					if (r.Kept != "") != occupied || r.Records == 0 || r.File != dst {
						t.Errorf("restored %+v", r)
					}
					break
				}
				if !errors.Is(err, cut) {
					t.Fatal(err)
				}
				if diff := cmp.Diff(there, names(t, dir)); diff != "" {
					t.Fatalf("step %d failed; what is there (-want +got):\n%s", fail, diff)
				}
			}
			left := []string{"log.db"}
			if occupied {
				left = append(left, "log.db.before-20260301T030506.000Z")
			}
			if diff := cmp.Diff(left, names(t, dir)); diff != "" {
				t.Errorf("what is there (-want +got):\n%s", diff)
			}
			equal(t, dst, want)
			mustBeClean(t, dst)
		})
	}
	if is, err := os.ReadFile(src); err != nil || !bytes.Equal(is, file) {
		t.Errorf("the copy itself was changed: %v", err)
	}
}
