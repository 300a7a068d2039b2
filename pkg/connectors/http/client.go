package http

import (
	"io"
	nethttp "net/http"
	"net/url"
	"time"

	"github.com/keelstep/keelstep/pkg/connectors"
)

// Bounds of an exchange.
const (
	maxBody      = 10 << 20 // of an answer, after unpacking
	maxErrorBody = 64 << 10 // of an answer that is an error; more is left out
	maxHeader    = 64 << 10
	maxRedirects = 10
	dialTimeout  = 10 * time.Second
	idleTimeout  = 4 * time.Second // below the 5 s after which common servers close
	maxIdle      = 64              // connections kept
)

// client is what the calls of one connection share.
type client struct {
	settings settings
	base     *url.URL        // nil: the connection has no url
	kept     *nethttp.Client // reuses connections
	fresh    *nethttp.Client // one connection for each call
	now      func() time.Time
}

func newClient(s settings, o Options) (*client, error) {
	base, err := s.base()
	if err != nil {
		return nil, invalidSetting("/url", err)
	}
	tlsConfig, err := s.TLS.config()
	if err != nil {
		return nil, invalidSetting("", err)
	}
	for name, value := range s.Headers {
		if e := checkHeader(name, string(value)); e != nil {
			return nil, invalidSetting("/headers", e)
		}
	}
	transport := &nethttp.Transport{
		Proxy:                  nil, // a proxy would dial for us and pass by egress
		DialContext:            dialer{egress: o.Egress, base: base}.dial,
		TLSClientConfig:        tlsConfig,
		TLSHandshakeTimeout:    dialTimeout,
		IdleConnTimeout:        idleTimeout,
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    maxIdle,
		MaxResponseHeaderBytes: maxHeader,
	}
	single := transport.Clone()
	single.DisableKeepAlives = true
	c := &client{settings: s, base: base, now: o.Now}
	c.kept = &nethttp.Client{Transport: once{transport}, CheckRedirect: c.redirect}
	c.fresh = &nethttp.Client{Transport: single, CheckRedirect: c.redirect}
	return c, nil
}

func invalidSetting(path string, err error) error {
	e := connectors.Invalid(connectors.Problem{Path: path, Message: err.Error()})
	e.Code = connectors.CodeInvalidSettings
	return e
}

func (c *client) close() error {
	c.kept.CloseIdleConnections()
	c.fresh.CloseIdleConnections()
	return nil
}

// pool returns the client for a request. A kept connection may be closed by
// the other side just when it is used, and nobody can tell that from a lost
// answer, so calls that cannot be repeated get one of their own. So do those
// with a key and no body, see once.
func (c *client) pool(r *nethttp.Request) *nethttp.Client {
	if takesKey(r.Method) && (c.settings.IdempotencyHeader == "" || r.ContentLength == 0) {
		return c.fresh
	}
	return c.kept
}

// once keeps the transport from sending a request again on its own, as it does
// on a kept connection that ends before the answer when the request has no
// body or one that can be had again, and either a safe method or an
// idempotency key. An attempt is one request.
type once struct{ transport *nethttp.Transport }

// RoundTrip performs the request.
func (o once) RoundTrip(r *nethttp.Request) (*nethttp.Response, error) {
	single := *r
	single.GetBody = nil
	if single.Body == nil && (sendsNothing(r.Method) || r.Method == nethttp.MethodOptions) {
		single.Body = io.NopCloser(eof{}) // found empty before anything is sent
	}
	return o.transport.RoundTrip(&single)
}

// CloseIdleConnections closes the connections that are kept.
func (o once) CloseIdleConnections() { o.transport.CloseIdleConnections() }

// eof is an empty body that the transport does not know to be one.
type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }
