package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/gateway"
)

// problemError is an error that is already a problem.
type problemError struct{ p Problem }

func (e *problemError) Error() string { return e.p.Detail }

// problem returns the problem of that code. The detail says what is wrong and
// what to do.
func problem(c Code, format string, args ...any) error {
	i := infoOf(c)
	typ := "docs/errors/http.md#" + strings.ToLower(string(i.code))
	if i.explain == "" {
		typ = "docs/errors/http.md#" + strings.ToLower(string(CodeRunFailed))
	}
	return &problemError{Problem{
		Type: typ, Title: i.title, Status: i.status, Code: string(c), Detail: fmt.Sprintf(format, args...),
	}}
}

// answerError answers with the problem of err, unless an answer has begun.
func (s *Server) answerError(err error, c echo.Context) {
	p := s.problemOf(err, c)
	if c.Response().Committed {
		return
	}
	if p.Status == http.StatusInternalServerError && p.Code == string(CodeInternal) {
		s.o.Logger.Error("request failed", "method", c.Request().Method, "route", c.Path(), "error", err)
	}
	if p.Run != "" {
		c.Response().Header().Set("Location", "/v1/runs/"+p.Run)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(p); err != nil {
		s.o.Logger.Error("problem not encoded", "error", err)
	}
	c.Response().Header().Set("Content-Type", "application/problem+json")
	c.Response().WriteHeader(p.Status)
	if c.Request().Method != http.MethodHead {
		_, _ = c.Response().Write(b.Bytes()) // the caller may have gone
	}
}

// problemOf turns any error into a problem.
func (s *Server) problemOf(err error, c echo.Context) Problem {
	var done *problemError
	if errors.As(err, &done) {
		return done.p
	}
	var refused *engine.RefusedError
	if errors.As(err, &refused) {
		return asProblem(problem(Code(refused.Code), "the run was not admitted: %s", refused.Message), refused.Run)
	}
	if p := aroundProblem(err); p != nil {
		return asProblem(p, "")
	}
	var t *engine.TriggerError
	if errors.As(err, &t) {
		if t.RetryAfter > 0 {
			retryAfter(c, t.RetryAfter)
		}
		return asProblem(problem(Code(t.Code), "%s", t.Message), "")
	}
	var g *gateway.Error
	if errors.As(err, &g) {
		return asProblem(gatewayProblem(g), g.Run)
	}
	var h *echo.HTTPError
	if errors.As(err, &h) {
		return asProblem(httpProblem(h, c), "")
	}
	if errors.Is(err, engine.ErrStorageFull) {
		retryAfter(c, storageRetry)
	}
	return asProblem(s.engineProblem(err), "")
}

// storageRetry is when to send again what a full disk refused.
const storageRetry = 5 * time.Second

// retryAfter says in how many seconds to send the request again.
func retryAfter(c echo.Context, d time.Duration) {
	c.Response().Header().Set("Retry-After", strconv.Itoa(int((d+time.Second-1)/time.Second)))
}

// asProblem completes what problem made.
func asProblem(err error, run string) Problem {
	var done *problemError
	if !errors.As(err, &done) {
		panic("api: not a problem")
	}
	done.p.Run = run
	return done.p
}

// gatewayProblem is the problem of an http trigger.
func gatewayProblem(g *gateway.Error) error {
	err := problem(Code(g.Code), "%s", g.Detail)
	var done *problemError
	if errors.As(err, &done) && g.Status != 0 {
		done.p.Status = g.Status
	}
	return err
}

// httpProblem is the problem of an error of echo or of the generated code.
func httpProblem(h *echo.HTTPError, c echo.Context) error {
	var inner *problemError
	if errors.As(h.Internal, &inner) {
		return inner
	}
	switch h.Code {
	case http.StatusNotFound:
		return problem(CodeUnknownPath, "there is nothing at %s; the API's routes begin with /v1, and an http trigger answers at its own path once its workflow is deployed", quote(c.Request().URL.Path))
	case http.StatusMethodNotAllowed:
		return problem(CodeMethodNotAllowed, "%s does not take %s; it takes %s", quote(c.Request().URL.Path), quote(c.Request().Method), c.Response().Header().Get("Allow"))
	case http.StatusBadRequest:
		return problem(CodeInvalidParameter, "%s", parameterFault(fmt.Sprint(h.Message)))
	}
	return problem(CodeInternal, "the engine made a mistake; it is in its log, please report it")
}

// aroundProblem is the problem of an error of tasks, triggers and events; nil
// for any other.
func aroundProblem(err error) error {
	switch {
	case errors.Is(err, engine.ErrNoTask):
		return problem(CodeUnknownTask, "%s; see GET /v1/tasks for those that are open", without(err, engine.ErrNoTask))
	case errors.Is(err, engine.ErrTaskAnswered):
		return problem(CodeTaskAnswered, "%s; the first answer counts", without(err, engine.ErrTaskAnswered))
	case errors.Is(err, engine.ErrTaskClosed):
		return problem(CodeTaskClosed, "%s; an answer has no effect any more", without(err, engine.ErrTaskClosed))
	case errors.Is(err, engine.ErrBadAnswer):
		return answerProblem(err)
	case errors.Is(err, engine.ErrLinkExpired):
		return problem(CodeLinkExpired, "%s; ask for a new one", err)
	case errors.Is(err, engine.ErrBadLink):
		return problem(CodeLinkInvalid, "%s; ask for a new one", err)
	case errors.Is(err, engine.ErrNoDeadLetter):
		return problem(CodeUnknownDeadLetter, "%s; see GET /v1/dead-letters", err)
	case errors.Is(err, engine.ErrTriggerPaused):
		return problem(CodeTriggerPaused, "%s; resume it first", err)
	case errors.Is(err, engine.ErrNoTrigger):
		return problem(CodeUnknownTrigger, "%s; see GET /v1/triggers for those that there are", err)
	case errors.Is(err, engine.ErrBadEvent):
		return problem(CodeEventInvalid, "%s; see the JSON format of CloudEvents 1.0", err)
	}
	return nil
}

// engineProblem is the problem of an error of the engine.
func (s *Server) engineProblem(err error) error {
	var invalid *engine.InvalidError
	var input *engine.InputError
	switch {
	case errors.As(err, &invalid):
		return invalidProblem(invalid.Diagnostics)
	case errors.As(err, &input):
		return inputProblem(input)
	case errors.Is(err, engine.ErrNoWorkflow):
		return problem(CodeUnknownWorkflow, "%s; GET /v1/definitions lists those that are deployed", err)
	case errors.Is(err, engine.ErrNoRun):
		return problem(CodeUnknownRun, "%s; GET /v1/runs lists those that are known", err)
	case errors.Is(err, engine.ErrRunEnded):
		return problem(CodeRunEnded, "%s; start a new run", err)
	case errors.Is(err, engine.ErrRunStuck):
		return problem(CodeRunStuck, "%s; `engine runs show` says why", err)
	case errors.Is(err, engine.ErrVersionTaken):
		return problem(CodeVersionTaken, "%s", without(err, engine.ErrVersionTaken))
	case errors.Is(err, engine.ErrRouteTaken):
		return problem(CodeRouteTaken, "%s; give the trigger another path or method", without(err, engine.ErrRouteTaken))
	case errors.Is(err, engine.ErrNotStuck):
		return problem(CodeNotStuck, "%s; restart it, or look at it with GET /v1/runs/{run}", err)
	case errors.Is(err, engine.ErrBookBroken):
		return problem(CodeBookBroken, "%s; `engine check` says more", engine.ErrBookBroken)
	case errors.Is(err, engine.ErrNoLimit):
		return problem(CodeNoLimit, "%s", without(err, engine.ErrNoLimit))
	case errors.Is(err, engine.ErrNoParameter):
		return problem(CodeNoParameter, "the parameter %s", without(err, engine.ErrNoParameter))
	case errors.Is(err, engine.ErrKeyReused):
		return problem(CodeKeyReused, "%s; use a new Idempotency-Key for another input", err)
	case errors.Is(err, engine.ErrInboxFull):
		return problem(CodeInboxFull, "%s; send again once it has taken some", err)
	case errors.Is(err, engine.ErrStorageFull):
		return problem(CodeStorageFull, "%s; make room and send again", err)
	case errors.Is(err, engine.ErrStopping), errors.Is(err, context.Canceled) && s.stopping.Err() != nil:
		return problem(CodeStopping, "the engine is stopping; send again once it runs")
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return problem(CodeDeadline, "the request took too long; send it again")
	}
	return problem(CodeInternal, "the engine made a mistake; it is in its log, please report it")
}

// answerProblem lists what is wrong with the form of an answer.
func answerProblem(err error) error {
	out := problem(CodeAnswerInvalid, "%s; see GET /v1/tasks for what is asked", without(err, engine.ErrBadAnswer))
	var form *engine.FormError
	var done *problemError
	if errors.As(err, &form) && errors.As(out, &done) {
		done.p.Problems = problemsOf(form.Problems)
	}
	return out
}

func problemsOf(all []engine.InputProblem) []InputProblem {
	out := make([]InputProblem, len(all))
	for i, p := range all {
		out[i] = InputProblem{Path: p.Path, Message: p.Message}
	}
	return out
}

// inputProblem lists what is wrong with an input.
func inputProblem(e *engine.InputError) error {
	err := problem(CodeInputInvalid, "%s in %d places; see problems, and GET /v1/definitions/%s for the schema", e, len(e.Problems), e.Workflow)
	if len(e.Problems) == 1 {
		err = problem(CodeInputInvalid, "%s; see problems, and GET /v1/definitions/%s for the schema", e, e.Workflow)
	}
	var done *problemError
	if errors.As(err, &done) {
		done.p.Problems = problemsOf(e.Problems)
	}
	return err
}

// parameterFault says which parameter the generated code could not read,
// without what Go has to say about it.
func parameterFault(message string) string {
	if name, ok := strings.CutPrefix(message, "Invalid format for parameter "); ok {
		name, _, _ = strings.Cut(name, ":")
		return "the parameter " + name + " has a value that it cannot have; see the API's description"
	}
	if name, ok := strings.CutPrefix(message, "Expected one value for "); ok {
		name, _, _ = strings.Cut(name, ",")
		return "the header " + name + " is there more than once; send it once"
	}
	return "a parameter is not valid; see the API's description"
}

// without returns the text of err behind that of a sentinel that it wraps.
func without(err, sentinel error) string {
	return strings.TrimPrefix(err.Error(), sentinel.Error()+": ")
}

// unknownWorkflow names what err did not find; any other error stays as it is.
func unknownWorkflow(err error, workflow, version string) error {
	switch {
	case !errors.Is(err, engine.ErrNoWorkflow):
		return err
	case version != "":
		return problem(CodeUnknownWorkflow, "there is no version %s of a workflow %s; deploy it, or see GET /v1/definitions for those that are active", quote(version), quote(workflow))
	}
	return problem(CodeUnknownWorkflow, "there is no workflow %s; deploy it, or see GET /v1/definitions for those that are there", quote(workflow))
}

// unknownRun names what err did not find; any other error stays as it is.
func unknownRun(err error, run string) error {
	if !errors.Is(err, engine.ErrNoRun) {
		return err
	}
	return problem(CodeUnknownRun, "there is no run %s; see GET /v1/runs for those that are there", quote(run))
}
