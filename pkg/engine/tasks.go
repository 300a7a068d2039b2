package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// The errors of tasks.
var (
	ErrNoTask       = errors.New("no such task")
	ErrTaskAnswered = errors.New("the task has been answered")
	ErrTaskClosed   = errors.New("the task is closed")
	ErrBadAnswer    = errors.New("the answer is not valid")
)

// Task is an open task for people.
type Task struct {
	Run, Workflow string
	ID, Path      string
	Step          string
	Title         string
	To            json.RawMessage
	Options       []string
	Form          json.RawMessage // its JSON Schema; nil: none
	OpenedAt      time.Time
	Answers       []interpreter.TaskAnswer // so far
}

// AnswerRequest is what somebody says to a task. Path is the task's.
type AnswerRequest struct {
	Path    string
	ID      string // tells repeats apart; empty: each is one of its own
	By      string
	Outcome string
	Form    json.RawMessage // nil: null
}

// Tasks returns the open tasks of all runs, newest run first: of at most limit
// runs behind the cursor, and the cursor of what follows, empty at the end.
func (e *Engine) Tasks(ctx context.Context, cursor string, limit int) (all []Task, next string, err error) {
	if limit <= 0 || limit > 1000 {
		limit = 50
	}
	all = []Task{}
	var runs []string
	filter := eventlog.Filter{Kind: kindRun, Key: tasksKey, Open: true, Before: cursor, Limit: limit + 1}
	for s, err := range e.store.List(ctx, filter) {
		switch {
		case errors.Is(err, eventlog.ErrCorrupt):
			continue
		case err != nil:
			return nil, "", err
		case len(runs) == limit:
			next = runs[limit-1]
		default:
			runs = append(runs, s.Stream)
		}
	}
	for _, run := range runs {
		of, err := e.RunTasks(ctx, run)
		switch {
		case errors.Is(err, ErrNoRun), errors.Is(err, ErrRunStuck):
		case err != nil:
			return nil, "", err
		default:
			all = append(all, of...)
		}
	}
	return all, next, nil
}

// RunTasks returns the open tasks of a run, oldest first.
func (e *Engine) RunTasks(ctx context.Context, id string) ([]Task, error) {
	all := []Task{}
	err := e.ask(ctx, id, func(r *run, err error) error {
		if err != nil {
			return err
		}
		return guard(func() error {
			for _, t := range r.machine.Tasks() {
				task, err := e.taskOf(r, t)
				if err != nil {
					return err
				}
				all = append(all, task)
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

func (e *Engine) taskOf(r *run, t interpreter.Task) (Task, error) {
	out := Task{
		Run: r.id, Workflow: r.flow.Name, ID: t.ID, Path: t.Path, Step: t.Step, Options: t.Options,
		OpenedAt: t.OpenedAt, Answers: t.Answers,
	}
	var err error
	if out.To, err = e.Value(e.ctx, t.To); err != nil {
		return out, err
	}
	title, err := e.Value(e.ctx, t.Title)
	if err != nil {
		return out, err
	}
	x, err := expression.DecodeRaw(title)
	if err != nil {
		return out, err
	}
	out.Title, _ = x.(string)
	if t.Form != nil {
		out.Form = t.Form.Raw()
	}
	return out, nil
}

// AnswerTask answers an open task and returns once that is in the log. The
// error is ErrNoRun, ErrNoTask, ErrTaskAnswered, ErrTaskClosed, ErrRunStuck or wraps ErrBadAnswer.
func (e *Engine) AnswerTask(ctx context.Context, run string, a AnswerRequest) error {
	if len(a.Path) > maxPath || len(a.ID) > maxName || len(a.By) > maxName || len(a.Outcome) > maxName {
		return fmt.Errorf("%w: one of its texts is too long", ErrBadAnswer)
	}
	in := interpreter.Answer{Path: a.Path, ID: a.ID, By: a.By, Outcome: a.Outcome}
	if len(a.Form) > 0 {
		var err error
		if in.Form, err = expression.Import(a.Form); err != nil {
			return fmt.Errorf("%w: its form: %w", ErrBadAnswer, err)
		}
	}
	err := e.tellTask(ctx, run, a.Path, in)
	if errors.Is(err, ErrBadAnswer) && len(a.Form) > 0 {
		return e.formError(ctx, run, a, err)
	}
	return err
}

// FormError is an answer whose form does not fit its task. It wraps
// ErrBadAnswer.
type FormError struct {
	Problems []InputProblem

	err error
}

func (f *FormError) Error() string { return f.err.Error() }

// Unwrap returns an error that wraps ErrBadAnswer.
func (f *FormError) Unwrap() error { return f.err }

// formError adds all that is wrong with a form to the error of its refusal.
func (e *Engine) formError(ctx context.Context, id string, a AnswerRequest, refused error) error {
	f := &FormError{err: refused}
	_ = e.ask(ctx, id, func(r *run, err error) error {
		if err != nil {
			return err
		}
		for _, t := range r.machine.Tasks() {
			if t.Path != a.Path || t.Form == nil {
				continue
			}
			x, err := expression.DecodeRaw(a.Form)
			if err != nil {
				return err
			}
			for _, v := range t.Form.Validate(x) {
				f.Problems = append(f.Problems, InputProblem{v.Path, v.Message})
			}
		}
		return nil
	})
	if len(f.Problems) == 0 {
		return refused
	}
	return f
}

// tellTask has a run take what somebody says of its task. That the run has
// ended is not what they want to know, but what became of the task.
func (e *Engine) tellTask(ctx context.Context, id, path string, in interpreter.Input) error {
	err := e.tell(ctx, id, in)
	if !errors.Is(err, ErrRunEnded) {
		return taskError(err)
	}
	return taskError(e.ask(ctx, id, func(r *run, err error) error {
		if err != nil {
			return err
		}
		return r.machine.TaskRefusal(path)
	}))
}

// maxPath is how long the path of a task may be, in bytes.
const maxPath = 4096

// ReassignTask gives an open task to other people. The errors are those of
// AnswerTask.
func (e *Engine) ReassignTask(ctx context.Context, run, path string, to json.RawMessage, by string) error {
	if len(path) > maxPath {
		return fmt.Errorf("%w: the path of the task is too long", ErrBadAnswer)
	}
	recorded, err := expression.Import(to)
	if err != nil {
		return fmt.Errorf("%w: to: %w", ErrBadAnswer, err)
	}
	if len(recorded) > expression.MaxInline {
		return fmt.Errorf("%w: to has %d bytes, at most %d are taken", ErrBadAnswer, len(recorded), expression.MaxInline)
	}
	return e.tellTask(ctx, run, path, interpreter.Reassign{Path: path, To: recorded, By: clip(by, maxName)})
}

// taskError returns what a refusal of a run means for who answers.
func taskError(err error) error {
	var no fact.Refusal
	if !errors.As(err, &no) {
		return err
	}
	switch no.Code {
	case interpreter.RefusedNoTask:
		return fmt.Errorf("%w: %s", ErrNoTask, no.Why)
	case interpreter.RefusedAnswered:
		return fmt.Errorf("%w: %s", ErrTaskAnswered, no.Why)
	case interpreter.RefusedClosed:
		return fmt.Errorf("%w: %s", ErrTaskClosed, no.Why)
	}
	return fmt.Errorf("%w: %s", ErrBadAnswer, no.Why)
}
