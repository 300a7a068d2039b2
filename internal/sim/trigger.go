package sim

import (
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/books"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
	"github.com/keelstep/keelstep/pkg/schedule"
	"github.com/keelstep/keelstep/pkg/zone"
)

// triggerPrefix begins the streams of triggers.
const triggerPrefix = "trigger/"

// fires is the type of the events that fire triggers.
const fires = "sim.fire"

// source is a trigger that starts runs of a kid for a while.
type source struct {
	set   fact.TriggerSet
	lasts time.Duration
	pause bool
}

// source gives some workflows a trigger, by schedule or by events, under each
// rule for firings that overlap.
func (g *generator) source() {
	if len(g.p.Kids) == 0 || !g.chance(9) {
		return
	}
	every := one(g.dice, time.Second, 20*time.Second, 10*time.Minute)
	x := &source{lasts: every * time.Duration(3+g.n(4)), pause: g.chance(25)}
	x.set = fact.TriggerSet{Workflow: g.p.Kids[len(g.p.Kids)-1].Name, ID: "t", Overlap: uint8(g.n(4))}
	if g.chance(35) {
		x.set.Event = fires
		g.events = append(g.events, fires)
		for range 1 + g.n(5) {
			g.p.Signals = append(g.p.Signals, scripted{fires, one(g.dice, goodSignal, kidInput), time.Duration(g.n(8000)) * time.Millisecond})
		}
	} else {
		if g.chance(45) {
			every = g.cron(&x.set)
			x.lasts = every * time.Duration(3+g.n(4))
		} else {
			x.set.Every = every
		}
		x.set.CatchUp = one(g.dice, 0, every, 5*every)
	}
	if g.chance(20) {
		x.set.Rate = fact.Rate{Count: 1 + g.n(2), Per: one(g.dice, time.Second, time.Minute)}
	}
	g.p.Racy, g.p.Timed, g.p.source = true, true, x
}

// cron gives a trigger a cron and returns how far apart its moments are about.
func (g *generator) cron(set *fact.TriggerSet) (every time.Duration) {
	switch g.n(3) {
	case 0:
		set.Cron, every = "* * * * *", time.Minute
	case 1:
		set.Cron, every = "*/10 * * * *", 10*time.Minute
	default: // a time that a zone has twice, or not at all, on some days
		set.Cron, every = "30 2 * * *", 24*time.Hour
	}
	set.Zone = one(g.dice, "", "Europe/Berlin", "America/New_York")
	return every
}

// after returns the moment of a schedule behind another.
func after(set *fact.TriggerSet, last time.Time) time.Time {
	if set.Cron == "" {
		return last.Add(set.Every)
	}
	at, err := zone.Load(set.Zone)
	if err != nil {
		fail("there is no zone %s: %v", set.Zone, err)
	}
	cron, err := schedule.Parse(set.Cron)
	if err != nil {
		fail("there is no cron %s: %v", set.Cron, err)
	}
	next, _ := schedule.Spec{Cron: cron, Zone: at}.Next(last)
	return next
}

// kidInput is what every kid takes.
const kidInput = `{"n":1,"items":[2],"tier":"gold"}`

// listen sets the trigger of the program, and takes it away after a while.
func (s *shell) listen() {
	x := s.p.source
	if x == nil {
		return
	}
	stream := triggerPrefix + x.set.Workflow + "/" + x.set.ID
	tell := func(set fact.TriggerSet) {
		s.book(stream).put(set)
		s.book(interpreter.EventsBook).put(fact.Subscribed{Trigger: stream, Type: set.Event})
	}
	tell(x.set)
	if x.pause {
		s.after(x.lasts/3, func() { s.book(stream).put(fact.Suspend{Reason: "a while"}) })
		s.after(x.lasts/2, func() { s.book(stream).put(fact.Resume{}) })
	}
	s.after(x.lasts, func() { tell(fact.TriggerSet{Workflow: x.set.Workflow, ID: x.set.ID}) })
}

// wake plans the book's next turn, if it is that of a trigger.
func (b *book) wake() {
	f, ok := b.m.(*books.Firings)
	if !ok {
		return
	}
	at := f.WakeAt()
	if at.IsZero() || at.Equal(b.wakes) {
		return
	}
	b.wakes = at
	in := at.Sub(b.wall())
	if in <= 0 {
		in = time.Second
	}
	b.mine(in, func() { b.again, b.wakes = true, time.Time{} })
}

// firings is what a trigger's book has recorded.
type firings struct {
	set     fact.TriggerSet
	last    time.Time // the newest moment that was due
	sure    bool      // the next one is known
	queued  map[time.Time]int
	running map[string]bool
}

// checkFiring: no moment of a schedule is lost or comes twice, and unless
// firings may overlap one run at a time is under way.
func (b *book) checkFiring(e fact.Event) {
	f := &b.firings
	if f.running == nil {
		f.queued, f.running = map[time.Time]int{}, map[string]bool{}
	}
	switch x := e.Fact.(type) {
	case *books.TriggerChanged:
		f.set, f.sure = x.Set, false
	case *books.TriggerPaused, *books.TriggerResumed:
		f.sure = false
	case *books.Fired:
		if x.Event == nil {
			f.due(b, e, x.Due, x.Due)
		}
		if b.report.fired++; f.set.Cron != "" {
			b.report.byCron++
		}
		if x.Waits {
			f.running[x.Run] = true
		}
		if len(f.running) > 1 && graph.Overlap(f.set.Overlap) != graph.OverlapAllow {
			fail("event %d of %s: %d runs are under way at a time", e.Seq, b.name, len(f.running))
		}
	case *books.FiringQueued:
		if x.Event == nil {
			f.due(b, e, x.Due, x.Due)
			f.queued[x.Due]++
		}
	case *books.FiringSkipped:
		if since := x.Since; !x.Untimed {
			if since.IsZero() {
				since = x.Due
			}
			f.due(b, e, since, x.Due)
		}
	case *books.FiringEnded:
		delete(f.running, x.Run)
	case *books.FiringRefused:
		delete(f.running, x.Run)
	}
}

// due notes what becomes of the moments from since to due.
func (f *firings) due(b *book, e fact.Event, since, due time.Time) {
	switch {
	case f.queued[due] > 0 && !due.After(f.last):
		f.queued[due]--
	case !since.After(f.last):
		fail("event %d of %s: what was due at %s comes once more", e.Seq, b.name, due)
	case f.sure && !since.Equal(after(&f.set, f.last)):
		fail("event %d of %s: due at %s comes behind %s, every %s %s", e.Seq, b.name, since, f.last, f.set.Every, f.set.Cron)
	default:
		f.last, f.sure = due, true
	}
}

// fire completes the start of a firing as the engine does: an event's data, or
// what the trigger says.
func fire(m *fact.Start) {
	if m.Packed.IsAbsent() {
		m.Packed = expression.Raw([]byte(kidInput))
	}
}

func isTrigger(stream string) bool { return strings.HasPrefix(stream, triggerPrefix) }
