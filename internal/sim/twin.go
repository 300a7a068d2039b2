package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// replay folds the first n turns of the record, from where the history was
// cut in every other case.
func (s *run) replay(n int) Machine {
	m := s.machine()
	first := 0
	if s.cut.on && s.cut.turn < n && s.faults.checks.chance(50) {
		first = s.cut.turn
	}
	for i := first; i < n; i++ {
		events := s.eventsOf(i)
		if i == s.cut.turn && first > 0 {
			events = events[s.cut.event:]
		}
		apply(m, events)
	}
	return m
}

func apply(m Machine, events []fact.Event) {
	for _, e := range events {
		if err := m.Apply(e); err != nil {
			fail("a recorded event cannot be folded: %v", err)
		}
	}
}

// twinNow returns a machine that stands where the live one does and was
// folded from the record, or began with the live one's state.
func (s *run) twinNow() Machine {
	twin := s.twin
	if twin == nil || s.faults.checks.chance(15) {
		twin = s.replay(len(s.record))
	}
	if len(s.record) > 0 && s.faults.checks.chance(10) {
		state := twin.State()
		twin = s.machine()
		if err := twin.Restore(state); err != nil {
			fail("a state cannot be restored: %v", err)
		}
	}
	twin.Outstanding() // forgets what folding changed
	return twin
}

// checkTwin has the twin decide on what the live machine decided on. A twin
// that wants bytes which the live machine had is given them and goes on.
func (s *run) checkTwin(twin Machine, at time.Time, in []interpreter.Input, t *fact.Turn, commands []interpreter.Command, sends []interpreter.Message) {
	events, refused := s.decide(twin, at, in, t)
	same(t.Events, events, "the twin decides otherwise than the live machine")
	if !reflect.DeepEqual(t.Refused, refused) {
		fail("the twin refuses otherwise: live %v, twin %v", t.Refused, refused)
	}
	if len(events) == 0 {
		return
	}
	if got := twin.Sends(events); !reflect.DeepEqual(sends, got) {
		fail("the twin sends otherwise:\nlive %+v\ntwin %+v", sends, got)
	}
	if got := twin.Commands(events); !reflect.DeepEqual(commands, got) {
		fail("the twin commands otherwise:\nlive %s\ntwin %s", show(commands), show(got))
	}
}

// decide has m decide until it has as many events as the turn t, and has taken
// as many inputs.
func (s *run) decide(m Machine, at time.Time, in []interpreter.Input, t *fact.Turn) (events []fact.Event, refused []fact.Refusal) {
	had := map[expression.Hash][]byte{}
	taken := 0
	for {
		u := m.Decide(at, in[taken:t.Taken]...)
		events = append(events, u.Events...)
		for _, r := range u.Refused {
			r.Index += taken
			refused = append(refused, r)
		}
		taken += u.Taken
		for _, p := range u.Payloads {
			had[p.Hash] = p.Bytes
		}
		enough := len(events) >= len(t.Events) && taken >= t.Taken
		if enough || len(u.Wants) == 0 {
			return events, refused
		}
		s.report.wants++
		for _, h := range u.Wants {
			if b, ok := had[h]; ok {
				m.Provide(h, b)
				continue
			}
			m.Provide(h, s.stored(h))
		}
	}
}

// checkOneByOne has a third machine take the inputs one at a time: a turn of n
// inputs has the events of n turns of one.
func (s *run) checkOneByOne(at time.Time, in []interpreter.Input, t *fact.Turn) {
	if t.Taken < 2 {
		return
	}
	s.report.split++
	m := s.replay(len(s.record))
	var events []fact.Event
	for i := range t.Taken {
		for offer := in[i : i+1]; ; {
			u := m.Decide(at, offer...)
			events = append(events, u.Events...)
			offer = offer[u.Taken:]
			last := i == t.Taken-1 && len(t.Wants) > 0 && len(events) >= len(t.Events)
			if len(u.Wants) == 0 && len(offer) == 0 || last {
				break
			}
			for _, h := range u.Wants {
				m.Provide(h, s.anywhere(h, t, u.Payloads))
			}
		}
	}
	same(t.Events, events, "one by one the inputs lead to other events than together")
}

// anywhere returns bytes that are stored, or are about to be.
func (s *run) anywhere(h expression.Hash, t *fact.Turn, more []expression.Payload) []byte {
	for _, ps := range [][]expression.Payload{t.Payloads, more} {
		for _, p := range ps {
			if p.Hash == h {
				return p.Bytes
			}
		}
	}
	return s.stored(h)
}

// same fails unless the events are byte for byte the same.
func same(live, other []fact.Event, what string) {
	if len(live) == 0 && len(other) == 0 {
		return
	}
	if len(live) > 0 && len(other) > 0 && bytes.Equal(fact.EncodeTurn(live), fact.EncodeTurn(other)) {
		return
	}
	for i := range max(len(live), len(other)) {
		a, b := lineOf(live, i), lineOf(other, i)
		if a != b {
			fail("%s:\nlive  %s\nother %s", what, a, b)
		}
	}
	fail("%s: the bytes differ", what)
}

func lineOf(events []fact.Event, i int) string {
	if i >= len(events) {
		return "nothing"
	}
	e := events[i]
	return fmt.Sprintf("%d %s %s %s", e.Seq, e.Time.Format("01-02T15:04:05.000"), fact.NameOf(e.Fact), fact.ShowFields(e.Fact))
}

// longRun is from how many events on only some turns are folded again, so that
// the work does not grow with the square of a run's length.
const longRun = 120

