// Package noop is a connector that does nothing: it gives back what it was
// given. Benchmarks and first steps use it.
package noop

import (
	"context"
	"encoding/json"

	"github.com/keelstep/keelstep/pkg/connectors"
)

// New returns the connector.
func New() *connectors.Connector {
	return &connectors.Connector{
		Name:    "noop",
		Summary: "Does nothing, for measurements and first steps.",
		Operations: []connectors.Operation{
			connectors.Op("noop.do", "Returns its input.", connectors.Always[json.RawMessage](connectors.Safe), do),
		},
	}
}

func do(ctx context.Context, _ connectors.Call, in json.RawMessage) (json.RawMessage, error) {
	if ctx.Err() != nil {
		return nil, connectors.Stopped(ctx, false)
	}
	return in, nil
}
