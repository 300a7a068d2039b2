package eventlog

import (
	"context"
	"errors"
	"iter"
)

// ErrOpen says that a stream has not ended, or that messages wait for it, so
// that it is not purged.
var ErrOpen = errors.New("the stream has not ended")

// Purger is a store that can forget streams.
type Purger interface {
	// Purge removes streams that have ended, with all they had but payloads,
	// which others may name. A stream that is not there is none to remove. At
	// the first that is open it stops with ErrOpen; those before it are gone.
	// A purge that a crash cut off is ended by the next open.
	Purge(ctx context.Context, streams ...string) error
}

// Sweeper is a store that can drop payloads that nothing names any more.
type Sweeper interface {
	// Sweep removes each payload that no record and no waiting message names
	// and that was not put since the last but one sweep began: so who has put
	// one and is about to name it has the time between two sweeps for it. One
	// who takes longer, or names what nothing named, is refused with
	// ErrConflict and nothing is lost silently. Appends and puts go on
	// meanwhile. A sweep that was cut off leaves no harm; the next one does the
	// rest. One sweep runs at a time.
	Sweep(ctx context.Context, s SweepOptions) (Swept, error)
}

// Keeper is a store that can do both.
type Keeper interface {
	Purger
	Sweeper
}

// SweepOptions says how a sweep finds what is named. Names is needed.
type SweepOptions struct {
	// Names yields each hash that a record, a message or a payload names. It
	// may yield others too: those are kept for nothing. It must find them in
	// bytes that more stands around.
	Names func(b []byte) iter.Seq[[32]byte]
	// Lists reports, by its first bytes, whether a payload may name others;
	// nil: none does.
	Lists func(head []byte) bool
	// Pause is called between two steps of the sweep, which take some
	// milliseconds each; its error ends it. Nil: there is no pause.
	Pause func(context.Context) error
}

// Rest pauses if a pause is asked for.
func (s SweepOptions) Rest(ctx context.Context) error {
	if s.Pause == nil {
		return ctx.Err()
	}
	return s.Pause(ctx)
}

// Swept is what a sweep did.
type Swept struct {
	Removed, Kept           int   // payloads
	RemovedBytes, KeptBytes int64 // of them
}

// Measurer is a store that can tell how large it is.
type Measurer interface{ Usage() Usage }

// Usage is how much room a store takes.
type Usage struct {
	Bytes int64 // of its file
	Free  int64 // of those, how many are used again before it grows
}
