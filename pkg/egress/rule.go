package egress

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// Rule is one entry of a list: a network or an address, a name, all names
// below one, or everything public; with a port or for all ports.
type Rule struct {
	text   string
	public bool
	net    netip.Prefix // valid: the rule is about addresses
	name   string       // lower case; the domain where below is set
	below  bool         // *.name
	port   uint16       // 0: any
}

// String returns the entry as it was written.
func (r Rule) String() string { return r.text }

// wordPublic is the entry that stands for all public addresses.
const wordPublic = "public"

// A SyntaxError is an entry that is no rule. Hint says what to write instead.
type SyntaxError struct{ Message, Hint string }

// Error returns the message.
func (e *SyntaxError) Error() string { return e.Message }

func wrong(hint, format string, args ...any) error {
	return &SyntaxError{Message: fmt.Sprintf(format, args...), Hint: hint}
}

// forms is what an entry can look like.
const forms = "write public, a host, host:port, *.domain, an address or a network such as 10.0.0.0/8"

// maxEntry bounds the length of an entry.
const maxEntry = 255

// ParseRule reads an entry. The error is a *SyntaxError.
func ParseRule(text string) (Rule, error) {
	r := Rule{text: text}
	switch rest, isURL := afterScheme(text); {
	case text == "":
		return r, wrong(forms, "the entry is empty")
	case len(text) > maxEntry:
		return r, wrong(forms, "the entry has %d characters, more than %d", len(text), maxEntry)
	case text == wordPublic:
		r.public = true
		return r, nil
	case text == "*" || text == "*.*" || text == "0.0.0.0/0" || text == "::/0":
		return r.everything()
	case isURL:
		return r, wrong(fmt.Sprintf("write %q", rest), "%q is an address of the web, not a host", text)
	case strings.ContainsRune(text, '/'):
		return r.network()
	}
	return r.endpoint()
}

// everything reads an entry that means every address. The words for it are
// those of the two families.
func (r Rule) everything() (Rule, error) {
	if strings.Contains(r.text, "*") {
		return r, wrong(`write "public" for all public addresses; networks such as 0.0.0.0/0 take in private ones and this machine`, "%q is no domain", r.text)
	}
	r.net = netip.MustParsePrefix(r.text)
	return r, nil
}

// afterScheme returns the host and port of a whole address.
func afterScheme(text string) (host string, ok bool) {
	_, rest, ok := strings.Cut(text, "://")
	host, _, _ = strings.Cut(rest, "/")
	return host, ok
}

func (r Rule) network() (Rule, error) {
	p, err := netip.ParsePrefix(r.text)
	host, _, _ := strings.Cut(r.text, "/")
	switch {
	case err != nil && hostname.MatchString(host) && !numeric.MatchString(host):
		return r, wrong(fmt.Sprintf("write %q", host), "%q is a host with a path", r.text)
	case err != nil:
		return r, wrong("write it as 10.0.0.0/8 or fd00::/8", "%q is not a network", r.text)
	case p.Addr().Is4In6():
		return r, wrong("write the network of IPv4 addresses", "%q is a network of mapped addresses", r.text)
	case p != p.Masked():
		return r, wrong(fmt.Sprintf("write %q, or %q for the one address", p.Masked(), p.Addr()), "%q has bits of a host in it", r.text)
	}
	r.net = p
	return r, nil
}

var (
	hostname = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$`)
	numeric  = regexp.MustCompile(`^[0-9.]+$`)
)

// endpoint reads a host or an address, with or without a port.
func (r Rule) endpoint() (Rule, error) {
	if a, err := netip.ParseAddr(strings.Trim(r.text, "[]")); err == nil {
		return r.address(a)
	}
	host, port := r.text, ""
	if i := strings.LastIndexByte(r.text, ':'); i >= 0 {
		host, port = r.text[:i], r.text[i+1:]
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return r, wrong("ports are numbers from 1 to 65535", "%q has the port %q, which does not exist", r.text, port)
		}
		r.port = uint16(n)
	}
	if a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")); err == nil {
		return r.address(a)
	}
	return r.named(canonical(host))
}

func (r Rule) address(a netip.Addr) (Rule, error) {
	if a.Zone() != "" {
		return r, wrong("leave the zone out", "%q names a zone", r.text)
	}
	a = a.Unmap()
	r.net = netip.PrefixFrom(a, a.BitLen())
	return r, nil
}

func (r Rule) named(host string) (Rule, error) {
	r.name = host
	if rest, ok := strings.CutPrefix(host, "*."); ok {
		r.name, r.below = rest, true
	}
	switch {
	case strings.Contains(r.name, "*"):
		return r, wrong("a * stands alone in front, as in *.example.com", "%q has a * that stands for nothing", r.text)
	case numeric.MatchString(r.name):
		return r, wrong("write all four numbers of the address", "%q is not an address", r.text)
	case strings.ContainsFunc(r.name, func(c rune) bool { return c >= 0x80 }):
		return r, wrong("write the name in its ASCII form, such as xn--bcher-kva.example", "%q has letters that are not ASCII", r.text)
	case !hostname.MatchString(r.name):
		return r, wrong(forms, "%q is not a host", r.text)
	}
	return r, nil
}

// canonical returns a host's name in the form in which names are compared.
func canonical(host string) string { return strings.ToLower(strings.TrimSuffix(host, ".")) }

// names tells whether the rule is about names and takes this one in.
func (r Rule) names(host string, port uint16) bool {
	switch {
	case r.name == "" || r.port != 0 && r.port != port:
		return false
	case r.below:
		return strings.HasSuffix(host, "."+r.name)
	}
	return host == r.name
}

// holds tells whether the rule is about addresses and takes this one in.
func (r Rule) holds(to netip.AddrPort) bool {
	switch {
	case r.port != 0 && r.port != to.Port():
		return false
	case r.public:
		return ClassOf(to.Addr()) == Public
	}
	return r.net.IsValid() && r.net.Contains(plain(to.Addr()))
}
