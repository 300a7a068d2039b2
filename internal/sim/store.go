package sim

import (
	"bytes"
	"strings"

	"github.com/keelstep/keelstep/pkg/books"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// messageID names a message: the log keeps one of each.
type messageID struct {
	sender   string
	seq      uint64
	receiver string
}

// put puts a message into the inbox of a run. What an inbox holds is bytes.
func (s *run) put(in interpreter.Input) {
	b := interpreter.EncodeInput(in)
	read, err := interpreter.DecodeInput(b)
	if err != nil || !bytes.Equal(interpreter.EncodeInput(read), b) {
		fail("a %T does not come out of the inbox as it went in: %v", in, err)
	}
	if _, ok := in.(interpreter.Cancel); ok {
		s.cancelled++
	}
	s.inbox = append(s.inbox, read)
}

// deliver brings the messages of a turn that is in the log to their inboxes,
// as the append of the turn does.
func (s *shell) deliver(sender string, ms []fact.Message) {
	for _, m := range ms {
		id := messageID{sender, m.Seq, m.To}
		if s.sent[id] {
			fail("event %d of %s sends two messages to %s", m.Seq, sender, m.To)
		}
		s.sent[id] = true
		s.report.messages++
		s.trace.add("  @ %s %T from %s (%d)", m.To, m.Body, sender, m.Seq)
		if start, ok := m.Body.(fact.Start); ok {
			s.startChild(start)
			continue
		}
		s.post(m.To, m.Body)
	}
}

// post puts a message into an inbox.
func (s *shell) post(to string, body fact.Mail) {
	if to == interpreter.EventsBook || isTrigger(to) || isPool(to) || strings.HasPrefix(to, interpreter.LimitPrefix) {
		s.book(to).put(body)
		return
	}
	r := s.known[to]
	if r == nil {
		fail("a %T goes to %s, which was never started", body, to)
	}
	r.put(body)
}

// startChild completes a start as the engine does and puts it into the inbox
// of a new run. One that cannot be completed fails the step that waits.
func (s *shell) startChild(m fact.Start) {
	p := s.p.kid(m.Workflow)
	code := ""
	if isTrigger(m.Parent) {
		fire(&m)
	}
	if p == nil {
		code = "NoWorkflow"
	} else if s.complete(p.Flow, &m) {
		code = "InputInvalid"
	}
	switch {
	case code != "" && isTrigger(m.Parent):
		s.lost(m.Run)
		s.post(m.Parent, fact.FiringFailed{Run: m.Run, Code: code, Message: "it cannot be started"})
	case code != "" && !m.Detached:
		s.lost(m.Run)
		s.post(m.Parent, fact.ChildEnded{
			Path: m.ParentPath, Child: m.Run, Status: graph.Failed.String(), Code: code, Message: "it cannot be started",
		})
	case code != "": // nobody waits for it
		s.lost(m.Run)
	case s.known[m.Run] != nil:
		fail("child %s is started twice", m.Run)
	default:
		s.report.children++
		s.addRun(&run{shell: s, p: p, id: m.Run, child: true}).put(m)
	}
}

// lost makes the inbox of a run that was never started: whoever writes to it
// is not heard.
func (s *shell) lost(id string) { s.known[id] = &run{shell: s, id: id} }

// complete fills in what the machine leaves to its shell. It returns true for
// an input that does not fit.
func (s *shell) complete(wf *graph.Workflow, m *fact.Start) (bad bool) {
	x, err := expression.DecodeRaw(s.bytes(m.Packed))
	if err != nil {
		fail("the input of child %s is no JSON: %v", m.Run, err)
	}
	x = wf.Input.Fill(x)
	if len(wf.Input.Validate(x)) > 0 {
		return true
	}
	raw, err := expression.Encode(x)
	if err != nil {
		fail("the input of child %s cannot be written: %v", m.Run, err)
	}
	m.Version, m.Digest = wf.Version, wf.Digest
	var payloads []expression.Payload
	m.Packed, payloads = expression.Pack(raw)
	for _, p := range payloads {
		s.payloads[p.Hash] = p.Bytes
	}
	return false
}

// publish brings an event to the book of events; a fault may send it twice.
func (s *shell) publish(kind, data string) {
	s.planned++
	m := fact.Emitted{Event: fact.CloudEvent{
		ID: "event-" + itoa(s.planned), Type: kind, Source: "/test", Time: s.now, Data: expression.Raw([]byte(data)),
	}}
	s.book(interpreter.EventsBook).put(m)
	if s.strikes(Duplicate) {
		s.book(interpreter.EventsBook).put(m)
	}
}

// book returns the book of a stream, which begins when it is first written to.
func (s *shell) book(name string) *book {
	for _, b := range s.books {
		if b.name == name {
			return b
		}
	}
	b := &book{shell: s, name: name, family: books.LimitFacts, empty: func() bookMachine { return books.NewLimit() }}
	switch {
	case isTrigger(name):
		b.family, b.empty = books.TriggerFacts, func() bookMachine { return books.NewFirings(name) }
	case isPool(name):
		b.empty = func() bookMachine { return books.NewSharedLimit() }
	case name == interpreter.EventsBook:
		b.family, b.empty = books.EventFacts, func() bookMachine { return books.NewEvents() }
	}
	s.books = append(s.books, b)
	return b
}
