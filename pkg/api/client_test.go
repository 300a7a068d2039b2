package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keelstep/keelstep/pkg/api/client"
)

var startWaiter = client.StartOptions{Workflow: "waiter", IdempotencyKey: "the-run"}

// types collects the numbers and types of a watch until it ends.
func types(t *testing.T, c *client.Client, run string, after uint64, take int) []string {
	t.Helper()
	var out []string
	for e, err := range c.Watch(t.Context(), run, after) {
		if err != nil {
			t.Error(err)
			break
		}
		out = append(out, fmt.Sprint(e.Seq, " ", e.Type))
		if len(out) == take {
			break
		}
	}
	return out
}

// TestWatch: a watch shows what was recorded and then what comes, ends with
// the run, and goes on where another one stopped.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.deployFile(t, "waiter.yaml")
		l, _ := f.serve(t)
		c := f.client(t, l, testKey)
		s, err := c.Start(t.Context(), startWaiter)
		if err != nil {
			t.Fatal(err)
		}
		live := make(chan []string)
		go func() { live <- types(t, c, s.Run, 0, 0) }()
		synctest.Wait()
		if err := c.Signal(t.Context(), s.Run, "paid", "", []byte(`{"n":1}`)); err != nil {
			t.Fatal(err)
		}
		all := <-live // the hour passes meanwhile, and comments with it
		if len(all) < 5 || all[0] != "1 RunStarted" || !strings.HasSuffix(all[len(all)-1], "RunEnded") {
			t.Fatalf("the watch showed %q", all)
		}
		again := types(t, c, s.Run, 0, 0)
		if !slices.Equal(again, all) {
			t.Errorf("recorded %q, live %q", again, all)
		}
		head := types(t, c, s.Run, 0, 2)
		tail := types(t, c, s.Run, 2, 0)
		if !slices.Equal(append(head, tail...), all) {
			t.Errorf("in two parts %q and %q, at once %q", head, tail, all)
		}
		if rest := types(t, c, s.Run, uint64(len(all)), 0); len(rest) != 0 {
			t.Errorf("behind the end: %q", rest)
		}
	})
}

// cutting breaks each stream of events after some bytes.
type cutting struct {
	http.RoundTripper
	after int64
	cuts  int
}

func (c *cutting) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := c.RoundTripper.RoundTrip(r)
	if err == nil && strings.HasSuffix(r.URL.Path, "/events") {
		c.cuts++
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, c.after), res.Body}
	}
	return res, err
}

// TestWatchReconnects: a stream that is cut after every event or so shows
// each event once and in order.
func TestWatchReconnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.deployFile(t, "hello.yaml")
		l, _ := f.serve(t)
		s, err := f.client(t, l, testKey).Start(t.Context(), client.StartOptions{Workflow: "hello", Input: []byte(`{"name":"Ann"}`)})
		if err != nil {
			t.Fatal(err)
		}
		tr := &http.Transport{DialContext: l.dial}
		defer tr.CloseIdleConnections()
		cut := &cutting{RoundTripper: tr, after: 600}
		c, err := client.New(client.Options{Server: "http://127.0.0.1:8080", Key: testKey, HTTP: &http.Client{Transport: cut}})
		if err != nil {
			t.Fatal(err)
		}
		got := types(t, c, s.Run, 0, 0)
		for i, e := range got {
			if !strings.HasPrefix(e, fmt.Sprint(i+1, " ")) {
				t.Fatalf("events %q", got)
			}
		}
		if cut.cuts < 2 || !strings.HasSuffix(got[len(got)-1], "RunEnded") {
			t.Errorf("%d connections showed %q", cut.cuts, got)
		}
	})
}

// TestWatchGivesUp: a stream that shows nothing any more ends with an error.
func TestWatchGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.deployFile(t, "waiter.yaml")
		l, _ := f.serve(t)
		s, err := f.client(t, l, testKey).Start(t.Context(), startWaiter)
		if err != nil {
			t.Fatal(err)
		}
		tr := &http.Transport{DialContext: l.dial}
		defer tr.CloseIdleConnections()
		c, err := client.New(client.Options{Server: "http://127.0.0.1:8080", Key: testKey, HTTP: &http.Client{Transport: &cutting{RoundTripper: tr, after: 1}}})
		if err != nil {
			t.Fatal(err)
		}
		at := time.Now()
		for _, err := range c.Watch(t.Context(), s.Run, 0) {
			if err == nil || time.Since(at) > time.Minute {
				t.Errorf("the watch yields %v after %v", err, time.Since(at))
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		good := f.client(t, l, testKey)
		var last error
		for _, err := range good.Watch(ctx, s.Run, 0) {
			last = err
		}
		if !errors.Is(last, context.DeadlineExceeded) {
			t.Errorf("a watch whose context ends yields %v", last)
		}
	})
}

// TestClientErrors: a problem of the engine is a *ProblemError with its code;
// what is no engine is told apart.
func TestClientErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		l, _ := f.serve(t)
		c := f.client(t, l, testKey)
		_, err := c.Run(t.Context(), "nothing")
		wantCode(t, err, "UnknownRun")
		_, err = f.client(t, l, "").Version(t.Context())
		wantCode(t, err, "Unauthorized")
		_, _, err = c.Deploy(t.Context(), "x.yaml", []byte("workflow: 1"))
		wantCode(t, err, "InvalidDefinition")
		var p *client.ProblemError
		if errors.As(err, &p) && (len(p.Diagnostics) == 0 || p.Diagnostics[0].Span.File != "x.yaml") {
			t.Errorf("diagnostics %+v", p.Diagnostics)
		}
		for _, err := range c.Watch(t.Context(), "nothing", 0) {
			wantCode(t, err, "UnknownRun")
		}
		if err := f.client(t, l, "").Ready(t.Context()); err != nil {
			t.Errorf("ready without a key: %v", err)
		}
		for _, bad := range []string{"", "127.0.0.1:8080", "ftp://x", "http://"} {
			if _, err := client.New(client.Options{Server: bad}); err == nil {
				t.Errorf("the address %q is accepted", bad)
			}
		}
	})
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var p *client.ProblemError
	if !errors.As(err, &p) || p.Code != code {
		t.Errorf("the error is %v, want a problem %s", err, code)
	}
}