// checkCommitted compares the live machine with one that is folded from the
// record, the turn just appended included. It becomes the next twin.
func (s *run) checkCommitted(t *fact.Turn, commands []interpreter.Command) {
	if len(t.Events) == 0 {
		return
	}
	if seq := int(s.history.seq); seq > longRun && !s.faults.checks.chance(100*longRun/seq) {
		return
	}
	s.checkCodec(t.Events)
	n := len(s.record) - 1
	m := s.replay(n)
	m.Outstanding()
	apply(m, s.eventsOf(n))
	if got := m.Commands(t.Events); !reflect.DeepEqual(commands, got) {
		fail("after folding the turn the commands are others:\nlive   %s\nfolded %s", show(commands), show(got))
	}
	live := s.m.State()
	if !bytes.Equal(live, m.State()) {
		fail("after event %d the folded machine is in another state than the live one", s.history.seq)
	}
	if s.faults.checks.chance(4) || s.m.Ended() {
		s.checkViews(m, live)
	}
	s.twin = m
}

// checkViews compares how the live machine, a folded one and a restored one
// look.
func (s *run) checkViews(folded Machine, state []byte) {
	s.history.checkView(s.m.View(s.fetch))
	restored := s.machine()
	if err := restored.Restore(state); err != nil {
		fail("a state cannot be restored: %v", err)
	}
	if !bytes.Equal(restored.State(), state) {
		fail("after event %d the restored machine is in another state than the live one", s.history.seq)
	}
	live := s.m.View(s.fetch)
	for what, m := range map[string]Machine{"folded": folded, "restored": restored} {
		got := m.View(s.fetch)
		if reflect.DeepEqual(got, live) {
			continue
		}
		if a, b := show(live), show(got); a != b {
			fail("after event %d the %s machine looks different:\nlive %s\nit   %s", s.history.seq, what, a, b)
		}
	}
}

// checkCodec reads a turn back: the bytes must be the same again, and the
// events look the same.
func (s *run) checkCodec(events []fact.Event) {
	b := s.record[len(s.record)-1]
	read := s.eventsOf(len(s.record) - 1)
	if !bytes.Equal(fact.EncodeTurn(read), b) {
		fail("a turn read back and written again has other bytes")
	}
	if s.faults.checks.chance(10) {
		for i := range events {
			if a, b := lineOf(events, i), lineOf(read, i); a != b {
				fail("an event read back looks different:\nwas %s\nis  %s", a, b)
			}
		}
	}
}

// checkOpen compares what the process holds with what the machine waits for:
// commands are the shadow of events.
func (s *run) checkOpen() {
	open := map[string]time.Time{}
	for _, t := range s.m.Tasks() {
		s.checkLeft("task", t.Path)
	}
	for _, c := range s.m.Outstanding() {
		switch c := c.(type) {
		case interpreter.SetTimer:
			open[c.Timer] = c.Due
			s.checkLeft("timer", c.Timer[strings.IndexByte(c.Timer, ':')+1:])
		case interpreter.Call:
			s.checkLeft("call", c.Path)
			if s.calls[callID{c.Path, c.Attempt}] == nil {
				fail("the run waits for call %s@%d, which was never commanded", c.Path, c.Attempt)
			}
		}
	}
	for id, t := range s.timers {
		if due, ok := open[id]; !ok || !due.Equal(t.due) {
			fail("timer %s is armed and the run does not wait for it", id)
		}
	}
	for _, in := range s.pending {
		if f, ok := in.(interpreter.TimerFired); ok {
			delete(open, f.Timer)
		}
	}
	for id := range open {
		if s.timers[id] == nil {
			fail("the run waits for timer %s, which was never set", id)
		}
	}
}

// checkLeft: nothing is open in what has ended, such as what a race's winner
// left behind; but for its compensation, and for notifications, whose end
// nobody waits for.
func (s *run) checkLeft(what, path string) {
	for i := len(path); i >= 0; i = strings.LastIndexByte(path[:i], '.') {
		around, rest := path[:i], path[i:]
		if strings.HasPrefix(rest, ".compensate") || strings.HasPrefix(rest, ".notify[") {
			return
		}
		if strings.HasSuffix(around, "]") { // a pass
			around = around[:strings.LastIndexByte(around, '[')]
		}
		if j := strings.LastIndexAny(around, ".#"); j >= 0 && around[j] == '#' { // a later attempt
			around = around[:j]
		}
		if status, ended := s.history.ended[around]; ended {
			fail("%s %s is open, and %s has ended %s", what, path, around, status)
		}
	}
}

// takeSnapshot replaces the live machine by one that begins with its state,
// which a later process may begin with as well.
func (s *run) takeSnapshot() {
	state := s.m.State()
	m := s.machine()
	if err := m.Restore(state); err != nil {
		fail("a state cannot be restored: %v", err)
	}
	m.Outstanding()
	s.m = m
	s.snapshot = snapshot{state: state, turns: len(s.record)}
}

// fromSnapshot returns the machine of the last snapshot and of the turns
// since.
func (s *run) fromSnapshot() Machine {
	m := s.machine()
	if err := m.Restore(s.snapshot.state); err != nil {
		fail("a state cannot be restored: %v", err)
	}
	for i := s.snapshot.turns; i < len(s.record); i++ {
		apply(m, s.eventsOf(i))
	}
	return m
}

func show(x any) string {
	if cs, ok := x.([]interpreter.Command); ok {
		var b bytes.Buffer
		for _, c := range cs {
			fmt.Fprintf(&b, "%T%+v ", c, c)
		}
		return b.String()
	}
	b, err := json.Marshal(x)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
