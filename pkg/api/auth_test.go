package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/api"
)

// identities is who asks, and the Authorization header they send.
var identities = []struct{ name, header string }{
	{"nobody", ""},
	{"wrong", "Bearer nothing-that-is-a-key"},
	{"longer", "Bearer " + testKey + "x"},
	{"shorter", "Bearer " + testKey[:len(testKey)-1]},
	{"basic", "Basic " + testKey},
	{"bare", testKey},
	{"key", "Bearer " + testKey},
}

// TestEveryRoute asks every route as everybody and compares the statuses with
// testdata/auth.golden. A route without a policy can be used by nobody; it is
// shown as deny there and fails here.
func TestEveryRoute(t *testing.T) {
	h := newFixture(t).server
	routes := h.RouteTable()
	slices.Sort(routes)
	var b strings.Builder
	for _, r := range routes {
		f := strings.Fields(r)
		method, path, permission := f[0], f[1], f[2]
		if permission == "deny" {
			t.Errorf("%s %s has no row in the policy table", method, path)
		}
		fmt.Fprintf(&b, "%-4s %-32s %-7s", method, path, permission)
		for _, who := range identities {
			status := ask(h.Handler(), method, path, who.header)
			fmt.Fprintf(&b, " %s=%d", who.name, status)
			if permission != "public" && who.name != "key" && status != http.StatusUnauthorized {
				t.Errorf("%s %s as %s answers %d", method, path, who.name, status)
			}
		}
		b.WriteByte('\n')
	}
	golden(t, "testdata/auth.golden", b.String())
}

// TestSuffixes asks protected routes in spellings that could pass for an
// exempt one.
func TestSuffixes(t *testing.T) {
	h := newFixture(t).server.Handler()
	for _, suffix := range []string{"/health", "/healthz", "/configs", "%2fhealthz", ";/healthz", "//healthz", "/.", "/../healthz", "?/healthz"} {
		for _, path := range []string{"/v1/runs", "/v1/definitions", "/", "/orders"} {
			for _, method := range []string{"GET", "POST", "HEAD", "OPTIONS", "TRACE", "PUT"} {
				if status := ask(h, method, path+suffix, ""); status != http.StatusUnauthorized && status != http.StatusNotFound && status != http.StatusMethodNotAllowed {
					t.Errorf("%s %s without a key answers %d", method, path+suffix, status)
				}
			}
		}
	}
}

// asked counts the requests: each comes from an address of its own.
var asked int

func ask(h http.Handler, method, path, auth string) int {
	r := httptest.NewRequest(method, path, http.NoBody)
	r.Host, r.RemoteAddr = "localhost", fmt.Sprintf("10.%d.%d.%d:99", asked>>16&255, asked>>8&255, asked&255)
	asked++
	if auth != "" {
		r.Header.Set("Authorization", auth)
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec.Code
}

// TestErrorPage checks that docs/errors/http.md is what the codes say.
func TestErrorPage(t *testing.T) {
	golden(t, "../../docs/errors/http.md", api.ErrorPage())
}

// golden compares with a file, or rewrites it.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, d)
	}
}
