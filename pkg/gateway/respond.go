package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
	"golang.org/x/net/http/httpguts"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/graph"
)

// ours is headers of an answer that the connection sets, not a workflow; in
// lower case.
var ours = []string{
	"connection", "content-length", "date", "keep-alive", "trailer", "transfer-encoding", "upgrade", "x-content-type-options",
}

// respond waits for the respond step and says what it said.
func (g *Gateway) respond(c echo.Context, route *engine.Route, s engine.Started) error {
	deadline := route.Trigger.Deadline
	if deadline <= 0 {
		deadline = defaultDeadline
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), deadline)
	defer cancel()
	defer context.AfterFunc(g.o.Stopping, cancel)()
	a, v, err := g.o.Engine.Await(ctx, s.Run)
	switch {
	case err == nil:
		return answer(c, s.Run, a)
	case errors.Is(err, engine.ErrNoAnswer):
		return unanswered(s.Run, v)
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Code: "Deadline", Run: s.Run, Detail: fmt.Sprintf("the run did not answer within %s and goes on; look for it at /v1/runs/%s", deadline, s.Run)}
	case errors.Is(err, engine.ErrStopping), errors.Is(err, context.Canceled):
		return &Error{Code: "Stopping", Run: s.Run, Detail: "the engine is stopping; the run goes on once it runs again: look for it at /v1/runs/" + s.Run}
	}
	return fmt.Errorf("wait for the answer of run %s: %w", s.Run, err)
}

// unanswered says why a run that ended has no answer.
func unanswered(run string, v engine.RunView) error {
	if no := engine.Refusal(&v); no != nil {
		return no
	}
	look := "; its history is at /v1/runs/" + run + "/history"
	switch v.Status {
	case graph.Cancelled:
		return &Error{Code: "RunCancelled", Run: run, Detail: "the run was cancelled before it answered" + look}
	case graph.Failed, graph.TimedOut:
		e := &Error{Status: http.StatusInternalServerError, Code: "RunFailed", Run: run, Detail: "the run failed before it answered" + look}
		if v.Error != nil {
			e.Code, e.Detail = v.Error.Code, "the run failed before it answered: "+v.Error.Message+look
		}
		return e
	case graph.Stuck:
		return &Error{Status: http.StatusInternalServerError, Code: "RunStuck", Run: run, Detail: "the run is stuck and did not answer; `engine runs show " + run + "` says why"}
	default:
		return &Error{Code: "NoResponse", Run: run, Detail: "the run ended without having reached a respond step" + look}
	}
}

// answer writes what the respond step said.
func answer(c echo.Context, run string, a engine.Answer) error {
	if a.Status == 0 {
		a.Status = http.StatusOK
	}
	if a.Status < 200 || a.Status > 599 {
		return invalid(run, "its status is %d; use 200 to 599", a.Status)
	}
	h := c.Response().Header()
	for name, value := range a.Headers {
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			return invalid(run, "%q cannot be the name of a header", name)
		case !httpguts.ValidHeaderFieldValue(value):
			return invalid(run, "the header %s has characters that a header cannot have", name)
		case slices.Contains(ours, strings.ToLower(name)):
			return invalid(run, "the header %s is set by the connection; leave it out", name)
		}
		h.Set(name, value)
	}
	h.Set("Keelstep-Run", run)
	if len(a.Body) == 0 || a.Status == http.StatusNoContent || a.Status == http.StatusNotModified {
		c.Response().WriteHeader(a.Status)
		return nil
	}
	body := []byte(a.Body)
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json")
	} else if text, ok := asText(h.Get("Content-Type"), a.Body); ok {
		body = text
	}
	c.Response().WriteHeader(a.Status)
	_, err := c.Response().Write(body)
	return err
}

// asText returns a JSON string as the text it stands for, where the answer
// has a type that is not JSON.
func asText(mediaType string, body json.RawMessage) ([]byte, bool) {
	if strings.Contains(strings.ToLower(mediaType), "json") {
		return nil, false
	}
	var s string
	if json.Unmarshal(body, &s) != nil {
		return nil, false
	}
	return []byte(s), true
}

// invalid is a respond step that said what HTTP cannot say.
func invalid(run, format string, args ...any) error {
	return &Error{Status: http.StatusBadGateway, Code: "ResponseInvalid", Run: run, Detail: "the answer of the respond step cannot be sent: " + fmt.Sprintf(format, args...)}
}
