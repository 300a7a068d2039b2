package api

import (
	"context"
	"io"
	"net/http"

	"github.com/keelstep/keelstep/pkg/engine"
)

// Backups is what the API asks about copies of the log.
type Backups interface {
	// Stream writes the log as it is now to w.
	Stream(ctx context.Context, w io.Writer) error
	// Status says how the copies stand that are made by the clock.
	Status() BackupStatus
	// Make makes such a copy now. It is asked only when they are configured.
	Make(ctx context.Context) (Backup, error)
}

// noCopies is the problem of an engine whose log cannot be copied.
func noCopies() error {
	return problem(CodeUnknownPath, "this engine keeps no log that can be copied")
}

// DownloadBackup streams a copy of the log.
func (h *handlers) DownloadBackup(ctx context.Context, _ DownloadBackupRequestObject) (DownloadBackupResponseObject, error) {
	if h.o.Backups == nil {
		return nil, noCopies()
	}
	return logStream{h.Server, ctx}, nil
}

// logStream is the answer that is the log.
type logStream struct {
	*Server
	ctx context.Context // the generated interface has no place for it
}

// VisitDownloadBackupResponse writes the log. A copy that breaks off ends the
// connection, so that nobody takes what came for the whole.
func (s logStream) VisitDownloadBackupResponse(w http.ResponseWriter) error {
	ctx, cancel := s.until(s.ctx)
	defer cancel()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.WriteHeader(http.StatusOK)
	if err := s.o.Backups.Stream(ctx, steady{w, http.NewResponseController(w), s.o.Clock}); err != nil {
		s.o.Logger.Warn("copy of the log broke off", "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// steady gives each piece of an answer a deadline of its own.
type steady struct {
	w     io.Writer
	rc    *http.ResponseController
	clock engine.Clock
}

// Write writes a piece.
func (s steady) Write(b []byte) (int, error) {
	_ = s.rc.SetWriteDeadline(s.clock.Now().Add(writeTimeout)) // a test's recorder has none
	return s.w.Write(b)
}

// GetBackups says how the copies stand that are made by the clock.
func (h *handlers) GetBackups(context.Context, GetBackupsRequestObject) (GetBackupsResponseObject, error) {
	if h.o.Backups == nil {
		return nil, noCopies()
	}
	return GetBackups200JSONResponse(h.o.Backups.Status()), nil
}

// MakeBackup makes a copy now.
func (h *handlers) MakeBackup(ctx context.Context, _ MakeBackupRequestObject) (MakeBackupResponseObject, error) {
	switch {
	case h.o.Backups == nil:
		return nil, noCopies()
	case !h.o.Backups.Status().Configured:
		return nil, problem(CodeNoBackups, "the engine's environment has no section backup; add one, or fetch a copy with GET /v1/backup")
	}
	ctx, cancel := h.until(ctx)
	defer cancel()
	b, err := h.o.Backups.Make(ctx)
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, problem(CodeBackupFailed, "%s", err)
	}
	return MakeBackup201JSONResponse(b), nil
}

// warnings is what an operator should look at.
func (s *Server) warnings() []string {
	if s.o.Backups != nil && s.o.Backups.Status().Failures > 0 {
		return []string{string(CodeBackupFailed)}
	}
	return nil
}
