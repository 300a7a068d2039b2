package interpreter

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// MaxDepth is how many parents a child may have above it.
const MaxDepth = 20

// What names the signals that come from events.
const (
	eventPrefix  = "event:"
	listenPrefix = "listen:"
)

// ChildID returns the run ID of a child: a UUID of version 8 that derives from
// the parent, the step's path and the attempt. It begins as the parent's does,
// so that it stands beside it where runs are listed by ID.
func ChildID(run, path string, attempt int) string {
	name := run + "\x00" + path
	if attempt > 1 {
		name += fmt.Sprintf("\x00%d", attempt)
	}
	id := derivedUUID("child\x00" + name)
	if len(run) == len(id) {
		return run[:timePart] + id[timePart:]
	}
	return id
}

// timePart is how much of a run's ID tells when it was made.
const timePart = len("01234567-89ab")

func derivedUUID(name string) string {
	sum := sha256.Sum256([]byte(name))
	b := sum[:16]
	b[6] = b[6]&0x0f | 0x80
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b)
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

// callWorkflow decides on a child.
func (m *Machine) callWorkflow(s *step, attempt int) (fact.Fact, error) {
	c := s.node.Child
	if m.st.run.Depth+1 > MaxDepth {
		return m.leave(s, result{status: graph.Failed, err: m.failure(s, CodeDepthReached,
			fmt.Sprintf("step %q would start a child below %d others", s.node.ID, m.st.run.Depth))})
	}
	f := &childStarted{
		Path: s.path, Attempt: attempt, Child: ChildID(m.st.run.Run, s.path, attempt), Workflow: c.Workflow,
		Detached: c.Detach, Deadline: m.deadline(s, attempt), Input: expression.Raw([]byte("{}")),
	}
	if attempt > 1 {
		f.Input = s.input // evaluated once, for the first attempt
	} else if c.With != nil {
		var err error
		if f.Input, err = m.value(c.With, m.env(s)); err != nil {
			return m.evalFailed(s, err)
		}
	}
	return f, nil
}

func (m *Machine) applyChild(e fact.Event, s *step, f *childStarted) {
	m.enter(e, s, graph.Running)
	s.attempt, s.input = f.Attempt, f.Input
	if f.Detached {
		s.res = &result{status: graph.Succeeded, out: &cell{v: expression.Raw(jsonOf(map[string]any{"run": f.Child}))}}
		m.settleLater(s)
		return
	}
	if f.Attempt == 1 {
		m.setDeadline(s, f.Deadline)
	}
	s.status, s.child = graph.Waiting, f.Child
	m.st.children.add(s.path, s)
}

func (m *Machine) applyChildEnded(f *childEnded) error {
	s, ok := m.st.children.get(f.Path)
	if !ok || s.child != f.Child {
		return fmt.Errorf("no child of %q is waited for", f.Path)
	}
	m.st.children.remove(f.Path)
	s.res = &result{status: graph.Succeeded, out: &cell{v: f.Output}}
	if f.Status != graph.Succeeded {
		s.res = &result{status: graph.Failed, err: f.Error}
	}
	m.dropTasks(s)
	m.settleLater(s)
	return nil
}

// childOutcome returns the outcome of a child that has ended: a child that
// was stopped ends cancelled, or timed out, whatever it did last.
func (m *Machine) childOutcome(s *step) (result, error) {
	switch {
	case s.stopped:
		return result{status: graph.Cancelled, err: s.res.err}, nil
	case s.halt == stopTimeout:
		return result{status: graph.TimedOut, err: s.fail}, nil
	}
	r := *s.res
	if returns := s.node.Child.Returns; returns != nil && r.status == graph.Succeeded {
		x, err := m.decode(r.out)
		if err != nil {
			return r, err
		}
		if f := invalid(returns, x); f != nil {
			f.Step, f.Attempt = s.node.ID, s.attempt
			return result{status: graph.Failed, err: f}, nil
		}
	}
	r.out = nil
	return r, nil
}

// emit decides on the event of an emit.
func (m *Machine) emit(s *step) (fact.Fact, error) {
	spec, env := s.node.Emit, m.env(s)
	f := &emitted{Path: s.path, Event: fact.CloudEvent{
		ID: derivedUUID("event\x00" + m.st.run.Run + "\x00" + s.path), Type: spec.Type,
		Source: "/workflows/" + m.st.run.Workflow + "/runs/" + m.st.run.Run, Time: m.time(),
	}}
	if spec.Subject != nil {
		x, err := spec.Subject.Eval(env)
		if err != nil {
			return m.evalFailed(s, err)
		}
		text, ok := x.(string)
		if !ok && x != nil {
			return m.leave(s, result{status: graph.Failed, err: m.failure(s, expression.CodeExpressionError, "the subject of an event is a text")})
		}
		f.Event.Subject = text
	}
	var err error
	if f.Event.Data, err = m.value(spec.Data, env); err != nil {
		return m.evalFailed(s, err)
	}
	return f, nil
}

func idOutput(id string) expression.Value {
	return expression.Raw(jsonOf(map[string]any{"id": id}))
}

