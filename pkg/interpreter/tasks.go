package interpreter

import (
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
)

// Task is an open task for people.
type Task struct {
	ID, Path, Step string
	To, Title      expression.Value
	Options        []string           // of the outcome; the first approves
	Form           *expression.Schema // nil: none
	OpenedAt       time.Time
	Answers        []TaskAnswer // so far, oldest first
}

// TaskAnswer is what one of a task's people said.
type TaskAnswer struct{ By, Outcome string }

// HasTasks tells whether a task is open.
func (m *Machine) HasTasks() bool { return m.st.tasks.len() > 0 && !m.Ended() }

// Tasks returns the open tasks, oldest first.
func (m *Machine) Tasks() []Task {
	if m.Ended() {
		return nil
	}
	var all []Task
	for _, s := range m.st.tasks.all() {
		t := Task{
			ID: Key(m.st.run.Run, s.path), Path: s.path, Step: s.node.ID, To: m.cellValue(s.task.to), Title: m.cellValue(s.task.title),
			Options: s.node.Approval.Options, Form: s.node.Approval.Form, OpenedAt: s.started,
		}
		for _, a := range s.task.answers {
			t.Answers = append(t.Answers, TaskAnswer{By: a.By, Outcome: a.Outcome})
		}
		all = append(all, t)
	}
	return all
}

// Trigger returns what started the run, as JSON; absent where nothing was
// said.
func (m *Machine) Trigger() expression.Value { return m.st.run.Trigger }

// TaskRefusal returns why a task of a run that has ended cannot be answered.
func (m *Machine) TaskRefusal(path string) fact.Refusal {
	return m.noTask(path)
}
