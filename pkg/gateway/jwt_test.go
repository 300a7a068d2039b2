package gateway

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/graph"
)

// issuer is a server of keys without a network.
type issuer struct {
	mu    sync.Mutex
	pages map[string]string // by address; empty: 500
	asked map[string]int
}

func (i *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked[r.URL.String()]++
	body, status := i.pages[r.URL.String()], http.StatusOK
	if body == "" {
		status = http.StatusInternalServerError
	}
	if to, ok := strings.CutPrefix(body, "to "); ok {
		return &http.Response{StatusCode: http.StatusFound, Header: http.Header{"Location": {to}}, Body: http.NoBody, Request: r}, nil
	}
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Body: io.NopCloser(strings.NewReader(body)), Request: r}, r.Context().Err()
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

type signer struct {
	jwk  map[string]any
	sign func(t *testing.T, alg string, data []byte) []byte
}

var hashes = map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}

func sum(h crypto.Hash, data []byte) []byte {
	x := h.New()
	x.Write(data)
	return x.Sum(nil)
}

func rsaSigner(t *testing.T, bits int) signer {
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	jwk := map[string]any{"kty": "RSA", "n": b64(k.N.Bytes()), "e": b64(big.NewInt(int64(k.E)).Bytes())}
	return signer{jwk, func(t *testing.T, alg string, data []byte) []byte {
		h := hashes[alg[2:]]
		var sig []byte
		if alg[0] == 'P' {
			sig, err = rsa.SignPSS(rand.Reader, k, h, sum(h, data), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		} else {
			sig, err = rsa.SignPKCS1v15(rand.Reader, k, h, sum(h, data))
		}
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}}
}

func ecSigner(t *testing.T, c elliptic.Curve) signer {
	k, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	size := (c.Params().BitSize + 7) / 8
	point, err := k.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	jwk := map[string]any{"kty": "EC", "crv": c.Params().Name, "x": b64(point[1 : 1+size]), "y": b64(point[1+size:])}
	return signer{jwk, func(t *testing.T, alg string, data []byte) []byte {
		r, s, err := ecdsa.Sign(rand.Reader, k, sum(hashes[alg[2:]], data))
		if err != nil {
			t.Fatal(err)
		}
		return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	}}
}

func edSigner(t *testing.T) signer {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer{map[string]any{"kty": "OKP", "crv": "Ed25519", "x": b64(public)}, func(_ *testing.T, _ string, data []byte) []byte {
		return ed25519.Sign(private, data)
	}}
}

func (s signer) token(t *testing.T, header, claims map[string]any) string {
	h, _ := json.Marshal(header)
	c, _ := json.Marshal(claims)
	signed := b64(h) + "." + b64(c)
	alg, _ := header["alg"].(string)
	return signed + "." + b64(s.sign(t, alg, []byte(signed)))
}

func set(ss ...signer) string {
	var keys []map[string]any
	for _, s := range ss {
		keys = append(keys, s.jwk)
	}
	b, _ := json.Marshal(map[string]any{"keys": keys})
	return string(b)
}

var (
	jwtNow  = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	jwtAuth = &graph.JWTAuth{
		Issuer: "https://login.example", Audience: "shop", JWKS: "https://login.example/keys", Claims: []graph.Claim{{Name: "role", Value: "buyer"}},
	}
)

func goodClaims() map[string]any {
	return map[string]any{
		"iss": "https://login.example", "aud": "shop", "sub": "ann", "role": "buyer", "exp": jwtNow.Add(time.Minute).Unix(),
	}
}

func TestTokenAlgorithms(t *testing.T) {
	signers := map[string]signer{
		"RSA": rsaSigner(t, 2048), "P-256": ecSigner(t, elliptic.P256()), "P-384": ecSigner(t, elliptic.P384()),
		"P-521": ecSigner(t, elliptic.P521()), "Ed25519": edSigner(t),
	}
	var all []signer
	for _, s := range signers {
		all = append(all, s)
	}
	i := &issuer{pages: map[string]string{jwtAuth.JWKS: set(all...)}, asked: map[string]int{}}
	tokens := newTokens(&http.Client{Transport: i}, nil)
	for how, kind := range signatures {
		alg := string(how)
		text := signers[kind].token(t, map[string]any{"alg": alg}, goodClaims())
		caller, err := tokens.check(t.Context(), jwtAuth, text, jwtNow)
		if err != nil || caller["subject"] != "ann" {
			t.Errorf("%s: %v, %v", alg, caller, err)
		}
		// One bit of the signature.
		parts := strings.Split(text, ".")
		sig, _ := base64.RawURLEncoding.DecodeString(parts[2])
		sig[len(sig)/2] ^= 1
		if _, err := tokens.check(t.Context(), jwtAuth, parts[0]+"."+parts[1]+"."+b64(sig), jwtNow); !errors.Is(err, ErrDenied) {
			t.Errorf("%s with another signature: %v", alg, err)
		}
		// The key of another kind.
		for other, s := range signatures {
			if s == kind {
				continue
			}
			forged := signers[kind].sign(t, alg, []byte("x"))
			h, _ := json.Marshal(map[string]any{"alg": other})
			if _, err := tokens.check(t.Context(), jwtAuth, b64(h)+"."+parts[1]+"."+b64(forged), jwtNow); !errors.Is(err, ErrDenied) {
				t.Errorf("%s signed as %s: %v", other, alg, err)
			}
		}
	}
	if n := i.asked[jwtAuth.JWKS]; n != 1 {
		t.Errorf("the keys were fetched %d times", n)
	}
}

func TestTokensDenied(t *testing.T) {
	s := rsaSigner(t, 2048)
	s.jwk["kid"], s.jwk["alg"], s.jwk["use"] = "k1", "RS256", "sig"
	weak := rsaSigner(t, 1024)
	i := &issuer{pages: map[string]string{jwtAuth.JWKS: set(s, weak)}, asked: map[string]int{}}
	tokens := newTokens(&http.Client{Transport: i}, nil)
	with := func(change map[string]any) map[string]any {
		c := goodClaims()
		for k, v := range change {
			if c[k] = v; v == nil {
				delete(c, k)
			}
		}
		return c
	}
	at := func(d time.Duration) int64 { return jwtNow.Add(d).Unix() }
	header := map[string]any{"alg": "RS256", "kid": "k1"}
	for _, c := range []struct {
		name   string
		header map[string]any
		claims map[string]any
		signer *signer
		ok     bool
	}{
		{name: "good", ok: true},
		{name: "no kid", header: map[string]any{"alg": "RS256"}, ok: true},
		{name: "another audience", claims: with(map[string]any{"aud": "shops"})},
		{name: "audiences", claims: with(map[string]any{"aud": []any{"x", "shop"}}), ok: true},
		{name: "other audiences", claims: with(map[string]any{"aud": []any{"x", "y"}})},
		{name: "no audience", claims: with(map[string]any{"aud": nil})},
		{name: "another issuer", claims: with(map[string]any{"iss": "https://login.example/"})},
		{name: "no issuer", claims: with(map[string]any{"iss": nil})},
		{name: "ends within the leeway", claims: with(map[string]any{"exp": at(-59 * time.Second)}), ok: true},
		{name: "ended", claims: with(map[string]any{"exp": at(-60 * time.Second)})},
		{name: "no end", claims: with(map[string]any{"exp": nil})},
		{name: "an end in words", claims: with(map[string]any{"exp": "never"})},
		{name: "an end beyond all time", claims: with(map[string]any{"exp": 1e300})},
		{name: "not yet, within the leeway", claims: with(map[string]any{"nbf": at(60 * time.Second)}), ok: true},
		{name: "not yet", claims: with(map[string]any{"nbf": at(61 * time.Second)})},
		{name: "not before, in words", claims: with(map[string]any{"nbf": "x"})},
		{name: "made tomorrow", claims: with(map[string]any{"iat": at(24 * time.Hour)})},
		{name: "another role", claims: with(map[string]any{"role": "seller"})},
		{name: "no role", claims: with(map[string]any{"role": nil})},
		{name: "roles", claims: with(map[string]any{"role": []any{"seller", "buyer"}}), ok: true},
		{name: "another algorithm of the key", header: map[string]any{"alg": "RS512", "kid": "k1"}},
		{name: "a key that is not there", header: map[string]any{"alg": "RS256", "kid": "k2"}},
		{name: "a key that is too short", header: map[string]any{"alg": "RS256"}, signer: &weak},
		{name: "something critical", header: map[string]any{"alg": "RS256", "kid": "k1", "crit": []any{"exp"}}},
	} {
		if c.header == nil {
			c.header = header
		}
		if c.claims == nil {
			c.claims = goodClaims()
		}
		if c.signer == nil {
			c.signer = &s
		}
		_, err := tokens.check(t.Context(), jwtAuth, c.signer.token(t, c.header, c.claims), jwtNow)
		if c.ok && err != nil || !c.ok && !errors.Is(err, ErrDenied) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	claims, _ := json.Marshal(goodClaims())
	good := s.token(t, header, goodClaims())
	public, _ := json.Marshal(s.jwk)
	for name, text := range map[string]string{
		"nothing": "", "two parts": "a.b", "four parts": good + ".x", "no base64": "!.!.!", "padded": good + "=",
		"none":       b64([]byte(`{"alg":"none"}`)) + "." + b64(claims) + ".",
		"none twice": b64([]byte(`{"alg":"RS256","ALG":"none"}`)) + "." + b64(claims) + ".",
		"no header":  b64([]byte(`7`)) + "." + b64(claims) + ".",
		"no claims":  b64([]byte(`{"alg":"RS256"}`)) + "." + b64([]byte(`7`)) + "." + strings.Split(good, ".")[2],
		"large":      good + strings.Repeat("A", maxToken),
		"symmetric":  symmetric(public, claims),
	} {
		if _, err := tokens.check(t.Context(), jwtAuth, text, jwtNow); !errors.Is(err, ErrDenied) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// symmetric signs with the public key as if it were a shared secret.
func symmetric(public, claims []byte) string {
	signed := b64([]byte(`{"alg":"HS256"}`)) + "." + b64(claims)
	mac := hmac.New(sha256.New, public)
	mac.Write([]byte(signed))
	return signed + "." + b64(mac.Sum(nil))
}

// Keys are kept, fetched again when they are old or a new one is named, and
// used on when the issuer is away; who asks in vain does not ask it each time.
func TestTokenKeysRotate(t *testing.T) {
	old, next := ecSigner(t, elliptic.P256()), ecSigner(t, elliptic.P256())
	old.jwk["kid"], next.jwk["kid"] = "old", "next"
	a := *jwtAuth
	a.JWKS = ""
	about, keys := "https://login.example/.well-known/openid-configuration", "https://keys.example/set"
	i := &issuer{pages: map[string]string{about: `{"issuer":"https://login.example","jwks_uri":"` + keys + `"}`, keys: set(old)}, asked: map[string]int{}}
	tokens := newTokens(&http.Client{Transport: i}, nil)
	now := jwtNow
	check := func(s signer, kid string) error {
		c := goodClaims()
		c["exp"] = now.Add(time.Minute).Unix()
		_, err := tokens.check(t.Context(), &a, s.token(t, map[string]any{"alg": "ES256", "kid": kid}, c), now)
		return err
	}
	step := func(want error, wait time.Duration, s signer, kid string, asked int) {
		t.Helper()
		now = now.Add(wait)
		err := check(s, kid)
		if want == nil && err != nil || want != nil && !errors.Is(err, want) || i.asked[keys] != asked {
			t.Errorf("at %s with %s: %v, the keys were fetched %d times, want %v and %d", now.Sub(jwtNow), kid, err, i.asked[keys], want, asked)
		}
	}
	step(nil, 0, old, "old", 1)
	step(nil, 14*time.Minute, old, "old", 1)
	step(nil, time.Minute, old, "old", 2)
	i.pages[keys] = set(next)
	step(ErrDenied, 9*time.Second, next, "next", 2)
	step(nil, time.Second, next, "next", 3)
	step(ErrDenied, 0, old, "old", 3)
	i.pages[keys] = ""
	step(nil, time.Hour, next, "next", 4)
	step(nil, 9*time.Second, next, "next", 4)
	step(nil, 22*time.Hour, next, "next", 5)
	now = now.Add(2 * time.Hour)
	if err := check(next, "next"); err == nil || errors.Is(err, ErrDenied) {
		t.Errorf("a day without keys: %v", err)
	}
	i.pages[keys] = set(next)
	step(nil, 10*time.Second, next, "next", 7)

	// Whoever goes away does not spoil it for the others.
	fresh := newTokens(&http.Client{Transport: i}, nil)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	c := goodClaims()
	if _, err := fresh.check(gone, &a, next.token(t, map[string]any{"alg": "ES256"}, c), jwtNow); err != nil {
		t.Errorf("keys for one who went away: %v", err)
	}
}

func TestTokenKeysNotToBeHad(t *testing.T) {
	s := ecSigner(t, elliptic.P256())
	about, keys := "https://login.example/.well-known/openid-configuration", "https://keys.example/set"
	for name, pages := range map[string]map[string]string{
		"away":            {},
		"another issuer":  {about: `{"issuer":"https://evil.example","jwks_uri":"` + keys + `"}`, keys: set(s)},
		"not https":       {about: `{"issuer":"https://login.example","jwks_uri":"http://keys.example/set"}`, "http://keys.example/set": set(s)},
		"no keys":         {about: `{"issuer":"https://login.example","jwks_uri":"` + keys + `"}`, keys: `{"keys":[{"kty":"oct","k":"AAAA"}]}`},
		"no JSON":         {about: `{"issuer":"https://login.example","jwks_uri":"` + keys + `"}`, keys: `<html>`},
		"too large":       {about: `{"issuer":"https://login.example","jwks_uri":"` + keys + `"}`, keys: set(s) + strings.Repeat(" ", maxKeySet)},
		"elsewhere":       {about: "to " + keys, keys: set(s)},
		"off the curve":   {about: `{"issuer":"https://login.example","jwks_uri":"` + keys + `"}`, keys: `{"keys":[{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"}]}`},
		"a strange curve": {about: `{"issuer":"https://login.example","jwks_uri":"` + keys + `"}`, keys: `{"keys":[{"kty":"EC","crv":"P-224","x":"AQ","y":"AQ"}]}`},
	} {
		i := &issuer{pages: pages, asked: map[string]int{}}
		client := newTokens(nil, nil).http
		client.Transport = i
		tokens := newTokens(client, nil)
		a := *jwtAuth
		a.JWKS = ""
		for range 3 {
			_, err := tokens.check(t.Context(), &a, s.token(t, map[string]any{"alg": "ES256"}, goodClaims()), jwtNow)
			if err == nil || errors.Is(err, ErrDenied) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := i.asked[about]; n != 1 {
			t.Errorf("%s: the issuer was asked %d times", name, n)
		}
	}
	tokens := newTokens(nil, nil)
	for n := range maxIssuers + 1 {
		if _, err := tokens.set(&graph.JWTAuth{Issuer: fmt.Sprint(n)}); (err != nil) != (n == maxIssuers) {
			t.Errorf("issuer %d: %v", n, err)
		}
	}
}
