package api_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// An address may show so many wrong keys at once, and one more each second;
// others, and the right key, are not concerned.
func TestWrongKeysByAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.deploy(t, `
workflow: guarded
version: "1"
triggers:
  - { id: keyed, http: { path: /keyed }, auth: { key: "${ secrets.HOOK }" } }
steps:
  - { id: a, compose: 1 }
`)
		h := f.server.Handler()
		ask := func(path, from, key string) (status int, wait string) {
			r := httptest.NewRequest(http.MethodPost, path, http.NoBody)
			r.Host, r.RemoteAddr = "127.0.0.1", from
			r.Header.Set("Authorization", "Bearer "+key)
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			if rec.Code != http.StatusAccepted && !strings.Contains(rec.Body.String(), "key") {
				t.Errorf("%d %s", rec.Code, rec.Body)
			}
			return rec.Code, rec.Header().Get("Retry-After")
		}
		for i := range 1000 {
			want := http.StatusUnauthorized
			if i >= 20 {
				want = http.StatusTooManyRequests
			}
			path := []string{"/keyed", "/v1/workflows/guarded/runs"}[i%2]
			if got, wait := ask(path, "192.0.2.7:"+strconv.Itoa(1000+i), "wrong"); got != want || want == 429 && wait != "1" {
				t.Fatalf("request %d: %d, again after %q; want %d", i, got, wait, want)
			}
		}
		for from, key := range map[string]string{"192.0.2.8:1": testSecret, "192.0.2.7:1": testSecret, "[2001:db8::1]:1": testSecret} {
			if got, _ := ask("/keyed", from, key); got != http.StatusAccepted {
				t.Errorf("the right key from %s: %d", from, got)
			}
		}
		if got, _ := ask("/keyed", "192.0.2.8:1", "wrong"); got != http.StatusUnauthorized {
			t.Errorf("another address: %d", got)
		}
		time.Sleep(2 * time.Second)
		for i, want := range []int{401, 401, 429} {
			if got, _ := ask("/keyed", "192.0.2.7:1", "wrong"); got != want {
				t.Errorf("request %d after 2s: %d, want %d", i, got, want)
			}
		}
		// A network of IPv6 is one client.
		for i := range 21 {
			got, _ := ask("/keyed", "[2001:db8::"+strconv.Itoa(i)+"]:1", "wrong")
			if want := map[bool]int{true: 429, false: 401}[i == 20]; got != want {
				t.Errorf("address %d of a network: %d, want %d", i, got, want)
			}
		}
	})
}

// More addresses than are counted do no harm.
func TestWrongKeysOfManyAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t).server.Handler()
		for i := range 12_000 {
			r := httptest.NewRequest(http.MethodGet, "/v1/runs", http.NoBody)
			r.Host, r.RemoteAddr = "127.0.0.1", "10."+strconv.Itoa(i>>16&255)+"."+strconv.Itoa(i>>8&255)+"."+strconv.Itoa(i&255)+":1"
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			if rec.Code != http.StatusUnauthorized {
				t.Fatalf("address %d: %d", i, rec.Code)
			}
		}
	})
}
