package api

import (
	"context"

	"github.com/keelstep/keelstep/pkg/engine"
)

// maxReason bounds what a caller gives as a reason.
const maxReason = 1024

// reasonOf returns the reason in a body, which may be left out.
func reasonOf(body *CancelRequest) (string, error) {
	if body == nil {
		return "", nil
	}
	if len(body.Reason) > maxReason {
		return "", problem(CodeInvalidBody, "the reason is longer than 1,024 bytes; shorten it")
	}
	return body.Reason, nil
}

// SuspendRun has a run do nothing new.
func (h *handlers) SuspendRun(ctx context.Context, r SuspendRunRequestObject) (SuspendRunResponseObject, error) {
	reason, err := reasonOf(r.Body)
	if err == nil {
		err = h.o.Engine.Suspend(ctx, r.Run, reason)
	}
	if err != nil {
		return nil, unknownRun(err, r.Run)
	}
	return SuspendRun202JSONResponse{Body: Accepted{Run: r.Run}, Headers: SuspendRun202ResponseHeaders{Location: runPath(r.Run)}}, nil
}

// ResumeRun has a run go on.
func (h *handlers) ResumeRun(ctx context.Context, r ResumeRunRequestObject) (ResumeRunResponseObject, error) {
	if err := h.o.Engine.Resume(ctx, r.Run); err != nil {
		return nil, unknownRun(err, r.Run)
	}
	return ResumeRun202JSONResponse{Body: Accepted{Run: r.Run}, Headers: ResumeRun202ResponseHeaders{Location: runPath(r.Run)}}, nil
}

// TerminateRun ends a run at once.
func (h *handlers) TerminateRun(ctx context.Context, r TerminateRunRequestObject) (TerminateRunResponseObject, error) {
	reason, err := reasonOf(r.Body)
	if err == nil {
		err = h.o.Engine.Terminate(ctx, r.Run, reason)
	}
	if err != nil {
		return nil, unknownRun(err, r.Run)
	}
	return TerminateRun202JSONResponse{Body: Accepted{Run: r.Run}, Headers: TerminateRun202ResponseHeaders{Location: runPath(r.Run)}}, nil
}

// RetryRun has a stuck run tried again.
func (h *handlers) RetryRun(ctx context.Context, r RetryRunRequestObject) (RetryRunResponseObject, error) {
	if err := h.o.Engine.Retry(ctx, r.Run); err != nil {
		return nil, unknownRun(err, r.Run)
	}
	return RetryRun202JSONResponse{Body: Accepted{Run: r.Run}, Headers: RetryRun202ResponseHeaders{Location: runPath(r.Run)}}, nil
}

// RestartRun starts a new run like an old one.
func (h *handlers) RestartRun(ctx context.Context, r RestartRunRequestObject) (RestartRunResponseObject, error) {
	s, err := h.o.Engine.Restart(ctx, r.Run)
	if err != nil {
		return nil, unknownRun(err, r.Run)
	}
	if err := h.admitted(ctx, s); err != nil {
		return nil, err
	}
	return RestartRun202JSONResponse{Body: startedOf(s), Headers: RestartRun202ResponseHeaders{Location: runPath(s.Run)}}, nil
}

// admitted waits until it is known whether a run may start.
func (h *handlers) admitted(ctx context.Context, s engine.Started) error {
	if !s.Limited {
		return nil
	}
	return h.o.Engine.Admission(ctx, s.Run)
}

func startedOf(s engine.Started) Started {
	return Started{Run: s.Run, Workflow: s.Workflow, Version: s.Version, Existing: s.Existing}
}
