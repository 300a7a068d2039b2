package http_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	nethttp "net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/keelstep/keelstep/pkg/connectors"
	"github.com/keelstep/keelstep/pkg/connectors/http"
	"github.com/keelstep/keelstep/pkg/egress"
)

// canary listens on every loopback address and counts connections.
type canary struct {
	port  string
	calls atomic.Int64
}

func newCanary(t *testing.T) *canary {
	t.Helper()
	c := new(canary)
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	_, c.port, _ = net.SplitHostPort(l.Addr().String())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.calls.Add(1)
			conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-ended })
	return c
}

// Whatever way an address is spelt in that data brings, nothing inside is
// reached: the call fails for good and certainly did nothing.
func TestEgressDenied(t *testing.T) {
	c := newCanary(t)
	resolveBy(t, nil)
	f, err := os.Open("testdata/egress/denied.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	refused := []string{http.CodeEgressDenied, connectors.CodeInvalidInput, http.CodeConnectionFailed}
	n, denied := 0, 0
	for s := bufio.NewScanner(f); s.Scan(); n++ {
		url := strings.ReplaceAll(s.Text(), "$PORT", c.port)
		input, err := json.Marshal(map[string]string{"url": url, "timeout": "2m"})
		if err != nil {
			t.Fatal(err)
		}
		e := run(t, http.Options{Egress: (*egress.Policy)(nil).Check}, connectors.Settings{}, "http.post", string(input))
		if !slices.Contains(refused, code(e)) || !e.Certain || e.Lost {
			t.Errorf("%s: %+v", url, e)
			continue
		}
		if e.Code == http.CodeEgressDenied {
			if denied++; !e.Final {
				t.Errorf("%s: %v may be tried again", url, e)
			}
		}
	}
	if got := c.calls.Load(); got != 0 || n < 50 || denied < 40 {
		t.Errorf("of %d addresses %d were denied by the policy, and the canary saw %d connections", n, denied, got)
	}
}

// A name server that gives a public address first and this machine after that
// gains nothing: what is connected to is what was looked at.
func TestEgressRebinding(t *testing.T) {
	c := newCanary(t)
	answers := [][]string{{"93.184.216.34"}, {"127.0.0.1"}, {"127.0.0.1", "93.184.216.34"}, {"10.1.2.3"}}
	resolveBy(t, answers)
	for i, want := range [][]string{{"public"}, {"loopback"}, {"loopback", "public"}, {"private"}} {
		var mu sync.Mutex
		var got []string
		o := http.Options{Egress: func(host string, own bool, to netip.AddrPort) error {
			mu.Lock()
			defer mu.Unlock()
			if err := (*egress.Policy)(nil).Check(host, own, to); err != nil {
				got = append(got, strings.Fields(egress.ClassOf(to.Addr()).String())[1])
				return err
			}
			got = append(got, "public")
			return errors.New("the test goes no further")
		}}
		e := run(t, o, connectors.Settings{}, "http.get", `{"url":"http://rebind.test:`+c.port+`/"}`)
		slices.Sort(got)
		if code(e) != http.CodeEgressDenied || !slices.Equal(slices.Compact(got), want) {
			t.Errorf("answer %v: %v after looking at %v, want %v", answers[i], e, got, want)
		}
	}
	if n := c.calls.Load(); n != 0 {
		t.Errorf("the canary saw %d connections", n)
	}
}

// resolveBy has names resolved by a server of our own that gives one answer
// for each lookup.
func resolveBy(t *testing.T, answers [][]string) {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		buf := make([]byte, 1500)
		for asked := 0; ; {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			m.Response, m.Additionals = true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA && asked < len(answers) {
				for _, a := range answers[asked] {
					m.Answers = append(m.Answers, dnsmessage.Resource{
						Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
						Body:   &dnsmessage.AResource{A: netip.MustParseAddr(a).As4()},
					})
				}
				asked++
			}
			if out, err := m.Pack(); err == nil {
				pc.WriteTo(out, from)
			}
		}
	}()
	had := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", pc.LocalAddr().String())
	}}
	t.Cleanup(func() {
		net.DefaultResolver = had
		pc.Close()
		<-ended
	})
}

// A connection's own url is reached, and only its host and port; a redirect
// from there, or an address in the input, is not. An entry of the list opens
// one port.
func TestEgressOwn(t *testing.T) {
	c := newCanary(t)
	inside := "http://127.0.0.1:" + c.port
	own := serve(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		if r.URL.Path == "/away" {
			nethttp.Redirect(w, r, inside, nethttp.StatusFound)
		}
	})
	entry, err := egress.ParseRule(strings.TrimPrefix(own, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	listed := &egress.Policy{Allow: []egress.Rule{entry}}
	for _, k := range []struct {
		name, url, input string
		policy           *egress.Policy
		denied, certain  bool
	}{
		{"own", own, `{"path":"/"}`, nil, false, false},
		{"own by url", own, `{"url":"` + own + `/x"}`, nil, false, false},
		{"redirect", own, `{"path":"/away"}`, nil, true, false},
		{"another port", own, `{"url":"` + inside + `"}`, nil, true, true},
		{"no url", "", `{"url":"` + own + `"}`, nil, true, true},
		{"listed", "", `{"url":"` + own + `"}`, listed, false, false},
		{"listed, another port", "", `{"url":"` + inside + `"}`, listed, true, true},
		{"own, not listed", inside, `{"path":"/"}`, listed, true, true},
		{"listed, redirect", own, `{"path":"/away"}`, listed, true, false},
	} {
		settings := connectors.Settings{}
		if k.url != "" {
			settings["url"] = k.url
		}
		e := run(t, http.Options{Egress: k.policy.Check}, settings, "http.get", k.input)
		if (code(e) == http.CodeEgressDenied) != k.denied || !k.denied && e != nil || k.denied && (!e.Final || e.Lost || e.Certain != k.certain) {
			t.Errorf("%s: got %+v, denied %t", k.name, e, k.denied)
		}
	}
	if n := c.calls.Load(); n != 0 {
		t.Errorf("the canary saw %d connections", n)
	}
}
