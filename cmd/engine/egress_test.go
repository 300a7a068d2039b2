package main

import (
	"net"
	"net/netip"
	"testing"

	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/egress"
)

// A server's calls do not lead to itself, and get to the services that it
// started whatever the environment allows.
func TestEgressOf(t *testing.T) {
	entry, err := egress.ParseRule("127.0.0.1:7000")
	if err != nil {
		t.Fatal(err)
	}
	env := &config.Environment{Egress: &egress.Policy{Allow: []egress.Rule{entry}}}
	services := map[string]string{"shop": "http://127.0.0.1:5000"}
	listen := &net.TCPAddr{IP: net.IPv4zero, Port: 8080}
	for _, c := range []struct {
		env     *config.Environment
		own     bool
		to      string
		refused bool
	}{
		{nil, true, "127.0.0.1:8080", true},
		{nil, true, "127.0.0.1:8081", false},
		{nil, false, "127.0.0.1:8081", true},
		{nil, true, "127.0.0.1:5000", false},
		{env, true, "127.0.0.1:5000", false},
		{env, false, "127.0.0.1:5000", true},
		{env, false, "127.0.0.1:7000", false},
		{env, true, "127.0.0.1:8081", true},
	} {
		to := netip.MustParseAddrPort(c.to)
		err := egressOf(c.env, services, listen).Check(to.Addr().String(), c.own, to)
		if (err != nil) != c.refused {
			t.Errorf("to %s, own %t: %v, refused %t", c.to, c.own, err, c.refused)
		}
		keys := keysEgress(egressOf(c.env, services, listen))(to.Addr().String(), to)
		if !c.own && (keys != nil) != c.refused {
			t.Errorf("keys at %s: %v, refused %t", c.to, keys, c.refused)
		}
	}
}
