package api

import (
	"context"

	"github.com/keelstep/keelstep/pkg/expression"
)

// ListLimits returns what limits let go and keep waiting.
func (h *handlers) ListLimits(ctx context.Context, _ ListLimitsRequestObject) (ListLimitsResponseObject, error) {
	all, err := h.o.Engine.Limits(ctx)
	if err != nil {
		return nil, err
	}
	out := ListLimits200JSONResponse{Limits: []LimitStatus{}}
	for _, l := range all {
		s := LimitStatus{
			Kind: l.Kind, Name: l.Name, Parallel: l.Parallel, Count: l.Count, Keys: l.Keys,
			Calls: l.Calls, WaitingCalls: l.WaitingCalls, Runs: l.Runs, WaitingRuns: l.WaitingRuns,
		}
		if l.Count > 0 {
			s.Per = expression.FormatDuration(l.Per)
		}
		out.Limits = append(out.Limits, s)
	}
	return out, nil
}
