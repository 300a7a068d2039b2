package engine_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog/memlog"
	"github.com/keelstep/keelstep/pkg/graph"
)

// steppedClock is a machine's clock that somebody sets: its wall reading is
// off, its monotonic one goes on.
type steppedClock struct {
	engine.Clock
	began time.Time
	off   atomic.Int64
}

func newSteppedClock() *steppedClock {
	return &steppedClock{Clock: engine.SystemClock(), began: time.Now()}
}

// Now implements engine.Clock. Nothing in package time moves one reading alone,
// and in a bubble there is no monotonic one, so the time is put together: a
// mark, the seconds since 1885 above 30 bits of nanoseconds, then the
// monotonic reading.
func (c *steppedClock) Now() time.Time {
	now := time.Now()
	wall := now.Add(time.Duration(c.off.Load()))
	since1885 := wall.Unix() - time.Date(1885, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	t := struct {
		wall uint64
		ext  int64
		loc  *time.Location
	}{1<<63 | uint64(since1885)<<30 | uint64(wall.Nanosecond()), int64(now.Sub(c.began)) + 1, time.UTC}
	return *(*time.Time)(unsafe.Pointer(&t))
}

func (c *steppedClock) step(d time.Duration) { c.off.Add(int64(d)) }

const stepping = `workflow: steps
version: "1"
steps:
  - { id: before, action: test.safe }
  - { id: nap, wait: 30s }
  - { id: after, action: test.safe }
`

// A wait of 30 s takes 30 s while the clock is set an hour or a day forwards
// or backwards: before the run starts, between its start and the wait, during
// the wait, and again and again; whether the run is in memory or not. A clock
// that is set forwards while nobody runs ends the wait at once, for after a
// restart the wall clock is all there is.
func TestClockSteps(t *testing.T) {
	c := newSteppedClock()
	was := c.Now()
	c.step(-time.Hour)
	if is := c.Now(); is.Sub(was) < 0 || is.Round(0).Sub(was.Round(0)) > -59*time.Minute {
		t.Fatalf("the clock does not step: %v, %v", was, is)
	}
	const day = 24 * time.Hour
	for _, d := range []time.Duration{time.Hour, -time.Hour, day, -day} {
		for _, when := range []string{"before the start", "at the start", "during the wait", "again and again"} {
			for _, idle := range []int{0, -1} {
				t.Run(fmt.Sprint(d, " ", when, ", idle ", idle), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { waitOver(t, d, when, idle) })
				})
			}
		}
	}
	t.Run("forwards while nobody runs", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := newSteppedClock()
			log, w := memlog.New(), newWorld()
			e := open(t, engine.Options{Store: log, Registry: w.registry(), Clock: c}, stepping)
			run := start(t, e, "steps")
			time.Sleep(10 * time.Second)
			e.Kill()
			c.step(day)
			e = open(t, engine.Options{Store: log.Reopen(), Registry: w.registry(), Clock: c})
			began := time.Now()
			if v, err := e.Wait(t.Context(), run); err != nil || v.Status != graph.Succeeded || time.Since(began) > 2*time.Second {
				t.Errorf("the run ended %s after %s, %v", v.Status, time.Since(began), err)
			}
		})
	})
}

// waitOver has the clock set while a run waits 30 s.
func waitOver(t *testing.T, d time.Duration, when string, idle int) {
	c := newSteppedClock()
	w := newWorld()
	w.slow = time.Second // before and behind the effect of a call
	e := open(t, engine.Options{Registry: w.registry(), Clock: c, MaxIdle: idle, IdleAfter: time.Second}, stepping)
	if when == "before the start" {
		c.step(d)
	}
	began := time.Now()
	run := start(t, e, "steps")
	time.Sleep(time.Second)
	if when == "at the start" {
		c.step(d)
	}
	time.Sleep(11 * time.Second) // 10 of them belong to the wait
	switch when {
	case "during the wait":
		c.step(d)
	case "again and again":
		for range 5 {
			c.step(d)
			time.Sleep(time.Second)
			c.step(-3 * d)
			time.Sleep(time.Second)
		}
	}
	v, err := e.Wait(t.Context(), run)
	if err != nil || v.Status != graph.Succeeded {
		t.Fatalf("the run ended %s, %v", v.Status, err)
	}
	// Two calls of 2 s each stand around the wait.
	if took := time.Since(began) - 4*time.Second; took < 30*time.Second || took > 32*time.Second {
		t.Errorf("the wait of 30 s took %s", took)
	}
}
