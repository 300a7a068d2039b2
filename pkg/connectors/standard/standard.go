// Package standard is the set of connectors that the engine comes with.
package standard

import (
	"github.com/keelstep/keelstep/pkg/connectors"
	"github.com/keelstep/keelstep/pkg/connectors/file"
	"github.com/keelstep/keelstep/pkg/connectors/http"
	"github.com/keelstep/keelstep/pkg/connectors/noop"
)

// Options is what the connectors take from the program. The zero value works.
type Options struct {
	HTTP http.Options
}

// New returns a registry of all connectors with their defaults.
func New() *connectors.Registry { return With(Options{}) }

// With returns a registry of all connectors.
func With(o Options) *connectors.Registry {
	return connectors.NewRegistry(
		file.New(),
		http.New(o.HTTP),
		noop.New(),
	)
}
