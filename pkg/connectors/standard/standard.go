// Package standard is the set of connectors that the engine comes with.
package standard

import (
	"net/netip"

	"github.com/keelstep/keelstep/pkg/connectors"
	"github.com/keelstep/keelstep/pkg/connectors/file"
	"github.com/keelstep/keelstep/pkg/connectors/http"
	"github.com/keelstep/keelstep/pkg/connectors/noop"
)

// Options is what the connectors take from the program. The zero value works.
type Options struct {
	HTTP http.Options
	// Egress is asked for each address before anything connects to it, see
	// http.Options.Egress. Nil allows all.
	Egress func(host string, own bool, to netip.AddrPort) error
}

// New returns a registry of all connectors with their defaults.
func New() *connectors.Registry { return With(Options{}) }

// With returns a registry of all connectors.
func With(o Options) *connectors.Registry {
	if o.HTTP.Egress == nil {
		o.HTTP.Egress = o.Egress
	}
	return connectors.NewRegistry(
		file.New(),
		http.New(o.HTTP),
		noop.New(),
	)
}
