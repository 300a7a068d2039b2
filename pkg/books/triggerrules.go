package books

import (
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
)

// Ask is a firing to which the engine applies the trigger's where, splitOn and
// dedupe before the book decides on it.
type Ask struct {
	Due    time.Time
	At     time.Time
	Manual uint64
	Event  *fact.CloudEvent
}

// Answer is what the engine found: what fires, or a Code that says why nothing
// can. Window is how long keys are remembered.
type Answer struct {
	Code, Message string
	Items         []Item
	Split         bool
	Window        time.Duration
}

// Item is one element of the list that splitOn yields, or the firing as a
// whole. Key is a KeyOf, empty without dedupe. Filtered tells that the
// condition keeps it back.
type Item struct {
	Data     expression.Value
	Key      string
	Filtered bool
}

// Wanted returns the firing that the last Decide stopped at; nil: none.
func (b *Firings) Wanted() *Ask { return b.wish }

// Give gives the book the answer to what it wanted.
func (b *Firings) Give(a Answer) { b.given = &a }

// arrive takes a firing: at once, or once the engine has looked at it.
func (b *Firings) arrive(t *turn, f firing) {
	if !b.set.Rules {
		b.fire(t, []firing{f})
		return
	}
	a := b.given
	b.given = nil
	if a == nil || b.asked == nil || !b.asked.is(f) {
		b.wish = &Ask{Due: f.due, At: b.at(t), Manual: f.manual, Event: f.event}
		b.asked = b.wish
		return
	}
	f.due = b.asked.Due
	b.asked = nil
	b.answered(t, f, a)
}

// is tells whether f is the firing that was asked about. What is not timed
// falls due when it is looked at, so its due does not count.
func (a *Ask) is(f firing) bool {
	return a.Manual == f.manual && eventID(a.Event) == eventID(f.event) && (f.untimed() || a.Due.Equal(f.due))
}

// answered fires what the rules let through.
func (b *Firings) answered(t *turn, f firing, a *Answer) {
	if a.Code != "" {
		t.record(&FiringRefused{Code: a.Code, Message: a.Message, Due: f.due, Untimed: f.untimed(), Event: f.event})
		return
	}
	if len(a.Items) == 0 {
		t.record(skip(f, skippedEmpty))
		return
	}
	if kept := countFiltered(a.Items); kept > 0 {
		s := skip(f, skippedFiltered)
		s.Count = kept
		t.record(s)
	}
	var all []firing
	var keys pending
	at := b.at(t)
	for i, item := range a.Items {
		g := f
		g.element = Element{Key: item.Key}
		if a.Split {
			g.element.Number = i + 1
			if g.event != nil {
				e := *g.event
				e.Data = item.Data
				g.event = &e
			} else {
				g.element.Data = item.Data
			}
		}
		if item.Key != "" {
			g.element.Until = at.Add(a.Window)
		}
		first := keys.first(&b.keys, item.Key, at)
		switch {
		case item.Filtered:
		case first != "":
			s := skip(g, skippedDuplicate)
			s.Run = first
			t.record(s)
		default:
			keys.add(item.Key, b.runOf(g))
			all = append(all, g)
		}
	}
	if !b.keys.room(at, len(keys)) {
		t.record(&FiringRefused{Code: KeysFull, Message: keysFull, Due: f.due, Untimed: f.untimed(), Event: f.event})
		return
	}
	b.fire(t, all)
}

const keysFull = "the trigger remembers as many keys of dedupe as it may; shorten the window"

func countFiltered(items []Item) int {
	n := 0
	for _, item := range items {
		if item.Filtered {
			n++
		}
	}
	return n
}

// pending is the keys of what is about to fire, with their runs.
type pending map[string]string

// first returns the run that a key stands for already.
func (p pending) first(m *keyMemory, key string, at time.Time) string {
	if key == "" {
		return ""
	}
	if run := p[key]; run != "" {
		return run
	}
	return m.run(key, at)
}

func (p *pending) add(key, run string) {
	if key == "" {
		return
	}
	if *p == nil {
		*p = pending{}
	}
	(*p)[key] = run
}
