package api

import (
	"net/netip"
	"sync"
	"time"
)

// How often an address may show a wrong key: so many at once, and one more each
// interval. The right key is always taken.
const (
	maxFailures     = 20
	failureInterval = time.Second
	maxAddresses    = 10_000
)

// failures counts wrong keys by the address that they came from.
type failures struct {
	mu    sync.Mutex
	until map[netip.Addr]time.Time // when all is forgotten
}

// add counts a wrong key. It returns how long the address has to wait before
// the next one is looked at; 0: it need not.
func (f *failures) add(remote string, now time.Time) (wait time.Duration) {
	at := addressOf(remote)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.until == nil {
		f.until = map[netip.Addr]time.Time{}
	}
	until := f.until[at]
	if until.Before(now) {
		until = now
	}
	if until = until.Add(failureInterval); until.Sub(now) > maxFailures*failureInterval {
		return until.Sub(now) - maxFailures*failureInterval
	}
	if len(f.until) >= maxAddresses {
		f.sweep(now)
	}
	f.until[at] = until
	return 0
}

// sweep forgets the addresses that have behaved, and all when none has: who has
// that many of them is not stopped by counting.
func (f *failures) sweep(now time.Time) {
	for a, until := range f.until {
		if !until.After(now) {
			delete(f.until, a)
		}
	}
	if len(f.until) >= maxAddresses {
		clear(f.until)
	}
}

// addressOf returns the address of a client without its port; of one with an
// IPv6 address the network, which belongs to one customer.
func addressOf(remote string) netip.Addr {
	p, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	a := p.Addr().Unmap().WithZone("")
	if a.Is6() {
		n, _ := a.Prefix(64) // 64 is always valid
		return n.Addr()
	}
	return a
}
