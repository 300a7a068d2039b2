package gateway

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

const (
	maxToken = 16 << 10         // bytes of a token
	leeway   = 60 * time.Second // how far clocks may be apart
)

// signatures is the algorithms that are taken, with the kind of key that each
// needs. Those with a shared secret, and none at all, are not among them: what
// says so is no token.
var signatures = map[jose.SignatureAlgorithm]string{
	jose.RS256: "RSA", jose.RS384: "RSA", jose.RS512: "RSA",
	jose.PS256: "RSA", jose.PS384: "RSA", jose.PS512: "RSA",
	jose.ES256: "P-256", jose.ES384: "P-384", jose.ES512: "P-521",
	jose.EdDSA: "Ed25519",
}

var algorithmsOfTokens = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// token is a JSON Web Token that was taken apart and not checked yet.
type token struct {
	signed         *jose.JSONWebSignature
	algorithm, key string // as its header says
	claims         map[string]any
}

// check tells whether a token is one of the issuer, for this audience, in its
// time, and with the claims that are asked for. It returns what a run knows of
// the caller. The error is ErrDenied, or why it cannot be found out.
func (t *tokens) check(ctx context.Context, a *graph.JWTAuth, text string, now time.Time) (map[string]any, error) {
	x, err := parseToken(text)
	if err != nil {
		return nil, ErrDenied
	}
	if !x.fits(a, now) { // before a key is looked for: what cannot hold costs nothing
		return nil, ErrDenied
	}
	keys, err := t.keys(ctx, a, x.key, now)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if k.verifies(x) {
			return map[string]any{"kind": "jwt", "subject": x.claims["sub"], "issuer": a.Issuer, "claims": x.claims}, nil
		}
	}
	return nil, ErrDenied
}

var errToken = errors.New("not a token")

func parseToken(text string) (*token, error) {
	if len(text) > maxToken {
		return nil, errToken
	}
	signed, err := jose.ParseSignedCompact(text, algorithmsOfTokens)
	if err != nil || len(signed.Signatures) != 1 {
		return nil, errToken
	}
	header := signed.Signatures[0].Protected
	x := &token{signed: signed, algorithm: header.Algorithm, key: header.KeyID}
	claims, err := expression.DecodeRaw(signed.UnsafePayloadWithoutVerification())
	if err != nil {
		return nil, errToken
	}
	x.claims, _ = claims.(map[string]any)
	return x, nil
}

// fits tells whether the claims of a token are those that a trigger asks for.
func (x *token) fits(a *graph.JWTAuth, now time.Time) bool {
	if x.claims["iss"] != a.Issuer || !holds(x.claims["aud"], a.Audience) {
		return false
	}
	ends, ok := moment(x.claims["exp"])
	if !ok || !now.Before(ends.Add(leeway)) {
		return false
	}
	for _, name := range []string{"nbf", "iat"} {
		if x.claims[name] == nil {
			continue
		}
		if at, ok := moment(x.claims[name]); !ok || at.After(now.Add(leeway)) {
			return false
		}
	}
	return !slices.ContainsFunc(a.Claims, func(c graph.Claim) bool { return !holds(x.claims[c.Name], c.Value) })
}

// holds tells whether a claim is a text, or a list that has it.
func holds(claim any, text string) bool {
	if list, ok := claim.([]any); ok {
		return slices.Contains(list, any(text))
	}
	return claim == text
}

// moment returns the time of a claim, which is seconds since 1970.
func moment(claim any) (time.Time, bool) {
	const most = 1 << 40 // some 35,000 years
	switch n := claim.(type) {
	case int:
		return time.Unix(int64(n), 0), n >= 0 && n < most
	case float64:
		return time.Unix(int64(n), 0), n >= 0 && n < most
	}
	return time.Time{}, false
}

// publicKey is a key with which an issuer signs.
type publicKey struct {
	id, algorithm string // empty: not said
	kind          string
	key           any
}

// verifies tells whether the signature of a token was made with the key.
func (k *publicKey) verifies(x *token) bool {
	if signatures[jose.SignatureAlgorithm(x.algorithm)] != k.kind || k.algorithm != "" && k.algorithm != x.algorithm ||
		x.key != "" && k.id != "" && k.id != x.key {
		return false
	}
	_, err := x.signed.Verify(k.key)
	return err == nil
}

// publicKeyOf returns the key of a key set, if it is one for signatures.
func publicKeyOf(j *jose.JSONWebKey) (publicKey, error) {
	k := publicKey{id: j.KeyID, algorithm: j.Algorithm, key: j.Key}
	if !j.Valid() || j.Use != "" && j.Use != "sig" {
		return k, errKey
	}
	switch key := j.Key.(type) {
	case *rsa.PublicKey:
		if n := key.N.BitLen(); n < 2048 || n > 8192 || key.E < 3 {
			return k, errKey
		}
		k.kind = "RSA"
	case *ecdsa.PublicKey:
		k.kind = key.Curve.Params().Name
	case ed25519.PublicKey:
		k.kind = "Ed25519"
	default:
		return k, errKey
	}
	return k, nil
}
