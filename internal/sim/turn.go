package sim

import (
	"slices"
	"time"

	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// turn takes one turn, as the engine does: load, decide, store, append, issue.
func (s *run) turn() {
	s.disturb()
	if s.down {
		return
	}
	if s.stucks < 2 && s.strikes(Stuck) {
		s.stick()
		return
	}
	s.turns++
	s.load()
	in, own := s.inputs()
	at := s.wall()
	twin := s.twinNow()
	s.again = false
	t := s.m.Decide(at, in...)
	var commands []interpreter.Command
	var sends []interpreter.Message
	if len(t.Events) > 0 {
		sends = s.m.Sends(t.Events)
		commands = s.m.Commands(t.Events)
	}
	s.report.turn(&t)
	s.meet(&t)
	if t.More { // it strikes what was decided and what is decided next
		s.hit(Split)
	}
	if len(t.Wants) > 0 {
		s.hit(Lack)
	}
	s.traceTurn(in, &t)
	s.checkTaken(&t)
	if len(t.Wants) > 0 { // a twin of before may have pages decoded that the live machine lacks
		twin = s.replay(len(s.record))
		twin.Outstanding()
	}
	s.checkTwin(twin, at, in, &t, commands, sends)
	s.twin = twin // it stands where the live one does; in most turns a folded one takes its place
	if s.faults.checks.chance(12) {
		s.checkOneByOne(at, in, &t)
	}
	if s.faults.checks.chance(20) {
		s.checkMidway(at, &t)
	}
	if s.crashes(CrashBefore) {
		s.crash()
		return
	}
	answers := s.expect(in)
	if !s.commit(&t, own, sends) {
		return
	}
	s.checkAnswers(answers, &t)
	s.checkCommitted(&t, commands)
	s.settle(&t, in, own)
	if s.crashes(CrashAfter) {
		s.crash()
		return
	}
	s.afterwards(&t, commands)
	if s.crashes(CrashIssued) {
		s.crash()
	}
}

// inputs returns what the machine is told next, and how much of it is the
// process's own.
func (s *run) inputs() (in []interpreter.Input, own int) {
	if len(s.pending) > 1 && s.strikes(Reorder) {
		d := s.faults.dice
		d.r.Shuffle(len(s.pending), func(i, j int) { s.pending[i], s.pending[j] = s.pending[j], s.pending[i] })
	}
	in = append(in, s.pending...)
	if s.child || len(s.record) > 0 {
		in = append(in, s.inbox...)
	}
	return in, len(s.pending)
}

// commit appends the turn. It returns false when the machine is to be read
// again.
func (s *run) commit(t *fact.Turn, own int, sends []interpreter.Message) bool {
	for _, p := range t.Payloads {
		s.payloads[p.Hash] = p.Bytes
	}
	took := max(t.Taken-own, 0)
	if len(t.Events) == 0 && took == 0 {
		return true
	}
	switch {
	case s.crashes(AppendFails):
		s.faults.crashes--
		s.m, s.twin, s.again = nil, nil, s.running()
		return false
	case s.crashes(AppendLost):
		s.crash()
		return false
	}
	s.inbox = slices.Clone(s.inbox[took:])
	if len(t.Events) > 0 {
		s.record, s.read = append(s.record, fact.EncodeTurn(t.Events)), append(s.read, nil)
		s.history.take(t.Events, s)
		s.deliver(s.id, sends)
	}
	if s.crashes(AppendKept) {
		s.crash()
		return false
	}
	return true
}

// settle takes away the inputs that the turn took, and sends off the calls
// that are now known to have started.
func (s *run) settle(t *fact.Turn, in []interpreter.Input, own int) {
	taken := min(t.Taken, own)
	refused := map[int]bool{}
	for _, r := range t.Refused {
		refused[r.Index] = true
	}
	for i, x := range in[:taken] {
		switch x := x.(type) {
		case interpreter.CallResult:
			if c := s.calls[callID{x.Path, x.Attempt}]; c != nil && c.answered {
				delete(s.calls, c.id)
			}
		case interpreter.TimerFired:
			if !refused[i] { // one that came twice may be for the same timer, set anew
				delete(s.timers, x.Timer)
			}
		case interpreter.CallStarted:
			c := s.calls[callID{x.Path, x.Attempt}]
			if c == nil || c.submitted {
				continue
			}
			if refused[i] {
				delete(s.calls, c.id)
			} else {
				s.submit(c)
			}
		}
	}
	s.pending = append([]interpreter.Input(nil), s.pending[taken:]...)
}

// afterwards does what the turn wants done now that it is in the log.
func (s *run) afterwards(t *fact.Turn, commands []interpreter.Command) {
	s.again = t.More
	s.issue(commands)
	for _, h := range t.Wants {
		s.m.Provide(h, s.stored(h))
		s.again = true
	}
	if s.m.Ended() {
		s.timers = map[string]*timer{}
	}
	if s.reissue {
		s.reissue = false
		s.issue(s.m.Outstanding())
	}
	if !s.again && !s.m.Ended() {
		s.checkOpen()
	}
}

// disturb lets the faults strike that come between two turns.
func (s *run) disturb() {
	d := s.faults.dice
	if s.leaps < maxLeaps && s.strikes(ClockForward) {
		s.leaps++
		s.step(d, 1)
	}
	if s.strikes(ClockBack) {
		s.step(d, -1)
	}
	if s.turns >= s.faults.cancelAt && s.faults.percent[Cancel] > 0 && s.aimed == 0 {
		s.target().cancel(Cancel)
	}
	if s.aimed > 0 && s.aimed < 2 && s.strikes(CancelTwice) {
		for _, r := range s.runs {
			if r.cancelled > 0 {
				r.cancel(CancelTwice)
				break
			}
		}
	}
	if s.suspends < 3 && s.strikes(Suspend) {
		s.suspend()
	}
	if len(s.record) > 0 {
		if s.strikes(StaleTimer) {
			s.insert(s.strays.timer(s))
		}
		if s.strikes(StaleResult) {
			s.insert(s.strays.result(s))
		}
		if s.history.carries < 4 && s.strikes(Carry) {
			s.insert(interpreter.Carry{})
		}
	}
	if s.m != nil && len(s.record) > 0 && s.strikes(Snapshot) {
		s.takeSnapshot()
	}
	if s.crashes(CrashIdle) {
		s.crash()
	}
}

// target returns the run that a cancel is for: mostly the first.
func (s *run) target() *run {
	if s.faults.dice.chance(75) {
		return s.runs[0]
	}
	return one(s.faults.dice, s.runs...)
}

// maxSkew is how far the clock is from the true time at most; never is longer,
// for timeouts that do not strike.
const (
	maxSkew = 2 * 365 * 24 * time.Hour
	never   = "3650d"
)

// step moves the clock.
func (s *run) step(d dice, sign time.Duration) {
	by := one(d, time.Millisecond, 3*time.Second, time.Minute, time.Hour, 24*time.Hour)
	if !s.p.Timed && d.chance(20) {
		by = 365 * 24 * time.Hour
	}
	skew := s.skew + sign*(by+time.Duration(d.n(1000))*time.Millisecond)
	if skew.Abs() > maxSkew {
		return
	}
	s.skew = skew
	if s.p.Timed {
		s.mayDiverge("a clock step")
	}
}

// insert puts an input among those that wait.
func (s *run) insert(in interpreter.Input) {
	if in == nil {
		return
	}
	i := s.faults.dice.n(len(s.pending) + 1)
	s.pending = append(s.pending[:i:i], append([]interpreter.Input{in}, s.pending[i:]...)...)
}

// strays remembers timers and calls that are no longer open.
type strays struct {
	timers []string
	calls  []callID
}

// timer returns the firing of a timer that is not open.
func (x *strays) timer(s *run) interpreter.Input {
	if len(x.timers) == 0 {
		return interpreter.TimerFired{Timer: "wait:nowhere"}
	}
	id := one(s.faults.dice, x.timers...)
	if s.timers[id] != nil || s.down {
		return nil
	}
	for _, in := range s.pending {
		if f, ok := in.(interpreter.TimerFired); ok && f.Timer == id {
			return nil
		}
	}
	if s.m == nil {
		return nil // what is open is not known
	}
	return interpreter.TimerFired{Timer: id}
}

// result returns the answer of a call that ended before.
func (x *strays) result(s *run) interpreter.Input {
	if len(x.calls) == 0 {
		return interpreter.CallResult{Path: "nowhere", Attempt: 1, Output: []byte(`"stray"`)}
	}
	id := one(s.faults.dice, x.calls...)
	if s.faults.dice.chance(20) {
		return interpreter.CallStarted{Path: id.path, Attempt: id.attempt}
	}
	return interpreter.CallResult{Path: id.path, Attempt: id.attempt, Output: []byte(`{"n":99,"stray":true}`)}
}
