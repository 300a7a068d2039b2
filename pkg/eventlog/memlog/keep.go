package memlog

import (
	"context"
	"fmt"
	"iter"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

var _ eventlog.Keeper = (*Log)(nil)

// sweeps is what a log knows of its payloads while it runs.
type sweeps struct {
	names   func([]byte) iter.Seq[[32]byte]
	number  uint64              // of the last one
	touched map[[32]byte]uint64 // put, and behind which sweep
	removed map[[32]byte]bool
}

// Purge implements eventlog.Purger.
func (l *Log) Purge(ctx context.Context, streams ...string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.ready(ctx); err != nil {
		return err
	}
	for _, name := range streams {
		if err := eventlog.ValidStream(name); err != nil {
			return fmt.Errorf("purge: %w", err)
		}
		if s, ok := l.data.streams[name]; ok && s.view(name).Open() {
			return fmt.Errorf("purge: stream %s: %w", name, eventlog.ErrOpen)
		}
		delete(l.data.streams, name)
		delete(l.data.snapshots, name)
	}
	return nil
}

// Sweep implements eventlog.Sweeper.
func (l *Log) Sweep(ctx context.Context, o eventlog.SweepOptions) (swept eventlog.Swept, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.ready(ctx); err != nil {
		return swept, err
	}
	l.sweeps.number++
	l.sweeps.names = o.Names
	marked := map[[32]byte]bool{}
	for _, s := range l.data.streams {
		for _, r := range s.records {
			l.mark(marked, r.Data)
		}
		for _, m := range s.inbox {
			l.mark(marked, m.Body)
		}
	}
	for h, b := range l.data.payloads {
		n, put := l.sweeps.touched[h]
		if size := int64(len(b)); marked[h] || put && n+2 > l.sweeps.number {
			swept.Kept++
			swept.KeptBytes += size
		} else {
			swept.Removed++
			swept.RemovedBytes += size
			delete(l.data.payloads, h)
			delete(l.sweeps.touched, h)
			l.sweeps.removed[h] = true
		}
	}
	return swept, nil
}

// mark marks what b names, and what that names.
func (l *Log) mark(marked map[[32]byte]bool, b []byte) {
	for h := range l.sweeps.names(b) {
		if !marked[h] {
			marked[h] = true
			l.mark(marked, l.data.payloads[h])
		}
	}
}

// admit refuses a batch that names what was removed.
func (s *sweeps) admit(b eventlog.Batch) error {
	if len(s.removed) == 0 {
		return nil
	}
	check := func(bytes []byte) error {
		for h := range s.names(bytes) {
			if s.removed[h] {
				return fmt.Errorf("%w: payload %x was not named by anybody any more", eventlog.ErrConflict, h)
			}
		}
		return nil
	}
	if err := check(b.Record); err != nil {
		return err
	}
	for _, m := range b.Send {
		if err := check(m.Body); err != nil {
			return err
		}
	}
	return nil
}
