package api

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/keelstep/keelstep/pkg/engine"
)

// ListTriggers returns the triggers that fire by themselves.
func (h *handlers) ListTriggers(ctx context.Context, _ ListTriggersRequestObject) (ListTriggersResponseObject, error) {
	all, err := h.o.Engine.Triggers(ctx)
	if err != nil {
		return nil, err
	}
	out := ListTriggers200JSONResponse{Triggers: []TriggerStatus{}}
	for _, t := range all {
		out.Triggers = append(out.Triggers, triggerOf(t))
	}
	return out, nil
}

// PauseTrigger has a trigger start nothing.
func (h *handlers) PauseTrigger(ctx context.Context, r PauseTriggerRequestObject) (PauseTriggerResponseObject, error) {
	reason, err := reasonOf(r.Body)
	if err == nil {
		err = h.o.Engine.PauseTrigger(ctx, r.Workflow, r.Trigger, reason)
	}
	if err != nil {
		return nil, err
	}
	t, err := h.o.Engine.Trigger(ctx, r.Workflow, r.Trigger)
	return PauseTrigger202JSONResponse(triggerOf(t)), err
}

// ResumeTrigger has a trigger fire again.
func (h *handlers) ResumeTrigger(ctx context.Context, r ResumeTriggerRequestObject) (ResumeTriggerResponseObject, error) {
	if err := h.o.Engine.ResumeTrigger(ctx, r.Workflow, r.Trigger); err != nil {
		return nil, err
	}
	t, err := h.o.Engine.Trigger(ctx, r.Workflow, r.Trigger)
	return ResumeTrigger202JSONResponse(triggerOf(t)), err
}

// FireTrigger fires a schedule out of turn.
func (h *handlers) FireTrigger(ctx context.Context, r FireTriggerRequestObject) (FireTriggerResponseObject, error) {
	if err := h.o.Engine.FireTrigger(ctx, r.Workflow, r.Trigger); err != nil {
		return nil, err
	}
	t, err := h.o.Engine.Trigger(ctx, r.Workflow, r.Trigger)
	return FireTrigger202JSONResponse(triggerOf(t)), err
}

func triggerOf(t engine.TriggerStatus) TriggerStatus {
	return TriggerStatus{
		Workflow: t.Workflow, Trigger: t.ID, Kind: t.Kind, Status: t.Status, Reason: t.Reason, Next: utc(t.Next),
		LastDue: utc(t.LastDue), LastRun: t.LastRun, Code: t.Code, Message: t.Message, Running: t.Running, Waiting: t.Waiting,
		Keys: t.Keys, Duplicates: int64(t.Duplicates), Filtered: int64(t.Filtered),
	}
}

// PublishEvent publishes an event.
func (h *handlers) PublishEvent(ctx context.Context, r PublishEventRequestObject) (PublishEventResponseObject, error) {
	body := r.JSONBody
	if body == nil {
		body = r.ApplicationCloudeventsPlusJSONBody
	}
	if body == nil {
		return nil, problem(CodeInvalidBody, "there is no body; send a CloudEvent as JSON")
	}
	e, err := cloudEvent(*body)
	if err != nil {
		return nil, err
	}
	if err := h.o.Engine.Publish(ctx, e); err != nil {
		return nil, err
	}
	return PublishEvent202JSONResponse{ID: e.ID}, nil
}

// cloudEvent reads the JSON format of CloudEvents. Attributes that an engine
// has no use for are left aside, as the format wants it.
func cloudEvent(raw json.RawMessage) (e engine.CloudEvent, err error) {
	var in struct {
		SpecVersion string          `json:"specversion"`
		ID          string          `json:"id"`
		Type        string          `json:"type"`
		Source      string          `json:"source"`
		Subject     string          `json:"subject"`
		Time        string          `json:"time"`
		Data        json.RawMessage `json:"data"`
		DataBase64  *string         `json:"data_base64"`
	}
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&in); err != nil {
		return e, problem(CodeEventInvalid, "the body is no CloudEvent: it is an object whose attributes are texts; see the JSON format of CloudEvents 1.0")
	}
	switch {
	case in.SpecVersion != "1.0":
		return e, problem(CodeEventInvalid, "specversion is %s; send 1.0", quote(in.SpecVersion))
	case in.DataBase64 != nil:
		return e, problem(CodeEventInvalid, "data_base64 is not taken; send JSON in data")
	}
	e = engine.CloudEvent{ID: in.ID, Type: in.Type, Source: in.Source, Subject: in.Subject, Data: in.Data}
	if in.Time != "" {
		if e.Time, err = time.Parse(time.RFC3339, in.Time); err != nil {
			return e, problem(CodeEventInvalid, "time is %s; send RFC 3339, such as 2026-01-02T03:04:05Z", quote(in.Time))
		}
	}
	return e, nil
}
