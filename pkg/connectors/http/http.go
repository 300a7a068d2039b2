// Package http is the connector for services that speak HTTP. Each call is
// one exchange: nothing is retried in here, the engine does that. The answer
// of a call is its status, headers and body; a status of 400 and above is an
// error that carries them.
//
// What is sent besides what the input and the connection say: User-Agent,
// Accept-Encoding and, on POST and PATCH, the call's key in the header that
// the connection's idempotencyHeader names. Calls that may not be repeated use
// a connection of their own, so that a kept one, which the other side may have
// just closed, cannot leave their outcome unknown.
package http

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/connectors"
)

// Options is what the connector takes from the program. The zero value works.
type Options struct {
	// Egress is asked before each connection is dialled, once for each address
	// that the host's name resolves to, and on every redirect. own tells that
	// host and port are those of the connection's url. An error refuses the
	// address; a call that gets nowhere fails with CodeEgressDenied. Nil allows
	// all.
	Egress func(host string, own bool, to netip.AddrPort) error
	// Now reads the clock for Retry-After dates. Nil: the system's clock.
	Now func() time.Time
}

// New returns the connector.
func New(o Options) *connectors.Connector {
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the default of the clock that is passed in
	}
	return connectors.Connected(connectors.Connector{
		Name:    "http",
		Summary: "Calls services over HTTP.",
		Doc:     doc,
		Returns: "body",
		Operations: []connectors.Operation{
			read("GET", "Reads a resource."),
			read("HEAD", "Reads the headers of a resource."),
			write("POST", "Sends data to a resource."),
			write("PUT", "Creates or replaces a resource."),
			write("PATCH", "Changes a part of a resource."),
			write("DELETE", "Deletes a resource."),
			connectors.Op("http.request", "Sends a request with any method.",
				func(s connectors.Settings, in requestInput) connectors.Repeat { return repeatOf(in.Method, s) },
				func(ctx context.Context, c connectors.Call, in requestInput) (output, error) {
					return call(ctx, c, in.Method, in.target, in.content)
				}),
		},
	}, func(_ context.Context, s settings) (any, func() error, error) {
		c, err := newClient(s, o)
		if err != nil {
			return nil, nil, err
		}
		return c, c.close, nil
	})
}

const doc = `An answer with a status of 400 or above is an error: error.status is the status, error.code its name (NotFound, Conflict, TooManyRequests, ServiceUnavailable; HttpStatus599 for one without a name) and error.details the body. 408, 425, 429 and 5xx may pass, so a retry can help; the others are final.

The output's body is decoded JSON when the answer says that it is JSON, text when it is text, and otherwise {"$contentType": TYPE, "$content": BASE64}, which may be sent on as the body of another call. An empty body is null, or empty text when the answer says that it is text.

Credentials and headers of the connection are sent to its own scheme, host and port only. A redirect that leaves them keeps nothing but Accept, Accept-Language, Content-Type, User-Agent and the idempotency key. At most 10 redirects are followed, none from https to http. An answer may have 10 MiB after unpacking and 64 KiB of headers.`

func read(method, summary string) connectors.Operation {
	return connectors.Op("http."+strings.ToLower(method), summary, connectors.Always[readInput](connectors.Safe),
		func(ctx context.Context, c connectors.Call, in readInput) (output, error) {
			return call(ctx, c, method, in.target, content{})
		})
}

func write(method, summary string) connectors.Operation {
	return connectors.Op("http."+strings.ToLower(method), summary,
		func(s connectors.Settings, _ writeInput) connectors.Repeat { return repeatOf(method, s) },
		func(ctx context.Context, c connectors.Call, in writeInput) (output, error) {
			return call(ctx, c, method, in.target, in.content)
		})
}

// repeatOf is the rule of repetition of a method.
func repeatOf(method string, s connectors.Settings) connectors.Repeat {
	if !takesKey(method) {
		return connectors.Safe
	}
	if name, ok := s["idempotencyHeader"].(string); ok && name != "" {
		return connectors.Keyed
	}
	return connectors.Never
}

// takesKey tells whether repeating the method can have a second effect, so
// that it needs a key. RFC 9110, section 9.2.2.
func takesKey(method string) bool { return method == "POST" || method == "PATCH" }

func call(ctx context.Context, c connectors.Call, method string, t target, b content) (output, error) {
	shared, ok := c.Conn.Shared.(*client)
	if !ok {
		return output{}, fmt.Errorf("connection %q is not open", c.Conn.Name)
	}
	out, err := shared.exchange(ctx, c, method, t, b)
	if err != nil {
		return output{}, err
	}
	return out, nil
}
