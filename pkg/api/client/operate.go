package client

import (
	"context"
	"encoding/json"
)

// Suspend has a run do nothing new until it is resumed.
func (c *Client) Suspend(ctx context.Context, run, reason string) error {
	req, err := NewSuspendRunRequest(c.server, run, CancelRequest{Reason: reason})
	_, err = c.do(ctx, req, err, nil)
	return err
}

// Resume has a run that is suspended go on.
func (c *Client) Resume(ctx context.Context, run string) error {
	req, err := NewResumeRunRequest(c.server, run)
	_, err = c.do(ctx, req, err, nil)
	return err
}

// Terminate ends a run at once; one that is stuck is given up.
func (c *Client) Terminate(ctx context.Context, run, reason string) error {
	req, err := NewTerminateRunRequest(c.server, run, CancelRequest{Reason: reason})
	_, err = c.do(ctx, req, err, nil)
	return err
}

// Retry has a run that is stuck tried again.
func (c *Client) Retry(ctx context.Context, run string) error {
	req, err := NewRetryRunRequest(c.server, run)
	_, err = c.do(ctx, req, err, nil)
	return err
}

// Restart starts a new run of the same version with the same input.
func (c *Client) Restart(ctx context.Context, run string) (Started, error) {
	req, err := NewRestartRunRequest(c.server, run)
	var out Started
	_, err = c.do(ctx, req, err, &out)
	return out, err
}

// Tasks returns the open tasks of one page of runs, of at most so many runs;
// 0 is 50.
func (c *Client) Tasks(ctx context.Context, cursor string, maxRuns int) (TaskList, error) {
	req, err := NewListTasksRequest(c.server, &ListTasksParams{Cursor: cursor, Limit: limit(maxRuns)})
	var out TaskList
	_, err = c.do(ctx, req, err, &out)
	return out, err
}

// RunTasks returns the open tasks of a run.
func (c *Client) RunTasks(ctx context.Context, run string) (TaskList, error) {
	req, err := NewListRunTasksRequest(c.server, run)
	var out TaskList
	_, err = c.do(ctx, req, err, &out)
	return out, err
}

// Answer answers an open task of a run.
func (c *Client) Answer(ctx context.Context, run string, a TaskAnswer) error {
	req, err := NewAnswerTaskRequest(c.server, run, a)
	_, err = c.do(ctx, req, err, nil)
	return err
}

// Reassign gives an open task of a run to other people.
func (c *Client) Reassign(ctx context.Context, run string, r TaskReassignment) error {
	req, err := NewReassignTaskRequest(c.server, run, r)
	_, err = c.do(ctx, req, err, nil)
	return err
}

// DeadLetters returns the events that matched a trigger and started nothing.
func (c *Client) DeadLetters(ctx context.Context) (DeadLetterList, error) {
	req, err := NewListDeadLettersRequest(c.server)
	var out DeadLetterList
	_, err = c.do(ctx, req, err, &out)
	return out, err
}

// RetryDeadLetter brings a dead letter to its trigger again.
func (c *Client) RetryDeadLetter(ctx context.Context, id string) error {
	req, err := NewRetryDeadLetterRequest(c.server, id)
	_, err = c.do(ctx, req, err, nil)
	return err
}

// DropDeadLetter drops a dead letter.
func (c *Client) DropDeadLetter(ctx context.Context, id string) error {
	req, err := NewDropDeadLetterRequest(c.server, id)
	_, err = c.do(ctx, req, err, nil)
	return err
}

// Limits returns what limits let go and keep waiting.
func (c *Client) Limits(ctx context.Context) (LimitList, error) {
	req, err := NewListLimitsRequest(c.server)
	var out LimitList
	_, err = c.do(ctx, req, err, &out)
	return out, err
}

// Triggers returns the schedule and event triggers of the active definitions.
func (c *Client) Triggers(ctx context.Context) (TriggerList, error) {
	req, err := NewListTriggersRequest(c.server)
	var out TriggerList
	_, err = c.do(ctx, req, err, &out)
	return out, err
}

// PauseTrigger has a trigger start nothing until it is resumed.
func (c *Client) PauseTrigger(ctx context.Context, workflow, trigger, reason string) (TriggerStatus, error) {
	req, err := NewPauseTriggerRequest(c.server, workflow, trigger, CancelRequest{Reason: reason})
	var out TriggerStatus
	_, err = c.do(ctx, req, err, &out)
	return out, err
}

// ResumeTrigger has a trigger that is paused fire again.
func (c *Client) ResumeTrigger(ctx context.Context, workflow, trigger string) (TriggerStatus, error) {
	req, err := NewResumeTriggerRequest(c.server, workflow, trigger)
	var out TriggerStatus
	_, err = c.do(ctx, req, err, &out)
	return out, err
}

// FireTrigger fires a schedule now, out of turn.
func (c *Client) FireTrigger(ctx context.Context, workflow, trigger string) (TriggerStatus, error) {
	req, err := NewFireTriggerRequest(c.server, workflow, trigger)
	var out TriggerStatus
	_, err = c.do(ctx, req, err, &out)
	return out, err
}

// Publish publishes an event in the JSON format of CloudEvents.
func (c *Client) Publish(ctx context.Context, event json.RawMessage) error {
	req, err := NewPublishEventRequestWithBody(c.server, "application/cloudevents+json", body(event))
	_, err = c.do(ctx, req, err, nil)
	return err
}
