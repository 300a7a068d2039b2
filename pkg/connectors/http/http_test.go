package http_test

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	nethttp "net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/keelstep/keelstep/pkg/connectors"
	"github.com/keelstep/keelstep/pkg/connectors/conntest"
	"github.com/keelstep/keelstep/pkg/connectors/http"
)

// run performs one call through a connection of its own.
func run(t *testing.T, o http.Options, settings connectors.Settings, id, input string) *connectors.Error {
	t.Helper()
	c := http.New(o)
	shared, closeShared, err := c.Open(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	defer closeShared()
	_, err = operation(t, c, id).Run(t.Context(), connectors.Call{
		Key: "k", Attempt: 1, Input: json.RawMessage(input),
		Conn: connectors.Connection{Name: "c", Settings: settings, Shared: shared},
	})
	if err != nil {
		return conntest.Honest(t, err)
	}
	return nil
}

func code(e *connectors.Error) string {
	if e == nil {
		return ""
	}
	return e.Code
}

func serve(t *testing.T, h nethttp.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// An answer may have 10 MiB, packed or not; one that is an error may have
// more, which is left out.
func TestBodyLimit(t *testing.T) {
	const limit = 10 << 20
	url := serve(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		size, _ := strconv.Atoi(r.URL.Query().Get("size"))
		status, _ := strconv.Atoi(r.URL.Query().Get("status"))
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(status)
		w.Write([]byte(strings.Repeat("x", size)))
	})
	for _, c := range []struct {
		size, status int
		code         string
		details      bool
	}{
		{limit - 1, 200, "", false},
		{limit, 200, "", false},
		{limit + 1, 200, http.CodeResponseTooLarge, false},
		{64<<10 - 1, 404, "NotFound", true},
		{64 << 10, 404, "NotFound", true},
		{64<<10 + 1, 404, "NotFound", false},
	} {
		e := run(t, http.Options{}, connectors.Settings{"url": url}, "http.get",
			fmt.Sprintf(`{"query":{"size":%d,"status":%d}}`, c.size, c.status))
		if code(e) != c.code || e != nil && (e.Details != nil) != c.details {
			t.Errorf("%d bytes with status %d: %v, want %q", c.size, c.status, e, c.code)
		}
	}
}

// Ten redirects are followed.
func TestRedirectLimit(t *testing.T) {
	url := serve(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		if n, _ := strconv.Atoi(r.URL.Path[1:]); n > 0 {
			nethttp.Redirect(w, r, fmt.Sprintf("/%d", n-1), nethttp.StatusFound)
		}
	})
	for n, want := range map[int]string{9: "", 10: "", 11: http.CodeTooManyRedirects} {
		e := run(t, http.Options{}, connectors.Settings{"url": url}, "http.get", fmt.Sprintf(`{"path":"/%d"}`, n))
		if code(e) != want || e != nil && !e.Final {
			t.Errorf("%d redirects: %v, want %q", n, e, want)
		}
	}
}

// The policy is asked for each address that is dialled, those of redirects
// included; what it refuses sees no connection.
func TestEgress(t *testing.T) {
	var denied atomic.Int64
	forbidden := serve(t, func(nethttp.ResponseWriter, *nethttp.Request) { denied.Add(1) })
	allowed := serve(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		nethttp.Redirect(w, r, forbidden, nethttp.StatusTemporaryRedirect)
	})
	o := http.Options{Egress: func(_ string, _ bool, to netip.AddrPort) error {
		if to.String() == strings.TrimPrefix(forbidden, "http://") {
			return errors.New("not there")
		}
		return nil
	}}
	for _, c := range []struct {
		url     string
		certain bool
	}{{forbidden, true}, {allowed, false}} {
		e := run(t, o, connectors.Settings{"url": c.url}, "http.post", `{}`)
		if code(e) != http.CodeEgressDenied || !e.Final || e.Certain != c.certain || e.Lost {
			t.Errorf("%s: got %+v, want a final %s", c.url, e, http.CodeEgressDenied)
		}
	}
	if n := denied.Load(); n != 0 {
		t.Errorf("%d requests reached what the policy denies", n)
	}
}

// A certificate is checked against the connection's own authorities, unless
// the environment says that any will do.
func TestTLS(t *testing.T) {
	s := httptest.NewTLSServer(nethttp.HandlerFunc(func(nethttp.ResponseWriter, *nethttp.Request) {}))
	t.Cleanup(s.Close)
	plain := serve(t, func(nethttp.ResponseWriter, *nethttp.Request) {})
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
	for _, c := range []struct {
		name, url string
		tls       map[string]any
		code      string
	}{
		{"nobody's", s.URL, map[string]any{}, http.CodeTLSFailed},
		{"ours", s.URL, map[string]any{"ca": ca}, ""},
		{"ours by name", s.URL, map[string]any{"ca": ca, "serverName": "example.com"}, ""},
		{"ours, another name", s.URL, map[string]any{"ca": ca, "serverName": "other.test"}, http.CodeTLSFailed},
		{"any", s.URL, map[string]any{"insecureSkipVerify": true}, ""},
		{"no TLS there", "https" + strings.TrimPrefix(plain, "http"), map[string]any{}, http.CodeTLSFailed},
	} {
		e := run(t, http.Options{}, connectors.Settings{"url": c.url, "tls": c.tls}, "http.post", `{}`)
		if code(e) != c.code || e != nil && (!e.Final || !e.Certain) {
			t.Errorf("%s: got %+v, want %q, final and certain", c.name, e, c.code)
		}
	}
}

