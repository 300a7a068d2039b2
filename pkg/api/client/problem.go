package client

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
)

// ProblemError is an answer of the engine that is not a success.
type ProblemError struct{ Problem }

// Error returns what is wrong and what to do.
func (e *ProblemError) Error() string {
	if e.Detail == "" {
		return e.Title
	}
	return e.Detail
}

// problemOf reads the problem of an answer. One that comes from something
// else than an engine, such as a proxy, becomes a problem of its status.
func problemOf(res *http.Response) error {
	p := &ProblemError{}
	b, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	if err == nil && isProblem(res) && json.Unmarshal(b, &p.Problem) == nil && p.Code != "" {
		return p
	}
	p.Problem = Problem{
		Type: "about:blank", Title: http.StatusText(res.StatusCode), Status: res.StatusCode, Code: "Unknown",
		Detail: fmt.Sprintf("%s answered %s and did not say why; check that an engine listens there", res.Request.URL.Host, res.Status),
	}
	return p
}

func isProblem(res *http.Response) bool {
	t, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	return err == nil && t == "application/problem+json"
}
