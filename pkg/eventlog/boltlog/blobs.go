package boltlog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// maxPart is the size of a payload's parts: a large payload takes several
// transactions, its first part last.
const maxPart = 256 << 10

// part is one row of the payloads bucket.
type part struct{ key, value []byte }

// Put implements eventlog.Payloads.
func (l *Log) Put(ctx context.Context, ps ...eventlog.Payload) error {
	for _, p := range ps {
		if err := p.Validate(); err != nil {
			return err
		}
	}
	var next []part
	size := 0
	for _, p := range ps {
		known, err := false, error(nil)
		if !l.sweep.touch(p.Hash) {
			known, err = l.has(ctx, p.Hash)
		}
		if err != nil {
			return err
		}
		if known {
			continue
		}
		for i := max(0, len(p.Bytes)-1) / maxPart; i >= 0; i-- {
			row := newPart(p, i)
			if size+len(row.value) > maxGroupBytes && len(next) > 0 {
				if err := l.put(ctx, next, size); err != nil {
					return err
				}
				next, size = nil, 0
			}
			next = append(next, row)
			size += len(row.value)
		}
	}
	return l.put(ctx, next, size)
}

func (l *Log) put(ctx context.Context, parts []part, size int) error {
	if len(parts) == 0 {
		return nil
	}
	return l.do(ctx, &request{size: size, do: func(g *group) error {
		b := g.tx.Bucket(bucketPayloads)
		for _, p := range parts {
			if err := b.Put(p.key, p.value); err != nil {
				return err
			}
			l.sweep.restored(p.key)
		}
		g.wrote = true
		return nil
	}})
}

func newPart(p eventlog.Payload, i int) part {
	b := p.Bytes[i*maxPart:]
	b = b[:min(len(b), maxPart)]
	value := append(make([]byte, 0, len(b)+8), format)
	if i == 0 {
		value = binary.AppendUvarint(value, uint64(len(p.Bytes)))
	}
	return part{payloadKey(p.Hash, i), append(value, b...)}
}

// has reports whether a payload is stored in whole.
func (l *Log) has(ctx context.Context, h hash) (known bool, err error) {
	err = l.view(ctx, func(tx *bolt.Tx) error {
		known = tx.Bucket(bucketPayloads).Get(payloadKey(h, 0)) != nil
		return nil
	})
	return known, err
}

// Get implements eventlog.Payloads.
func (l *Log) Get(ctx context.Context, h [32]byte) (b []byte, err error) {
	err = l.view(ctx, func(tx *bolt.Tx) (err error) {
		b, err = payload(h, tx.Bucket(bucketPayloads).Get)
		return err
	})
	return b, err
}

// payload puts a payload's parts together; get returns the value of a key.
func payload(h hash, get func(key []byte) []byte) ([]byte, error) {
	first := get(payloadKey(h, 0))
	if first == nil {
		return nil, fmt.Errorf("payload %x: %w", h, eventlog.ErrNotFound)
	}
	d := decoder{b: first}
	version, size := d.byte(), d.uvarint()
	if !d.ok() || version != format || size > eventlog.MaxPayload {
		return nil, corrupt("", 0, "payload %x: its first part is damaged", h)
	}
	b := bytes.Clone(d.b)
	for i := 1; uint64(len(b)) < size; i++ {
		v := get(payloadKey(h, i))
		if len(v) < 2 || v[0] != format {
			return nil, corrupt("", 0, "payload %x: part %d is damaged or missing", h, i)
		}
		b = append(b, v[1:]...)
	}
	if uint64(len(b)) != size || sha256.Sum256(b) != h {
		return nil, corrupt("", 0, "payload %x: its bytes have another hash", h)
	}
	return b, nil
}

// Save implements eventlog.Snapshots.
func (l *Log) Save(ctx context.Context, name string, after uint64, state []byte) error {
	if err := eventlog.ValidSnapshot(name, state); err != nil {
		return err
	}
	value := encodeSnapshot(name, after, state)
	return l.do(ctx, &request{size: len(value), do: func(g *group) error {
		g.wrote = true
		return g.tx.Bucket(bucketSnapshots).Put([]byte(name), value)
	}})
}

// Latest implements eventlog.Snapshots. A damaged snapshot is none.
func (l *Log) Latest(ctx context.Context, name string) (after uint64, state []byte, err error) {
	ok := false
	err = l.view(ctx, func(tx *bolt.Tx) error {
		after, state, ok = decodeSnapshot(name, tx.Bucket(bucketSnapshots).Get([]byte(name)))
		state = bytes.Clone(state)
		return nil
	})
	if err == nil && !ok {
		err = fmt.Errorf("snapshot of %s: %w", name, eventlog.ErrNotFound)
	}
	return after, state, err
}

func encodeSnapshot(name string, after uint64, state []byte) []byte {
	value := appendString(append(make([]byte, 0, len(state)+len(name)+32), format), name)
	return seal(append(binary.AppendUvarint(value, after), state...))
}

func decodeSnapshot(name string, b []byte) (after uint64, state []byte, ok bool) {
	body, ok := unseal(b)
	d := decoder{b: body}
	if !ok || d.byte() != format || d.string() != name {
		return 0, nil, false
	}
	after = d.uvarint()
	return after, d.b, d.ok()
}
