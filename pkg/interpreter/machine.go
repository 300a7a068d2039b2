package interpreter

import (
	"errors"
	"fmt"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// Bounds of one turn, and of the consequences of one input. At a bound the
// turn ends with More.
const (
	MaxTurnEvents = 10_000
	MaxTurnBytes  = 1 << 20
)

// Machine is one run. It is a value of one goroutine: nothing in it is locked.
// State changes only in Apply; Decide is Apply of what it decides.
type Machine struct {
	wf    *graph.Workflow
	look  *graph.Lookup
	st    state
	blobs map[expression.Hash][]byte // provided and not yet forgotten
	bound int                        // events of a turn
	pages pageCache

	outside expression.Fetch // of the View that is under way

	received   map[string]bool // the IDs in state.signalIDs
	signals    pool            // of state.signals, those that are no events for awaits
	events     pool            // of state.signals, the others
	touched    []string        // timers set or cleared since Commands was asked
	isTouched  map[string]bool
	childStops map[uint64][]string // children that the event of that number stopped
	struck     map[string]int      // attempts of calls whose step's timeout struck

	at       time.Time            // of the Decide that is under way
	payloads []expression.Payload // of the turn that is under way
	stored   map[expression.Hash]bool
}

// usualEvents is how many events there is room for in a turn before it grows:
// those of an answer, what follows from it, and the next call.
const usualEvents = 4

// ErrHistory is wrapped by the error of an event that cannot follow the ones
// before it.
var ErrHistory = errors.New("the history does not fit")

// New returns a run of wf that has not begun.
func New(wf *graph.Workflow) *Machine {
	return &Machine{wf: wf, look: wf.Lookup(), bound: MaxTurnEvents}
}

// put adds to a map that is made when the first comes.
func put[K comparable, V any](to *map[K]V, k K, v V) {
	if *to == nil {
		*to = make(map[K]V)
	}
	(*to)[k] = v
}

// Bound makes turns, and the consequences of one input, end after so many
// events in place of MaxTurnEvents. It shall be told before the first event,
// and to all machines of a run alike.
func (m *Machine) Bound(events int) { m.bound = events }

// Seq returns the number of the last event.
func (m *Machine) Seq() uint64 { return m.st.seq }

// Ended tells whether the run has ended; late results may still come.
func (m *Machine) Ended() bool { return m.st.status.Ended() }

// Provide gives the machine stored bytes that a turn wanted. They are at hand
// until the input or consequence that needed them is through. A new machine may
// be given what its start names.
func (m *Machine) Provide(h expression.Hash, b []byte) { put(&m.blobs, h, b) }

// Apply folds one recorded event. It decides nothing, and nothing else writes
// the state. The error wraps ErrHistory when the event cannot follow.
func (m *Machine) Apply(e fact.Event) error {
	if e.Seq != m.st.seq+1 && !isCarried(e.Fact) {
		return fmt.Errorf("%w: event %d follows event %d", ErrHistory, e.Seq, m.st.seq)
	}
	if err := m.apply(e); err != nil {
		return fmt.Errorf("%w: event %d, %s: %w", ErrHistory, e.Seq, fact.NameOf(e.Fact), err)
	}
	m.st.seq, m.st.now = e.Seq, e.Time
	return nil
}

// Fold is Apply for what was read: an event that the machine, as the events
// before it have left it, has no place for is an error that wraps ErrHistory,
// whatever it would make the machine do.
func (m *Machine) Fold(e fact.Event) (err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("%w: event %d, %s: the run has no place for it", ErrHistory, e.Seq, fact.NameOf(e.Fact))
		}
	}()
	return m.Apply(e)
}

