package gateway

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/expression"
)

// maxKey is the longest Idempotency-Key.
const maxKey = 255

// private is headers that a run never sees, in lower case.
var private = []string{"authorization", "cookie", "proxy-authorization"}

// request makes what the engine is asked out of what was sent.
func (g *Gateway) request(r *http.Request, f *Found) (engine.TriggerRequest, error) {
	route := f.route
	req := engine.TriggerRequest{
		Workflow: route.Workflow, Version: route.Version, Trigger: route.Trigger.ID,
		At: g.o.Clock.Now().UTC(), IdempotencyKey: r.Header.Get("Idempotency-Key"),
	}
	if n := len(req.IdempotencyKey); n > maxKey {
		return req, &Error{Code: "InvalidParameter", Detail: fmt.Sprintf("the Idempotency-Key has %d characters; give at most %d", n, maxKey)}
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return req, err
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return req, &Error{Code: "InvalidParameter", Detail: "the query of the URL is not valid: " + err.Error() + "; encode it"}
	}
	given, asked := headers(r.Header), flat(query, ",")
	f.hide(given, asked)
	req.Values = map[string]any{
		"id": route.Trigger.ID, "kind": "http", "time": req.At.Format(time.RFC3339Nano),
		"headers": given, "query": asked, "path": f.params, "caller": f.caller,
	}
	if req.HasBody = len(body) > 0; req.HasBody {
		if req.Body, err = expression.DecodeRaw(body); err != nil {
			return req, &Error{Code: "InvalidJSON", Detail: fmt.Sprintf("the body cannot be read: %s", err)}
		}
	}
	return req, nil
}

// headers returns the headers of a request, in lower case.
func headers(h http.Header) map[string]any {
	all := url.Values{}
	for k, v := range h {
		all[strings.ToLower(k)] = v
	}
	return flat(all, ", ")
}
