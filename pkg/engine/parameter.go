package engine

import (
	"context"
	"fmt"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// Parameter returns the value that a parameter of a workflow has in this
// deployment, as decoded JSON; nil when there is no such parameter. A secret
// one is an error: its value is known to calls only.
func (e *Engine) Parameter(ctx context.Context, wf *graph.Workflow, name string) (any, error) {
	params, err := e.params(wf)
	if err != nil {
		return nil, err
	}
	for _, p := range params {
		if p.Name != name {
			continue
		}
		if p.Secret {
			return nil, &expression.Error{Code: expression.CodeExpressionError, Message: fmt.Sprintf("params.%s is secret and cannot be part of an input", name), Source: "params." + name}
		}
		raw, err := e.Value(ctx, p.Value)
		if err != nil {
			return nil, err
		}
		return expression.DecodeRaw(raw)
	}
	return nil, nil
}
