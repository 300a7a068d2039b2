package api

import (
	"net/http"
	"strings"
)

// permission is what a route asks of its caller. The one API key has all of
// them; health needs none.
type permission uint8

// The permissions. The zero value denies: a route that is not in the table
// can be used by nobody.
const (
	deny    permission = iota
	public             // no key
	view               // see definitions and runs
	operate            // start, cancel and signal runs
	author             // deploy definitions
)

var permissionNames = [...]string{"deny", "public", "view", "operate", "author"}

func (p permission) String() string { return permissionNames[p] }

// bodyKind is the body that a route takes.
type bodyKind uint8

// The kinds of bodies.
const (
	noBody   bodyKind = iota
	document          // YAML or JSON, read by the compiler; bounded as a definition
	value             // one JSON value or nothing; bounded as an input
	event             // a CloudEvent as JSON; bounded as an input
	lines             // a file of runs; read by the handler, line by line
)

// policy is what a route asks and takes.
type policy struct {
	method, route string
	permission    permission
	body          bodyKind
}

// policies is all routes of the API. What stands under no route of it is the
// gateway's and has the policy trigger.
var policies = []policy{
	{http.MethodGet, "/healthz", public, noBody},
	{http.MethodGet, "/readyz", public, noBody},
	{http.MethodGet, "/v1/version", view, noBody},
	{http.MethodGet, "/v1/check", view, noBody},
	{http.MethodGet, "/v1/status", view, noBody},
	{http.MethodGet, "/v1/purge", view, noBody},
	{http.MethodPost, "/v1/purge", operate, value},
	{http.MethodGet, "/v1/export", operate, noBody}, // it holds all that runs recorded
	{http.MethodPost, "/v1/import", author, lines},  // it brings definitions
	{http.MethodGet, "/v1/backup", operate, noBody}, // it holds everything
	{http.MethodGet, "/v1/backups", view, noBody},
	{http.MethodPost, "/v1/backups", operate, noBody},
	{http.MethodGet, "/v1/definitions", view, noBody},
	{http.MethodPost, "/v1/definitions", author, document},
	{http.MethodPost, "/v1/definitions/validate", author, document},
	{http.MethodGet, "/v1/definitions/:workflow", view, noBody},
	{http.MethodPost, "/v1/workflows/:workflow/runs", operate, value},
	{http.MethodGet, "/v1/runs", view, noBody},
	{http.MethodGet, "/v1/runs/:run", view, noBody},
	{http.MethodGet, "/v1/runs/:run/history", view, noBody},
	{http.MethodGet, "/v1/runs/:run/events", view, noBody},
	{http.MethodPost, "/v1/runs/:run/cancel", operate, value},
	{http.MethodPost, "/v1/runs/:run/signals/:name", operate, value},
	{http.MethodPost, "/v1/runs/:run/suspend", operate, value},
	{http.MethodPost, "/v1/runs/:run/resume", operate, noBody},
	{http.MethodPost, "/v1/runs/:run/terminate", operate, value},
	{http.MethodPost, "/v1/runs/:run/retry", operate, noBody},
	{http.MethodPost, "/v1/runs/:run/restart", operate, noBody},
	{http.MethodGet, "/v1/runs/:run/tasks", view, noBody},
	{http.MethodPost, "/v1/runs/:run/tasks/answer", operate, value},
	{http.MethodPost, "/v1/runs/:run/tasks/reassign", operate, value},
	{http.MethodGet, "/v1/tasks", view, noBody},
	{http.MethodGet, "/tasks/:token", public, noBody}, // the link is the right
	{http.MethodPost, "/tasks/:token", public, value},
	{http.MethodGet, "/v1/limits", view, noBody},
	{http.MethodGet, "/v1/dead-letters", view, noBody},
	{http.MethodDelete, "/v1/dead-letters/:letter", operate, noBody},
	{http.MethodPost, "/v1/dead-letters/:letter/retry", operate, noBody},
	{http.MethodGet, "/v1/triggers", view, noBody},
	{http.MethodPost, "/v1/triggers/:workflow/:trigger/pause", operate, value},
	{http.MethodPost, "/v1/triggers/:workflow/:trigger/resume", operate, noBody},
	{http.MethodPost, "/v1/triggers/:workflow/:trigger/fire", operate, noBody},
	{http.MethodPost, "/v1/events", operate, event},
}

// trigger is the policy of every path that is not the API's.
var trigger = policy{permission: operate, body: value}

// reserved is the paths that no http trigger can have, with all below them.
var reserved = []string{"/v1", "/healthz", "/readyz", "/tasks"}

// policyByRoute returns the table by method and route.
func policyByRoute() map[string]policy {
	m := map[string]policy{}
	for _, p := range policies {
		m[p.method+" "+p.route] = p
	}
	return m
}

// allowed returns the methods that the API takes at a path, sorted as the
// table is; none when the path is not the API's.
func allowed(path string) []string {
	var methods []string
	for _, p := range policies {
		if fits(p.route, path) {
			methods = append(methods, p.method)
		}
	}
	return methods
}

// fits tells whether a path has the form of a route.
func fits(route, path string) bool {
	rs, ps := strings.Split(route, "/"), strings.Split(path, "/")
	if len(rs) != len(ps) {
		return false
	}
	for i, r := range rs {
		if r != ps[i] && (!strings.HasPrefix(r, ":") || ps[i] == "") {
			return false
		}
	}
	return true
}
