package interpreter

import (
	"cmp"
	"slices"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// Status returns where the run stands: Running, Waiting when only timers,
// signals and retries are open, or how it ended.
func (m *Machine) Status() graph.Status {
	if m.st.suspended && !m.Ended() {
		return graph.Suspended
	}
	if m.st.status == graph.Running && m.st.calls.len() == 0 && m.st.agenda.empty() {
		return graph.Waiting
	}
	return m.st.status
}

// Tracked returns the searchable attributes of the run, in the order in which
// they were first set.
func (m *Machine) Tracked() []Param {
	ps := make([]Param, len(m.st.tracked))
	for i, t := range m.st.tracked {
		ps[i] = Param{Name: t.Name, Value: t.Value}
	}
	return ps
}

// Failure returns the error that the run ended with, nil when it has none.
func (m *Machine) Failure() *graph.Failure { return m.st.fail }

// Started returns what the run was started with.
func (m *Machine) Started() (run, workflow, version, digest string, at time.Time) {
	r := &m.st.run
	return r.Run, r.Workflow, r.Version, r.Digest, m.startedAt()
}

// Parent returns the stream that started the run, a run's or a trigger's, and
// the path there; empty when it was started from outside. waits tells that it
// hears of the run's end.
func (m *Machine) Parent() (stream, path string, waits bool) {
	r := &m.st.run
	return r.Parent, r.ParentPath, r.Parent != "" && !r.Detached
}

// RestartOf returns the run that this one repeats, empty when it is none's
// repeat.
func (m *Machine) RestartOf() string { return m.st.run.RestartOf }

// EndedAt returns when the run ended, zero when it has not.
func (m *Machine) EndedAt() time.Time { return m.st.endedAt }

// Answer returns what a respond step said, nil when none has.
func (m *Machine) Answer() *AnswerCaller { return m.st.answer }

func (m *Machine) startedAt() time.Time { return m.st.startedAt }

// View returns the run as it is now. It must be asked only after the commit of
// the last turn; it shares no state that changes with the machine. Its cost
// grows with the number of steps, and with the passes of loops that have ended:
// their outputs are put together here. fetch returns stored bytes; an output
// that is made of some which it does not have is absent.
func (m *Machine) View(fetch expression.Fetch) View {
	m.outside = fetch
	defer func() { m.outside = nil }()
	r := &m.st.run
	v := View{
		Run: r.Run, Workflow: r.Workflow, Version: r.Version, Digest: r.Digest, Semantics: r.Semantics,
		TriggerID: r.TriggerID, Parent: r.Parent, RestartOf: r.RestartOf, Status: m.Status(), StartedAt: m.startedAt(), EndedAt: m.st.endedAt,
		Input: r.Input, Error: m.st.fail, Response: m.st.answer, Cancelling: m.st.ending == stopCancel && !m.Ended(),
	}
	if m.st.output != nil {
		v.Output = m.st.output.v
	}
	if !m.Ended() {
		v.WakeAt = m.WakeAt()
	}
	var steps []*step
	m.eachStep(m.st.root, func(s *step) {
		if s.order > 0 {
			steps = append(steps, s)
		}
	})
	slices.SortStableFunc(steps, func(a, b *step) int { return cmp.Compare(a.order, b.order) })
	if len(steps) > 0 {
		v.Steps = make([]StepView, len(steps))
	}
	for i, s := range steps {
		v.Steps[i] = m.stepView(s)
	}
	return v
}

// eachStep visits the steps of a frame and of all frames inside it that are
// kept.
func (m *Machine) eachStep(f *frame, visit func(*step)) {
	if f == nil {
		return
	}
	for _, s := range f.steps {
		visit(s)
		for _, h := range s.allFrames() {
			m.eachStep(h, visit)
		}
	}
}

// allFrames returns the frames that belong to a step.
func (s *step) allFrames() []*frame {
	if s.loop == nil {
		return s.frames
	}
	return slices.Concat(s.loop.kept, s.loop.live, s.frames)
}

func (m *Machine) stepView(s *step) StepView {
	v := StepView{
		Path: s.path, Step: s.node.ID, Kind: s.node.Kind, Status: s.status, Reason: s.reason,
		Attempt: s.attempt, StartedAt: s.started, EndedAt: s.endedAt, Input: s.input,
		Output: m.cellValue(s.out), Error: s.fail, Due: s.due, Child: s.child,
	}
	if s.node.Call != nil {
		v.Operation = s.node.Call.Operation
	}
	if s.status == graph.Succeeded {
		v.Error = nil
	}
	return v
}

// cellValue returns the value of a cell, put together where it has none of
// its own; absent when its bytes are not at hand.
func (m *Machine) cellValue(c *cell) expression.Value {
	if c == nil || c.of == nil && c.sig == nil {
		if c == nil {
			return expression.Value{}
		}
		return c.v
	}
	x, err := m.decode(c)
	if err != nil {
		return expression.Value{}
	}
	b, err := expression.Encode(x)
	if err != nil {
		return expression.Value{}
	}
	return expression.Raw(b)
}