// await decides on the opening of an await; a match is evaluated here, once.
func (m *Machine) await(s *step, attempt int) (fact.Fact, error) {
	f := &awaitStarted{Path: s.path, Deadline: m.deadline(s, attempt)}
	var err error
	if f.Match, err = m.matches(s.node.Await.Match, m.env(s)); err != nil {
		return m.evalFailed(s, err)
	}
	return f, nil
}

func (m *Machine) matches(fields []graph.MatchField, env expression.Env) ([]fact.Match, error) {
	var all []fact.Match
	for _, field := range fields {
		v, err := m.value(field.Value, env)
		if err != nil {
			return nil, err
		}
		all = append(all, fact.Match{Path: field.Path, Value: v})
	}
	return all, nil
}

// listen opens the match of a listen. One that cannot be evaluated ends the
// run: nothing could be waited for.
func (m *Machine) listen(i int) (fact.Fact, error) {
	l := m.wf.Listens[i]
	match, err := m.matches(l.Match, env{m: m, f: m.st.root, seed: listenPrefix + l.Name})
	if err == nil {
		return &listenOpened{Listen: l.Name, Match: match}, nil
	}
	f, lack := m.evalFailure(nil, err)
	if lack != nil {
		return nil, lack
	}
	return &runEnded{Status: graph.Failed, Error: f}, nil
}

func (m *Machine) applyEvent(e fact.Event, f *eventArrived) {
	name, isListen := strings.CutPrefix(f.Path, listenPrefix)
	if !isListen {
		name = eventPrefix + f.Path
	}
	at := f.Event.Time
	if at.IsZero() {
		at = e.Time
	}
	m.keep(&signal{
		seq: e.Seq, id: f.Event.ID, name: name, at: at, data: &cell{v: f.Event.Data},
		etype: f.Event.Type, source: f.Event.Source, subject: f.Event.Subject,
	})
	m.offerSignals()
}

// admit asks for a slot of the workflow's limit.
func (m *Machine) admit() (fact.Fact, error) {
	c := m.wf.Concurrency
	if c.Key == nil {
		return &admissionAsked{}, nil
	}
	x, err := c.Key.Eval(env{m: m, seed: "concurrency"})
	if err == nil {
		var text string
		if text, err = switchText(x); err == nil {
			return &admissionAsked{Key: text}, nil
		}
	}
	f, lack := m.evalFailure(nil, err)
	if lack != nil {
		return nil, lack
	}
	return &runEnded{Status: graph.Failed, Error: f}, nil
}

// takeMessage records what another stream or an operator says.
func (m *Machine) takeMessage(in Input) (fact.Fact, fact.Refusal) {
	refuse := func(code, format string, args ...any) (fact.Fact, fact.Refusal) {
		return nil, fact.Refusal{Code: code, Why: fmt.Sprintf(format, args...)}
	}
	switch in := in.(type) {
	case ChildEnded:
		if s, ok := m.st.children.get(in.Path); !ok || s.child != in.Child {
			return refuse(RefusedNotOpen, "no child of %q is waited for", in.Path)
		}
		return childFact(in), fact.Refusal{}
	case EventArrived:
		if _, ok := m.st.awaits.get(in.Path); !ok && !strings.HasPrefix(in.Path, listenPrefix) {
			return refuse(RefusedNotOpen, "nothing at %q waits for an event", in.Path)
		}
		if why := m.room(!strings.HasPrefix(in.Path, listenPrefix)); why != "" {
			return refuse(RefusedFull, "%s", why)
		}
		return &eventArrived{Path: in.Path, Event: in.Event}, fact.Refusal{}
	case SlotGranted:
		if m.st.status != graph.Queued || m.st.ending != 0 {
			return refuse(RefusedNotOpen, "the run does not wait for a slot")
		}
		return &admitted{}, fact.Refusal{}
	case SlotRefused:
		if m.st.status != graph.Queued {
			return refuse(RefusedNotOpen, "the run does not wait for a slot")
		}
		return &runEnded{Status: graph.Cancelled, Error: &graph.Failure{Code: in.Code, Message: in.Message}}, fact.Refusal{}
	case Suspend:
		if m.st.suspended {
			return refuse(RefusedSuspended, "the run is suspended")
		}
		return &suspended{Why: in.Reason}, fact.Refusal{}
	case Resume:
		if !m.st.suspended {
			return refuse(RefusedNotOpen, "the run is not suspended")
		}
		return &resumed{}, fact.Refusal{}
	default:
		panic(fmt.Sprintf("interpreter: unhandled %T", in))
	}
}

// childFact records how a child ended. A cancelled child is a failure of the
// step that waits for it.
func childFact(in ChildEnded) fact.Fact {
	status, _ := graph.ParseStatus(in.Status)
	f := &childEnded{Path: in.Path, Child: in.Child, Status: status, Output: in.Output}
	if status != graph.Succeeded {
		f.Output = expression.Value{}
		f.Error = &graph.Failure{Code: in.Code, Message: in.Message, Details: in.Details}
		if in.Code == "" {
			f.Error.Code, f.Error.Message = CodeCancelled, "the child was cancelled"
		}
		segments, err := SplitPath(in.Path)
		if err == nil {
			f.Error.Step = segments[len(segments)-1].Name
		}
	}
	return f
}
