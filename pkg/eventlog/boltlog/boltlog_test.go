package boltlog_test

import (
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
