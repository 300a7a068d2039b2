package api

import "context"

// ListDeadLetters returns the events that started nothing.
func (h *handlers) ListDeadLetters(ctx context.Context, _ ListDeadLettersRequestObject) (ListDeadLettersResponseObject, error) {
	all, lost, err := h.o.Engine.DeadLetters(ctx)
	if err != nil {
		return nil, err
	}
	out := ListDeadLetters200JSONResponse{DeadLetters: []DeadLetter{}, Lost: lost}
	for _, x := range all {
		out.DeadLetters = append(out.DeadLetters, DeadLetter{
			Letter: x.ID, At: x.At.UTC(), Workflow: x.Workflow, Trigger: x.Trigger, Run: x.Run, Code: x.Code, Message: x.Message,
			Event: DeadEvent{
				ID: x.Event.ID, Type: x.Event.Type, Source: x.Event.Source, Subject: x.Event.Subject,
				Time: x.Event.Time.UTC(), Data: x.Event.Data,
			},
		})
	}
	return out, nil
}

// RetryDeadLetter brings a dead letter to its trigger again.
func (h *handlers) RetryDeadLetter(ctx context.Context, r RetryDeadLetterRequestObject) (RetryDeadLetterResponseObject, error) {
	if err := h.o.Engine.RetryDeadLetter(ctx, r.Letter); err != nil {
		return nil, err
	}
	return RetryDeadLetter202JSONResponse{ID: r.Letter}, nil
}

// DropDeadLetter drops a dead letter.
func (h *handlers) DropDeadLetter(ctx context.Context, r DropDeadLetterRequestObject) (DropDeadLetterResponseObject, error) {
	if err := h.o.Engine.DropDeadLetter(ctx, r.Letter); err != nil {
		return nil, err
	}
	return DropDeadLetter204Response{}, nil
}
