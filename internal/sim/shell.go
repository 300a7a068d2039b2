package sim

import (
	"container/heap"
	"fmt"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// maxTurns and maxEvents bound a simulated run: what takes longer does not
// end.
const (
	maxTurns  = 20_000
	maxEvents = 40_000
)

// lifetime is how long others wait with what they send to a run. It is longer
// than any wait that ends by itself, however far the clock steps back behind
// the moment at which the wait began, and shorter than never in a clock that
// steps forwards.
const lifetime = 2*maxSkew + 400*24*time.Hour

// maxLeaps is how often the clock of one world steps forwards. A schedule makes
// up for what it missed in each step, and its runs are struck by the next.
const maxLeaps = 60

// shell drives runs and books as the engine does: one process with a log, a
// store and a clock.
type shell struct {
	p      *Program
	make   func(*graph.Workflow) Machine
	faults *plan
	report *Report
	trace  *trace
	world  *world

	leaps int // of the clock, forwards

	// The store.
	payloads map[expression.Hash][]byte
	sent     map[messageID]bool
	runs     []*run
	books    []*book
	known    map[string]*run

	// The process.
	epoch int // counts processes
	down  bool

	// Time.
	now     time.Time
	skew    time.Duration // what the clock shows more
	future  agenda
	planned int

	cells    cells  // of the last turn, and of the steps that are open
	fresh    []hit  // faults since the last turn
	struck   int    // faults
	diverged string // why the outcome may differ from the calm run's
	cancels  int    // cancels that were sent to the first run
	aimed    int    // cancels that were sent to any run
	turns    int    // that were decided
	shown    int    // the turn that first reached the cell which the program is made to have
	rescues  int
}

// stream is what has an inbox and takes turns.
type stream interface {
	busy() bool
	turn()
	boot()
}

func newShell(p *Program, make func(*graph.Workflow) Machine, pl *plan, r *Report, tr *trace) *shell {
	s := &shell{
		p: p, make: make, faults: pl, report: r, trace: tr,
		world:    &world{seed: p.Seed, keys: map[string]*account{}},
		payloads: map[expression.Hash][]byte{}, sent: map[messageID]bool{}, known: map[string]*run{},
		now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
	}
	s.epoch++
	s.begin(p, p.start())
	s.listen()
	return s
}

// streams returns the runs and books in the order in which they began.
func (s *shell) streams() []stream {
	all := make([]stream, 0, len(s.runs)+len(s.books))
	for _, b := range s.books {
		all = append(all, b)
	}
	for _, r := range s.runs {
		all = append(all, r)
	}
	return all
}

// boot starts a process. A machine is loaded when there is something to do.
func (s *shell) boot() {
	s.down = false
	s.epoch++
	for _, x := range s.streams() {
		x.boot()
	}
}

// crash ends the process; another one starts a while later.
func (s *shell) crash() {
	s.trace.add("  -- the process ends")
	s.faults.crashes--
	s.down = true
	s.epoch++
	for _, r := range s.runs {
		r.lose()
	}
	for _, b := range s.books {
		b.lose()
	}
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
		x := s.ready()
		switch {
		case x != nil && (len(s.future) == 0 || !s.holds()):
			x.turn()
		case len(s.future) > 0 && s.future[0].at.Sub(s.now) < lifetime:
			s.next()
		case s.over():
			if !s.restart() {
				return
			}
		case s.rescue():
		case len(s.future) > 0:
			s.next()
		default:
			fail("the runs stand still: nothing is open that could go on\n%s", s.standing())
		}
	}
}

// ready returns a stream that has something to decide on, nil when none has.
func (s *shell) ready() stream {
	if s.down {
		return nil
	}
	var busy []stream
	for _, x := range s.streams() {
		if x.busy() {
			busy = append(busy, x)
		}
	}
	switch {
	case len(busy) == 0:
		return nil
	case len(busy) > 1 && s.strikes(Reorder):
		return one(s.faults.dice, busy...)
	}
	return busy[0]
}

// over tells that every run has ended.
func (s *shell) over() bool {
	for _, r := range s.runs {
		if r.history.status == 0 {
			return false
		}
	}
	return true
}

// holds tells whether a turn waits for more inputs.
func (s *shell) holds() bool {
	return s.future[0].at.Sub(s.now) < time.Second && s.strikes(Batch)
}

// rescue sends what the runs wait for, when nothing else is left to happen in
// anybody's lifetime, and tells whether there was anything.
func (s *shell) rescue() (sent bool) {
	if s.rescues++; s.rescues > 500 {
		fail("the runs were sent what they waited for, and stand still\n%s", s.standing())
	}
	for _, r := range s.runs {
		sent = r.rescue() || sent
	}
	return sent
}

// standing shows what the runs that stand still wait for.
func (s *shell) standing() string {
	var b strings.Builder
	for _, r := range s.runs {
		if r.history.status == 0 {
			fmt.Fprintf(&b, "%s (%s) after event %d", r.id, r.p.Name, r.history.seq)
			if r.m != nil {
				fmt.Fprintf(&b, ": %s %s", r.m.View(s.fetch).Status, show(r.m.Outstanding()))
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
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

// hit is a fault that struck, and the cells that it was counted for.
type hit struct {
	fault Fault
	cells cells
}

// hit counts a fault: for the cells of the turn before it, of the steps that
// are open, and later of the turn after it.
func (s *shell) hit(f Fault) {
	s.struck++
	s.report.struck[f]++
	s.report.hit(f, s.cells)
	s.fresh = append(s.fresh, hit{f, s.cells})
	s.trace.add("  -- %s", f)
}

// meet looks into the events of a turn that was decided, and notes its cells.
func (s *run) meet(t *fact.Turn) {
	s.cells, s.looked = s.history.openCells(), s.looked[:0]
	for _, e := range t.Events {
		f := look(e.Fact)
		s.looked = append(s.looked, f)
		for _, path := range []string{f.path, f.by} {
			if c, ok := s.p.cellOf(path); ok {
				s.cells.add(c)
			}
		}
	}
	if c := s.shell.p.shows; c != nil && s.shown == 0 && s.cells.has(*c) {
		s.shown = s.turns
	}
	for _, h := range s.fresh {
		s.report.hit(h.fault, s.cells.without(h.cells))
	}
	s.fresh = s.fresh[:0]
}

// mayDiverge notes why the outcome may differ from the calm run's.
func (s *shell) mayDiverge(why string) {
	if s.diverged == "" {
		s.diverged = why
	}
	s.trace.add("  -- may diverge: %s", why)
}

// bytes returns the whole JSON of a value.
func (s *shell) bytes(v expression.Value) []byte {
	if v.IsAbsent() {
		return nil
	}
	b, err := expression.Bytes(v, s.fetch)
	if err != nil {
		fail("a value names bytes that were never stored: %v", err)
	}
	return b
}

// fetch returns bytes by hash, ok is false when they were never stored.
func (s *shell) fetch(h expression.Hash) ([]byte, bool) {
	b, ok := s.payloads[h]
	return b, ok
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

// eventsOf returns the events of a turn, read back from the record. They are
// kept, as a fact that was read is never changed; now and then they are read
// again.
func (s *run) eventsOf(turn int) []fact.Event {
	if events := s.read[turn]; events != nil && !s.faults.checks.chance(3) {
		return events
	}
	events, err := fact.DecodeTurn(s.record[turn], interpreter.Facts)
	if err != nil {
		fail("a turn cannot be read back: %v", err)
	}
	s.read[turn] = events
	return events
}
