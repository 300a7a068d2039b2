package api

import (
	"context"
	"crypto/rand"
	"fmt"
	"regexp"

	"github.com/keelstep/keelstep/pkg/engine"
)

// maxPage is how many rows a page has at most; defaultPage where the caller
// does not say.
const (
	maxPage     = 1000
	defaultPage = 50
)

// maxSignal bounds the name of a signal; signalName is what one looks like.
const maxSignal = 80

var signalName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// StartRun starts a run.
func (h *handlers) StartRun(ctx context.Context, r StartRunRequestObject) (StartRunResponseObject, error) {
	req := engine.StartRequest{Workflow: r.Workflow, Version: r.Params.Version, IdempotencyKey: r.Params.IdempotencyKey}
	if err := checkKey(req.IdempotencyKey); err != nil {
		return nil, err
	}
	if r.Body != nil {
		req.Input = *r.Body
	}
	s, err := h.o.Engine.Start(ctx, req)
	if err != nil {
		return nil, unknownWorkflow(err, r.Workflow, r.Params.Version)
	}
	if err := h.admitted(ctx, s); err != nil {
		return nil, err
	}
	return StartRun202JSONResponse{
		Body:    startedOf(s),
		Headers: StartRun202ResponseHeaders{Location: runPath(s.Run)},
	}, nil
}

// ListRuns returns one page of runs.
func (h *handlers) ListRuns(ctx context.Context, r ListRunsRequestObject) (ListRunsResponseObject, error) {
	n, err := pageSize(r.Params.Limit)
	if err != nil {
		return nil, err
	}
	f := engine.RunFilter{Workflow: r.Params.Workflow, Parent: r.Params.Parent, Cursor: r.Params.Cursor, Limit: n}
	for _, s := range r.Params.Status {
		if !s.Valid() {
			return nil, noStatus(string(s))
		}
		f.Statuses = append(f.Statuses, string(s))
	}
	rows, next, err := h.o.Engine.List(ctx, f)
	if err != nil {
		return nil, err
	}
	out := ListRuns200JSONResponse{Runs: []RunSummary{}, Next: next}
	for _, s := range rows {
		out.Runs = append(out.Runs, summaryOf(s))
	}
	return out, nil
}

// GetRun returns one run.
func (h *handlers) GetRun(ctx context.Context, r GetRunRequestObject) (GetRunResponseObject, error) {
	v, err := h.o.Engine.Get(ctx, r.Run)
	if err != nil {
		return nil, unknownRun(err, r.Run)
	}
	return GetRun200JSONResponse(runOf(v)), nil
}

// GetHistory returns one page of a run's events.
func (h *handlers) GetHistory(ctx context.Context, r GetHistoryRequestObject) (GetHistoryResponseObject, error) {
	n, err := pageSize(r.Params.Limit)
	if err != nil {
		return nil, err
	}
	if r.Params.After < 0 {
		return nil, problem(CodeInvalidParameter, "after is %d; give the number of an event, or 0", r.Params.After)
	}
	es, err := h.o.Engine.History(ctx, r.Run, uint64(r.Params.After), n+1)
	if err != nil {
		return nil, unknownRun(err, r.Run)
	}
	out := GetHistory200JSONResponse{Events: []Event{}}
	for i, e := range es {
		if i == n {
			out.Next = es[n-1].Seq
			break
		}
		out.Events = append(out.Events, eventOf(e))
	}
	return out, nil
}

// CancelRun asks a run to stop.
func (h *handlers) CancelRun(ctx context.Context, r CancelRunRequestObject) (CancelRunResponseObject, error) {
	reason, err := reasonOf(r.Body)
	if err != nil {
		return nil, err
	}
	if err := h.o.Engine.Cancel(ctx, r.Run, reason); err != nil {
		return nil, unknownRun(err, r.Run)
	}
	return CancelRun202JSONResponse{Body: Accepted{Run: r.Run}, Headers: CancelRun202ResponseHeaders{Location: runPath(r.Run)}}, nil
}

// SendSignal sends a signal to a run.
func (h *handlers) SendSignal(ctx context.Context, r SendSignalRequestObject) (SendSignalResponseObject, error) {
	id := r.Params.IdempotencyKey
	if err := checkKey(id); err != nil {
		return nil, err
	}
	if len(r.Name) > maxSignal || !signalName.MatchString(r.Name) {
		return nil, problem(CodeInvalidParameter, "%s cannot be the name of a signal; use letters, digits, _ . and -, at most %d", quote(r.Name), maxSignal)
	}
	if id == "" {
		id = rand.Text()
	}
	var data Value
	if r.Body != nil {
		data = *r.Body
	}
	if err := h.o.Engine.Signal(ctx, r.Run, id, r.Name, data); err != nil {
		return nil, unknownRun(err, r.Run)
	}
	return SendSignal202JSONResponse{Body: Accepted{Run: r.Run, ID: id}, Headers: SendSignal202ResponseHeaders{Location: runPath(r.Run)}}, nil
}

// pageSize returns how many rows the caller wants.
func pageSize(limit *int) (int, error) {
	if limit == nil {
		return defaultPage, nil
	}
	if *limit < 1 || *limit > maxPage {
		return 0, problem(CodeInvalidParameter, "limit is %d; give 1 to %d", *limit, maxPage)
	}
	return *limit, nil
}

// checkKey refuses idempotency keys that are too long.
func checkKey(key string) error {
	if len(key) > 255 {
		return problem(CodeInvalidParameter, "the Idempotency-Key has %d characters; give at most 255", len(key))
	}
	return nil
}

func runPath(run string) string { return fmt.Sprintf("/v1/runs/%s", run) }

func noStatus(s string) error {
	return problem(CodeInvalidParameter, "%s is no status of a run; use queued, running, waiting, suspended, succeeded, failed, timedOut, cancelled or stuck", quote(s))
}
