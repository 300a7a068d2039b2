// Package egress decides where calls may lead. A policy is asked for each
// address that a call is about to connect to, after its name was resolved and
// on every redirect, so that neither a name that changes its address nor a
// spelling of one gets by. The package opens no connection.
//
// Without a policy of the operator's, public addresses can be reached, and
// besides them what the operator wrote as the url of a connection. What comes
// from the data of a run or from a redirect leads to public addresses only.
package egress

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Policy says where calls may lead. It is immutable once it is used. The zero
// value, like nil, is that of an operator who says nothing.
type Policy struct {
	// Allow opens what it names and closes everything else; nil: what is
	// public, and connections' own urls.
	Allow []Rule
	// Deny closes what it names, whatever else says.
	Deny []Rule
	// Services is where services run that the engine started itself.
	// Connections reach them by their url, whatever Allow says.
	Services []netip.AddrPort
	// Own is where the engine itself listens. Calls do not get there unless
	// Allow names the port.
	Own netip.AddrPort
	// Local tells whether an address is one of this machine's; nil: those of
	// loopback are.
	Local func(netip.Addr) bool
}

// Check returns nil when a call to host, a name or an address as it was
// written, may connect to to. own tells that host and port are those of the
// connection's url.
func (p *Policy) Check(host string, own bool, to netip.AddrPort) error {
	if p == nil {
		p = &Policy{}
	}
	host = canonical(host)
	to = netip.AddrPortFrom(plain(to.Addr()), to.Port())
	for _, r := range p.Deny {
		if r.names(host, to.Port()) || r.holds(to) {
			return fmt.Errorf("%s is closed by egress.deny: %s", shown(host, to), r)
		}
	}
	if p.isOwn(to) && !slices.ContainsFunc(p.Allow, func(r Rule) bool { return r.port != 0 && (r.names(host, to.Port()) || r.holds(to)) }) {
		return fmt.Errorf("%s is where the engine itself listens; name the port in egress.allow to open it", shown(host, to))
	}
	if own && slices.Contains(p.Services, to) {
		return nil
	}
	if p.Allow == nil {
		return byDefault(host, own, to)
	}
	return p.allowed(host, to)
}

// byDefault is the policy of an operator who says nothing.
func byDefault(host string, own bool, to netip.AddrPort) error {
	class := ClassOf(to.Addr())
	if class == Public || own && trusted(host, to.Addr()) {
		return nil
	}
	return fmt.Errorf("%s is %s; to open it, write the address under egress.allow of the environment, beside public", shown(host, to), class)
}

// allowed is the policy of a list.
func (p *Policy) allowed(host string, to netip.AddrPort) error {
	named := false
	for _, r := range p.Allow {
		if r.holds(to) {
			return nil
		}
		if r.names(host, to.Port()) {
			if named = true; trusted(host, to.Addr()) {
				return nil
			}
		}
	}
	if named {
		return fmt.Errorf("%s is %s, and egress.allow has its name, not the address", shown(host, to), ClassOf(to.Addr()))
	}
	return fmt.Errorf("%s is not in egress.allow", shown(host, to))
}

// trusted tells whether a host that the operator wrote may stand for an
// address. An address stands for itself, localhost for this machine, any other
// name for what is public or private: a name's owner decides what it resolves
// to, and may not point it at this machine or at a cloud's metadata.
func trusted(host string, a netip.Addr) bool {
	if literal, err := netip.ParseAddr(host); err == nil {
		return plain(literal) == a
	}
	switch ClassOf(a) {
	case Public, Private:
		return true
	case Loopback:
		return isLocalhost(host)
	default:
		return false
	}
}

func isLocalhost(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// isOwn tells whether the engine itself listens there.
func (p *Policy) isOwn(to netip.AddrPort) bool {
	if !p.Own.IsValid() || p.Own.Port() != to.Port() {
		return false
	}
	own := plain(p.Own.Addr())
	local := ClassOf(to.Addr()) == Loopback || p.Local != nil && p.Local(to.Addr())
	return own == to.Addr() || local && (own.IsUnspecified() || to.Addr().IsUnspecified())
}

func shown(host string, to netip.AddrPort) string {
	if _, err := netip.ParseAddr(host); err == nil {
		return to.String()
	}
	return fmt.Sprintf("%s (%s)", host, to)
}

// localhost is what the name localhost can stand for.
var localhost = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}

// CanReach returns nil when a connection whose url names this host and port
// may lead somewhere, before any name is resolved.
func (p *Policy) CanReach(host string, port uint16) error {
	if p == nil {
		return nil
	}
	host = canonical(host)
	if a, err := netip.ParseAddr(host); err == nil {
		return p.Check(host, true, netip.AddrPortFrom(a, port))
	}
	for _, r := range p.Deny {
		if r.names(host, port) {
			return fmt.Errorf("egress.deny closes it: %s", r)
		}
	}
	if isLocalhost(host) {
		var errs []error
		for _, a := range localhost {
			if err := p.Check(host, true, netip.AddrPortFrom(a, port)); err != nil {
				errs = append(errs, err)
			}
		}
		if len(errs) < len(localhost) {
			return nil
		}
		return errs[0]
	}
	if p.Allow == nil || slices.ContainsFunc(p.Allow, func(r Rule) bool {
		return r.names(host, port) || r.name == "" && (r.port == 0 || r.port == port)
	}) {
		return nil
	}
	return errors.New("egress.allow does not have it")
}
