package api

import (
	"context"
	"net"
	"time"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/expression"
)

// GetStatus says how the engine does.
func (h *handlers) GetStatus(ctx context.Context, _ GetStatusRequestObject) (GetStatusResponseObject, error) {
	s, err := h.o.Engine.Status(ctx)
	if err != nil {
		return nil, err
	}
	out := GetStatus200JSONResponse{StartedAt: s.StartedAt, Runs: s.Runs, Retention: retentionOf(s)}
	if s.Log.Bytes > 0 {
		out.Log = LogSize{Bytes: s.Log.Bytes, FreeBytes: s.Log.Free}
	}
	if s.DiskFree >= 0 {
		out.Disk = DiskRoom{FreeBytes: s.DiskFree, KeptFree: s.MinRoom}
	}
	if g := s.Growth; g.Over > 0 {
		out.Growth = LogGrowth{BytesPerDay: g.BytesPerDay, MeasuredOver: rough(g.Over)}
		if g.FullIn > 0 {
			out.Growth.FullIn = rough(g.FullIn)
		}
	}
	if h.o.Backups != nil {
		out.Backups = h.o.Backups.Status()
	}
	return out, nil
}

func retentionOf(s engine.Status) RetentionStatus {
	out := RetentionStatus{On: s.Keeping, NextAt: s.NextAt}
	if p := s.Pass; !p.At.IsZero() {
		out.Pass = RetentionPass{At: p.At, Took: expression.FormatDuration(p.Took.Round(time.Millisecond)), Runs: p.Runs, KeptForFamily: p.Kept, Error: p.Error}
	}
	if p := s.Sweep; !p.At.IsZero() {
		out.Sweep = PayloadSweep{
			At: p.At, Took: expression.FormatDuration(p.Took.Round(time.Millisecond)), Error: p.Error,
			Removed: p.Removed, RemovedBytes: p.RemovedBytes, Kept: p.Kept, KeptBytes: p.KeptBytes,
		}
	}
	return out
}

// rough is a duration as people say it.
func rough(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		d = d.Round(time.Hour)
	case d >= time.Hour:
		d = d.Round(time.Minute)
	default:
		d = d.Round(time.Second)
	}
	return expression.FormatDuration(d)
}

// PurgeRuns drops runs that ended.
func (h *handlers) PurgeRuns(ctx context.Context, r PurgeRunsRequestObject) (PurgeRunsResponseObject, error) {
	b := r.Body
	if b == nil {
		b = &PurgeRequest{}
	}
	f := engine.PurgeFilter{
		Runs: b.Runs, Workflow: b.Workflow, Version: b.Version, Error: b.Error, DryRun: b.DryRun, Cursor: b.Cursor,
		Attributes: b.Attributes, By: callerOf(ctx),
	}
	for _, s := range b.Status {
		if !s.Valid() {
			return nil, problem(CodeInvalidParameter, "%s is no status that a run ends with; use succeeded, failed, timedOut or cancelled", quote(string(s)))
		}
		f.Statuses = append(f.Statuses, string(s))
	}
	if b.OlderThan != "" {
		age, err := expression.ParseDuration(b.OlderThan)
		if err != nil || age < 0 {
			return nil, problem(CodeInvalidParameter, "olderThan is %s; write it like 12h or 30d", quote(b.OlderThan))
		}
		f.EndedBefore = h.o.Clock.Now().Add(-age)
	}
	if !b.All && len(f.Runs)+len(f.Statuses)+len(f.Attributes) == 0 && f.Workflow+f.Version+f.Error+b.OlderThan == "" {
		return nil, problem(CodeInvalidParameter, "nothing says which runs are meant; give a filter, or all: true for each run that ended")
	}
	p, err := h.o.Engine.Purge(ctx, f)
	if err != nil {
		return nil, err
	}
	return PurgeRuns200JSONResponse{Runs: p.Runs, KeptForFamily: p.KeptFamily, Next: p.Cursor}, nil
}

// ListPurges says what was dropped.
func (h *handlers) ListPurges(ctx context.Context, r ListPurgesRequestObject) (ListPurgesResponseObject, error) {
	n, err := pageSize(r.Params.Limit)
	if err != nil {
		return nil, err
	}
	all, err := h.o.Engine.Droppings(ctx, n)
	if err != nil {
		return nil, err
	}
	out := ListPurges200JSONResponse{Purges: make([]PurgeEntry, len(all))}
	for i, d := range all {
		out.Purges[i] = PurgeEntry{
			ID: int64(d.ID), At: d.At.UTC(), By: d.By, Filter: d.Filter, EndedAt: d.EndedAt.UTC(), Runs: d.Runs, KeptForFamily: d.Kept, Error: d.Error,
		}
	}
	return out, nil
}

// callerKey is where the context of a connection's requests has who is at its
// other end.
type callerKey struct{}

// withCaller has the requests of a connection know where they come from.
func withCaller(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, callerKey{}, c.RemoteAddr())
}

// callerOf is where a request came from: an address, or the file when it came
// from a command that has the log open itself.
func callerOf(ctx context.Context) string {
	addr, ok := ctx.Value(callerKey{}).(net.Addr)
	switch {
	case !ok: // whoever embeds the handler says nothing
		return "an unknown address"
	case addr.Network() == "pipe":
		return "the file"
	}
	host, _, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	return host
}
