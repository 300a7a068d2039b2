package gateway

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/engine"
)

func TestMatch(t *testing.T) {
	var routes []engine.Route
	for _, r := range []string{
		"POST /", "POST /orders", "GET /orders", "GET /orders/{id}", "PUT /orders/{id}", "GET /orders/latest",
		"GET /{kind}/latest", "GET /a/{b}/{c}", "GET /a/x/{c}", "GET /a/{b}/y",
	} {
		method, path, _ := strings.Cut(r, " ")
		routes = append(routes, engine.Route{Workflow: r, Trigger: engine.TriggerInfo{ID: "t", Method: method, Path: path}})
	}
	for _, c := range []struct {
		request, want string
		params        map[string]any
		allowed       string
	}{
		{request: "POST /", want: "POST /", params: map[string]any{}},
		{request: "GET /", allowed: "POST"},
		{request: "POST /orders", want: "POST /orders", params: map[string]any{}},
		{request: "DELETE /orders", allowed: "GET POST"},
		{request: "POST /orders/"},
		{request: "POST /Orders"},
		{request: "POST //orders"},
		{request: "GET /orders/7", want: "GET /orders/{id}", params: map[string]any{"id": "7"}},
		{request: "PUT /orders/7", want: "PUT /orders/{id}", params: map[string]any{"id": "7"}},
		{request: "PUT /orders/a%2Fb%20c", want: "PUT /orders/{id}", params: map[string]any{"id": "a/b c"}},
		{request: "PUT /orders/%zz"},
		{request: "PUT /orders/latest", want: "PUT /orders/{id}", params: map[string]any{"id": "latest"}},
		{request: "GET /orders/latest", want: "GET /orders/latest", params: map[string]any{}},
		{request: "GET /parcels/latest", want: "GET /{kind}/latest", params: map[string]any{"kind": "parcels"}},
		{request: "GET /a/x/y", want: "GET /a/x/{c}", params: map[string]any{"c": "y"}},
		{request: "GET /a/z/y", want: "GET /a/{b}/y", params: map[string]any{"b": "z"}},
		{request: "GET /a/z/z", want: "GET /a/{b}/{c}", params: map[string]any{"b": "z", "c": "z"}},
		{request: "GET /a/x/y/z"},
	} {
		method, path, _ := strings.Cut(c.request, " ")
		r, params, allowed := match(routes, method, path)
		got := ""
		if r != nil {
			got = r.Workflow
			if d := cmp.Diff(c.params, params); d != "" {
				t.Errorf("%s: parameters (-want +got):\n%s", c.request, d)
			}
		}
		if got != c.want {
			t.Errorf("%s is answered by %q, want %q", c.request, got, c.want)
		}
		if a := strings.Join(allowed, " "); got == "" && a != c.allowed {
			t.Errorf("%s may be asked with %q, want %q", c.request, a, c.allowed)
		}
	}
}
