package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/keelstep/keelstep/pkg/api"
	"github.com/keelstep/keelstep/pkg/engine"
)

// faulty is an engine whose Get fails as the test says.
type faulty struct {
	*engine.Engine
	fail func() error
}

func (f faulty) Get(context.Context, string) (engine.RunView, error) {
	return engine.RunView{}, f.fail()
}

// faultyServer returns a handler over a faulty engine and its log.
func faultyServer(t *testing.T, fail func() error) (http.Handler, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	s, err := api.New(api.Options{
		Engine: faulty{newFixture(t).engine, fail}, Key: testKey, Addr: "127.0.0.1:0",
		Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s.Handler(), &log
}

func get(h http.Handler, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
	r.Host = "127.0.0.1"
	r.Header.Set("Authorization", "Bearer "+testKey)
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

// TestEngineErrors: each error of the engine has its status and code, and
// tells nothing of the inside.
func TestEngineErrors(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		code   api.Code
	}{
		{engine.ErrNoRun, 404, api.CodeUnknownRun},
		{engine.ErrNoWorkflow, 404, api.CodeUnknownWorkflow},
		{engine.ErrRunEnded, 409, api.CodeRunEnded},
		{engine.ErrRunStuck, 409, api.CodeRunStuck},
		{fmt.Errorf("%w: x", engine.ErrVersionTaken), 409, api.CodeVersionTaken},
		{fmt.Errorf("%w: x", engine.ErrRouteTaken), 409, api.CodeRouteTaken},
		{engine.ErrNoDeadLetter, 404, api.CodeUnknownDeadLetter},
		{fmt.Errorf("%w: x", engine.ErrTriggerPaused), 503, api.CodeTriggerPaused},
		{fmt.Errorf("%w: x", engine.ErrNoLimit), 503, api.CodeNoLimit},
		{fmt.Errorf("%w: x", engine.ErrNoParameter), 503, api.CodeNoParameter},
		{engine.ErrKeyReused, 422, api.CodeKeyReused},
		{engine.ErrInboxFull, 429, api.CodeInboxFull},
		{engine.ErrStorageFull, 503, api.CodeStorageFull},
		{engine.ErrStopping, 503, api.CodeStopping},
		{context.DeadlineExceeded, 504, api.CodeDeadline},
		{&engine.InputError{Workflow: "w", Problems: []engine.InputProblem{{Path: "/a", Message: "m"}}}, 400, api.CodeInputInvalid},
		{&engine.InvalidError{}, 422, api.CodeInvalidDefinition},
		{errors.New("open /secret/place: engine.go:7"), 500, api.CodeInternal},
	} {
		h, log := faultyServer(t, func() error { return fmt.Errorf("wrapped: %w", c.err) })
		rec := get(h, "/v1/runs/x")
		var p struct {
			Status int
			Code   api.Code
			Detail string
		}
		if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		if rec.Code != c.status || p.Status != c.status || p.Code != c.code {
			t.Errorf("%v gives %d %s, want %d %s", c.err, rec.Code, rec.Body, c.status, c.code)
		}
		if c.code == api.CodeInternal && (strings.Contains(rec.Body.String(), "secret") || !strings.Contains(log.String(), "/secret/place")) {
			t.Errorf("the answer is %s, the log %s", rec.Body, log)
		}
	}
}

// TestPanic: a panic of a handler is a problem for its caller and a line with
// the stack for the operator; the server lives.
func TestPanic(t *testing.T) {
	h, log := faultyServer(t, func() error { panic("secret place") })
	rec := get(h, "/v1/runs/x")
	if rec.Code != 500 || strings.Contains(rec.Body.String(), "secret") || rec.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("a panic gives %d %s", rec.Code, rec.Body)
	}
	if !strings.Contains(log.String(), "secret place") || !strings.Contains(log.String(), "fault_test.go") {
		t.Errorf("the log is %s", log)
	}
	if rec := get(h, "/v1/version"); rec.Code != 200 {
		t.Errorf("after a panic the server answers %d", rec.Code)
	}
}

// TestLog: a request is one line of JSON without the key, whatever it holds.
func TestLog(t *testing.T) {
	h, log := faultyServer(t, func() error { return engine.ErrNoRun })
	r := httptest.NewRequest(http.MethodGet, "/v1/runs/a%0A%7B%22level%22:%22ERROR%22%7D%1b", http.NoBody)
	r.Host = "127.0.0.1"
	r.Header.Set("Authorization", "Bearer "+testKey)
	h.ServeHTTP(httptest.NewRecorder(), r)
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 1 {
		t.Errorf("a request has %d lines: %q", len(lines), lines)
	}
	for _, l := range lines {
		if !json.Valid([]byte(l)) || strings.Contains(l, testKey) {
			t.Errorf("the log says %q", l)
		}
	}
}
