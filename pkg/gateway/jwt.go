package gateway

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	_ "crypto/sha256" // for crypto.SHA256
	_ "crypto/sha512" // for crypto.SHA384 and crypto.SHA512
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

const (
	maxToken = 16 << 10         // bytes of a token
	leeway   = 60 * time.Second // how far clocks may be apart
)

// The algorithms of signatures that are taken. Those with a shared secret, and
// none at all, are not among them: what says so is no token.
var signatures = map[string]struct {
	kind string // of key
	hash crypto.Hash
	pss  bool
}{
	"RS256": {kind: "RSA", hash: crypto.SHA256}, "RS384": {kind: "RSA", hash: crypto.SHA384}, "RS512": {kind: "RSA", hash: crypto.SHA512},
	"PS256": {"RSA", crypto.SHA256, true}, "PS384": {"RSA", crypto.SHA384, true}, "PS512": {"RSA", crypto.SHA512, true},
	"ES256": {kind: "P-256", hash: crypto.SHA256}, "ES384": {kind: "P-384", hash: crypto.SHA384}, "ES512": {kind: "P-521", hash: crypto.SHA512},
	"EdDSA": {kind: "Ed25519"},
}

// token is a JSON Web Token that was taken apart and not checked yet.
type token struct {
	algorithm, key string
	signed         string // what the signature is of
	signature      []byte
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
	parts := strings.Split(text, ".")
	if len(parts) != 3 || len(text) > maxToken {
		return nil, errToken
	}
	var header struct {
		Alg  string          `json:"alg"`
		Kid  string          `json:"kid"`
		Crit json.RawMessage `json:"crit"`
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil || json.Unmarshal(b, &header) != nil || header.Crit != nil {
		return nil, errToken
	}
	if _, ok := signatures[header.Alg]; !ok {
		return nil, errToken
	}
	x := &token{algorithm: header.Alg, key: header.Kid, signed: parts[0] + "." + parts[1]}
	if x.signature, err = base64.RawURLEncoding.DecodeString(parts[2]); err != nil {
		return nil, errToken
	}
	if b, err = base64.RawURLEncoding.DecodeString(parts[1]); err != nil {
		return nil, errToken
	}
	claims, err := expression.DecodeRaw(b)
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
	key           crypto.PublicKey
}

// verifies tells whether the signature of a token was made with the key.
func (k *publicKey) verifies(x *token) bool {
	s := signatures[x.algorithm]
	if s.kind != k.kind || k.algorithm != "" && k.algorithm != x.algorithm || x.key != "" && k.id != "" && k.id != x.key {
		return false
	}
	var sum []byte
	if s.hash != 0 {
		h := s.hash.New()
		h.Write([]byte(x.signed))
		sum = h.Sum(nil)
	}
	switch key := k.key.(type) {
	case *rsa.PublicKey:
		if s.pss {
			return rsa.VerifyPSS(key, s.hash, sum, x.signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
		return rsa.VerifyPKCS1v15(key, s.hash, sum, x.signature) == nil
	case *ecdsa.PublicKey:
		size := (key.Curve.Params().BitSize + 7) / 8
		if len(x.signature) != 2*size {
			return false
		}
		return ecdsa.Verify(key, sum, new(big.Int).SetBytes(x.signature[:size]), new(big.Int).SetBytes(x.signature[size:]))
	case ed25519.PublicKey:
		return ed25519.Verify(key, []byte(x.signed), x.signature)
	}
	return false
}
