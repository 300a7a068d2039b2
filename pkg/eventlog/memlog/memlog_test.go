package memlog_test

import (
	"testing"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/logtest"
	"github.com/keelstep/keelstep/pkg/eventlog/memlog"
)

func TestContract(t *testing.T) {
	logtest.Test(t, func(*testing.T) logtest.Opener {
		l := memlog.New()
		return func() eventlog.Store {
			l = l.Reopen()
			return l
		}
	})
}

func TestDropSnapshots(t *testing.T) {
	l := memlog.New()
	if err := l.Save(t.Context(), "r", 1, []byte("x")); err != nil {
		t.Fatal(err)
	}
	l.DropSnapshots()
	if _, _, err := l.Latest(t.Context(), "r"); err == nil {
		t.Error("a dropped snapshot is still there")
	}
}
