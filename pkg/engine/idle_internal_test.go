package engine

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/eventlog/memlog"
)

// heldClock keeps what it is to call, until the test says so.
type heldClock struct {
	now  time.Time
	held []heldCall
}

type heldCall struct {
	after time.Duration
	f     func()
}

func (c *heldClock) Now() time.Time { return c.now }

func (c *heldClock) AfterFunc(d time.Duration, f func()) func() bool {
	c.held = append(c.held, heldCall{d, f})
	return func() bool { return true }
}

// However many runs come to rest before anybody gets to sweep, one sweep is
// asked for, and it leaves as many in memory as may stay; those leave when
// their time is over.
func TestIdleSweptOnce(t *testing.T) {
	const most, runs = 10, 1000
	clock := &heldClock{now: time.Unix(1_000_000, 0)}
	e, err := Open(t.Context(), Options{Store: memlog.New(), Clock: clock, MaxIdle: most, Still: true})
	if err != nil {
		t.Fatal(err)
	}
	defer e.abandon(context.WithoutCancel(t.Context()), nil)
	clock.held = nil
	for i := range runs {
		r := &run{e: e, id: keyed(fmt.Sprint(i))}
		e.runs.of(r.id).runs[r.id] = r
		e.idle.add(r)
	}
	var sweeps, alarms []func()
	for _, c := range clock.held {
		if c.after == 0 {
			sweeps = append(sweeps, c.f)
		} else {
			alarms = append(alarms, c.f)
		}
	}
	if len(sweeps) != 1 || len(alarms) != 1 {
		t.Fatalf("%d sweeps and %d alarms", len(sweeps), len(alarms))
	}
	sweeps[0]()
	if e.runs.count() != most || e.idle.list.Len() != most {
		t.Fatalf("%d runs are left, %d of them on the list", e.runs.count(), e.idle.list.Len())
	}
	clock.now = clock.now.Add(e.opts.IdleAfter)
	alarms[0]()
	if n := e.runs.count(); n != 0 {
		t.Errorf("%d runs are left", n)
	}
}
