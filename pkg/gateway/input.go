package gateway

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// input returns what a trigger makes of a request: its input where it has
// one, else the body.
func (g *Gateway) input(ctx context.Context, route *engine.Route, body []byte, trigger map[string]any, at time.Time) (json.RawMessage, error) {
	wf, err := g.o.Engine.Workflow(ctx, route.Workflow, route.Version)
	if err != nil {
		return nil, fmt.Errorf("find trigger %s: %w", route.Trigger.ID, err)
	}
	t := templateOf(wf, route.Trigger.ID)
	if t == nil {
		return body, nil
	}
	v, err := t.Eval(engine.TriggerScope{
		Trigger: trigger, At: at, Source: rand.Text(),
		Parameter: func(name string) (any, error) { return g.o.Engine.Parameter(ctx, wf, name) },
	})
	var failed *expression.Error
	if errors.As(err, &failed) {
		return nil, &Error{Code: "InputInvalid", Detail: fmt.Sprintf("the input of trigger %s cannot be made out of this request: %s, in ${ %s }", route.Trigger.ID, failed.Message, failed.Source)}
	}
	if err != nil {
		return nil, fmt.Errorf("evaluate the input of trigger %s: %w", route.Trigger.ID, err)
	}
	return plain(v)
}

// templateOf returns the input of a trigger as its author wrote it; nil:
// there is none.
func templateOf(wf *graph.Workflow, trigger string) *expression.Template {
	for _, t := range wf.Triggers {
		if t.ID == trigger {
			return t.Input
		}
	}
	return nil
}

// plain returns the JSON of a value that an expression yielded.
func plain(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}
