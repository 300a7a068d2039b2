package api

import (
	"context"
	"errors"

	"github.com/keelstep/keelstep/pkg/engine"
)

// ListTasks returns the open tasks of one page of runs.
func (h *handlers) ListTasks(ctx context.Context, r ListTasksRequestObject) (ListTasksResponseObject, error) {
	n, err := pageSize(r.Params.Limit)
	if err != nil {
		return nil, err
	}
	all, next, err := h.o.Engine.Tasks(ctx, r.Params.Cursor, n)
	if err != nil {
		return nil, err
	}
	return ListTasks200JSONResponse{Tasks: tasksOf(all), Next: next}, nil
}

// ListRunTasks returns the open tasks of a run.
func (h *handlers) ListRunTasks(ctx context.Context, r ListRunTasksRequestObject) (ListRunTasksResponseObject, error) {
	all, err := h.o.Engine.RunTasks(ctx, r.Run)
	if err != nil {
		return nil, unknownRun(err, r.Run)
	}
	return ListRunTasks200JSONResponse{Tasks: tasksOf(all)}, nil
}

// AnswerTask answers a task of a run.
func (h *handlers) AnswerTask(ctx context.Context, r AnswerTaskRequestObject) (AnswerTaskResponseObject, error) {
	if r.Body == nil || r.Body.Path == "" {
		return nil, problem(CodeInvalidBody, "the body has no path; GET /v1/runs/%s/tasks says which there are", r.Run)
	}
	if err := h.o.Engine.AnswerTask(ctx, r.Run, answerOf(r.Body, r.Body.Path)); err != nil {
		return nil, unknownRun(err, r.Run)
	}
	return AnswerTask202JSONResponse{Body: Accepted{Run: r.Run, ID: r.Body.ID}, Headers: AnswerTask202ResponseHeaders{Location: runPath(r.Run)}}, nil
}

// ReassignTask gives a task to other people.
func (h *handlers) ReassignTask(ctx context.Context, r ReassignTaskRequestObject) (ReassignTaskResponseObject, error) {
	if r.Body == nil || r.Body.Path == "" || len(r.Body.To) == 0 {
		return nil, problem(CodeInvalidBody, "the body needs path and to; GET /v1/runs/%s/tasks says which tasks there are", r.Run)
	}
	if err := h.o.Engine.ReassignTask(ctx, r.Run, r.Body.Path, r.Body.To, r.Body.By); err != nil {
		return nil, unknownRun(err, r.Run)
	}
	return ReassignTask202JSONResponse{Body: Accepted{Run: r.Run}, Headers: ReassignTask202ResponseHeaders{Location: runPath(r.Run)}}, nil
}

// GetLinkedTask returns the task of a link.
func (h *handlers) GetLinkedTask(ctx context.Context, r GetLinkedTaskRequestObject) (GetLinkedTaskResponseObject, error) {
	run, path, err := h.o.Engine.LinkedTask(r.Token)
	if err != nil {
		return nil, err
	}
	all, err := h.o.Engine.RunTasks(ctx, run)
	if errors.Is(err, engine.ErrNoRun) {
		return nil, problem(CodeTaskClosed, "the run of the task is gone")
	}
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		if t.Path == path {
			return GetLinkedTask200JSONResponse(taskOf(t)), nil
		}
	}
	return nil, problem(CodeTaskClosed, "the task is not open any more")
}

// AnswerLinkedTask answers the task of a link.
func (h *handlers) AnswerLinkedTask(ctx context.Context, r AnswerLinkedTaskRequestObject) (AnswerLinkedTaskResponseObject, error) {
	run, path, err := h.o.Engine.LinkedTask(r.Token)
	if err != nil {
		return nil, err
	}
	if r.Body == nil {
		return nil, problem(CodeInvalidBody, "the body has no outcome; GET the link to see which there are")
	}
	err = h.o.Engine.AnswerTask(ctx, run, answerOf(r.Body, path))
	if errors.Is(err, engine.ErrNoRun) {
		return nil, problem(CodeTaskClosed, "the run of the task is gone")
	}
	if err != nil {
		return nil, err
	}
	return AnswerLinkedTask202JSONResponse(Accepted{Run: run, ID: r.Body.ID}), nil
}

func answerOf(b *TaskAnswer, path string) engine.AnswerRequest {
	return engine.AnswerRequest{Path: path, ID: b.ID, By: b.By, Outcome: b.Outcome, Form: b.Form}
}

func tasksOf(all []engine.Task) []Task {
	out := []Task{}
	for _, t := range all {
		out = append(out, taskOf(t))
	}
	return out
}

func taskOf(t engine.Task) Task {
	out := Task{
		Run: t.Run, Workflow: t.Workflow, ID: t.ID, Path: t.Path, Step: t.Step, Title: t.Title, To: t.To,
		Options: t.Options, Form: t.Form, OpenedAt: t.OpenedAt.UTC(), Answers: []TaskSaid{},
	}
	for _, a := range t.Answers {
		out.Answers = append(out.Answers, TaskSaid{By: a.By, Outcome: a.Outcome})
	}
	return out
}
