package http

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"syscall"

	"golang.org/x/net/idna"
)

// dialer makes the network connections of one connection.
type dialer struct {
	egress func(host string, own bool, to netip.AddrPort) error // nil: all is allowed
	base   *url.URL                                             // nil: the connection has no url
}

// egressError marks an address that the policy refused.
type egressError struct{ err error }

func (e *egressError) Error() string { return e.err.Error() }
func (e *egressError) Unwrap() error { return e.err }

// dial connects to a host and port. The policy sees each address between its
// resolution and the connection, so there is no moment in which another one
// could take its place.
func (d dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	n := net.Dialer{Timeout: dialTimeout}
	if d.egress != nil {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		own := d.base != nil && asDialled(d.base.Hostname()) == asDialled(host) && portOf(d.base) == port
		n.Control = func(_, resolved string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(resolved)
			if err == nil {
				err = d.egress(host, own, to)
			}
			if err != nil {
				return &egressError{err: err}
			}
			return nil
		}
	}
	return n.DialContext(ctx, network, address)
}

// asDialled returns a host as the transport dials it.
func asDialled(host string) string {
	host = strings.ToLower(host)
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		return ascii
	}
	return host
}
