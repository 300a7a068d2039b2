package egress

import "net/netip"

// Class is what kind of place an address is.
type Class uint8

// The classes of addresses. Everything that is not Public is closed unless the
// policy opens it.
const (
	Public     Class = iota // reachable from everywhere
	Private                 // a network of one's own, a carrier's included
	Loopback                // this machine
	LinkLocal               // the wire that this machine is on
	Metadata                // where clouds tell a machine its own credentials
	Multicast               // many receivers at once
	Translated              // an IPv4 address in the clothes of an IPv6 one
	Reserved                // for documents, measurements and later
)

var classNames = [...]string{
	Public: "a public address", Private: "a private address", Loopback: "a loopback address",
	LinkLocal: "a link-local address", Metadata: "a metadata address of a cloud", Multicast: "a multicast address",
	Translated: "an IPv4 address translated to IPv6", Reserved: "a reserved address",
}

// String returns the class as messages say it.
func (c Class) String() string { return classNames[c] }

// special is the networks that are not public, as the registries of special
// addresses have them (RFC 6890 and later). The first that fits counts.
var special = []struct {
	class Class
	nets  []netip.Prefix
}{
	{Metadata, prefixes(
		"169.254.169.254/32", "169.254.170.2/32", "169.254.170.23/32", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32",
		"fd00:ec2::254/128", "fd00:ec2::23/128", "fd20:ce::254/128",
	)},
	{Private, prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")},
	{Loopback, prefixes("127.0.0.0/8", "::1/128", "0.0.0.0/32", "::/128")}, // the unspecified address connects to this machine
	{LinkLocal, prefixes("169.254.0.0/16", "fe80::/10")},
	{Multicast, prefixes("224.0.0.0/4", "ff00::/8")},
	{Translated, prefixes("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96", "::ffff:0:0:0/96")},
	{Reserved, prefixes(
		"0.0.0.0/8", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"2001::/23", "2001:db8::/32", "3fff::/20",
	)},
}

// unicast is what of IPv6 is given out as public addresses.
var unicast = netip.MustParsePrefix("2000::/3")

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, s := range texts {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// ClassOf returns the class of an address. An IPv4 address that is mapped into
// IPv6 is what it is without.
func ClassOf(a netip.Addr) Class {
	a = plain(a)
	for _, s := range special {
		for _, n := range s.nets {
			if n.Contains(a) {
				return s.class
			}
		}
	}
	if a.Is6() && !unicast.Contains(a) {
		return Reserved
	}
	return Public
}

// plain returns an address without zone and mapping, so that networks can
// contain it.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
