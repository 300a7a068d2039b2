package api_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/keelstep/keelstep/pkg/engine"
)

// Whoever has the link of a task can look at it and answer it once, without a
// key; a link that was changed is none.
func TestTaskLink(t *testing.T) {
	f := newFixture(t)
	src, err := os.ReadFile("testdata/workflows/ask.yaml")
	if err != nil {
		t.Fatal(err)
	}
	f.deploy(t, string(src))
	s, err := f.engine.Start(t.Context(), engine.StartRequest{Workflow: "ask"})
	if err != nil {
		t.Fatal(err)
	}
	link := f.engine.TaskLink(s.Run, "decision")
	ask := func(method, path, body string) int {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Host = "127.0.0.1:8080"
		if body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		rec := httptest.NewRecorder()
		f.server.Handler().ServeHTTP(rec, r)
		return rec.Code
	}
	flipped := link[:len(link)-1] + string(link[len(link)-1]^1)
	for _, c := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", link, "", http.StatusOK},
		{"GET", flipped, "", http.StatusNotFound},
		{"POST", link, "", http.StatusBadRequest},
		{"POST", link, `{"outcome":"maybe"}`, http.StatusUnprocessableEntity},
		{"POST", link, `{"outcome":"approve","by":"ann"}`, http.StatusAccepted},
		{"POST", link, `{"outcome":"reject","by":"bob"}`, http.StatusConflict},
		{"GET", link, "", http.StatusGone},
	} {
		if got := ask(c.method, c.path, c.body); got != c.want {
			t.Errorf("%s %s %s answers %d, want %d", c.method, c.path, c.body, got, c.want)
		}
	}
}
