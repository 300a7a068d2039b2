package api

import (
	"context"
	"errors"

	"github.com/keelstep/keelstep/pkg/engine"
)

// apiVersion is the version in the paths.
const apiVersion = "v1"

// GetHealth tells that the process lives.
func (h *handlers) GetHealth(context.Context, GetHealthRequestObject) (GetHealthResponseObject, error) {
	return GetHealth200JSONResponse{Status: "ok"}, nil
}

// GetReadiness tells whether the engine accepts work: it does until the
// server begins to stop, as long as its store can be read and there is room for
// new runs.
func (h *handlers) GetReadiness(ctx context.Context, _ GetReadinessRequestObject) (GetReadinessResponseObject, error) {
	if h.stopping.Err() != nil {
		return nil, problem(CodeStopping, "the engine is stopping; send again once it runs")
	}
	if err := h.o.Engine.Ready(); errors.Is(err, engine.ErrStorageFull) {
		return nil, err
	}
	if _, err := h.o.Engine.Definitions(ctx); err != nil {
		h.o.Logger.Warn("engine is not ready", "error", err)
		return nil, problem(CodeStopping, "the engine does not accept work now; its log says why")
	}
	return GetReadiness200JSONResponse{Status: "ready", Warnings: h.warnings()}, nil
}

// GetVersion says what runs here.
func (h *handlers) GetVersion(context.Context, GetVersionRequestObject) (GetVersionResponseObject, error) {
	b := h.o.Build
	return GetVersion200JSONResponse{Version: b.Version, Commit: b.Commit, Go: b.Go, API: apiVersion}, nil
}

// CheckLog reads the log whole and says what does not hold.
func (h *handlers) CheckLog(ctx context.Context, _ CheckLogRequestObject) (CheckLogResponseObject, error) {
	if h.o.Check == nil {
		return nil, problem(CodeUnknownPath, "this engine keeps no log that can be checked")
	}
	r, err := h.o.Check(ctx)
	if err != nil {
		return nil, err
	}
	if r.Damage == nil {
		r.Damage = []LogDamage{}
	}
	return CheckLog200JSONResponse(r), nil
}
