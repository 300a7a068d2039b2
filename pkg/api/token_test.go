package api_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keelstep/keelstep/pkg/api"
)

// keysAt answers every request with the same body.
type keysAt string

func (k keysAt) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(string(k))), Request: r}, nil
}

// A trigger takes the token of its issuer until it ends, and a run knows who
// the caller was, but not the token.
func TestTokenOfCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.deploy(t, `
workflow: tokens
version: "1"
triggers:
  - id: web
    http: { path: /tokens }
    auth: { jwt: { issuer: "https://login.example", audience: shop, jwks: "https://login.example/keys" } }
    input: { who: "${ trigger.caller.subject }", headers: "${ trigger.headers }" }
steps:
  - { id: answer, respond: { body: "${ input }" } }
`)
		private := ed25519.NewKeyFromSeed([]byte("thirty-two bytes for a test key."))
		code := base64.RawURLEncoding.EncodeToString
		keys := fmt.Sprintf(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":%q}]}`, code(private.Public().(ed25519.PublicKey)))
		s, err := api.New(api.Options{Engine: f.engine, Key: testKey, Addr: "127.0.0.1:0", HTTP: &http.Client{Transport: keysAt(keys)}})
		if err != nil {
			t.Fatal(err)
		}
		claims, err := json.Marshal(map[string]any{
			"iss": "https://login.example", "aud": "shop", "sub": "ann", "exp": time.Now().Add(time.Minute).Unix(),
		})
		if err != nil {
			t.Fatal(err)
		}
		signed := code([]byte(`{"alg":"EdDSA"}`)) + "." + code(claims)
		token := signed + "." + code(ed25519.Sign(private, []byte(signed)))
		ask := func(token string) (int, string) {
			r := httptest.NewRequest(http.MethodPost, "/tokens", http.NoBody)
			r.Host = "127.0.0.1"
			r.Header.Set("Authorization", "Bearer "+token)
			rec := httptest.NewRecorder()
			s.Handler().ServeHTTP(rec, r)
			return rec.Code, rec.Body.String()
		}
		if status, body := ask(token); status != http.StatusOK || body != `{"headers":{},"who":"ann"}` {
			t.Errorf("the token of the issuer: %d %s", status, body)
		}
		_, denied := ask("x")
		for name, wrong := range map[string]string{"another": token[:len(token)-4] + "AAAA", "the API key": testKey, "none": ""} {
			if status, body := ask(wrong); status != http.StatusUnauthorized || body != denied {
				t.Errorf("%s: %d %s", name, status, body)
			}
		}
		time.Sleep(3 * time.Minute)
		if status, _ := ask(token); status != http.StatusUnauthorized {
			t.Errorf("a token that has ended: %d", status)
		}
	})
}
