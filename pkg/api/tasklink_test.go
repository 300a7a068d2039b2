package api_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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
		{"GET", flipped, "", http.StatusUnauthorized},
		{"POST", flipped, `{"outcome":"approve"}`, http.StatusUnauthorized},
		{"GET", link[:len(link)-4], "", http.StatusUnauthorized},
		{"GET", engine.TaskPath + "x", "", http.StatusUnauthorized},
		{"POST", link, "", http.StatusBadRequest},
		{"POST", link, `{"outcome":"maybe"}`, http.StatusBadRequest},
		{"POST", link, `{"outcome":"approve","by":"ann"}`, http.StatusAccepted},
		{"POST", link, `{"outcome":"reject","by":"bob"}`, http.StatusConflict},
		{"GET", link, "", http.StatusGone},
	} {
		if got := ask(c.method, c.path, c.body); got != c.want {
			t.Errorf("%s %s %s answers %d, want %d", c.method, c.path, c.body, got, c.want)
		}
	}
}

// A link works for 30 days and over restarts; then it is known to have
// expired, while one that was changed is still none.
func TestTaskLinkExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.deployFile(t, "ask.yaml")
		s, err := f.engine.Start(t.Context(), engine.StartRequest{Workflow: "ask"})
		if err != nil {
			t.Fatal(err)
		}
		link := f.engine.TaskLink(s.Run, "decision")
		get := func(link string) int {
			r := httptest.NewRequest(http.MethodGet, link, http.NoBody)
			r.Host = "127.0.0.1:8080"
			rec := httptest.NewRecorder()
			f.server.Handler().ServeHTTP(rec, r)
			return rec.Code
		}
		for _, c := range []struct {
			wait time.Duration
			want int
		}{{0, http.StatusOK}, {30 * 24 * time.Hour, http.StatusOK}, {time.Second, http.StatusGone}} {
			time.Sleep(c.wait)
			f.restart(t)
			if got := get(link); got != c.want {
				t.Errorf("after %v more the link answers %d, want %d", c.wait, got, c.want)
			}
		}
		if got := get(link[:len(link)-1] + string(link[len(link)-1]^1)); got != http.StatusUnauthorized {
			t.Errorf("a changed link answers %d", got)
		}
	})
}
