package gateway

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // some senders sign with nothing better; as an HMAC it still holds
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// ErrDenied means that a request does not carry what the trigger at its path
// asks for. It does not say what is wrong.
var ErrDenied = errors.New("the request is not what the trigger asks for")

// MaxSigned is the size in bytes of the largest body whose signature is
// checked: it is read before anything of its sender is known.
const MaxSigned = 1 << 20

// minSecret is the length of the shortest secret that a trigger takes.
const minSecret = 16

// The header and the parameter of the query that carry the key of a trigger,
// beside Authorization.
const (
	keyHeader = "X-Api-Key"
	keyQuery  = "key"
)

// Found is the trigger of a request. The zero value is none.
type Found struct {
	g       *Gateway
	route   *engine.Route
	params  map[string]any
	allowed []string
	flow    *graph.Workflow
	auth    *graph.Auth
	caller  map[string]any
}

// Find returns the trigger of a request, which Handle will take for it.
func (g *Gateway) Find(c echo.Context) (*Found, error) {
	f := &Found{g: g, caller: map[string]any{"kind": "apiKey"}}
	c.Set(foundKey, f)
	r := c.Request()
	for _, p := range g.o.Reserved {
		if r.URL.Path == p || strings.HasPrefix(r.URL.Path, p+"/") {
			return f, nil
		}
	}
	f.route, f.params, f.allowed = match(g.o.Engine.Routes(), r.Method, r.URL.EscapedPath())
	if f.route == nil {
		return f, nil
	}
	var err error
	if f.flow, err = g.o.Engine.Workflow(r.Context(), f.route.Workflow, f.route.Version); err != nil {
		return f, fmt.Errorf("find trigger %s: %w", f.route.Trigger.ID, err)
	}
	for _, t := range f.flow.Triggers {
		if t.ID == f.route.Trigger.ID {
			f.auth = t.Policy.Auth
		}
	}
	return f, nil
}

const foundKey = "keelstep.trigger"

// HasAuth tells whether the trigger says itself who may fire it.
func (f *Found) HasAuth() bool { return f.auth != nil }

// Signed tells whether the body has to be there to check who sent it.
func (f *Found) Signed() bool { return f.auth != nil && f.auth.HMAC != nil }

// Check tells whether a request may fire the trigger. body is what was sent,
// where Signed wants it. The error is ErrDenied, or an *Error when it cannot be
// found out.
func (f *Found) Check(r *http.Request, body []byte) error {
	var err error
	switch a := f.auth; {
	case a.HMAC != nil:
		err = f.checkHMAC(r, a.HMAC, body)
		f.caller = map[string]any{"kind": "hmac"}
	case a.JWT != nil:
		f.caller, err = f.g.tokens.check(r.Context(), a.JWT, bearer(r.Header), f.g.o.Clock.Now())
	default:
		err = f.checkKey(r, a.Key)
		f.caller = map[string]any{"kind": "key"}
	}
	if err == nil || errors.Is(err, ErrDenied) || r.Context().Err() != nil {
		return err
	}
	f.g.o.Logger.Error("callers of a trigger cannot be checked", "workflow", f.route.Workflow, "trigger", f.route.Trigger.ID, "error", err)
	return &Error{Code: "AuthUnavailable", Detail: "it cannot be found out now whether the request may fire the trigger; send it again later. The engine's log says why"}
}

// bearer returns the bearer token of a request, empty when there is none, or
// more than one.
func bearer(h http.Header) string {
	all := h.Values("Authorization")
	if len(all) != 1 {
		return ""
	}
	scheme, token, _ := strings.Cut(all[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// checkKey compares the key that a request carries with the trigger's, in a
// time that does not depend on either.
func (f *Found) checkKey(r *http.Request, t *expression.Template) error {
	want, err := f.secret(t)
	if err != nil {
		return err
	}
	given := bearer(r.Header)
	if given == "" {
		given = r.Header.Get(keyHeader)
	}
	if given == "" {
		given = r.URL.Query().Get(keyQuery)
	}
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(want))
	if subtle.ConstantTimeCompare(a[:], b[:]) != 1 {
		return ErrDenied
	}
	return nil
}

var algorithms = map[string]func() hash.Hash{"sha256": sha256.New, "sha1": sha1.New}

// checkHMAC compares the signature of a request with that of its body. It may
// be written in hex or in base64: their lengths differ.
func (f *Found) checkHMAC(r *http.Request, a *graph.HMACAuth, body []byte) error {
	secret, err := f.secret(a.Secret)
	if err != nil {
		return err
	}
	mac := hmac.New(algorithms[a.Algorithm], []byte(secret))
	mac.Write(body)
	all := r.Header.Values(a.Header)
	if len(all) != 1 {
		return ErrDenied
	}
	text, ok := strings.CutPrefix(strings.TrimSpace(all[0]), a.Prefix)
	if !ok {
		return ErrDenied
	}
	given, err := hex.DecodeString(text)
	if err != nil {
		if given, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "=")); err != nil {
			return ErrDenied
		}
	}
	if !hmac.Equal(given, mac.Sum(nil)) {
		return ErrDenied
	}
	return nil
}

// secret returns the value of a secret of the trigger.
func (f *Found) secret(t *expression.Template) (string, error) {
	text, err := f.g.o.Engine.Reveal(f.flow, t)
	if err == nil && len(text) < minSecret {
		err = fmt.Errorf("the secret has %d characters; use at least %d", len(text), minSecret)
	}
	return text, err
}

// hide takes out of what a run sees what only proves who sent it.
func (f *Found) hide(headers, query map[string]any) {
	for _, p := range private {
		delete(headers, p)
	}
	switch {
	case f.auth == nil:
	case f.auth.HMAC != nil:
		delete(headers, strings.ToLower(f.auth.HMAC.Header))
	case f.auth.Key != nil:
		delete(headers, strings.ToLower(keyHeader))
		delete(query, keyQuery)
	}
}