// A redirect from https to http is refused.
func TestRedirectDowngrade(t *testing.T) {
	plain := serve(t, func(nethttp.ResponseWriter, *nethttp.Request) { t.Error("the plain server was asked") })
	s := httptest.NewTLSServer(nethttp.RedirectHandler(plain, nethttp.StatusFound))
	t.Cleanup(s.Close)
	settings := connectors.Settings{"url": s.URL, "tls": map[string]any{"insecureSkipVerify": true}}
	if e := run(t, http.Options{}, settings, "http.get", `{}`); code(e) != http.CodeRedirectRefused {
		t.Errorf("got %v, want %s", e, http.CodeRedirectRefused)
	}
}

// The input's timeout wins over the connection's; a call that ran out of time
// says that its outcome is unknown.
func TestTimeout(t *testing.T) {
	for _, c := range []struct{ connection, input string }{{"SHORT", `{}`}, {"1h", `{"timeout":"SHORT"}`}} {
		arrived := 0
		for short := 50; arrived == 0 && short < 200_000; short *= 4 { // milliseconds, until the machine is fast enough
			set := func(s string) string { return strings.Replace(s, "SHORT", fmt.Sprint(short, "ms"), 1) }
			s := conntest.Serve(t, conntest.Silence)
			e := run(t, http.Options{}, connectors.Settings{"url": s.URL, "timeout": set(c.connection)}, "http.post", set(c.input))
			if arrived = s.Effects(); code(e) != connectors.CodeTimeout || arrived > 0 && !e.Lost || e.Final {
				t.Errorf("%+v: got %+v, want a lost %s", c, e, connectors.CodeTimeout)
			}
		}
		if arrived == 0 {
			t.Errorf("%+v: no request arrives", c)
		}
	}
}

// The rule of repetition follows the method and the connection.
func TestRepeat(t *testing.T) {
	c := http.New(http.Options{})
	keyed := connectors.Settings{"idempotencyHeader": "Idempotency-Key"}
	for _, k := range []struct {
		id, input   string
		plain, with connectors.Repeat
	}{
		{"http.get", `{}`, connectors.Safe, connectors.Safe},
		{"http.head", `{}`, connectors.Safe, connectors.Safe},
		{"http.put", `{"body":{"$sealed":{"secret":"X"}}}`, connectors.Safe, connectors.Safe},
		{"http.delete", `{}`, connectors.Safe, connectors.Safe},
		{"http.post", `{"text":{"$sealed":{"secret":"X"}},"timeout":{"$sealed":{"secret":"X"}}}`, connectors.Never, connectors.Keyed},
		{"http.patch", `{"headers":{"A":{"$sealed":{"secret":"X"}}}}`, connectors.Never, connectors.Keyed},
		{"http.request", `{"method":"POST"}`, connectors.Never, connectors.Keyed},
		{"http.request", `{"method":"OPTIONS"}`, connectors.Safe, connectors.Safe},
		{"http.get", `{"unknown":1}`, connectors.Never, connectors.Never},
	} {
		o := operation(t, c, k.id)
		if got := o.Repeat(nil, json.RawMessage(k.input)); got != k.plain {
			t.Errorf("%s %s without header: %d, want %d", k.id, k.input, got, k.plain)
		}
		if got := o.Repeat(keyed, json.RawMessage(k.input)); got != k.with {
			t.Errorf("%s %s with header: %d, want %d", k.id, k.input, got, k.with)
		}
	}
}

// On a connection that was used before, a request that gets no answer is not
// sent again either.
func TestNoReplay(t *testing.T) {
	for _, k := range []struct{ id, input string }{
		{"http.get", `{}`},
		{"http.head", `{}`},
		{"http.put", `{"body":1}`},
		{"http.delete", `{}`},
		{"http.post", `{"body":1}`},
		{"http.post", `{}`},
		{"http.request", `{"method":"OPTIONS"}`},
	} {
		var requests atomic.Int64
		url := serve(t, func(_ nethttp.ResponseWriter, r *nethttp.Request) {
			if requests.Add(1) > 1 {
				panic(nethttp.ErrAbortHandler)
			}
			if _, ok := r.Header["Transfer-Encoding"]; ok || r.ContentLength < 0 {
				t.Errorf("%s: the body has no length", k.id)
			}
		})
		settings := connectors.Settings{"url": url, "idempotencyHeader": "Idempotency-Key"}
		c := http.New(http.Options{})
		shared, closeShared, err := c.Open(t.Context(), settings)
		if err != nil {
			t.Fatal(err)
		}
		defer closeShared()
		call := connectors.Call{
			Key: "k", Input: json.RawMessage(k.input),
			Conn: connectors.Connection{Name: "c", Settings: settings, Shared: shared},
		}
		if _, err := operation(t, c, k.id).Run(t.Context(), call); err != nil {
			t.Fatal(err)
		}
		_, err = operation(t, c, k.id).Run(t.Context(), call)
		if e := conntest.Honest(t, err); !e.Lost || requests.Load() != 2 {
			t.Errorf("%s %s: %v after %d requests, want a lost answer after 2", k.id, k.input, err, requests.Load())
		}
	}
}
