package egress_test

import (
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/keelstep/keelstep/pkg/egress"
)

var update = flag.Bool("update", false, "rewrite what the cases expect")

// A case has a policy, a line for each entry, and questions: HOST ADDRESS asks
// whether a call may connect, with own in front when the host is that of the
// connection's url; reach HOST PORT asks whether a connection can lead
// anywhere; entry TEXT reads an entry.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			part := map[string]string{}
			for _, f := range a.Files {
				part[f.Name] = string(f.Data)
			}
			p := policy(t, part["policy"])
			var b strings.Builder
			for line := range strings.Lines(part["ask"]) {
				line = strings.TrimRight(line, "\n")
				fmt.Fprintf(&b, "%s\n  %s\n", line, answer(t, p, line))
			}
			if *update {
				a.Files = append(a.Files[:2], txtar.File{Name: "want", Data: []byte(b.String())})
				if err := os.WriteFile(file, txtar.Format(a), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(b.String(), part["want"]); d != "" {
				t.Errorf("got -, want +:\n%s", d)
			}
		})
	}
}

func policy(t *testing.T, text string) *egress.Policy {
	t.Helper()
	var p *egress.Policy
	for line := range strings.Lines(text) {
		if p == nil {
			p = &egress.Policy{}
		}
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch key {
		case "allow", "deny":
			r, err := egress.ParseRule(value)
			if err != nil {
				t.Fatal(err)
			}
			if key == "deny" {
				p.Deny = append(p.Deny, r)
			} else {
				p.Allow = append(p.Allow, r)
			}
		case "nothing":
			p.Allow = []egress.Rule{}
		case "service":
			p.Services = append(p.Services, netip.MustParseAddrPort(value))
		case "listen":
			p.Own = netip.MustParseAddrPort(value)
		case "local":
			p.Local = func(a netip.Addr) bool { return a == netip.MustParseAddr(value) }
		default:
			t.Fatalf("no such entry: %s", line)
		}
	}
	return p
}

func answer(t *testing.T, p *egress.Policy, line string) string {
	t.Helper()
	if text, ok := strings.CutPrefix(line, "entry "); ok {
		return entry(t, strings.NewReplacer("LONG", strings.Repeat("a", 256), "EMPTY", "").Replace(text))
	}
	f := strings.Fields(line)
	var err error
	switch {
	case len(f) == 3 && f[0] == "reach":
		port, bad := strconv.ParseUint(f[2], 10, 16)
		if bad != nil {
			t.Fatal(bad)
		}
		err = p.CanReach(f[1], uint16(port))
	case len(f) == 3 && f[0] == "own":
		err = p.Check(f[1], true, netip.MustParseAddrPort(f[2]))
	case len(f) == 2:
		err = p.Check(f[0], false, netip.MustParseAddrPort(f[1]))
	default:
		t.Fatalf("no such question: %s", line)
	}
	if err != nil {
		return "no: " + err.Error()
	}
	return "yes"
}

func entry(t *testing.T, text string) string {
	t.Helper()
	r, err := egress.ParseRule(text)
	if err == nil {
		return "is " + r.String()
	}
	var s *egress.SyntaxError
	if !errors.As(err, &s) || s.Hint == "" {
		t.Errorf("%q: %v has no hint", text, err)
		return ""
	}
	return strings.ReplaceAll(s.Message+"; "+s.Hint, strings.Repeat("a", 256), "LONG")
}

// TestClassOf goes to the edges of each network.
func TestClassOf(t *testing.T) {
	for class, addresses := range map[egress.Class]string{
		egress.Public:     "1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255 172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 2606:4700::1111 2003:: ::ffff:1.1.1.1",
		egress.Private:    "10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255 fc00:: fdff:ffff::1 ::ffff:10.0.0.1",
		egress.Loopback:   "127.0.0.0 127.255.255.255 ::1 0.0.0.0 :: ::ffff:127.0.0.1 ::ffff:0.0.0.0",
		egress.LinkLocal:  "169.254.0.0 169.254.255.255 fe80::1 febf::1 fe80::1%eth0",
		egress.Metadata:   "169.254.169.254 ::ffff:169.254.169.254 100.100.100.200 168.63.129.16 192.0.0.192 fd00:ec2::254 fd20:ce::254",
		egress.Multicast:  "224.0.0.0 239.255.255.255 ff02::1",
		egress.Translated: "64:ff9b::7f00:1 64:ff9b::101:101 64:ff9b:1::1 2002:7f00:1:: 2001:0:1::1 ::7f00:1 ::ffff:0:7f00:1",
		egress.Reserved:   "0.0.0.1 0.255.255.255 192.0.0.0 192.0.2.1 192.88.99.1 198.18.0.0 198.19.255.255 198.51.100.1 203.0.113.255 240.0.0.0 255.255.255.255 2001:db8::1 2001:20::1 3fff::1 4000::1 fec0::1 100::1 5f00::1",
	} {
		for _, a := range strings.Fields(addresses) {
			if got := egress.ClassOf(netip.MustParseAddr(a)); got != class {
				t.Errorf("ClassOf(%s) = %s, want %s", a, got, class)
			}
		}
	}
}
