package books

import (
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
)

// The codes of requests that a trigger refuses.
const (
	// Paused: the trigger starts nothing until it is resumed.
	Paused = "TriggerPaused"
	// RateLimited: the rate limit lets nothing start now.
	RateLimited = "RateLimited"
	// SplitTooLarge: the list of splitOn has more elements than the rate limit
	// ever lets start, or than a trigger takes.
	SplitTooLarge = "SplitTooLarge"
)

// Request is what came to an http trigger, with its rules applied: all of its
// items start, or none does. An item whose key is remembered starts nothing and
// does not keep the others back. Rate and Window are those of the version that
// took it.
type Request struct {
	Version string
	Rate    fact.Rate
	Window  time.Duration
	Answer  bool             // somebody waits for a respond step
	Trigger expression.Value // what the trigger gives but the body
	Items   []RequestItem
}

// RequestItem is one run that is asked for. Body is the element, or the whole
// body. Forget is a run whose key does not count any more: it came to nothing.
type RequestItem struct {
	Run    string
	Key    string
	Body   expression.Value
	Forget string
	Number int // of the element, from 1
}

// IsInput marks an input.
func (Request) IsInput() {}

func (b *Firings) request(t *turn, r *Request) {
	if b.paused {
		t.refuse(Paused, "the trigger is paused: %s", b.why)
		return
	}
	at := b.at(t)
	var starts []RequestItem
	var repeats []*FiringSkipped
	var keys pending
	for _, item := range r.Items {
		if run := keys.first(&b.keys, item.Key, at); run != "" && run != item.Forget {
			repeats = append(repeats, &FiringSkipped{Due: at, Reason: skippedDuplicate, Untimed: true, Run: run, For: item.Run})
			continue
		}
		keys.add(item.Key, item.Run)
		starts = append(starts, item)
	}
	switch {
	case r.Rate.Count > 0 && len(starts) > r.Rate.Count:
		t.refuse(SplitTooLarge, "%d runs would start, the rate limit lets %d start in %s", len(starts), r.Rate.Count, expression.FormatDuration(r.Rate.Per))
		return
	case !b.rate.frees(at, r.Rate, len(starts)).IsZero():
		t.refuse(RateLimited, "%d runs have started, the rate limit lets %d start in %s", b.rate.used, r.Rate.Count, expression.FormatDuration(r.Rate.Per))
		return
	case !b.keys.room(at, len(keys)):
		t.refuse(KeysFull, keysFull)
		return
	}
	for _, s := range repeats {
		t.record(s)
	}
	for _, item := range starts {
		f := &Fired{
			Due: at, Run: item.Run, Rate: b.rate.window(at, r.Rate),
			Element: Element{Number: item.Number, Data: item.Body, Key: item.Key},
			Request: &Origin{Trigger: r.Trigger, Version: r.Version, Answer: r.Answer},
		}
		if item.Key != "" {
			f.Element.Until = at.Add(r.Window)
		}
		t.record(f)
	}
}

// Frees returns when the rate limit lets n runs start, zero when it does so at
// that time.
func (b *Firings) Frees(at time.Time, r fact.Rate, n int) time.Time {
	if at.Before(b.clock.last) {
		at = b.clock.last
	}
	return b.rate.frees(at, r, n)
}

// RunOf returns the run that a key of dedupe stands for, empty when it is not
// remembered.
func (b *Firings) RunOf(key string) string { return b.keys.run(key, b.clock.last) }
