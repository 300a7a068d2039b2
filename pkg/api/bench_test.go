package api_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/keelstep/keelstep/pkg/api"
)

// BenchmarkStart is one start through the handler, on memory.
func BenchmarkStart(b *testing.B) {
	f := newFixture(b)
	f.deploy(b, "workflow: nothing\nversion: \"1\"\nsteps:\n  - { id: x, compose: 1 }\n")
	h := f.server.Handler()
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/v1/workflows/nothing/runs", bytes.NewReader([]byte(`{"id":7,"items":[1,2,3]}`)))
		r.Host = "127.0.0.1"
		r.Header.Set("Authorization", "Bearer "+testKey)
		r.Header.Set("Content-Type", "application/json")
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code != http.StatusAccepted {
			b.Fatalf("%d %s", rec.Code, rec.Body)
		}
	}
}

// BenchmarkStrictJSON is the check of a body of 1 MiB.
func BenchmarkStrictJSON(b *testing.B) {
	body := []byte("[" + strings.Repeat(`{"sku":"A-1","qty":3,"tags":["a","b"]},`, 26_000) + "0]")
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if err := api.StrictJSON(body); err != nil {
			b.Fatal(err)
		}
	}
}
