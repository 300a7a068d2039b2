package gateway

import (
	"net/url"
	"slices"
	"strings"

	"github.com/keelstep/keelstep/pkg/engine"
)

// match finds the route of a request by its escaped path. A segment in braces takes any one
// segment; of two routes that fit, the one with the earlier plain segment
// wins. allowed is the methods of the routes that fit but for their method.
func match(routes []engine.Route, method, path string) (best *engine.Route, params map[string]any, allowed []string) {
	segments, ok := unescape(strings.Split(path, "/"))
	if !ok {
		return nil, nil, nil
	}
	for i := range routes {
		r := &routes[i]
		pattern := strings.Split(r.Trigger.Path, "/")
		p, ok := fit(pattern, segments)
		if !ok {
			continue
		}
		if r.Trigger.Method != method {
			if !slices.Contains(allowed, r.Trigger.Method) {
				allowed = append(allowed, r.Trigger.Method)
			}
			continue
		}
		if best == nil || plainer(pattern, strings.Split(best.Trigger.Path, "/")) {
			best, params = r, p
		}
	}
	slices.Sort(allowed)
	return best, params, allowed
}

// unescape decodes each segment of a path; ok is false when one is not well
// formed.
func unescape(segments []string) ([]string, bool) {
	for i, s := range segments {
		u, err := url.PathUnescape(s)
		if err != nil {
			return nil, false
		}
		segments[i] = u
	}
	return segments, true
}

// fit tells whether a path has the form of a pattern, and what stands at its
// names.
func fit(pattern, segments []string) (map[string]any, bool) {
	if len(pattern) != len(segments) {
		return nil, false
	}
	params := map[string]any{}
	for i, p := range pattern {
		name, ok := parameter(p)
		if !ok {
			if p != segments[i] {
				return nil, false
			}
			continue
		}
		if segments[i] == "" {
			return nil, false
		}
		params[name] = segments[i]
	}
	return params, true
}

// plainer tells whether a has a plain segment where b first has a name.
func plainer(a, b []string) bool {
	for i := range a {
		_, pa := parameter(a[i])
		_, pb := parameter(b[i])
		if pa != pb {
			return pb
		}
	}
	return false
}

// parameter returns the name of a segment in braces.
func parameter(segment string) (string, bool) {
	s, ok := strings.CutPrefix(segment, "{")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(s, "}")
}

// flat returns the values of a query or of headers as an author reads them:
// one string a name, values of the same name joined by commas.
func flat(values url.Values, sep string) map[string]any {
	out := map[string]any{}
	for k, v := range values {
		out[k] = strings.Join(v, sep)
	}
	return out
}
