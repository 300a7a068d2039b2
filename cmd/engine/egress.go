package main

import (
	"net"
	"net/netip"
	"strings"

	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/egress"
)

// egressOf returns where calls may lead: what the environment says, besides
// the services that this program started, and never to itself.
func egressOf(env *config.Environment, services map[string]string, listen net.Addr) *egress.Policy {
	p := &egress.Policy{Local: isOfThisMachine}
	if env != nil && env.Egress != nil {
		p.Allow, p.Deny = env.Egress.Allow, env.Egress.Deny
	}
	for _, url := range services {
		if at, err := netip.ParseAddrPort(strings.TrimPrefix(url, "http://")); err == nil {
			p.Services = append(p.Services, at)
		}
	}
	if listen != nil {
		p.Own, _ = netip.ParseAddrPort(listen.String()) // a TCP address
	}
	return p
}

// keysEgress says which addresses the keys of triggers' issuers may be fetched
// from. A definition names them, not the operator, so none is the engine's own.
func keysEgress(p *egress.Policy) func(host string, to netip.AddrPort) error {
	return func(host string, to netip.AddrPort) error { return p.Check(host, false, to) }
}

// isOfThisMachine tells whether a network interface has the address.
func isOfThisMachine(a netip.Addr) bool {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, x := range all {
		if p, err := netip.ParsePrefix(x.String()); err == nil && p.Addr().Unmap() == a {
			return true
		}
	}
	return false
}
