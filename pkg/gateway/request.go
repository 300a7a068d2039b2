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

// request makes the start out of what was sent.
func (g *Gateway) request(r *http.Request, route *engine.Route, params map[string]any) (engine.StartRequest, error) {
	key := r.Header.Get("Idempotency-Key")
	if len(key) > maxKey {
		return engine.StartRequest{}, &Error{Code: "InvalidParameter", Detail: fmt.Sprintf("the Idempotency-Key has %d characters; give at most %d", len(key), maxKey)}
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return engine.StartRequest{}, err
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return engine.StartRequest{}, &Error{Code: "InvalidParameter", Detail: "the query of the URL is not valid: " + err.Error() + "; encode it"}
	}
	at := g.o.Clock.Now().UTC()
	trigger := map[string]any{
		"id": route.Trigger.ID, "kind": "http", "time": at.Format(time.RFC3339Nano), "body": nil,
		"headers": headers(r.Header), "query": flat(query, ","), "path": params,
	}
	if len(body) > 0 {
		if trigger["body"], err = expression.DecodeRaw(body); err != nil {
			return engine.StartRequest{}, &Error{Code: "InvalidJSON", Detail: fmt.Sprintf("the body cannot be read: %s", err)}
		}
	}
	raw, err := plain(trigger)
	if err != nil {
		return engine.StartRequest{}, err
	}
	in, err := g.input(r.Context(), route, body, trigger, at)
	return engine.StartRequest{
		Workflow: route.Workflow, Input: in, IdempotencyKey: key,
		Trigger: raw, TriggerID: route.Trigger.ID, WantsAnswer: route.Trigger.Respond,
	}, err
}

// headers returns the headers that a run may see, in lower case.
func headers(h http.Header) map[string]any {
	all := url.Values{}
	for k, v := range h {
		all[strings.ToLower(k)] = v
	}
	for _, p := range private {
		delete(all, p)
	}
	return flat(all, ", ")
}
