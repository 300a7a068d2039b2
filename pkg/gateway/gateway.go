// Package gateway is the http triggers: it finds the trigger of a request,
// makes the run's input out of it, and answers as the trigger says, once the
// start is recorded or once a step has responded. It says who may fire a
// trigger that has a rule of its own for that; the engine's key is not its
// matter. It expects requests whose body was bounded and checked.
package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// defaultDeadline is how long a caller waits where the trigger does not say.
const defaultDeadline = 120 * time.Second

// Engine is what the gateway asks an engine for.
type Engine interface {
	// Routes returns the http triggers of the active definitions.
	Routes() []engine.Route
	Workflow(ctx context.Context, workflow, version string) (*graph.Workflow, error)
	// Reveal returns what a secret of a trigger's auth stands for.
	Reveal(wf *graph.Workflow, t *expression.Template) (string, error)
	// Request fires a trigger.
	Request(ctx context.Context, r engine.TriggerRequest) (engine.Reaction, error)
	// Admission returns an *engine.RefusedError when the limit of the workflow
	// does not let a run start.
	Admission(ctx context.Context, run string) error
	// Await returns engine.ErrNoAnswer and the run when it ended without.
	Await(ctx context.Context, run string) (engine.Answer, engine.RunView, error)
}

// Options says what a gateway works with. All of it is needed but Reserved.
type Options struct {
	Engine Engine
	Logger *slog.Logger
	Clock  engine.Clock
	// Reserved is paths that no trigger answers, with all below them.
	Reserved []string
	// HTTP asks issuers of tokens for their keys; nil: a client without proxy
	// that follows no redirects and asks Egress.
	HTTP *http.Client
	// Egress is asked for each address that keys are fetched from, before the
	// connection: a nil error lets it be. host is what the definition, or the
	// issuer, names. Nil: all is allowed.
	Egress func(host string, to netip.AddrPort) error
	// Stopping ends when callers shall not wait for answers any more.
	Stopping context.Context // of the server, not of a request
}

// Gateway answers the requests of http triggers.
type Gateway struct {
	o      Options
	tokens *tokens
}

// New returns a gateway.
func New(o Options) *Gateway { return &Gateway{o, newTokens(o.HTTP, o.Egress)} }

// Error is a request that did not get what it came for.
type Error struct {
	Status int // of HTTP; 0: that of the code
	Code   string
	Detail string
	Run    string // the run that it concerns; empty: none was started
}

// Error returns code and detail.
func (e *Error) Error() string { return e.Code + ": " + e.Detail }

// Handle answers one request that Find was asked about, and whose sender was
// checked. An error is an *Error, one of the engine's, or
// echo's for a path or a method that no trigger has.
func (g *Gateway) Handle(c echo.Context) error {
	r := c.Request()
	f, _ := c.Get(foundKey).(*Found)
	if f == nil {
		return echo.ErrNotFound
	}
	if f.route == nil {
		if len(f.allowed) == 0 {
			return echo.ErrNotFound
		}
		c.Response().Header().Set("Allow", strings.Join(f.allowed, ", "))
		return echo.ErrMethodNotAllowed
	}
	route := f.route
	req, err := g.request(r, f)
	if err != nil {
		return err
	}
	re, err := g.o.Engine.Request(r.Context(), req)
	if err != nil {
		return err
	}
	run := re.Runs[:min(1, len(re.Runs))]
	switch {
	case re.Split:
		return c.JSON(http.StatusAccepted, splitAnswer{Runs: runAnswers(re.Runs), Version: re.Version, Workflow: re.Workflow})
	case run[0].Ignored:
		return c.JSON(http.StatusAccepted, runAnswer{Workflow: re.Workflow, Version: re.Version, Ignored: true})
	case route.Trigger.Respond:
		return g.respond(c, route, run[0].Started)
	case run[0].Limited:
		if err := g.o.Engine.Admission(r.Context(), run[0].Run); err != nil {
			return err
		}
	}
	return accepted(c, &run[0])
}

// runAnswer says what became of a request, or of one element of it. There is
// no run when the trigger's condition kept it back.
type runAnswer struct {
	Duplicate bool   `json:"duplicate,omitempty"`
	Existing  *bool  `json:"existing,omitempty"`
	Ignored   bool   `json:"ignored,omitempty"`
	Run       string `json:"run,omitempty"`
	Version   string `json:"version,omitempty"`
	Workflow  string `json:"workflow,omitempty"`
}

// splitAnswer says what became of each element of a list.
type splitAnswer struct {
	Runs     []runAnswer `json:"runs"`
	Version  string      `json:"version"`
	Workflow string      `json:"workflow"`
}

func runAnswers(runs []engine.ReactionRun) []runAnswer {
	all := make([]runAnswer, len(runs))
	for i, r := range runs {
		all[i] = runAnswer{Run: r.Run, Duplicate: r.Duplicate, Ignored: r.Ignored}
		if !r.Ignored {
			all[i].Existing = &r.Existing
		}
	}
	return all
}

// accepted answers that the start is recorded.
func accepted(c echo.Context, r *engine.ReactionRun) error {
	c.Response().Header().Set("Location", "/v1/runs/"+r.Run)
	return c.JSON(http.StatusAccepted, runAnswer{
		Run: r.Run, Workflow: r.Workflow, Version: r.Version, Existing: &r.Existing, Duplicate: r.Duplicate,
	})
}
