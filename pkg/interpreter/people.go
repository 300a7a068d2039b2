package interpreter

import (
	"errors"
	"fmt"
	"slices"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// ask decides on the opening of a task for people.
func (m *Machine) ask(s *step, attempt int) (fact.Fact, error) {
	spec, env := s.node.Approval, m.env(s)
	f := &taskOpened{Path: s.path, Attempt: attempt, Deadline: m.deadline(s, attempt)}
	var err error
	if f.To, err = m.value(spec.To, env); err != nil {
		return m.evalFailed(s, err)
	}
	if f.Title, err = m.value(spec.Title, env); err != nil {
		return m.evalFailed(s, err)
	}
	if f.To.Ref() != nil || f.Title.Ref() != nil {
		return m.leave(s, result{status: graph.Failed, err: m.failure(s, expression.CodeExpressionLimit, "the people or the title of a task are too large")})
	}
	return f, nil
}

func (m *Machine) applyTask(e fact.Event, s *step, f *taskOpened) {
	m.enter(e, s, graph.Waiting)
	s.attempt = f.Attempt
	s.task = &openTask{to: &cell{v: f.To}, title: &cell{v: f.Title}}
	if f.Attempt == 1 {
		m.setDeadline(s, f.Deadline)
	}
	m.st.tasks.add(s.path, s)
	if spec := s.node.Approval; spec.Notify != nil || spec.Every > 0 && spec.Max > 0 {
		m.st.agenda.push(task{kind: taskNotify, step: s})
	}
}

// notify tells the people of a task, and sets the time of the next reminder.
func (m *Machine) notify(s *step) fact.Fact {
	f := &taskNotified{Path: s.path, Number: s.task.notified}
	if spec := s.node.Approval; spec.Every > 0 && f.Number < spec.Max {
		f.Remind = m.at.Add(spec.Every)
	}
	return f
}

func (m *Machine) applyNotified(s *step, f *taskNotified) {
	s.task.notified = f.Number + 1
	if !f.Remind.IsZero() {
		m.setTimer(timerRemind, s, f.Remind)
	}
	if block := s.node.Approval.Notify; block != nil {
		h := &frame{kind: notifyFrame, block: block, owner: s, pass: f.Number}
		s.frames = append(s.frames, h)
		m.open(h)
	}
}

// keptTasks is how many closed tasks a run remembers. An answer to one before
// them finds none.
const keptTasks = 10_000

func (m *Machine) noteClosed(t closedTask) {
	m.st.closed = append(m.st.closed, t)
	m.st.closed = m.st.closed[max(0, len(m.st.closed)-keptTasks):]
}

// closeTask takes a step's task from those that can be answered.
func (m *Machine) closeTask(s *step, answered bool) {
	if m.st.tasks.remove(s.path) {
		m.noteClosed(closedTask{path: s.path, answered: answered})
		m.clearTimer(timerRemind, s)
		m.st.agenda.drop(func(t task) bool { return t.kind == taskNotify && t.step == s })
	}
}

// takeAnswer records what somebody says to a task, or refuses it.
func (m *Machine) takeAnswer(in Answer) (fact.Fact, fact.Refusal) {
	s, ok := m.st.tasks.get(in.Path)
	if !ok {
		return nil, m.noTask(in.Path)
	}
	spec := s.node.Approval
	refuse := func(code, format string, args ...any) (fact.Fact, fact.Refusal) {
		return nil, fact.Refusal{Code: code, Why: fmt.Sprintf(format, args...)}
	}
	if !slices.Contains(spec.Options, in.Outcome) {
		return refuse(RefusedOutcome, "the task takes one of %q, not %q", spec.Options, in.Outcome)
	}
	for _, a := range s.task.answers {
		if a.By == in.By || in.ID != "" && a.ID == in.ID {
			return refuse(RefusedAnswered, "%s has answered this task", in.By)
		}
	}
	if spec.Form != nil && len(in.Form) == 0 {
		in.Form = []byte("{}") // who gives no form fills in nothing
	}
	form := m.packRaw(in.Form)
	if form.Ref() != nil {
		return refuse(RefusedForm, "the form has more than %d bytes", expression.MaxInline)
	}
	if spec.Form != nil {
		x, err := expression.DecodeRaw(form.Inline())
		if err != nil {
			return refuse(RefusedForm, "the form is no JSON: %v", err)
		}
		if vs := spec.Form.Validate(x); len(vs) > 0 {
			return refuse(RefusedForm, "the form does not fit: %s %s", vs[0].Path, vs[0].Message)
		}
	}
	return &taskAnswered{Path: in.Path, ID: in.ID, By: in.By, Outcome: in.Outcome, Form: form}, fact.Refusal{}
}

// noTask tells why a task cannot be answered.
func (m *Machine) noTask(path string) fact.Refusal {
	for _, c := range slices.Backward(m.st.closed) {
		switch {
		case c.path != path:
		case c.answered:
			return fact.Refusal{Code: RefusedAnswered, Why: fmt.Sprintf("the task %q has been answered", path)}
		default:
			return fact.Refusal{Code: RefusedClosed, Why: fmt.Sprintf("the task %q is closed", path)}
		}
	}
	return fact.Refusal{Code: RefusedNoTask, Why: fmt.Sprintf("there is no task %q", path)}
}

func (m *Machine) applyAnswer(e fact.Event, f *taskAnswered) error {
	s, ok := m.st.tasks.get(f.Path)
	if !ok {
		return errors.New("there is no open task " + f.Path)
	}
	s.task.answers = append(s.task.answers, *f)
	outcome := m.decided(s)
	if outcome == "" {
		return nil
	}
	m.closeTask(s, true)
	form := f.Form.Inline()
	if form == nil {
		form = []byte("null")
	}
	out := append([]byte(`{"at":`), jsonOf(formatTime(e.Time))...)
	out = append(append(out, `,"by":`...), jsonOf(f.By)...)
	out = append(append(out, `,"form":`...), form...)
	out = append(append(out, `,"outcome":`...), jsonOf(outcome)...)
	s.res = &result{status: graph.Succeeded, out: &cell{v: expression.Raw(append(out, '}'))}}
	m.settleLater(s)
	return nil
}

// decided returns the outcome of a task, "" while it is open: at the first
// answer that differs from the first option when all must agree, when so many
// agree as are required, or when all have answered.
func (m *Machine) decided(s *step) string {
	spec, answers := s.node.Approval, s.task.answers
	last := answers[len(answers)-1].Outcome
	all := m.people(s)
	if spec.Require < 0 {
		if last != spec.Options[0] || len(answers) >= all {
			return last
		}
		return ""
	}
	same := 0
	for _, a := range answers {
		if a.Outcome == last {
			same++
		}
	}
	if same >= max(spec.Require, 1) || len(answers) >= max(all, spec.Require) {
		return last
	}
	return ""
}

// people returns how many people a task is given to.
func (m *Machine) people(s *step) int {
	x, err := m.decode(s.task.to)
	if list, ok := x.([]any); ok && err == nil {
		return len(list)
	}
	return 1
}

func (m *Machine) applyReassigned(f *taskReassigned) error {
	s, ok := m.st.tasks.get(f.Path)
	if !ok {
		return errors.New("there is no open task " + f.Path)
	}
	s.task.to = &cell{v: f.To}
	return nil
}

// taskObject returns the task that a notification is about: {id, link, to,
// title, reminder}. The link is a sealed value: whoever has it can answer.
func (m *Machine) taskObject(f *frame) (any, error) {
	for ; f != nil; f = parent(f) {
		if f.kind != notifyFrame {
			continue
		}
		s := f.owner
		to, err := m.decode(s.task.to)
		if err != nil {
			return nil, err
		}
		title, err := m.decode(s.task.title)
		if err != nil {
			return nil, err
		}
		return map[string]any{
			"id":   Key(m.st.run.Run, s.path),
			"link": expression.Sealed{Fn: "taskLink", Args: []any{m.st.run.Run, s.path}},
			"to":   to, "title": title, "reminder": f.pass,
		}, nil
	}
	return nil, nil
}

// tracks evaluates the attributes that a step sets at its end. One that
// cannot be evaluated is left as it was.
func (m *Machine) tracks(s *step, r result) ([]varValue, error) {
	var all []varValue
	for _, t := range s.node.Track {
		env := m.env(s)
		env.self, env.res = s, r
		x, err := t.Value.Eval(env)
		if err != nil {
			if _, lack := m.evalFailure(s, err); lack != nil {
				return nil, lack
			}
			continue
		}
		v, err := m.packAny(x)
		if err != nil {
			continue
		}
		all = append(all, varValue{Name: t.Name, Value: v})
	}
	return all, nil
}

func (m *Machine) track(t varValue) {
	for i := range m.st.tracked {
		if m.st.tracked[i].Name == t.Name {
			m.st.tracked[i] = t
			return
		}
	}
	m.st.tracked = append(m.st.tracked, t)
}
