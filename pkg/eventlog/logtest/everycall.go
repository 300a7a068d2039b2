package logtest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// CallFault is how a call of a store fails.
type CallFault int

// The faults of a call. The store is closed after each of them.
const (
	NotDone CallFault = iota // nothing is done, and an error is returned
	Done                     // it is done, and an error is returned
	Dead                     // it is done, and the process ends before it returns
)

// CallFaults is all of them, for sweeps.
var CallFaults = []CallFault{NotDone, Done, Dead}

func (f CallFault) String() string {
	switch f {
	case NotDone:
		return "not done"
	case Done:
		return "done"
	case Dead:
		return "dead"
	default:
		panic(fmt.Sprintf("logtest: unhandled fault %d", int(f)))
	}
}

// EveryCall is a store whose Nth call from its creation on fails, once, of
// whatever method but Close. The zero N never fails. It may be used from many
// goroutines.
type EveryCall struct {
	eventlog.Store
	N     int
	Fault CallFault
	// Die ends the process that uses the store, for the fault Dead. The call
	// returns when its context ends or Die has returned.
	Die func()

	mu     sync.Mutex
	calls  int
	hit    string
	closed bool
}

// Calls returns how many calls were made, so that a sweep knows its end.
func (f *EveryCall) Calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// Hit returns the method whose call failed; empty: none did yet.
func (f *EveryCall) Hit() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hit
}

// call makes one call.
func (f *EveryCall) call(ctx context.Context, method string, do func() error) error {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return eventlog.ErrClosed
	}
	f.calls++
	now := f.calls == f.N
	if now {
		f.closed, f.hit = true, method
	}
	f.mu.Unlock()
	if !now {
		return do()
	}
	if f.Fault != NotDone {
		if err := do(); err != nil && !errors.Is(err, eventlog.ErrNotFound) {
			return err
		}
	}
	if f.Fault == Dead {
		over := make(chan struct{})
		go func() {
			f.Die()
			close(over)
		}()
		select {
		case <-over:
		case <-ctx.Done():
		}
	}
	return errors.Join(ErrFault, f.Close())
}

// Append implements eventlog.Log.
func (f *EveryCall) Append(ctx context.Context, bs ...eventlog.Batch) error {
	return f.call(ctx, "Append", func() error { return f.Store.Append(ctx, bs...) })
}

// Head implements eventlog.Log.
func (f *EveryCall) Head(ctx context.Context, stream string) (s eventlog.Summary, ok bool, err error) {
	err = f.call(ctx, "Head", func() (err error) {
		s, ok, err = f.Store.Head(ctx, stream)
		return err
	})
	return s, ok, err
}

// Read implements eventlog.Log.
func (f *EveryCall) Read(ctx context.Context, stream string, after uint64) iter.Seq2[eventlog.Record, error] {
	return rows(ctx, f, "Read", f.Store.Read(ctx, stream, after))
}

// List implements eventlog.Log.
func (f *EveryCall) List(ctx context.Context, filter eventlog.Filter) iter.Seq2[eventlog.Summary, error] {
	return rows(ctx, f, "List", f.Store.List(ctx, filter))
}

// Inbox implements eventlog.Inboxes.
func (f *EveryCall) Inbox(ctx context.Context, stream string) iter.Seq2[eventlog.Message, error] {
	return rows(ctx, f, "Inbox", f.Store.Inbox(ctx, stream))
}

// rows is a call that yields one thing after another; the fault comes before
// the first or behind the last.
func rows[T any](ctx context.Context, f *EveryCall, method string, all iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		enough := false
		err := f.call(ctx, method, func() error {
			for row, err := range all {
				if enough = !yield(row, err); enough {
					break
				}
			}
			return nil
		})
		if err != nil && !enough {
			var none T
			yield(none, err)
		}
	}
}

// Put implements eventlog.Payloads.
func (f *EveryCall) Put(ctx context.Context, ps ...eventlog.Payload) error {
	return f.call(ctx, "Put", func() error { return f.Store.Put(ctx, ps...) })
}

// Get implements eventlog.Payloads.
func (f *EveryCall) Get(ctx context.Context, hash [32]byte) (b []byte, err error) {
	err = f.call(ctx, "Get", func() (err error) {
		b, err = f.Store.Get(ctx, hash)
		return err
	})
	return b, err
}

// Save implements eventlog.Snapshots.
func (f *EveryCall) Save(ctx context.Context, stream string, after uint64, state []byte) error {
	return f.call(ctx, "Save", func() error { return f.Store.Save(ctx, stream, after, state) })
}

// Latest implements eventlog.Snapshots.
func (f *EveryCall) Latest(ctx context.Context, stream string) (after uint64, state []byte, err error) {
	err = f.call(ctx, "Latest", func() (err error) {
		after, state, err = f.Store.Latest(ctx, stream)
		return err
	})
	return after, state, err
}
