package http

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	nethttp "net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/keelstep/keelstep/pkg/connectors"
)

// exchange sends one request and reads its answer.
func (c *client) exchange(ctx context.Context, call connectors.Call, method string, t target, b content) (output, error) {
	limit := time.Duration(c.settings.Timeout)
	if own := time.Duration(t.Timeout); own > 0 {
		limit = own
	}
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	// From the moment a connection is there, the request may have reached the
	// other side.
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { sent.Store(true) },
	})
	r, err := c.build(ctx, call.Key, method, t, b)
	if err != nil {
		return output{}, err
	}
	f := failing{ctx: ctx, what: method + " " + place(r.URL)}
	resp, err := c.pool(r).Do(r)
	f.sent = sent.Load()
	if err != nil {
		return output{}, f.noAnswer(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= nethttp.StatusBadRequest {
		return output{}, c.refused(f, resp)
	}
	return f.read(resp)
}

// place is an address as messages show it: without query, which may hold
// secrets.
func place(u *url.URL) string { return u.Scheme + "://" + u.Host + u.EscapedPath() }

// failing makes errors of what went wrong in one exchange.
type failing struct {
	ctx  context.Context
	what string // method and address
	sent bool   // the request may have reached the other side
}

// lost is the error of an answer that did not come, or not whole.
func (f failing) lost(code, message string, cause error) *connectors.Error {
	return &connectors.Error{Code: code, Message: f.what + ": " + message, Certain: !f.sent, Lost: f.sent, Err: cause}
}

func (f failing) final(code, message string, cause error) *connectors.Error {
	e := f.lost(code, message, cause)
	e.Final = true
	return e
}

// noAnswer makes an error of one from the client. It keeps the text of an
// error only where that cannot quote what was sent or received.
func (f failing) noAnswer(err error) *connectors.Error {
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err // outer quotes the address, query and all
	}
	var egress *egressError
	var turned *redirectError
	switch {
	case errors.As(err, &egress):
		e := f.final(CodeEgressDenied, egress.Error(), nil)
		e.Lost = false // what was sent before a redirect was answered by it
		return e
	case errors.As(err, &turned):
		// The first address has answered, so nothing is lost; whether it acted
		// before it redirected is its own affair.
		e := f.final(turned.code, turned.message, nil)
		e.Certain, e.Lost = false, false
		return e
	case f.ctx.Err() != nil:
		e := connectors.Stopped(f.ctx, f.sent)
		e.Message = f.what + ": " + e.Message
		return e
	case !f.sent:
		return f.notConnected(err)
	case strings.Contains(err.Error(), "server response headers exceeded"):
		return f.final(CodeResponseTooLarge, "the answer has more than 64 KiB of headers", nil)
	case broken(err):
		return f.lost(CodeConnectionLost, "the connection broke before an answer came", cause(err))
	default:
		return f.lost(CodeInvalidResponse, "the answer is not HTTP", nil)
	}
}

// notConnected is the error of a connection that could not be made.
func (f failing) notConnected(err error) *connectors.Error {
	var certificate *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var dns *net.DNSError
	switch {
	case errors.As(err, &certificate):
		return f.final(CodeTLSFailed, "the certificate is not accepted: "+certificate.Err.Error(), err)
	case errors.As(err, &unknown):
		return f.final(CodeTLSFailed, "the certificate is not accepted: "+unknown.Error(), err)
	case errors.As(err, &record), errors.Is(err, nethttp.ErrSchemeMismatch):
		return f.final(CodeTLSFailed, "the other side does not speak TLS", nil)
	case errors.As(err, &alert):
		return f.final(CodeTLSFailed, "the other side refuses TLS: "+alert.Error(), err)
	case errors.As(err, &dns):
		return f.lost(CodeConnectionFailed, "the host's name cannot be resolved: "+dns.Err, err)
	}
	var sys syscall.Errno
	reason := "no connection"
	switch {
	case errors.As(err, &sys):
		reason += ": " + sys.Error()
	case errors.Is(err, os.ErrDeadlineExceeded):
		reason += " in time"
	}
	return f.lost(CodeConnectionFailed, reason, err)
}

// broken tells whether err is the end of a connection rather than an answer
// that makes no sense.
func broken(err error) bool {
	var op *net.OpError
	var closed interface{ Timeout() bool }
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.As(err, &op) || errors.As(err, &closed) || strings.Contains(err.Error(), "server closed idle connection") ||
		strings.Contains(err.Error(), "transport connection broken: unexpected EOF")
}

// cause keeps errors of the operating system, which quote nothing.
func cause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op
	}
	return nil
}
