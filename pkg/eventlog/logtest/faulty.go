package logtest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// Fault is how an Append fails.
type Fault int

// The faults. After Lost and Kept the store is closed, as the contract of
// eventlog.Log has it for an unknown outcome; Full leaves it as it was.
const (
	Full Fault = iota // nothing is written, ErrFull
	Lost              // nothing is written, the outcome is unknown
	Kept              // everything is written, the outcome is unknown
)

// Faults is all of them, for sweeps.
var Faults = []Fault{Full, Lost, Kept}

func (f Fault) String() string {
	switch f {
	case Full:
		return "full"
	case Lost:
		return "lost"
	case Kept:
		return "kept"
	default:
		panic(fmt.Sprintf("logtest: unhandled fault %d", int(f)))
	}
}

// ErrFault is what an Append of unknown outcome returns here.
var ErrFault = errors.New("injected fault: the outcome is unknown")

// Faulty is a store whose Nth Append from its creation on fails, once. The
// zero N never fails. It may be used from many goroutines.
type Faulty struct {
	eventlog.Store
	N     int
	Fault Fault

	mu      sync.Mutex
	appends int
	closed  bool
}

// Appends returns how many Appends were made, so that a sweep knows its end:
// it is over when a run made fewer than N.
func (f *Faulty) Appends() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.appends
}

// Append implements eventlog.Log.
func (f *Faulty) Append(ctx context.Context, bs ...eventlog.Batch) error {
	now, closed := f.count()
	switch {
	case closed:
		return eventlog.ErrClosed
	case !now:
		return f.Store.Append(ctx, bs...)
	}
	switch f.Fault {
	case Full:
		return eventlog.ErrFull
	case Lost:
		return errors.Join(ErrFault, f.Close())
	case Kept:
		if err := f.Store.Append(ctx, bs...); err != nil {
			return err
		}
		return errors.Join(ErrFault, f.Close())
	default:
		panic(fmt.Sprintf("logtest: unhandled fault %s", f.Fault))
	}
}

// count counts one Append and says whether it is the one that fails.
func (f *Faulty) count() (now, closed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return false, true
	}
	f.appends++
	now = f.appends == f.N
	f.closed = now && f.Fault != Full
	return now, false
}
