package http

import (
	"encoding/json"
	nethttp "net/http"
	"strconv"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/connectors"
)

// The codes of calls that got no answer, or none of use. An answer with a
// status of 400 or above has the status' name as its code.
const (
	// CodeConnectionFailed: no connection; nothing was sent.
	CodeConnectionFailed = "ConnectionFailed"
	// CodeConnectionLost: the connection broke before the whole answer came.
	CodeConnectionLost = "ConnectionLost"
	// CodeTLSFailed: the two sides do not agree on a secure connection.
	CodeTLSFailed = "TLSFailed"
	// CodeEgressDenied: the egress policy refuses the address. Nothing was sent
	// there.
	CodeEgressDenied = "EgressDenied"
	// CodeInvalidHeader: a header's name or value cannot be sent.
	CodeInvalidHeader = "InvalidHeader"
	// CodeInvalidResponse: the answer is not what it says, or not HTTP.
	CodeInvalidResponse = "InvalidResponse"
	// CodeResponseTooLarge: the answer is larger than 10 MiB, or its headers
	// than 64 KiB.
	CodeResponseTooLarge = "ResponseTooLarge"
	// CodeTooManyRedirects: more than 10 redirects.
	CodeTooManyRedirects = "TooManyRedirects"
	// CodeRedirectRefused: a redirect that is not followed.
	CodeRedirectRefused = "RedirectRefused"
)

// statusCodes are promised to authors, so they do not follow net/http's texts.
var statusCodes = map[int]string{
	400: "BadRequest", 401: "Unauthorized", 402: "PaymentRequired", 403: "Forbidden", 404: "NotFound",
	405: "MethodNotAllowed", 406: "NotAcceptable", 407: "ProxyAuthenticationRequired", 408: "RequestTimeout",
	409: "Conflict", 410: "Gone", 411: "LengthRequired", 412: "PreconditionFailed", 413: "ContentTooLarge",
	414: "URITooLong", 415: "UnsupportedMediaType", 416: "RangeNotSatisfiable", 417: "ExpectationFailed",
	421: "MisdirectedRequest", 422: "UnprocessableContent", 423: "Locked", 424: "FailedDependency",
	425: "TooEarly", 426: "UpgradeRequired", 428: "PreconditionRequired", 429: "TooManyRequests",
	431: "RequestHeaderFieldsTooLarge", 451: "UnavailableForLegalReasons",
	500: "InternalServerError", 501: "NotImplemented", 502: "BadGateway", 503: "ServiceUnavailable",
	504: "GatewayTimeout", 505: "HTTPVersionNotSupported", 507: "InsufficientStorage", 508: "LoopDetected",
}

// StatusCode returns the error code of an answer with this status.
func StatusCode(status int) string {
	if code, ok := statusCodes[status]; ok {
		return code
	}
	return "HttpStatus" + strconv.Itoa(status)
}

// transient tells whether an answer with this status may be another one later.
func transient(status int) bool {
	switch status {
	case nethttp.StatusRequestTimeout, nethttp.StatusTooEarly, nethttp.StatusTooManyRequests:
		return true
	case nethttp.StatusNotImplemented, nethttp.StatusHTTPVersionNotSupported:
		return false
	}
	return status >= nethttp.StatusInternalServerError
}

// refused makes an error of an answer with a status of 400 or above. Its body
// is worth having, but its lack changes nothing.
func (c *client) refused(f failing, resp *nethttp.Response) *connectors.Error {
	e := &connectors.Error{
		Code:    StatusCode(resp.StatusCode),
		Message: f.what + " answered " + strconv.Itoa(resp.StatusCode),
		Status:  resp.StatusCode,
		Final:   !transient(resp.StatusCode),
		// Too many requests, too early: the service says that it did not act.
		Certain:    resp.StatusCode == nethttp.StatusTooManyRequests || resp.StatusCode == nethttp.StatusTooEarly,
		RetryAfter: retryAfter(resp.Header.Get("Retry-After"), c.now()),
	}
	data, err := readAll(resp.Body, maxErrorBody)
	if err != nil {
		return e
	}
	contentType := resp.Header.Get("Content-Type")
	body, err := decode(contentType, data)
	if err != nil {
		body, _ = decode("text/plain", data) // JSON that is none is shown as it came
	}
	if len(data) > 0 {
		e.Details = body
		if why := explanation(body); why != "" {
			e.Message += ": " + why
		}
	}
	return e
}

// maxRetryAfter bounds what a service can ask for.
const maxRetryAfter = 24 * time.Hour

// retryAfter reads seconds or a date; what is neither, or past, is 0.
func retryAfter(text string, now time.Time) time.Duration {
	var d time.Duration
	if n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 31); err == nil {
		d = time.Duration(n) * time.Second
	} else if at, err := nethttp.ParseTime(text); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, 0), maxRetryAfter)
}

// explanation finds the sentence in an error's body that is meant for people:
// a text, or one of the members that services commonly use.
func explanation(body json.RawMessage) string {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return ""
	}
	return firstLine(sentence(v, true))
}

func sentence(v any, inside bool) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		for _, name := range []string{"detail", "message", "error_description", "error", "title"} {
			s, ok := v[name].(string)
			if !ok && inside {
				s = sentence(v[name], false)
			}
			if s != "" {
				return s
			}
		}
	}
	return ""
}

func firstLine(s string) string {
	const most = 200
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	if strings.HasPrefix(s, "<") { // a page for browsers
		return ""
	}
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
