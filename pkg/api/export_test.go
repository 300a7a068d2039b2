package api

import (
	"fmt"
	"strings"
)

// RouteTable returns every registered route with its permission, "deny" when
// the policy table does not have it.
func (s *Server) RouteTable() []string {
	var out []string
	for _, r := range s.echo.Routes() {
		if r.Method == "echo_route_not_found" {
			continue
		}
		out = append(out, fmt.Sprintf("%s %s %s", r.Method, r.Path, s.policies[r.Method+" "+r.Path].permission))
	}
	return out
}

// ErrorPage returns docs/errors/http.md.
func ErrorPage() string {
	var b strings.Builder
	b.WriteString("# Problems of the HTTP API\n\n<!-- Written by make golden from pkg/api/codes.go. -->\n\n")
	b.WriteString("An answer that is not a success is a problem (RFC 9457, `application/problem+json`):\n`code` names its kind and never changes, `detail` says what is wrong and what to do.\n")
	b.WriteString("A run that failed before it answered its caller gives the code of its own error.\n")
	for _, c := range codes {
		fmt.Fprintf(&b, "\n## %s\n\n%d · %s.\n\n%s\n", c.code, c.status, c.title, c.explain)
	}
	return b.String()
}

// StrictJSON is strictJSON.
func StrictJSON(b []byte) error { return strictJSON(b) }
