// Package api is the engine's HTTP surface: the routes of api/openapi.yaml and
// the http triggers of pkg/gateway behind one key, one policy table and one
// set of limits. Every answer that is not a success is a problem (RFC 9457).
// The package turns errors into status codes; it decides nothing about runs.
package api

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/net/netutil"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/gateway"
)

//go:generate go tool -modfile=../../tools/go.mod oapi-codegen -config ../../api/server.yaml ../../api/openapi.yaml

// The limits of a connection.
const (
	maxHeader     = 64 << 10
	headerTimeout = 5 * time.Second
	bodyTimeout   = 30 * time.Second
	writeTimeout  = 60 * time.Second // of an answer that is ready
	idleTimeout   = 2 * time.Minute
	keepAlive     = 15 * time.Second // between comments of a silent stream
)

// Build says what runs here.
type Build struct {
	Version string
	Commit  string
	Go      string
}

// Options says what a server serves. Engine and Key are needed; the zero
// value of every other field means its default.
type Options struct {
	Engine Engine
	// Key is the API key that every request but those for health carries.
	Key string
	// Addr is the address that is listened on. On a loopback address only
	// loopback host names are answered.
	Addr string
	// Logger is told of what an operator wants to know; nil: nobody is.
	Logger *slog.Logger
	// Clock is the time; nil: the machine's.
	Clock engine.Clock
	Build Build
	// Check reads the log whole; nil: it cannot be checked, and the route says
	// so.
	Check func(context.Context) (LogReport, error)
	// Backups copies the log; nil: it cannot be copied, and the routes say so.
	Backups Backups
	// Grace is how long requests may go on once Serve shall end; 0: 10 s.
	Grace time.Duration
	// HTTP asks the issuers of tokens for their keys; nil: a client of the
	// gateway's own, which asks Egress for each address; a nil Egress allows
	// all.
	HTTP   *http.Client
	Egress func(host string, to netip.AddrPort) error
	// MaxConns is how many connections are open at once; 0: 4,096.
	MaxConns int
	// MaxDefinition and MaxInput bound bodies in bytes; 0: 1 MiB and 10 MiB.
	MaxDefinition, MaxInput int64
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = engine.SystemClock()
	}
	if o.Grace <= 0 {
		o.Grace = 10 * time.Second
	}
	if o.MaxConns <= 0 {
		o.MaxConns = 4096
	}
	if o.MaxDefinition <= 0 {
		o.MaxDefinition = 1 << 20
	}
	if o.MaxInput <= 0 {
		o.MaxInput = 10 << 20
	}
	return o
}

// Server serves one engine. Its handler may be used at once; Serve runs it on
// a listener.
type Server struct {
	o        Options
	echo     *echo.Echo
	policies map[string]policy // by method and route
	digest   keyDigest
	gateway  *gateway.Gateway
	failures failures
	stopping context.Context // ends when Serve begins to end
	stop     context.CancelFunc
}

// New returns a server. It does not listen yet.
func New(o Options) (*Server, error) {
	if o.Engine == nil {
		return nil, errors.New("an API server needs an engine")
	}
	if len(o.Key) < minKey {
		return nil, errShortKey
	}
	o = o.withDefaults()
	s := &Server{o: o, echo: echo.New(), digest: digestOf(o.Key), policies: policyByRoute()}
	s.stopping, s.stop = context.WithCancel(context.Background())
	e := s.echo
	e.HideBanner, e.HidePort = true, true
	e.Logger.SetOutput(discard{})
	e.IPExtractor = echo.ExtractIPDirect()
	e.Binder = binder{}
	e.HTTPErrorHandler = s.answerError
	e.Use(s.guard)
	RegisterHandlers(e, NewStrictHandler(&handlers{Server: s}, nil))
	s.gateway = gateway.New(gateway.Options{
		Engine: o.Engine, Logger: o.Logger, Clock: o.Clock, Reserved: reserved, HTTP: o.HTTP, Egress: o.Egress, Stopping: s.stopping,
	})
	for _, path := range []string{"/", "/*"} {
		e.RouteNotFound(path, s.elsewhere)
	}
	return s, nil
}

// elsewhere answers what is no route of the API: a method that a route does
// not take, or what the gateway knows.
func (s *Server) elsewhere(c echo.Context) error {
	if methods := allowed(c.Request().URL.EscapedPath()); len(methods) > 0 {
		c.Response().Header().Set("Allow", strings.Join(methods, ", "))
		return echo.ErrMethodNotAllowed
	}
	return s.gateway.Handle(c)
}

// Handler returns what answers requests. Timeouts and the limits of headers
// and connections are Serve's.
func (s *Server) Handler() http.Handler { return s.echo }

// Serve answers on l until ctx ends, then lets running requests end within
// the grace and closes l. Streams end at once, callers that wait for a run
// are told where it is. It returns nil when ctx ended it.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler:           s.echo,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.o.Logger.Handler(), slog.LevelDebug),
		ConnContext:       withCaller,
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(netutil.LimitListener(l, s.o.MaxConns)) }()
	select {
	case err := <-failed:
		s.stop()
		return err
	case <-ctx.Done():
	}
	s.stop()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.o.Grace)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil {
		s.o.Logger.Warn("requests were cut off", "in", s.o.Grace)
		if err := srv.Close(); err != nil {
			s.o.Logger.Debug("close the listener", "error", err)
		}
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		s.o.Logger.Debug("listener ended", "error", err)
	}
	return nil
}

// discard takes what echo itself would print.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
