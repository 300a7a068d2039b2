package served_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/keelstep/keelstep/internal/served"
)

// A server is found once it has said where it is and there is a key; requests
// carry what they are given, and answers are read whatever their status.
func TestFindAndDo(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, `[%q,%q,%q,%q,%q]`, r.Method+" "+r.URL.String(), r.Header.Get("Authorization"), r.Header.Get("Content-Type"), r.Header.Get("Idempotency-Key"), body)
	}))
	defer srv.Close()
	data := t.TempDir()
	for name, text := range map[string]string{"server.json": fmt.Sprintf(`{"address":%q}`, srv.URL), "engine.key": "k\n"} {
		if _, ok := served.Find(data); ok {
			t.Error("found before it has said all")
		}
		if err := os.WriteFile(filepath.Join(data, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, ok := served.Find(data)
	if !ok {
		t.Fatal("not found")
	}
	for want, r := range map[string]served.Request{
		"[POST /x?y=1 Bearer k application/json i {}]": {Method: http.MethodPost, Path: "/x?y=1", Key: "i", Body: "{}"},
		"[GET /x Bearer k   ]":                         {Method: http.MethodGet, Path: "/x"},
	} {
		var got []string
		if status, err := s.Do(t.Context(), r, &got); err != nil || status != http.StatusTeapot || fmt.Sprint(got) != want {
			t.Errorf("Do = %d, %v, %q, want %s", status, err, got, want)
		}
	}
	if status, err := s.Do(t.Context(), served.Request{Method: http.MethodGet, Path: "/x"}, new(int)); err == nil || status != http.StatusTeapot {
		t.Errorf("an answer of another form: %d, %v", status, err)
	}
	srv.Close()
	if status, err := s.Do(t.Context(), served.Request{Method: http.MethodGet, Path: "/x"}, nil); err == nil || status != 0 {
		t.Errorf("without a server: %d, %v", status, err)
	}
	served.Forget(data)
	if _, ok := served.Find(data); ok {
		t.Error("found after it was forgotten")
	}
}
