package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/runfile"
)

// ExportRuns streams runs as JSON lines.
func (h *handlers) ExportRuns(ctx context.Context, r ExportRunsRequestObject) (ExportRunsResponseObject, error) {
	f := engine.ExportFilter{Workflow: r.Params.Workflow, Parent: r.Params.Parent}
	for _, s := range r.Params.Status {
		if !s.Valid() {
			return nil, noStatus(string(s))
		}
		f.Statuses = append(f.Statuses, string(s))
	}
	return runStream{h.Server, ctx, f}, nil
}

// runStream is the answer that is a file of runs.
type runStream struct {
	*Server
	ctx    context.Context // the generated interface has no place for it
	filter engine.ExportFilter
}

// VisitExportRunsResponse writes the file. What breaks off ends the
// connection, so that nobody takes what came for the whole.
func (s runStream) VisitExportRunsResponse(w http.ResponseWriter) error {
	ctx, cancel := s.until(s.ctx)
	defer cancel()
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.WriteHeader(http.StatusOK)
	source := runfile.Source{Program: "keelstep", Version: s.o.Build.Version}
	out := steady{w, http.NewResponseController(w), s.o.Clock}
	if _, err := s.o.Engine.Export(ctx, out, source, s.filter); err != nil {
		s.o.Logger.Warn("export broke off", "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// ImportRuns takes runs that were exported.
func (h *handlers) ImportRuns(ctx context.Context, r ImportRunsRequestObject) (ImportRunsResponseObject, error) {
	ctx, cancel := h.until(ctx)
	defer cancel()
	done, err := h.o.Engine.Import(ctx, r.Body, engine.ImportOptions{SkipExisting: r.Params.SkipExisting, Open: r.Params.Open})
	var refused *runfile.Error
	if errors.As(err, &refused) {
		return nil, problem(CodeImportRefused, "%s; %d runs before it were taken", refused, done.Runs)
	}
	if err != nil {
		return nil, err
	}
	return ImportRuns200JSONResponse{Runs: done.Runs, Open: done.Open, Existing: done.Existing, NotEnded: done.NotEnded}, nil
}

// unread leaves the body to the handler, each read of it with a deadline of
// its own.
func (s *Server) unread(c echo.Context) {
	r := c.Request()
	if r.Body != nil {
		r.Body = patient{r.Body, http.NewResponseController(c.Response()), s}
	}
}

// patient is a body that may take long as a whole, and must not stand still.
type patient struct {
	io.ReadCloser
	rc *http.ResponseController
	s  *Server
}

// Read reads some of the body.
func (p patient) Read(b []byte) (int, error) {
	_ = p.rc.SetReadDeadline(p.s.o.Clock.Now().Add(bodyTimeout)) // a test's recorder has none
	n, err := p.ReadCloser.Read(b)
	if err != nil {
		_ = p.rc.SetReadDeadline(time.Time{})
	}
	return n, err
}