// Decide takes inputs one after another, each with everything that follows
// from it, and returns what happened. The events are already applied. at is
// the clock as read; the time of an event never goes back.
func (m *Machine) Decide(at time.Time, in ...Input) fact.Turn {
	m.at, m.payloads, m.stored = at.UTC().Round(0), nil, nil
	clear(m.childStops)
	var t fact.Turn
	bytes := 0
	record := func(f fact.Fact) {
		e := fact.Event{Seq: m.st.seq + 1, Time: m.time(), Fact: f}
		if err := m.Apply(e); err != nil {
			panic("interpreter: decided what cannot follow: " + err.Error())
		}
		bytes += size(f)
		if t.Events == nil {
			t.Events = make([]fact.Event, 0, usualEvents)
		}
		t.Events = append(t.Events, e)
	}
	resumed := m.full()
	for {
		inputs := t.Taken < len(in)
		if !m.st.agenda.empty() && !m.st.suspended && (!resumed || !inputs) {
			if m.full() && !resumed {
				t.More = true
				break
			}
			resumed = false
			f, err := m.consequence(m.st.agenda.first())
			var lack *expression.Lack
			if errors.As(err, &lack) {
				t.Wants = lack.Hashes
				break
			}
			record(f)
			continue
		}
		if m.st.seq > 0 {
			clear(m.blobs)
		}
		if !inputs || m.st.agenda.empty() && (len(t.Events) >= m.bound || bytes >= MaxTurnBytes) {
			break
		}
		resumed = false
		f, refused := m.take(in[t.Taken])
		if f == nil {
			refused.Index = t.Taken
			t.Refused = append(t.Refused, refused)
		}
		t.Taken++
		if f != nil {
			record(f)
		}
	}
	t.Payloads = m.payloads
	return t
}

// time returns the time of the next event.
func (m *Machine) time() time.Time {
	if m.at.Before(m.st.now) {
		return m.st.now // clocks may step back; a run's time does not
	}
	return m.at
}

// full tells that the consequences of the last input have reached the bound
// of a turn.
func (m *Machine) full() bool {
	return m.st.burst >= m.bound || m.st.burstBytes >= MaxTurnBytes
}

// pack returns the value of any JSON, its payloads noted for the turn.
func (m *Machine) pack(raw []byte) expression.Value {
	v, payloads := expression.Pack(raw)
	for _, p := range payloads {
		m.note(p)
	}
	return v
}

// note notes a payload for the turn.
func (m *Machine) note(p expression.Payload) {
	if m.stored == nil {
		m.stored = map[expression.Hash]bool{}
	}
	if !m.stored[p.Hash] {
		m.stored[p.Hash] = true
		m.payloads = append(m.payloads, p)
	}
}

// packAny returns the value of decoded JSON.
func (m *Machine) packAny(x any) (expression.Value, error) {
	raw, err := expression.Encode(x)
	if err != nil {
		return expression.Value{}, err
	}
	return m.pack(raw), nil
}

// fetch returns bytes that are at hand: provided ones, and those of the turn
// under way.
func (m *Machine) fetch(h expression.Hash) ([]byte, bool) {
	if b, ok := m.blobs[h]; ok {
		return b, true
	}
	for _, p := range m.payloads {
		if p.Hash == h {
			return p.Bytes, true
		}
	}
	if m.outside != nil {
		return m.outside(h)
	}
	return nil, false
}

// decode returns the decoded value of a cell, nil for none. A large value is
// not kept in decoded form.
func (m *Machine) decode(c *cell) (any, error) {
	switch {
	case c == nil:
		return nil, nil
	case c.has:
		return c.dec, nil
	case c.of != nil:
		x, err := m.decodeOf(c.of)
		if err == nil && c.of.small() {
			c.dec, c.has = x, true
		}
		return x, err
	case c.sig != nil:
		data, err := m.decode(c.sig.data)
		if err != nil {
			return nil, err
		}
		return map[string]any{"data": data, "id": c.sig.id, "time": formatTime(c.sig.at)}, nil
	case c.v.IsAbsent():
		return nil, nil
	}
	x, err := expression.Decode(c.v, m.fetch)
	if err == nil && c.v.Ref() == nil {
		c.dec, c.has = x, true
	}
	return x, err
}

func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
