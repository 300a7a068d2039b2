package scenario

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/books"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// maxTurns bounds a scenario: what takes longer does not end.
const maxTurns = 1_000_000

// ErrEndless means that a scenario took more turns than a scenario may.
var ErrEndless = errors.New("the scenario does not end")

// bareDriver runs scenarios on the machines alone: no log, no goroutine, and a
// clock that stands still until there is nothing to do, and then jumps.
type bareDriver struct{}

// bare is one scenario under way.
type bare struct {
	c      *Case
	now    time.Time
	agenda []appointment // by time
	runs   map[string]*process
	order  []*process // as they were started
	books  map[string]book
	// bookEvents is what books recorded, where the scenario kills.
	bookEvents map[string][]fact.Event
	payloads   map[expression.Hash][]byte
	refused    map[int]string
	turns      int
	left       int // actions
	kills      bool
	downTill   time.Time // no process lives before that
	err        error
}

type appointment struct {
	at time.Time
	do func()
}

// book is the machine of a book.
type book interface {
	Decide(at time.Time, in ...fact.Input) fact.Turn
	Sends(turn []fact.Event) []fact.Message
	Apply(e fact.Event) error
}

// Drive runs c until its run and all that it started have ended, or nothing
// can happen any more.
func (bareDriver) Drive(ctx context.Context, c *Case) (*Outcome, error) {
	b := &bare{
		c: c, now: c.Start, runs: map[string]*process{}, books: map[string]book{}, bookEvents: map[string][]fact.Event{},
		payloads: map[expression.Hash][]byte{}, refused: map[int]string{},
	}
	start := interpreter.Start{
		Run: c.Run, Workflow: c.Workflow, TriggerID: c.TriggerID, Trigger: c.Trigger, WantsAnswer: c.TriggerID != "",
	}
	var err error
	if start.Value, err = b.complete(&start, c.Input); err != nil {
		return nil, err
	}
	main := b.begin(start)
	b.live(ctx)
	if b.err != nil {
		return nil, b.err
	}
	v := main.m.View(b.fetch)
	o, err := OutcomeOf(&v, b.whole)
	if err != nil {
		return nil, err
	}
	o.Refused, o.History = b.refused, main.history
	return o, nil
}

// live lets things happen. Actions of one moment come before what falls due at
// it.
func (b *bare) live(ctx context.Context) {
	b.left = len(b.c.Actions)
	for _, a := range b.c.Actions {
		b.kills = b.kills || a.Kills
		b.at(b.c.Start.Add(a.After), func() { b.arrange(a) })
	}
	for b.err == nil {
		p := b.busy()
		switch {
		case ctx.Err() != nil:
			b.err = ctx.Err()
		case b.turns > maxTurns:
			b.err = fmt.Errorf("%w: it took %d turns", ErrEndless, maxTurns)
		case p != nil:
			p.turn()
		case len(b.agenda) == 0 || b.over() || b.agenda[0].at.Sub(b.c.Start) > b.c.Until:
			return
		default:
			next := b.agenda[0]
			b.agenda = b.agenda[1:]
			if next.at.After(b.now) {
				b.now = next.at
			}
			next.do()
		}
	}
}

// over tells whether all runs have ended and no action is left.
func (b *bare) over() bool {
	return b.left == 0 && !slices.ContainsFunc(b.order, func(p *process) bool { return !p.m.Ended() })
}

func (b *bare) busy() *process {
	for _, p := range b.order {
		if len(p.pending) > 0 || p.again {
			return p
		}
	}
	return nil
}

// at has do done at a time, after what was arranged for the same time before.
func (b *bare) at(t time.Time, do func()) {
	i, _ := slices.BinarySearchFunc(b.agenda, t, func(a appointment, t time.Time) int {
		return cmp.Or(a.at.Compare(t), -1)
	})
	b.agenda = slices.Insert(b.agenda, i, appointment{t, do})
}

// deliver brings the messages of a turn to their receivers.
func (b *bare) deliver(all []fact.Message) {
	for _, m := range all {
		if p := b.runs[m.To]; p != nil {
			p.pending = append(p.pending, m.Body)
			continue
		}
		if start, ok := m.Body.(fact.Start); ok {
			b.child(start)
			continue
		}
		b.tell(m.To, m.Body)
	}
}

