package http

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	nethttp "net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/http/httpguts"

	"github.com/keelstep/keelstep/pkg/connectors"
)

// build makes the request of a call. It sends nothing.
func (c *client) build(ctx context.Context, key, method string, t target, b content) (*nethttp.Request, error) {
	address, err := c.address(t)
	if err != nil {
		return nil, err
	}
	body, contentType, err := b.encode()
	if err != nil {
		return nil, connectors.Invalid(connectors.Problem{Message: err.Error()})
	}
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	r, err := nethttp.NewRequestWithContext(ctx, method, address.String(), reader)
	if err != nil {
		return nil, connectors.Invalid(connectors.Problem{Message: "makes no request that can be sent"})
	}
	r.Header.Set("User-Agent", "keelstep")
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if takesKey(method) && c.settings.IdempotencyHeader != "" {
		r.Header.Set(c.settings.IdempotencyHeader, key)
	}
	if c.base != nil && sameOrigin(c.base, address) {
		c.authorize(r)
	}
	if err := setHeaders(r.Header, t.Headers); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, value := range r.Header[name] {
			if err := checkHeader(name, value); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

// address is where the call goes.
func (c *client) address(t target) (*url.URL, error) {
	var u *url.URL
	switch {
	case t.URL != "":
		parsed, err := parseAddress(t.URL)
		if err != nil {
			return nil, connectors.Invalid(connectors.Problem{Path: "/url", Message: err.Error()})
		}
		u = parsed
	case c.base == nil:
		return nil, connectors.Invalid(connectors.Problem{Message: "needs url: the connection has none"})
	default:
		joined, err := join(c.base, t.Path)
		if err != nil {
			return nil, connectors.Invalid(connectors.Problem{Path: "/path", Message: err.Error()})
		}
		u = joined
	}
	if len(t.Query) > 0 {
		query := make(url.Values, len(t.Query))
		for name, vs := range t.Query {
			query[name] = vs
		}
		u.RawQuery = strings.Trim(u.RawQuery+"&"+query.Encode(), "&")
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

// join appends a path to the base's. Escapes in it stay as they are, what needs
// one gets it. It refuses dot segments: they would leave the base by what a
// step read from outside.
func join(base *url.URL, path string) (*url.URL, error) {
	u := *base
	if path == "" {
		return &u, nil
	}
	for segment := range strings.SplitSeq(path, "/") {
		plain, err := url.PathUnescape(segment)
		if err != nil {
			return nil, errors.New("has a % that escapes nothing: write %25")
		}
		if plain == "." || plain == ".." || strings.ContainsFunc(plain, unicode.IsControl) {
			return nil, errors.New("has a segment that is . or .. or holds control characters")
		}
	}
	u.RawPath = strings.TrimSuffix(base.EscapedPath(), "/") + escape(path)
	plain, err := url.PathUnescape(u.RawPath)
	if err != nil {
		return nil, errors.New("is not the path of an address")
	}
	u.Path = plain
	return &u, nil
}

// escape escapes what may not stand in a path. RFC 3986, section 3.3; % is
// known to begin an escape.
func escape(path string) string {
	var b strings.Builder
	for i := range len(path) {
		switch c := path[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			strings.IndexByte("/%-._~!$&'()*+,;=:@", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// encode returns the bytes to send and their type; no bytes are nil.
func (c content) encode() (body []byte, contentType string, err error) {
	switch {
	case c.Body != nil:
		e, data, ok, err := unwrap(c.Body)
		if ok {
			return data, e.Type, err
		}
		return c.Body, "application/json", nil
	case c.Text != nil:
		return []byte(*c.Text), "text/plain; charset=utf-8", nil
	case c.Binary != nil:
		data, err := base64.StdEncoding.DecodeString(*c.Binary)
		if err != nil {
			return nil, "", fmt.Errorf("/binary is not base64: %w", err)
		}
		return data, "application/octet-stream", nil
	case c.Form != nil:
		form := make(url.Values, len(c.Form))
		for name, vs := range c.Form {
			form[name] = vs
		}
		return []byte(form.Encode()), "application/x-www-form-urlencoded", nil
	default:
		return nil, "", nil
	}
}

// authorize adds the connection's headers and credentials.
func (c *client) authorize(r *nethttp.Request) {
	for name, value := range c.settings.Headers {
		r.Header.Set(name, string(value))
	}
	a := c.settings.Auth
	switch {
	case a == nil:
	case a.Basic != nil:
		r.SetBasicAuth(a.Basic.Username, string(a.Basic.Password))
	case a.APIKey == nil:
		r.Header.Set("Authorization", "Bearer "+string(a.Bearer))
	case a.APIKey.In == "query":
		own := url.Values{a.APIKey.Name: {string(a.APIKey.Value)}}.Encode()
		r.URL.RawQuery = strings.Trim(r.URL.RawQuery+"&"+own, "&")
	default:
		r.Header.Set(a.APIKey.Name, string(a.APIKey.Value))
	}
}

func setHeaders(h nethttp.Header, given params) error {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if reserved(name) {
			return invalidHeader("/headers: " + shorten(name) + " is set by the connector")
		}
		if !httpguts.ValidHeaderFieldName(name) {
			return invalidHeader("/headers: a name holds characters that a header's name cannot have")
		}
		h.Del(name)
		for _, value := range given[name] {
			h.Add(name, value)
		}
	}
	return nil
}

// checkHeader refuses what would end the header and begin another. It does
// not quote the value: it may be a secret.
func checkHeader(name, value string) error {
	switch {
	case !httpguts.ValidHeaderFieldName(name):
		return invalidHeader("a header's name holds characters that it cannot have")
	case reserved(name):
		return invalidHeader("the header " + name + " is set by the connector")
	case !httpguts.ValidHeaderFieldValue(value):
		return invalidHeader("the header " + name + " holds control characters")
	}
	return nil
}

func invalidHeader(message string) error {
	return &connectors.Error{Code: CodeInvalidHeader, Message: message, Final: true, Certain: true}
}

// reserved tells whether a header is the connector's own business: those that
// frame the message or belong to one connection.
func reserved(name string) bool {
	switch textproto.CanonicalMIMEHeaderKey(name) {
	case "Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Te", "Trailer", "Upgrade",
		"Proxy-Authorization", "Proxy-Connection", "Expect":
		return true
	}
	return false
}

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && portOf(a) == portOf(b)
}

func portOf(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return map[string]string{"http": "80", "https": "443"}[u.Scheme]
}

func shorten(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// asJSON writes a text as JSON.
func asJSON(s string) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic("http: a text cannot be written as JSON: " + err.Error())
	}
	return bytes.TrimSpace(b.Bytes())
}
