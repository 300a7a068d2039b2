// Package served is how tests talk to an engine that serves in a process of
// its own.
package served

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// Server is an engine that serves.
type Server struct {
	URL, Key string
	Client   *http.Client // nil: http.DefaultClient
}

// Find returns the server that a data directory names; ok is false when it
// names none yet.
func Find(data string) (s Server, ok bool) {
	var at struct{ Address string }
	b, err := os.ReadFile(filepath.Join(data, "server.json"))
	if err != nil || json.Unmarshal(b, &at) != nil || at.Address == "" {
		return s, false
	}
	key, err := os.ReadFile(filepath.Join(data, "engine.key"))
	return Server{URL: at.Address, Key: strings.TrimSpace(string(key))}, err == nil
}

// Forget has Find return nothing until a server names itself in the directory
// again.
func Forget(data string) { _ = os.Remove(filepath.Join(data, "server.json")) }

// Request is what is asked of a server.
type Request struct {
	Method, Path string
	Key          string // Idempotency-Key; empty: none
	Body         string // JSON; empty: none
}

// Do makes a request and decodes the JSON of the answer into into, whatever its
// status; nil: nobody reads it. The status is 0 when there was no answer.
func (s Server) Do(ctx context.Context, r Request, into any) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, s.URL+r.Path, strings.NewReader(r.Body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+s.Key)
	if r.Body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.Key != "" {
		req.Header.Set("Idempotency-Key", r.Key)
	}
	client := s.Client
	if client == nil {
		client = http.DefaultClient
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err
	}
	if into != nil {
		if err := json.Unmarshal(b, into); err != nil {
			return res.StatusCode, fmt.Errorf("%s %s: %s: %q: %w", r.Method, r.Path, res.Status, b, err)
		}
	}
	return res.StatusCode, nil
}
