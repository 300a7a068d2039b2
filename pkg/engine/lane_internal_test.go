package engine

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/config"
)

var seed = flag.Uint64("seed", 0, "of the random tests; 0: several")

// Whatever comes in whatever order: no more is under way than the limit
// allows, nothing waits while there is room, the calls of a run keep their
// order and none is lost.
func TestLaneAtRandom(t *testing.T) {
	seeds := []uint64{*seed}
	if *seed == 0 {
		seeds = seeds[:0]
		for s := range uint64(300) {
			seeds = append(seeds, s+1)
		}
	}
	for _, s := range seeds {
		laneAtRandom(t, s)
		if t.Failed() {
			t.Fatalf("rerun with -seed=%d", s)
		}
	}
}

// traffic is a lane and what a caller knows of it.
type traffic struct {
	t     *testing.T
	lane  *lane
	now   time.Time
	turn  uint64
	going []*call
	wait  []*call
	sent  []time.Time
	last  map[string]int // the last call of a run that went
}

func laneAtRandom(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 0))
	x := &traffic{
		t: t, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), last: map[string]int{},
		lane: newLane("x", config.Limit{Parallel: r.IntN(4), Rate: config.Rate{Count: r.IntN(4), Per: time.Second}}),
	}
	runs := []*run{{id: "a"}, {id: "b"}, {id: "c"}, {id: "d"}}
	for i := range 300 {
		one := runs[r.IntN(len(runs))]
		switch n := r.IntN(10); {
		case n < 4:
			c := &call{run: one, id: callID{one.id, i}}
			x.turn++
			x.lane.queue.push(c, x.turn)
			x.wait = append(x.wait, c)
		case n < 7 && len(x.going) > 0:
			k := r.IntN(len(x.going))
			x.lane.leave(x.going[k])
			x.going = append(x.going[:k], x.going[k+1:]...)
		case n == 7 && len(x.wait) > 0:
			k := r.IntN(len(x.wait))
			x.lane.queue.remove(x.wait[k])
			x.wait = append(x.wait[:k], x.wait[k+1:]...)
		case n == 8 && x.lane.holders[one.id] != nil:
			x.lane.release(one.id)
		case n == 8 && x.lane.free() > 0:
			x.lane.hold(one.id)
		case n == 9:
			x.now = x.now.Add(time.Duration(r.IntN(700)) * time.Millisecond)
		}
		x.pump()
		x.check()
	}
	for len(x.wait) > 0 { // all go in the end
		for _, c := range x.going {
			x.lane.leave(c)
		}
		x.going, x.now = nil, x.now.Add(time.Second)
		for _, one := range runs {
			x.lane.release(one.id)
		}
		before := len(x.wait)
		if x.pump(); len(x.wait) == before {
			t.Errorf("%d calls wait for ever", before)
			return
		}
	}
	for _, c := range x.going {
		x.lane.leave(c)
	}
	for _, one := range runs {
		x.lane.release(one.id)
	}
	if x.lane.taken != 0 || x.lane.queue.count != 0 || x.lane.queue.first() != nil || len(x.lane.queue.runs) != 0 {
		t.Errorf("%d are counted and %d wait when all is done", x.lane.taken, x.lane.queue.count)
	}
}

func (x *traffic) pump() {
	for {
		own, _ := x.lane.next(x.now)
		if own == nil {
			return
		}
		x.turn++
		c := x.lane.take(own, x.turn, x.now)
		if c.id.attempt < x.last[c.run.id] {
			x.t.Errorf("call %d of run %s went after call %d", c.id.attempt, c.run.id, x.last[c.run.id])
		}
		x.last[c.run.id] = c.id.attempt
		x.going, x.sent = append(x.going, c), append(x.sent, x.now)
		for i, w := range x.wait {
			if w == c {
				x.wait = append(x.wait[:i], x.wait[i+1:]...)
				break
			}
		}
	}
}

func (x *traffic) check() {
	l := x.lane
	under := 0
	for run, h := range l.holders {
		if h.under != nil {
			under++
			if h.under.run.id != run {
				x.t.Errorf("a call of run %s goes under the slot of run %s", h.under.run.id, run)
			}
		}
	}
	if got, want := l.taken, len(x.going)-under+len(l.holders); got != want {
		x.t.Errorf("%d are counted, want %d: %d calls, %d of them under one of %d slots", got, want, len(x.going), under, len(l.holders))
	}
	if l.parallel > 0 && l.taken > l.parallel {
		x.t.Errorf("%d at once, at most %d may", l.taken, l.parallel)
	}
	if rate := l.window.rate; rate.Count > 0 {
		for i := rate.Count; i < len(x.sent); i++ {
			if d := x.sent[i].Sub(x.sent[i-rate.Count]); d < rate.Per {
				x.t.Errorf("%d calls within %v, at most %d may", rate.Count+1, d, rate.Count)
			}
		}
	}
	if l.queue.count != len(x.wait) {
		x.t.Errorf("%d wait in the lane, %d were not sent", l.queue.count, len(x.wait))
	}
	if _, later := l.next(x.now); later == 0 && len(x.wait) > 0 && l.free() > 0 {
		x.t.Errorf("%d wait while %d slots are free", len(x.wait), l.free())
	}
}

// BenchmarkAdmit is what a call pays for its place: without a limit, and
// through a connection that has one.
func BenchmarkAdmit(b *testing.B) {
	for _, limit := range []config.Limit{{}, {Parallel: 8}, {Parallel: 8, Rate: config.Rate{Count: 1 << 20, Per: time.Millisecond}}} {
		b.Run(fmt.Sprintf("%d_%d", limit.Parallel, limit.Rate.Count), func(b *testing.B) {
			e := &Engine{opts: Options{Parallel: 256}, clock: SystemClock(), ctx: b.Context()}
			d := &dispatcher{e: e, open: true, all: []*lane{newLane("", config.Limit{})}}
			c := &call{run: &run{id: "a"}, ctx: callContext{parent: b.Context()}}
			if limit != (config.Limit{}) {
				c.lane = newLane("x", limit)
				d.all = append(d.all, c.lane)
			}
			b.ReportAllocs()
			for b.Loop() {
				if !d.admit(c) || len(d.leave(c).calls) != 0 {
					b.Fatal("no room")
				}
			}
		})
	}
}
