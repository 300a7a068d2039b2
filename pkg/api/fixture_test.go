package api_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/keelstep/keelstep/pkg/api"
	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/connectors/standard"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog/memlog"
)

// testSecret is what the triggers of the tests ask for.
const testSecret = "sixteen letters."

const testKey = "a-key-for-the-tests-of-this-package"

// fixture is a server with an engine on memory.
type fixture struct {
	server *api.Server
	engine *engine.Engine
	log    *memlog.Log
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{log: memlog.New()}
	f.open(t)
	t.Cleanup(f.cut)
	return f
}

// cut ends the engine; calls that still run are cut off.
func (f *fixture) cut() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = f.engine.Close(ctx)
}

// restart ends the engine and opens another one on what is in the log.
func (f *fixture) restart(t testing.TB) {
	t.Helper()
	f.log = f.log.Reopen()
	f.cut()
	f.open(t)
}

func (f *fixture) open(t testing.TB) {
	t.Helper()
	env, found := config.Load("env/test.yaml", []byte("secrets: { from: [env] }\n"), []string{
		"HOOK=" + testSecret, "SHORT=fifteen letters",
	})
	if found.HasErrors() {
		t.Fatal(found)
	}
	e, err := engine.Open(t.Context(), engine.Options{
		Store: f.log, Registry: standard.New(), LinkKey: []byte("the key of the links of the tests"), Env: env,
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := api.New(api.Options{
		Engine: e, Key: testKey, Addr: "127.0.0.1:0",
		Build: api.Build{Version: "1.2.3", Commit: "abc", Go: "go1.26"},
	})
	if err != nil {
		t.Fatal(err)
	}
	f.server, f.engine = s, e
}

// deploy deploys a workflow.
func (f *fixture) deploy(t testing.TB, src string) {
	t.Helper()
	if _, _, err := f.engine.Deploy(t.Context(), "test.yaml", []byte(src)); err != nil {
		t.Fatal(err)
	}
}

// spec is api/openapi.yaml; answers are checked against it.
type spec struct{ router routers.Router }

func loadSpec(t *testing.T) *spec {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../../api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &spec{r}
}

// check fails when an answer is not what the spec says, or, outside of it,
// when an error is no problem.
func (s *spec) check(t *testing.T, r *http.Request, body []byte, rec *httptest.ResponseRecorder) {
	t.Helper()
	if rec.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s %s: the answer may be sniffed", r.Method, r.URL)
	}
	if rec.Code >= 400 && rec.Header().Get("X-Made-By") == "" {
		if ct := rec.Header().Get("Content-Type"); ct != "application/problem+json" {
			t.Errorf("%s %s: error %d is %q", r.Method, r.URL, rec.Code, ct)
		}
		for _, leak := range []string{"goroutine ", ".go:", testKey, testSecret} {
			if strings.Contains(rec.Body.String(), leak) {
				t.Errorf("%s %s: the error says %q", r.Method, r.URL, leak)
			}
		}
	}
	if strings.HasPrefix(r.URL.Path, "/v1/") && rec.Code < 400 || r.URL.Path == "/v1/runs" && r.Method == http.MethodGet {
		if _, _, err := s.router.FindRoute(r); err != nil {
			t.Errorf("%s %s is not in the spec: %v", r.Method, r.URL, err)
		}
	}
	if err := s.validate(t.Context(), r, body, rec); err != nil {
		t.Errorf("%s %s: %v", r.Method, r.URL, err)
	}
}

// validate compares an answer with the spec; what is not of the API is good.
func (s *spec) validate(ctx context.Context, r *http.Request, body []byte, rec *httptest.ResponseRecorder) error {
	route, params, err := s.router.FindRoute(r)
	if err != nil {
		return nil //nolint:nilerr // not of the API
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: r, PathParams: params, Route: route,
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
		},
		Status: rec.Code, Header: rec.Header(), Body: io.NopCloser(bytes.NewReader(rec.Body.Bytes())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	return openapi3filter.ValidateResponse(ctx, in)
}

// TestSpecCheck: the check of answers against the spec finds what is wrong.
func TestSpecCheck(t *testing.T) {
	s := loadSpec(t)
	for _, c := range []struct {
		path, body string
		ok         bool
	}{
		{"/v1/version", `{"version":"1","go":"1","api":"v1"}`, true},
		{"/v1/version", `{"version":1,"go":"1","api":"v1"}`, false},
		{"/v1/version", `{"version":"1"}`, false},
		{"/v1/runs", `{"runs":[{"run":"x","workflow":"w","version":"1","status":"done","startedAt":"2026-01-01T00:00:00Z"}]}`, false},
	} {
		r := httptest.NewRequest("GET", c.path, http.NoBody)
		rec := httptest.NewRecorder()
		rec.Header().Set("Content-Type", "application/json")
		_, _ = rec.WriteString(c.body)
		err := s.validate(t.Context(), r, nil, rec)
		if (err == nil) != c.ok {
			t.Errorf("%s %s: %v, want ok %v", c.path, c.body, err, c.ok)
		}
	}
}
