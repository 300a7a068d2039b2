package memlog

import (
	"bytes"
	"context"
	"fmt"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// Put implements eventlog.Payloads.
func (l *Log) Put(ctx context.Context, ps ...eventlog.Payload) error {
	for _, p := range ps {
		if err := p.Validate(); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.ready(ctx); err != nil {
		return err
	}
	for _, p := range ps {
		l.data.payloads[p.Hash] = bytes.Clone(p.Bytes)
		l.sweeps.touched[p.Hash] = l.sweeps.number
		delete(l.sweeps.removed, p.Hash)
	}
	return nil
}

// Get implements eventlog.Payloads.
func (l *Log) Get(ctx context.Context, hash [32]byte) ([]byte, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if err := l.ready(ctx); err != nil {
		return nil, err
	}
	b, ok := l.data.payloads[hash]
	if !ok {
		return nil, fmt.Errorf("payload %x: %w", hash, eventlog.ErrNotFound)
	}
	return bytes.Clone(b), nil
}

// Save implements eventlog.Snapshots.
func (l *Log) Save(ctx context.Context, name string, after uint64, state []byte) error {
	if err := eventlog.ValidSnapshot(name, state); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.ready(ctx); err != nil {
		return err
	}
	l.data.snapshots[name] = snapshot{after: after, state: bytes.Clone(state)}
	return nil
}

// Latest implements eventlog.Snapshots.
func (l *Log) Latest(ctx context.Context, name string) (uint64, []byte, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if err := l.ready(ctx); err != nil {
		return 0, nil, err
	}
	s, ok := l.data.snapshots[name]
	if !ok {
		return 0, nil, fmt.Errorf("snapshot of %s: %w", name, eventlog.ErrNotFound)
	}
	return s.after, bytes.Clone(s.state), nil
}

// DropSnapshots forgets all snapshots, as a store may at any time.
func (l *Log) DropSnapshots() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.data.snapshots)
}
