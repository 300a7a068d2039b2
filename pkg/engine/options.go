package engine

import (
	"log/slog"
	"time"

	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/connectors"
	"github.com/keelstep/keelstep/pkg/eventlog"
)

// Options says what an engine works with. Store and Registry are needed; the
// zero value of every other field means its default.
type Options struct {
	// Store is where everything is kept. The engine does not close it.
	Store eventlog.Store
	// Registry is the connectors that workflows may call.
	Registry *connectors.Registry
	// Env is what connections, parameters and secrets are bound to; nil: none.
	Env *config.Environment
	// Services is the base URL of each service that connection settings name
	// as service://NAME.
	Services map[string]string
	// Clock is the time; nil: the machine's.
	Clock Clock
	// Logger is told what an operator wants to know; nil: nobody is.
	Logger *slog.Logger

	// LinkKey signs the links with which tasks can be answered; nil: there are
	// no links.
	LinkKey []byte
	// PublicURL is what links begin with, such as https://flows.example;
	// empty: links are paths.
	PublicURL string

	// Keeping says what the engine drops by itself; nil: nothing.
	Keeping *Keeping
	// Room asks how many bytes are left on the store's disk; nil: nobody knows,
	// and starts are refused when a write fails.
	Room func() (free int64, err error)
	// MinRoom is with how little room new starts are refused, so that the runs
	// under way can go on; 0: 64 MiB. Negative: none is kept free.
	MinRoom int64

	// Still opens the engine to look: nothing is taken up, no timer is set, a
	// start or a deployment returns ErrStopping. Signals and cancels are
	// recorded; runs take them when they go on.
	Still bool

	// Parallel is how many calls run at once; 0: 256.
	Parallel int
	// IdleAfter is how long a run that waits stays in memory; 0: 5 s.
	IdleAfter time.Duration
	// MaxIdle is how many runs that wait stay in memory; 0: 10,000. Negative:
	// none.
	MaxIdle int
	// MaxEvents is how many events a run may have behind the state that it
	// carried last before it is stuck; 0: 1,000,000.
	MaxEvents uint64
	// CarryAfter is after how many events a run records its whole state, so
	// that reading it begins there; 0: 10,000.
	CarryAfter uint64
	// KeepEvents is how many events a run that carries its state keeps at
	// least. Those before them are dropped, so that one which lives for a year
	// does not grow without bound; 0: 100,000.
	KeepEvents uint64
	// Loading is how many runs are read from the log at once; 0: 32.
	Loading int
}

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = SystemClock()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Parallel <= 0 {
		o.Parallel = 256
	}
	if o.IdleAfter <= 0 {
		o.IdleAfter = 5 * time.Second
	}
	switch {
	case o.MaxIdle == 0:
		o.MaxIdle = 10_000
	case o.MaxIdle < 0:
		o.MaxIdle = 0
	}
	if o.MaxEvents == 0 {
		o.MaxEvents = 1_000_000
	}
	if o.CarryAfter == 0 {
		o.CarryAfter = 10_000
	}
	if o.KeepEvents == 0 {
		o.KeepEvents = 100_000
	}
	if o.Loading <= 0 {
		o.Loading = 32
	}
	if o.MinRoom == 0 {
		o.MinRoom = 64 << 20
	}
	return o
}
