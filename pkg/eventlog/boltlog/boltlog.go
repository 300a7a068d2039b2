// Package boltlog is an event log in one bbolt file.
//
// What is appended goes to a journal, in order, and nowhere else: one
// transaction for everybody who waits. At a checkpoint each stream's records
// since its last one become chunks of their own, together with its head and
// the messages that wait for it, and the journal is dropped behind the oldest
// entry that is in no chunk. So the journal is a write-ahead log of bounded
// length, and opening the log reads it once.
//
// bbolt's pages have no checksum; every value here has one, each record
// carries the hash of the stream's record before it, each commit that of the
// commit before. What does not hold is an error that wraps
// eventlog.ErrCorrupt, never a wrong value. Check looks at all of it.
//
// The package promises nothing about a disk that acknowledges what it did not
// write, and decides nothing by a clock: Options.Tick says when time has passed.
package boltlog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

var _ eventlog.Store = (*Log)(nil)

// Options are the settings of a log; the zero value works.
type Options struct {
	// Tick makes a checkpoint each time it delivers, say every 30 s. Nil:
	// checkpoints depend on Records and Bytes alone.
	Tick <-chan time.Time
	// Records and Bytes are how long the journal grows before a checkpoint.
	// Zero: 50,000 records, 64 MiB.
	Records int
	Bytes   int64
	// AcceptLoss opens a file of whose two headers one is damaged. The last
	// transaction may be missing then, although it was acknowledged.
	AcceptLoss bool
	// Now reads a clock, for Holds. Nil: nothing is measured.
	Now func() time.Time

	openFile func(string, int, os.FileMode) (*os.File, error) // of tests
}

func (o Options) withDefaults() Options {
	if o.Records <= 0 {
		o.Records = 50_000
	}
	if o.Bytes <= 0 {
		o.Bytes = 64 << 20
	}
	return o
}

// ErrLocked says that another process has the file open.
var ErrLocked = errors.New("the log is in use by another process")

// ErrNewer says that a newer version of the program wrote the file. It was not
// touched.
var ErrNewer = errors.New("the log was written by a newer version")

// Log is a store in a file. Its methods may be called from many goroutines.
type Log struct {
	path string
	opts Options
	db   *bolt.DB
	raw  *os.File // the same file, for looking at its pages

	gate   sync.RWMutex // held while something is queued
	closed bool
	queue  chan *request
	ended  chan struct{} // closed when the committer has returned

	requests sync.Pool // of *request, to be used again

	mu      sync.RWMutex // guards what follows; the committer alone writes
	stopped error        // after a commit of unknown outcome
	tail    map[string]*stream

	purging sync.Mutex // one purge at a time; guards half
	half    string     // a stream of which some rows are removed
	sweep   sweep

	commits   atomic.Uint64
	holds     [2]histogram // of callers, and of the background
	committer committer
}

// request is something the committer does for a caller: an append, a
// checkpoint, or whatever do says.
type request struct {
	size       int
	batches    []eventlog.Batch
	ready      []prepared         // of batches
	names      *[]hash            // that batches name; nil: nobody has looked
	checkpoint bool               // asks for one
	background bool               // nobody outside waits for it
	do         func(*group) error // adds to the transaction; an error drops this request alone
	refused    error              // why it was dropped
	done       chan error

	one [1]prepared // where ready is, mostly
}

// add adds what is asked for to the transaction.
func (r *request) add(g *group) error {
	if r.do != nil {
		return r.do(g)
	}
	if err := g.log.sweep.admit(r.names, r.batches); err != nil {
		return err
	}
	return g.append(r.batches, r.ready)
}

// request returns one that appended before, or a new one. They are the log's
// own: their channels do not leave the bubble of a test.
func (l *Log) request() *request {
	if r, ok := l.requests.Get().(*request); ok {
		return r
	}
	return &request{done: make(chan error, 1)}
}

// maxQueue bounds the callers that wait; more wait outside, where their
// context can still call them back.
const maxQueue = 1024

// Commits returns how many transactions were committed since the log was
// opened, those of checkpoints included. Each is flushed twice.
func (l *Log) Commits() uint64 { return l.commits.Load() }

// do hands r to the committer and waits for it.
func (l *Log) do(ctx context.Context, r *request) error {
	if r.done == nil {
		r.done = make(chan error, 1)
	}
	if err := l.enqueue(ctx, r); err != nil {
		return err
	}
	return <-r.done
}

func (l *Log) enqueue(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.gate.RLock()
	defer l.gate.RUnlock()
	if l.closed {
		return eventlog.ErrClosed
	}
	select {
	case l.queue <- r:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close waits for what is queued and closes the file. It may be called more
// than once.
func (l *Log) Close() error {
	l.gate.Lock()
	if l.closed {
		l.gate.Unlock()
		<-l.ended
		return nil
	}
	l.closed = true
	close(l.queue)
	l.gate.Unlock()
	<-l.ended
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped == nil {
		l.stopped = eventlog.ErrClosed
	}
	return errors.Join(l.db.Close(), l.raw.Close())
}

// Append implements eventlog.Log.
func (l *Log) Append(ctx context.Context, bs ...eventlog.Batch) error {
	size := 0
	for i := range bs {
		b := &bs[i]
		if err := b.Validate(); err != nil {
			return err
		}
		size += len(b.Record) + 256
		for _, m := range b.Send {
			size += len(m.Body) + 64
		}
	}
	r := l.request()
	r.size, r.batches, r.ready, r.names = size, bs, r.one[:], l.sweep.watch(bs)
	if len(bs) > len(r.ready) {
		r.ready = make([]prepared, len(bs))
	}
	for i := range bs {
		l.prepare(&r.ready[i], &bs[i])
	}
	err := l.do(ctx, r)
	*r = request{done: r.done}
	l.requests.Put(r)
	return err
}

// Checkpoint moves the journal as it is now into the streams' own chunks and
// returns when that is done.
func (l *Log) Checkpoint(ctx context.Context) error {
	return l.do(ctx, &request{checkpoint: true})
}

// unknown is the error of a commit that may or may not have happened.
func unknown(err error) error {
	return fmt.Errorf("commit: %w; its outcome is unknown, the log must be opened again", err)
}
