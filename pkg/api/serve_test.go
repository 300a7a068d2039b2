package api_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// raw opens a connection and sends text.
func raw(t *testing.T, l *pipes, text string) net.Conn {
	t.Helper()
	c, err := l.dial(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	go func() { _, _ = io.WriteString(c, text) }()
	return c
}

// status reads the status of an answer and its body.
func status(t *testing.T, c net.Conn) (int, string) {
	t.Helper()
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b)
}

const starts = "POST /v1/workflows/waiter/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + testKey + "\r\n"

// TestSlowHeaders: who does not send headers within 5 s is cut off; others do
// not notice.
func TestSlowHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		l, _ := f.serve(t)
		var slow []net.Conn
		for range 200 {
			slow = append(slow, raw(t, l, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "))
		}
		synctest.Wait()
		if code, _ := status(t, raw(t, l, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")); code != 200 {
			t.Errorf("health beside slow callers answers %d", code)
		}
		at := time.Now()
		for _, c := range slow {
			if _, err := io.ReadAll(c); err != nil {
				t.Error(err)
			}
		}
		if d := time.Since(at); d > 6*time.Second {
			t.Errorf("slow callers were cut off after %v, want 5 s", d)
		}
	})
}

// TestSlowBody: a body that does not come within 30 s is refused; so is one
// that stops in the middle.
func TestSlowBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		l, _ := f.serve(t)
		at := time.Now()
		code, body := status(t, raw(t, l, starts+"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"))
		if d := time.Since(at); code != http.StatusRequestTimeout || !strings.Contains(body, "BodyTimeout") || d > 31*time.Second {
			t.Errorf("a slow body gives %d after %v: %s", code, d, body)
		}
	})
}

// TestSlowBodyWithoutKey: a stranger's body is not waited for.
func TestSlowBodyWithoutKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		l, _ := f.serve(t)
		at := time.Now()
		c := raw(t, l, "POST /v1/definitions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/yaml\r\nContent-Length: 1000\r\n\r\nx")
		if code, _ := status(t, c); code != http.StatusUnauthorized {
			t.Errorf("a body without a key gives %d", code)
		}
		if d := time.Since(at); d > 31*time.Second {
			t.Errorf("the answer took %v", d)
		}
	})
}

// TestLargeHeaders: 64 KiB of headers and a little are too many.
func TestLargeHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		l, _ := f.serve(t)
		for n, want := range map[int]int{60 << 10: 200, 1 << 20: 431} {
			c := raw(t, l, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Large: "+strings.Repeat("a", n)+"\r\n\r\n")
			if code, _ := status(t, c); code != want {
				t.Errorf("%d bytes of headers give %d, want %d", n, code, want)
			}
		}
	})
}

// TestLargeBodyIsNotRead: what is too large is refused before it is sent.
func TestLargeBodyIsNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		l, _ := f.serve(t)
		c := raw(t, l, starts+fmt.Sprintf("Content-Type: application/json\r\nContent-Length: %d\r\n\r\n", 100<<20))
		if code, body := status(t, c); code != http.StatusRequestEntityTooLarge {
			t.Errorf("100 MiB give %d: %s", code, body)
		}
	})
}

// TestServeEnds: Serve ends with its context though a stream is open and a
// caller waits; both are told, new callers are not served.
func TestServeEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.deployFile(t, "answers.yaml")
		f.deployFile(t, "waiter.yaml")
		l, stop := f.serve(t)
		c := f.client(t, l, testKey)
		s, err := c.Start(t.Context(), startWaiter)
		if err != nil {
			t.Fatal(err)
		}
		stream := raw(t, l, "GET /v1/runs/"+s.Run+"/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "+testKey+"\r\n\r\n")
		waits := raw(t, l, "POST /ask HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "+testKey+"\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{\"how\":\"late\"}")
		got := make(chan string, 2)
		go func() { _, b := status(t, stream); got <- b }()
		go func() { n, b := status(t, waits); got <- fmt.Sprint(n, b) }()
		synctest.Wait()
		at := time.Now()
		if err := stop(); err != nil {
			t.Errorf("Serve = %v", err)
		}
		if d := time.Since(at); d > time.Second {
			t.Errorf("Serve took %v to end", d)
		}
		both := <-got + <-got
		if !strings.Contains(both, "503") || !strings.Contains(both, `"Stopping"`) || !strings.Contains(both, "event: AwaitStarted") || strings.Contains(both, "event: end") {
			t.Errorf("the callers were told %s", both)
		}
		if _, err := c.Version(t.Context()); err == nil {
			t.Error("a stopped server answers")
		}
	})
}

func (f *fixture) deployFile(t *testing.T, name string) {
	t.Helper()
	src, err := os.ReadFile("testdata/workflows/" + name)
	if err != nil {
		t.Fatal(err)
	}
	f.deploy(t, string(src))
}
