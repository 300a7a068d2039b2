package bench

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/keelstep/keelstep/pkg/api"
)

// server is the engine's HTTP API on a port of its own, and a client of it.
type server struct {
	url, key, body string
	client         *http.Client
	end            context.CancelFunc
	all            sync.WaitGroup
}

// serve serves the engine's API on loopback until stop is called.
func (m *meter) serve(ctx context.Context) (*server, error) {
	s := &server{key: rand.Text(), body: m.w.input}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := listener.Addr().String()
	srv, err := api.New(api.Options{Engine: m.engine, Key: s.key, Addr: addr, Clock: m.o.Clock})
	if err != nil {
		return nil, fmt.Errorf("%w; %w", err, listener.Close())
	}
	ctx, s.end = context.WithCancel(context.WithoutCancel(ctx))
	s.url = "http://" + addr + "/bench"
	s.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: m.callers}}
	s.all.Go(func() { _ = srv.Serve(ctx, listener) }) // ends without an error, by stop
	return s, nil
}

func (s *server) stop() {
	s.client.CloseIdleConnections()
	s.end()
	s.all.Wait()
}

// cutPath takes the path from a URL.
func cutPath(url string) (base, path string) {
	i := strings.Index(url[len("http://"):], "/") + len("http://")
	return url[:i], url[i:]
}

// post is one run, from the request to the answer of its respond step.
func (s *server) post(ctx context.Context) error {
	return s.call(ctx, http.MethodPost, s.url, s.body, http.StatusOK)
}

// call is one request and its answer.
func (s *server) call(ctx context.Context, method, url, body string, want int) error {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err == nil && resp.StatusCode != want {
		err = fmt.Errorf("status %d: %s", resp.StatusCode, answer)
	}
	return err
}
