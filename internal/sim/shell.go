package sim

import (
	"container/heap"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// maxTurns and maxEvents bound a simulated run: what takes longer does not
// end.
const (
	maxTurns  = 6_000
	maxEvents = 40_000
)

// shell drives one run as the engine does. What it holds is in three parts:
// what is durable, what a process holds and loses when it ends, and the
// simulated time.
type shell struct {
	p      *Program
	make   func(*graph.Workflow) Machine
	faults *plan
	report *Report
	trace  *trace
	world  *world

	// The log and the store.
	record   [][]byte // the turns
	cut      cutAt    // where the history begins
	snapshot snapshot
	payloads map[expression.Hash][]byte
	inbox    []interpreter.Input // signals and cancels, in order

	// The process.
	epoch   int // counts processes
	down    bool
	m       Machine // nil: not loaded
	twin    Machine // folded from the record, as the live machine stands
	pending []interpreter.Input
	calls   map[callID]*call
	timers  map[string]*timer
	again   bool // Decide has more to say without an input
	reissue bool // loaded, and what is outstanding not yet issued

	// Time.
	now     time.Time
	skew    time.Duration // what the clock shows more
	future  agenda
	planned int

	history  *history
	verbs    map[graph.Kind]bool // of the last turn, and of the steps that are open
	fresh    []hit               // faults since the last turn
	diverged string              // why the outcome may differ from the calm run's
	cancels  int                 // cancels that were sent
	turns    int                 // that were decided
	rescues  int
	strays   strays
}

// cutAt is the place of a Carried fact: history before it is gone.
type cutAt struct {
	turn, event int
	on          bool
}

// snapshot is a cached state and the number of turns that it stands for.
type snapshot struct {
	state []byte
	turns int
}

type callID struct {
	path    string
	attempt int
}

// call is one attempt of an operation on its way.
type call struct {
	id        callID
	cmd       interpreter.Call
	submitted bool
	arrived   bool
	stopped   bool // its context has ended
	answered  bool
	reply     reply
}

type timer struct {
	due time.Time // as recorded
	gen int
}

func newShell(p *Program, make func(*graph.Workflow) Machine, pl *plan, r *Report, tr *trace) *shell {
	s := &shell{
		p: p, make: make, faults: pl, report: r, trace: tr,
		world:    &world{seed: p.Seed, keys: map[string]*account{}},
		payloads: map[expression.Hash][]byte{},
		now:      time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		history:  newHistory(p),
		verbs:    map[graph.Kind]bool{},
	}
	s.boot()
	for _, g := range p.Signals {
		s.after(g.at, func() { s.signal(g.name, g.data) })
	}
	return s
}

// cancel puts a cancel into the inbox.
func (s *shell) cancel(f Fault) {
	s.hit(f)
	s.cancels++
	s.inbox = append(s.inbox, interpreter.Cancel{Reason: f.String()})
}

// signal puts a signal into the inbox; a fault may send it twice.
func (s *shell) signal(name, data string) {
	s.planned++
	g := interpreter.Signal{ID: "signal-" + itoa(s.planned), Name: name, Data: []byte(data)}
	s.inbox = append(s.inbox, g)
	if s.strikes(Duplicate) {
		s.inbox = append(s.inbox, g)
	}
}

// boot starts a process. The machine is loaded when there is something to do.
func (s *shell) boot() {
	s.down = false
	s.epoch++
	s.pending, s.calls, s.timers = nil, map[callID]*call{}, map[string]*timer{}
	s.m, s.twin = nil, nil
	s.again, s.reissue = len(s.record) > 0, false
	if len(s.record) == 0 {
		s.pending = []interpreter.Input{s.p.start()} // whoever starts it tries again
	}
}

// crash ends the process; another one starts a while later.
func (s *shell) crash() {
	s.trace.add("  -- the process ends")
	s.faults.crashes--
	s.down = true
	s.epoch++
	s.m, s.twin, s.pending, s.calls, s.timers = nil, nil, nil, nil, nil
	away := time.Duration(1+s.faults.dice.n(800)) * time.Millisecond
	if s.faults.dice.chance(10) {
		away = time.Duration(s.faults.dice.n(7200)) * time.Second
	}
	s.after(away, s.boot)
}

// live runs until nothing more can happen.
func (s *shell) live() {
	for turns := 0; ; turns++ {
		if turns > maxTurns {
			fail("the run has not ended after %d turns", maxTurns)
		}
		switch {
		case s.busy() && (len(s.future) == 0 || !s.holds()):
			s.turn()
		case len(s.future) > 0:
			s.next()
		case s.m != nil && s.m.Ended():
			return
		default:
			s.rescue()
		}
	}
}

// busy tells whether there is something to decide on.
func (s *shell) busy() bool {
	return !s.down && (len(s.pending) > 0 || len(s.inbox) > 0 && len(s.record) > 0 || s.again)
}

// holds tells whether a turn waits for more inputs.
func (s *shell) holds() bool {
	return s.future[0].at.Sub(s.now) < time.Second && s.strikes(Batch)
}

// rescue sends the signals that the run waits for, when nothing else is left
// to happen.
func (s *shell) rescue() {
	s.rescues++
	sent := map[string]bool{}
	if s.m != nil {
		for _, v := range s.m.View().Steps {
			n := s.p.nodes[v.Step]
			if n.Kind == graph.Await && v.Status == graph.Waiting && !sent[n.Await.Signal] {
				sent[n.Await.Signal] = true
				s.signal(n.Await.Signal, goodSignal)
			}
		}
	}
	if len(sent) == 0 || s.rescues > 500 {
		fail("the run stands still after event %d: nothing is open that could go on", s.history.seq)
	}
}

// strikes tells whether a fault strikes at a moment at which it could.
func (s *shell) strikes(f Fault) bool {
	if !s.faults.strikes(f) {
		return false
	}
	s.hit(f)
	return true
}

// crashes tells whether a fault that costs a turn strikes.
func (s *shell) crashes(f Fault) bool { return s.faults.crashes > 0 && s.strikes(f) }

// hit is a fault that struck, and the verbs that it was counted for.
type hit struct {
	fault Fault
	verbs map[graph.Kind]bool
}

// hit counts a fault: for the verbs of the turn before it, of the steps that
// are open, and later of the turn after it.
func (s *shell) hit(f Fault) {
	s.report.struck++
	s.report.hit(f, s.verbs)
	s.fresh = append(s.fresh, hit{f, s.verbs})
	s.trace.add("  -- %s", f)
}

// meet notes the verbs of a turn that was decided.
func (s *shell) meet(t *fact.Turn) {
	s.verbs = s.history.openKinds()
	for _, e := range t.Events {
		if k, ok := s.p.kinds[idOf(look(e.Fact).path)]; ok {
			s.verbs[k] = true
		}
	}
	for _, h := range s.fresh {
		more := map[graph.Kind]bool{}
		for k := range s.verbs {
			more[k] = !h.verbs[k]
		}
		s.report.hit(h.fault, more)
	}
	s.fresh = nil
}

// mayDiverge notes why the outcome may differ from the calm run's.
func (s *shell) mayDiverge(why string) {
	if s.diverged == "" {
		s.diverged = why
	}
	s.trace.add("  -- may diverge: %s", why)
}

// load folds the record into a machine, the one before it being lost.
func (s *shell) load() {
	if s.m != nil {
		return
	}
	if s.snapshot.state != nil && s.strikes(Snapshot) {
		s.m = s.fromSnapshot()
	} else {
		s.m = s.replay(len(s.record))
	}
	s.m.Outstanding() // forgets what replaying changed
	s.again = len(s.record) > 0 && !s.m.Ended()
	s.reissue = s.again
}

// bytes returns the whole JSON of a value.
func (s *shell) bytes(v expression.Value) []byte {
	if v.IsAbsent() {
		return nil
	}
	b, err := expression.Bytes(v, func(h expression.Hash) ([]byte, bool) {
		b, ok := s.payloads[h]
		return b, ok
	})
	if err != nil {
		fail("a value names bytes that were never stored: %v", err)
	}
	return b
}

// stored returns bytes by hash.
func (s *shell) stored(h expression.Hash) []byte {
	b, ok := s.payloads[h]
	if !ok {
		fail("the machine wants bytes %s that were never stored", h)
	}
	return b
}

var _ heap.Interface = (*agenda)(nil)

// lastOf returns the events of the last turn.
func (s *shell) lastOf(turn []byte) []fact.Event {
	events, err := fact.DecodeTurn(turn, interpreter.Facts)
	if err != nil {
		fail("a turn cannot be read back: %v", err)
	}
	return events
}