// tell has a book take an input. A book that there is none of has nothing to
// say to a scenario.
func (b *bare) tell(stream string, in fact.Input) {
	k := b.books[stream]
	if k == nil {
		if k = newBook(stream); k == nil {
			return
		}
		b.books[stream] = k
	}
	b.offer(stream, k)
	for more, ins := true, []fact.Input{in}; more; {
		t := k.Decide(b.now, ins...)
		if b.kills {
			b.bookEvents[stream] = append(b.bookEvents[stream], t.Events...)
		}
		b.keep(t.Payloads)
		b.deliver(k.Sends(t.Events))
		ins = ins[t.Taken:]
		more = b.offer(stream, k) || t.More || len(ins) > 0
	}
}

// offer has the book of a shared limit give what is free, and tells whether
// somebody waits for it. Calls answer at once here, so they take no slots.
func (b *bare) offer(stream string, k book) (wanted bool) {
	name, ok := strings.CutPrefix(stream, interpreter.PoolPrefix)
	if !ok {
		return false
	}
	l, free := k.(*books.Limit), maxHolders
	if b.c.Env.Limits[name].Parallel > 0 {
		free = b.c.Env.Limits[name].Parallel
	}
	free -= len(l.Holders(""))
	l.Offer(max(free, 0))
	return free > 0 && len(l.Waiting("")) > 0
}

// maxHolders stands for any number of runs.
const maxHolders = 1 << 30

// newBook returns a book that is empty; nil where there is none of that name.
func newBook(stream string) book {
	switch {
	case stream == interpreter.EventsBook:
		return books.NewEvents()
	case strings.HasPrefix(stream, interpreter.LimitPrefix):
		return books.NewLimit()
	case strings.HasPrefix(stream, interpreter.PoolPrefix):
		return books.NewSharedLimit()
	}
	return nil
}

// child starts a run that another one called. One that cannot be started is a
// child that failed.
func (b *bare) child(start fact.Start) {
	raw, err := b.whole(start.Packed)
	if err == nil {
		raw, err = b.complete(&start, raw)
	}
	if err == nil {
		var stored []expression.Payload
		start.Packed, stored = expression.Pack(raw)
		b.keep(stored)
		b.begin(start)
		return
	}
	if p := b.runs[start.Parent]; p != nil && !start.Detached {
		no := &refusedStart{}
		errors.As(err, &no)
		p.pending = append(p.pending, interpreter.ChildEnded{
			Path: start.ParentPath, Child: start.Run, Status: "failed", Code: cmp.Or(no.code, "InputInvalid"), Message: err.Error(),
		})
	}
}

// refusedStart is why a run cannot be started.
type refusedStart struct{ code, message string }

func (r *refusedStart) Error() string { return r.message }

// complete fills in the version and the parameters of a start, and returns its
// input, checked and with defaults.
func (b *bare) complete(s *fact.Start, input []byte) ([]byte, error) {
	flow := b.c.Flows[s.Workflow]
	if flow == nil {
		return nil, &refusedStart{"NoWorkflow", fmt.Sprintf("there is no workflow %q; deploy it", s.Workflow)}
	}
	s.Version, s.Digest, s.Params = flow.Version, flow.Digest, nil
	x, err := expression.DecodeRaw(input)
	if err != nil {
		return nil, &refusedStart{"InputInvalid", err.Error()}
	}
	if flow.Input != nil {
		x = flow.Input.Fill(x)
		if bad := flow.Input.Validate(x); len(bad) > 0 {
			return nil, &refusedStart{"InputInvalid", fmt.Sprintf("the input does not fit the schema of %s: %s %s", flow.Name, bad[0].Path, bad[0].Message)}
		}
	}
	for _, p := range flow.Params {
		if p.Secret {
			s.Params = append(s.Params, fact.Param{Name: p.Name, Secret: true})
			continue
		}
		v, err := b.c.param(flow, p.Name)
		if err != nil {
			return nil, &refusedStart{"NoParameter", err.Error()}
		}
		raw, err := expression.Encode(v)
		if err != nil {
			return nil, &refusedStart{"NoParameter", err.Error()}
		}
		packed, stored := expression.Pack(raw)
		b.keep(stored)
		s.Params = append(s.Params, fact.Param{Name: p.Name, Value: packed})
	}
	return expression.Encode(x)
}

func (b *bare) keep(all []expression.Payload) {
	for _, p := range all {
		b.payloads[p.Hash] = p.Bytes
	}
}

func (b *bare) fetch(h expression.Hash) ([]byte, bool) {
	raw, ok := b.payloads[h]
	return raw, ok
}
