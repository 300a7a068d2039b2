package conntest

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/connectors"
)

// Fault is what a Server does instead of answering well.
type Fault string

// The faults. In all of them but Refused and BadTLS the request has its
// effect before the fault.
const (
	None           Fault = "none"
	Latency        Fault = "latency"         // the answer comes late
	SlowBody       Fault = "slow body"       // a byte at a time, whole in the end
	Refused        Fault = "refused"         // nobody listens
	BadTLS         Fault = "bad tls"         // a certificate that nobody trusts
	ResetBefore    Fault = "reset before"    // a reset in place of an answer
	ClosedBefore   Fault = "closed before"   // an orderly close in place of an answer
	ResetHeader    Fault = "reset header"    // a reset in the middle of the headers
	ResetMiddle    Fault = "reset middle"    // a reset in the middle of the body
	Truncated      Fault = "truncated"       // fewer bytes than announced
	TruncatedChunk Fault = "truncated chunk" // a chunked body without its end
	Endless        Fault = "endless"         // a body without an end
	EndlessHeader  Fault = "endless header"  // headers without an end
	Garbage        Fault = "garbage"         // no HTTP
	RedirectLoop   Fault = "redirect loop"   // redirects to itself
	WrongJSON      Fault = "wrong json"      // says JSON, is none
	Silence        Fault = "silence"         // nothing, for ever
)

// Server is a loopback server with one fault. It counts effects: requests
// that arrived whole.
type Server struct {
	URL     string
	fault   Fault
	effects atomic.Int64
	silent  chan struct{}   // gets an element when Silence begins
	done    context.Context // ends with the test
	conns   sync.WaitGroup
}

// Effects returns how many requests arrived whole.
func (s *Server) Effects() int { return int(s.effects.Load()) }

// Serve starts a server that stops with the test.
func Serve(t *testing.T, f Fault) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	s := &Server{URL: "http://" + l.Addr().String(), fault: f, done: ctx, silent: make(chan struct{}, 1)}
	if f == Refused {
		stop()
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return s
	}
	if f == BadTLS {
		s.URL = "https://" + l.Addr().String()
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{selfSigned(t)}})
	}
	s.conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.conns.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		stop()
		l.Close()
		s.conns.Wait()
	})
	return s
}

const whole = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\nConnection: close\r\n\r\n{\"ok\":true}"

func (s *Server) serve(c net.Conn) {
	defer c.Close()
	stop := context.AfterFunc(s.done, func() { c.Close() })
	defer stop()
	r, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return
	}
	s.effects.Add(1)
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	switch s.fault {
	case Latency:
		s.pause(50 * time.Millisecond)
		say(c, whole)
	case SlowBody:
		for i := range len(whole) {
			s.pause(time.Millisecond)
			say(c, whole[i:i+1])
		}
	case ResetBefore:
		reset(c)
	case ClosedBefore:
	case ResetHeader:
		say(c, head+"Content-Le")
		reset(c)
	case ResetMiddle:
		say(c, whole[:len(whole)-5])
		s.pause(20 * time.Millisecond) // so that the first part gets there
		reset(c)
	case Truncated:
		say(c, whole[:len(whole)-5])
	case TruncatedChunk:
		say(c, head+"Transfer-Encoding: chunked\r\n\r\n5\r\n{\"ok\"\r\n")
	case Endless:
		say(c, head+"\r\n[")
		flood(c, strings.Repeat("1,", 8<<10))
	case EndlessHeader:
		say(c, head)
		flood(c, "X-Header: "+strings.Repeat("x", 1<<10)+"\r\n")
	case Garbage:
		say(c, "SECRET-OF-THE-SERVER \x00\x01 is no HTTP\r\n\r\n")
	case RedirectLoop:
		say(c, fmt.Sprintf("HTTP/1.1 307 Temporary Redirect\r\nLocation: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", r.URL))
	case WrongJSON:
		say(c, head+"Content-Length: 4\r\nConnection: close\r\n\r\n{\"a\"")
	case Silence:
		select {
		case s.silent <- struct{}{}:
		default:
		}
		<-s.done.Done()
	default:
		say(c, whole)
	}
}

func (s *Server) pause(d time.Duration) {
	ctx, cancel := context.WithTimeout(s.done, d)
	defer cancel()
	<-ctx.Done()
}

// say writes; the other side may have gone.
func say(c net.Conn, text string) { _, _ = io.WriteString(c, text) }

func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // the connection ends either way
	}
}

// flood writes until the other side has had enough.
func flood(c net.Conn, text string) {
	for {
		if _, err := io.WriteString(c, text); err != nil {
			return
		}
	}
}

// Faults makes one call for each fault to a server that has it, and checks
// that the error is honest about the effect that the server counted and that
// the connector retried nothing. call performs one attempt through a
// connection to the address.
func Faults(t *testing.T, call func(ctx context.Context, t *testing.T, url string) error) {
	for _, f := range []Fault{
		None, Latency, SlowBody, Refused, BadTLS, ResetBefore, ClosedBefore, ResetHeader, ResetMiddle, Truncated,
		TruncatedChunk, Endless, EndlessHeader, Garbage, RedirectLoop, WrongJSON, Silence,
	} {
		t.Run(string(f), func(t *testing.T) {
			s := Serve(t, f)
			limit, cancel := context.WithTimeout(t.Context(), soon)
			defer cancel()
			ctx := limit
			if f == Silence {
				ctx = expireWith(limit, s.silent)
			}
			err := call(ctx, t, s.URL)
			s.judge(t, err)
			if limit.Err() != nil {
				t.Errorf("the call took %v", soon)
			}
		})
	}
}

func (s *Server) judge(t *testing.T, err error) {
	t.Helper()
	made := s.Effects()
	switch s.fault {
	case None, Latency, SlowBody:
		if err != nil || made != 1 {
			t.Errorf("got %v with %d effects, want success with 1", err, made)
		}
		return
	case RedirectLoop:
		if made != 11 {
			t.Errorf("%d requests, want the first and 10 redirects", made)
		}
	case Refused, BadTLS:
		if made != 0 {
			t.Errorf("%d effects, want none", made)
		}
	default:
		if made != 1 {
			t.Errorf("%d effects, want 1: the connector retries", made)
		}
	}
	if err == nil {
		t.Fatal("the call succeeds")
	}
	e := Honest(t, err)
	if e.Certain != (made == 0) {
		t.Errorf("Certain is %v after %d effects: %v", e.Certain, made, e)
	}
	if want := made > 0 && s.fault != RedirectLoop; e.Lost != want {
		t.Errorf("Lost is %v after %d effects: %v", e.Lost, made, e)
	}
	if text := fmt.Sprintf("%+v %v", e, e.Err); strings.Contains(text, "SECRET-OF-THE-SERVER") {
		t.Errorf("the error quotes what the server sent: %s", text)
	}
	if s.fault == Silence && e.Code != connectors.CodeTimeout {
		t.Errorf("code %s, want %s", e.Code, connectors.CodeTimeout)
	}
}
