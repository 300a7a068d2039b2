package http

import (
	nethttp "net/http"
	"net/textproto"
)

// redirectError is a redirect that is not followed.
type redirectError struct{ code, message string }

func (e *redirectError) Error() string { return e.message }

// redirect decides about the next request of a call. Once the call has left
// the scheme, host and port that it began with, everything that may be a
// credential is gone for good.
func (c *client) redirect(next *nethttp.Request, via []*nethttp.Request) error {
	if len(via) > maxRedirects {
		return &redirectError{CodeTooManyRedirects, "the address redirects more than 10 times"}
	}
	if _, err := parseAddress(withoutUser(next)); err != nil {
		return &redirectError{CodeRedirectRefused, "a redirect leads to what " + err.Error()}
	}
	if via[len(via)-1].URL.Scheme == "https" && next.URL.Scheme != "https" {
		return &redirectError{CodeRedirectRefused, "a redirect leads from https to http"}
	}
	next.Header.Del("Referer") // it would tell the query of the last address
	left := !sameOrigin(via[0].URL, next.URL)
	for _, r := range via {
		left = left || !sameOrigin(via[0].URL, r.URL)
	}
	if left {
		for name := range next.Header {
			if !c.travels(name) {
				next.Header.Del(name)
			}
		}
	}
	return nil
}

// withoutUser takes credentials out of a redirect's address, which would be
// sent as the engine's, and returns the address.
func withoutUser(r *nethttp.Request) string {
	r.URL.User = nil
	return r.URL.String()
}

// travels tells whether a header goes along to another origin.
func (c *client) travels(name string) bool {
	switch name {
	case "Accept", "Accept-Language", "Content-Type", "User-Agent":
		return true
	}
	own := c.settings.IdempotencyHeader
	return own != "" && name == textproto.CanonicalMIMEHeaderKey(own)
}
