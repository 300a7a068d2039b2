package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/keelstep/keelstep/pkg/gateway"
)

// guard stands before every route: it looks at the host, the key, the type
// and the size of the body, in this order, and reads the body, so that no
// handler ever waits for bytes of a stranger.
func (s *Server) guard(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		at := s.o.Clock.Now()
		s.protect(c, at)
		defer func() {
			if p := recover(); p != nil {
				err = s.panicked(c, p)
			}
			if err != nil {
				s.answerError(err, c) // here, so that the log knows the status
				err = nil
			}
			s.o.Logger.Debug("request answered", "method", c.Request().Method, "route", c.Path(), "status", c.Response().Status, "in", s.o.Clock.Now().Sub(at))
		}()
		if err := s.admit(c); err != nil {
			return err
		}
		return next(c)
	}
}

// protect sets what must hold for every answer, and the deadline for the
// body.
func (s *Server) protect(c echo.Context, at time.Time) {
	h := c.Response().Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	rc := http.NewResponseController(c.Response())
	if c.Request().Body != http.NoBody {
		_ = rc.SetReadDeadline(at.Add(bodyTimeout)) // a test's recorder has none
	}
	c.Response().Before(func() { _ = rc.SetWriteDeadline(s.o.Clock.Now().Add(writeTimeout)) })
}

// admit says whether a request may go on, and reads its body.
func (s *Server) admit(c echo.Context) error {
	r := c.Request()
	if isLoopbackAddr(s.o.Addr) && !isLoopback(hostOf(r.Host)) {
		return problem(CodeHostNotAllowed, "this engine listens on a loopback address and does not answer for host %s; use 127.0.0.1", quote(r.Host))
	}
	p, known := s.policies[r.Method+" "+c.Path()]
	found := &gateway.Found{}
	if !known {
		p = trigger // also what is not there at all: nobody learns so without a key
		var err error
		if found, err = s.gateway.Find(c); err != nil {
			return err
		}
	}
	limit := s.limitOf(p.body)
	if p.body == lines {
		limit = math.MaxInt64
	}
	if found.Signed() {
		limit = min(limit, gateway.MaxSigned)
	}
	if r.ContentLength > limit {
		return tooLarge(limit)
	}
	if !found.Signed() { // who signs the body is known once it was read
		if err := s.authenticate(c, p, found, nil); err != nil {
			return err
		}
	}
	if p.body == lines {
		s.unread(c)
		return checkType(r, p.body, true)
	}
	b, err := s.readBody(c, limit)
	if err != nil {
		return err
	}
	if found.Signed() {
		if err := s.authenticate(c, p, found, b); err != nil {
			return err
		}
	}
	if err := checkType(r, p.body, len(b) > 0); err != nil {
		return err
	}
	if len(b) > 0 && p.body != document {
		if err := strictJSON(b); err != nil {
			return err
		}
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	r.ContentLength = int64(len(b))
	return nil
}

// authenticate tells whether a request carries what its route asks for: the
// API key, or what the http trigger at its path says.
func (s *Server) authenticate(c echo.Context, p policy, found *gateway.Found, body []byte) error {
	r := c.Request()
	var denied error
	switch {
	case found.HasAuth():
		err := found.Check(r, body)
		if !errors.Is(err, gateway.ErrDenied) {
			return err
		}
		denied = problem(CodeUnauthorized, "the request does not carry the key, the signature or the token that the trigger at this path asks for")
	case p.permission == public || s.authorized(r):
		return nil
	default:
		denied = problem(CodeUnauthorized, "the API key is missing or wrong; send the header Authorization: Bearer KEY, with the key that the engine was given or that lies in %s of its data directory", KeyFile)
	}
	if wait := s.failures.add(r.RemoteAddr, s.o.Clock.Now()); wait > 0 {
		retryAfter(c, wait)
		return problem(CodeTooManyFailures, "too many requests from this address carried no valid key; send fewer")
	}
	c.Response().Header().Set("WWW-Authenticate", `Bearer realm="engine"`)
	return denied
}

// limitOf returns the bound of a body.
func (s *Server) limitOf(k bodyKind) int64 {
	if k == document {
		return s.o.MaxDefinition
	}
	return s.o.MaxInput
}

// authorized tells whether a request carries the key.
func (s *Server) authorized(r *http.Request) bool {
	hs := r.Header.Values("Authorization")
	if len(hs) != 1 {
		return false
	}
	scheme, key, ok := strings.Cut(hs[0], " ")
	return ok && strings.EqualFold(scheme, "Bearer") && s.digest.is(strings.TrimSpace(key))
}

// readBody reads the whole body, which must be at most limit bytes.
func (s *Server) readBody(c echo.Context, limit int64) ([]byte, error) {
	r := c.Request()
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	b, err := io.ReadAll(http.MaxBytesReader(c.Response().Writer, r.Body, limit))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, tooLarge(limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, problem(CodeBodyTimeout, "the body did not arrive within %s; send it again, faster", bodyTimeout)
	case err != nil:
		return nil, problem(CodeInvalidBody, "the body broke off after %d bytes; send it again", len(b))
	}
	_ = http.NewResponseController(c.Response()).SetReadDeadline(time.Time{})
	return b, nil
}

func tooLarge(limit int64) error {
	return problem(CodeTooLarge, "the body is larger than %d bytes, which is the most that is taken here; send less, or put large data where a step can fetch it", limit)
}

// checkType refuses bodies of a type that the route does not take.
func checkType(r *http.Request, k bodyKind, present bool) error {
	if enc := r.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return problem(CodeUnsupportedMediaType, "the body has Content-Encoding %s; send it as it is", quote(enc))
	}
	accepted := []string{"application/json"}
	switch k {
	case noBody, value:
	case event:
		accepted = []string{"application/cloudevents+json", "application/json"}
	case document:
		accepted = []string{"application/yaml", "application/json"}
	case lines:
		accepted = []string{"application/x-ndjson"}
	}
	if !present {
		return nil
	}
	given := r.Header.Get("Content-Type")
	t, params, err := mime.ParseMediaType(given)
	if err == nil && slices.Contains(accepted, t) && (params["charset"] == "" || strings.EqualFold(params["charset"], "utf-8")) {
		return nil
	}
	if given == "" {
		return problem(CodeUnsupportedMediaType, "the body has no Content-Type; send %s", strings.Join(accepted, " or "))
	}
	return problem(CodeUnsupportedMediaType, "the body has Content-Type %s; send %s", quote(given), strings.Join(accepted, " or "))
}

// panicked turns a panic of a handler into an error; the process lives.
func (s *Server) panicked(c echo.Context, p any) error {
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p) // net/http's own way to cut a connection
	}
	s.o.Logger.Error("request panicked", "method", c.Request().Method, "route", c.Path(), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	return problem(CodeInternal, "the engine made a mistake; it is in its log, please report it")
}

// until returns a context that also ends when the server begins to stop.
func (s *Server) until(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.stopping, cancel)
	return ctx, func() { stop(); cancel() }
}

func isLoopbackAddr(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	return err == nil && isLoopback(host)
}

// hostOf returns the host of a Host header, without its port.
func hostOf(h string) string {
	if host, _, err := net.SplitHostPort(h); err == nil {
		return host
	}
	return h
}

// quote returns a stranger's text so that it can stand in a message: quoted,
// without control characters, at most 100 characters.
func quote(s string) string {
	if r := []rune(s); len(r) > 100 {
		s = string(r[:100]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
