package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/keelstep/keelstep/pkg/graph"
)

// The bounds of looking for the keys of an issuer.
const (
	fetchTimeout = 5 * time.Second
	maxKeySet    = 1 << 20          // bytes of an answer
	maxKeys      = 100              // of an issuer
	keysFresh    = 15 * time.Minute // how long keys are taken as they are
	keysStale    = 24 * time.Hour   // how long they are when there are no newer ones to be had
	keysAgain    = 10 * time.Second // how soon they are looked for again, for a key that is not among them
	maxIssuers   = 1000
)

// tokens checks tokens with the keys of their issuers, which it keeps for a
// while.
type tokens struct {
	http *http.Client
	mu   sync.Mutex
	sets map[string]*keySet // by where they come from
}

// keySet is the keys of one issuer.
type keySet struct {
	fetching sync.Mutex // held while they are fetched

	mu    sync.Mutex
	keys  []publicKey
	at    time.Time // when they came
	tried time.Time
	err   error // of the last try
}

// state returns the keys, nil when there are none to be used, and whether they
// are to be fetched for a token that names id.
func (s *keySet) state(id string, now time.Time) (keys []publicKey, fetch bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := id == "" || slices.ContainsFunc(s.keys, func(k publicKey) bool { return k.id == id || k.id == "" })
	fetch = (!known || now.Sub(s.at) >= keysFresh) && (s.tried.IsZero() || now.Sub(s.tried) >= keysAgain)
	if !s.at.IsZero() && now.Sub(s.at) < keysStale {
		keys = s.keys
	}
	return keys, fetch
}

func (s *keySet) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// update fetches the keys.
func (s *keySet) update(now time.Time, fetch func() ([]publicKey, error)) {
	keys, err := fetch()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tried, s.err = now, err; err == nil {
		s.keys, s.at = keys, now
	}
}

func newTokens(c *http.Client, egress func(host string, to netip.AddrPort) error) *tokens {
	if c == nil {
		c = &http.Client{
			Transport: &http.Transport{
				Proxy: nil, DialContext: dialer(egress).dial, TLSHandshakeTimeout: fetchTimeout, MaxResponseHeaderBytes: 64 << 10,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return errRedirected },
		}
	}
	return &tokens{http: c, sets: map[string]*keySet{}}
}

// dialer connects to addresses that a policy was asked about; nil: to all.
type dialer func(host string, to netip.AddrPort) error

// dial has the policy see each address between its resolution and the
// connection, so there is no moment in which another one could take its place.
func (d dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	n := net.Dialer{Timeout: fetchTimeout}
	if d != nil {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		n.Control = func(_, resolved string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(resolved)
			if err != nil {
				return err
			}
			return d(host, to)
		}
	}
	return n.DialContext(ctx, network, address)
}

var errRedirected = errors.New("the address redirects; name the one that it leads to")

// keys returns the keys that may have signed a token. They are fetched when
// they are old, and when none of them has its name; who can do with those that
// are there does not wait for others who fetch.
func (t *tokens) keys(ctx context.Context, a *graph.JWTAuth, id string, now time.Time) ([]publicKey, error) {
	s, err := t.set(a)
	if err != nil {
		return nil, err
	}
	keys, fetch := s.state(id, now)
	if fetch {
		if keys == nil {
			s.fetching.Lock()
		} else if !s.fetching.TryLock() {
			return keys, nil
		}
		defer s.fetching.Unlock()
		if keys, fetch = s.state(id, now); fetch {
			// One who goes away must not spoil it for the others.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
			defer cancel()
			s.update(now, func() ([]publicKey, error) { return t.fetch(ctx, a) })
			keys, _ = s.state(id, now)
		}
	}
	if keys == nil {
		return nil, fmt.Errorf("the keys of %s: %w", a.Issuer, s.failure())
	}
	return keys, nil
}

func (t *tokens) set(a *graph.JWTAuth) (*keySet, error) {
	name := a.Issuer + " " + a.JWKS
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.sets[name]
	if s == nil {
		if len(t.sets) >= maxIssuers {
			return nil, fmt.Errorf("%d issuers are known, no more are", maxIssuers)
		}
		s = &keySet{}
		t.sets[name] = s
	}
	return s, nil
}

// fetch asks an issuer for its keys; where they are it says itself, unless the
// trigger does.
func (t *tokens) fetch(ctx context.Context, a *graph.JWTAuth) ([]publicKey, error) {
	where := a.JWKS
	if where == "" {
		var about struct {
			Issuer string `json:"issuer"`
			Keys   string `json:"jwks_uri"`
		}
		if err := t.get(ctx, strings.TrimSuffix(a.Issuer, "/")+"/.well-known/openid-configuration", &about); err != nil {
			return nil, err
		}
		switch {
		case about.Issuer != a.Issuer:
			return nil, fmt.Errorf("the address is that of issuer %q", about.Issuer)
		case !strings.HasPrefix(about.Keys, "https://") && !plainHTTP(a.Issuer, about.Keys):
			return nil, errors.New("it does not say where its keys are, or not at an https address")
		}
		where = about.Keys
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := t.get(ctx, where, &set); err != nil {
		return nil, err
	}
	var keys []publicKey
	for _, raw := range set.Keys[:min(len(set.Keys), maxKeys)] {
		if k, err := parseKey(raw); err == nil { // what we do not know is for others
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("there are no keys that signatures could be checked with")
	}
	return keys, nil
}

// plainHTTP tells whether an issuer without encryption names keys without it.
func plainHTTP(issuer, keys string) bool {
	return strings.HasPrefix(issuer, "http://") && strings.HasPrefix(keys, "http://")
}

// get reads the JSON at an address.
func (t *tokens) get(ctx context.Context, address string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	r.Header.Set("Accept", "application/json")
	answer, err := t.http.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", address, answer.Status)
	}
	b, err := io.ReadAll(io.LimitReader(answer.Body, maxKeySet+1))
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", address, err)
	case len(b) > maxKeySet:
		return fmt.Errorf("%s answers more than %d bytes", address, maxKeySet)
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	return nil
}

var errKey = errors.New("no key that is known here")

// parseKey reads a key of a JSON Web Key Set.
func parseKey(raw json.RawMessage) (publicKey, error) {
	var j jose.JSONWebKey
	if err := json.Unmarshal(raw, &j); err != nil {
		return publicKey{}, errKey
	}
	return publicKeyOf(&j)
}
