package gateway

import (
	"crypto/elliptic"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/keelstep/keelstep/pkg/egress"
)

// The keys of an issuer are fetched only from where egress lets calls go,
// those that the issuer names included: what is closed is not connected to.
func TestTokenKeysAskEgress(t *testing.T) {
	s := ecSigner(t, elliptic.P256())
	for _, c := range []struct {
		name    string
		allow   string // entries of the environment, PORT and KEYS are those of the servers; empty: it has none
		path    string // of the keys; empty: the issuer names them
		asked   int    // how often the issuer's server is
		keys    int    // how often the other one is
		refused string // what the log says
	}{
		{"by default", "", "/keys", 0, 0, "127.0.0.1:PORT is a loopback address"},
		{"by default, found at the issuer", "", "", 0, 0, "127.0.0.1:PORT is a loopback address"},
		{"closed", "public", "/keys", 0, 0, "127.0.0.1:PORT is not in egress.allow"},
		{"open", "127.0.0.1:PORT", "/keys", 1, 0, ""},
		{"the issuer alone is open", "127.0.0.1:PORT", "", 1, 0, "127.0.0.1:KEYS is not in egress.allow"},
		{"both are open", "127.0.0.1:PORT 127.0.0.1:KEYS", "", 1, 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			keys, keysAt, keysAsked := served(t, map[string]string{"/set": set(s)})
			pages := map[string]string{"/keys": set(s)}
			_, at, asked := served(t, pages)
			pages["/.well-known/openid-configuration"] = fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, "http://"+at, keys+"/set")
			ports := strings.NewReplacer("PORT", port(at), "KEYS", port(keysAt))
			p := &egress.Policy{}
			for _, text := range strings.Fields(ports.Replace(c.allow)) {
				r, err := egress.ParseRule(text)
				if err != nil {
					t.Fatal(err)
				}
				p.Allow = append(p.Allow, r)
			}
			var hosts []string
			tokens := newTokens(nil, func(host string, to netip.AddrPort) error {
				hosts = append(hosts, host)
				return p.Check(host, false, to)
			})
			a := *jwtAuth
			if a.Issuer, a.JWKS = "http://"+at, ""; c.path != "" {
				a.JWKS = a.Issuer + c.path
			}
			claims := goodClaims()
			claims["iss"] = a.Issuer
			_, err := tokens.check(t.Context(), &a, s.token(t, map[string]any{"alg": "ES256"}, claims), jwtNow)
			want := ports.Replace(c.refused)
			if want == "" && err != nil || want != "" && (err == nil || errors.Is(err, ErrDenied) || !strings.Contains(err.Error(), want)) {
				t.Errorf("%v, want %q", err, want)
			}
			if n, k := asked.Load(), keysAsked.Load(); int(n) != c.asked || int(k) != c.keys {
				t.Errorf("the issuer was connected to %d times, the server of its keys %d times, want %d and %d", n, k, c.asked, c.keys)
			}
			for _, h := range hosts {
				if h != "127.0.0.1" {
					t.Errorf("egress was asked for %q", h)
				}
			}
		})
	}
}

// served answers with pages by path, and counts the connections.
func served(t *testing.T, pages map[string]string) (address, at string, connections *atomic.Int32) {
	t.Helper()
	connections = &atomic.Int32{}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if pages[r.URL.Path] == "" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = w.Write([]byte(pages[r.URL.Path]))
	}))
	s.Listener = counting{s.Listener, connections}
	s.Start()
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return s.URL, u.Host, connections
}

// counting counts what it accepts.
type counting struct {
	net.Listener
	n *atomic.Int32
}

func (c counting) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.n.Add(1)
	}
	return conn, err
}

func port(at string) string { return fmt.Sprint(netip.MustParseAddrPort(at).Port()) }
