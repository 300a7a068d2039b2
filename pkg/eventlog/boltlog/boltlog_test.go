package boltlog_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
	"github.com/keelstep/keelstep/pkg/eventlog/logtest"
)

// The contract holds with checkpoints that never happen, and with ones that
// always do.
func TestContract(t *testing.T) {
	for name, opts := range map[string]boltlog.Options{
		"journal": {},
		"chunks":  {Records: 1},
		"some":    {Records: 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			logtest.Test(t, func(t *testing.T) logtest.Opener {
				path := filepath.Join(t.TempDir(), "log.db")
				return func() eventlog.Store {
					l, err := boltlog.Open(path, opts)
					if err != nil {
						t.Fatal(err)
					}
					return l
				}
			})
		})
	}
}

func mustOpen(t *testing.T, path string, opts boltlog.Options) *boltlog.Log {
	t.Helper()
	l, err := boltlog.Open(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func mustClose(t *testing.T, l *boltlog.Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func mustAppend(t *testing.T, l *boltlog.Log, after uint64) {
	t.Helper()
	b := eventlog.Batch{Stream: "r", After: after, Record: fmt.Append(nil, after)}
	if err := l.Append(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

func mustBeClean(t *testing.T, path string) {
	t.Helper()
	r, err := boltlog.Check(t.Context(), path)
	if err != nil || !r.Clean() {
		t.Fatalf("Check = %v, %v", r.Damage, err)
	}
}
