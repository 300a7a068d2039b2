package engine

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/fact"
)

// minSnapshot is how many events a snapshot of a book saves at least;
// snapshotShare of the entries of its state is how many, when that is more.
const (
	minSnapshot   = 2000
	snapshotShare = 4
)

// pieceSize is how many bytes of a state are written at once, so that nobody's
// turn waits long for a large one.
var pieceSize = 1 << 20

// manifest is what the snapshot of a book holds: how its state was cut into
// pieces. Those of two snapshots in a row have different names, so that what
// the last one names is there until the next one is.
type manifest struct {
	set    int
	pieces int
	size   int
	sum    uint64
}

func (m *manifest) fields(c *fact.Coder) {
	c.Int(1, "set", &m.set)
	c.Int(2, "pieces", &m.pieces)
	c.Int(3, "size", &m.size)
	c.Uint(4, "sum", &m.sum)
}

func pieceName(stream string, set, i int) string {
	return fmt.Sprintf("%s/snapshot/%d/%d", stream, set, i)
}

// snapshot saves the book's state once so much has happened, so that neither
// its cost per event nor that of reading the rest grows. It is a cache: a book
// that has none is read from its first record. It is written beside the book's
// work.
func (b *book) snapshot() {
	if b.saving.Load() || b.machine.Seq()-b.saved < uint64(max(minSnapshot, b.machine.Size()/snapshotShare)) {
		return
	}
	b.saved = b.machine.Seq()
	var state []byte
	if err := guard(func() error { state = b.machine.State(); return nil }); err != nil {
		b.e.log.Warn("no snapshot of a book", "book", b.stream, "error", err)
		return
	}
	records := b.records
	b.saving.Store(true)
	save := func() {
		defer b.saving.Store(false)
		if err := b.save(state, records); err != nil && !errors.Is(err, context.Canceled) {
			b.e.log.Warn("snapshot not saved", "book", b.stream, "error", err)
		}
	}
	if !b.e.crew.run(jobFunc(save)) {
		b.saving.Store(false)
	}
}

// save writes the pieces of a state, then what names them.
func (b *book) save(state []byte, records uint64) error {
	m := manifest{set: 1 - int(b.set.Load()), size: len(state), sum: uint64(crc32.Checksum(state, castagnoli))}
	for rest := state; len(rest) > 0; m.pieces++ {
		n := min(len(rest), pieceSize)
		if err := b.e.store.Save(b.e.ctx, pieceName(b.stream, m.set, m.pieces), records, rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	err := b.e.store.Save(b.e.ctx, b.stream, records, fact.Write(m.fields))
	if err == nil {
		b.set.Store(int32(m.set))
	}
	return err
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errPieces means that a snapshot is not there in whole.
var errPieces = errors.New("the snapshot's pieces do not belong together")

// latest returns the newest snapshot of the book's state. The error is
// eventlog.ErrNotFound when there is none.
func (b *book) latest() (after uint64, state []byte, err error) {
	after, raw, err := b.e.store.Latest(b.e.ctx, b.stream)
	if err != nil {
		return 0, nil, err
	}
	var m manifest
	if err := fact.ReadFields(raw, m.fields); err != nil {
		return 0, nil, err
	}
	b.set.Store(int32(m.set & 1))
	for i := range m.pieces {
		of, piece, err := b.e.store.Latest(b.e.ctx, pieceName(b.stream, m.set, i))
		if errors.Is(err, eventlog.ErrNotFound) || err == nil && of != after {
			return 0, nil, errPieces
		}
		if err != nil {
			return 0, nil, err
		}
		if i == 0 && m.size <= m.pieces*pieceSize {
			state = make([]byte, 0, m.size)
		}
		state = append(state, piece...)
	}
	if m.pieces == 0 || len(state) != m.size || uint64(crc32.Checksum(state, castagnoli)) != m.sum {
		return 0, nil, errPieces
	}
	return after, state, nil
}
