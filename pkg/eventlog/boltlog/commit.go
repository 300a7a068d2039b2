package boltlog

import (
	"errors"
	"fmt"
	"runtime"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// The bounds of one transaction.
const (
	maxGroup      = 1000    // callers
	maxGroupBytes = 1 << 20 // of what they bring; a larger caller stands alone
)

// committer is what the one goroutine that writes keeps to itself.
type committer struct {
	position
	segment int64    // bytes in the journal since the last checkpoint
	held    *request // taken from the queue, for the next batch
	batch   []*request
	size    int // of the batch
	brought int // of that, what callers bring
	group   group
	buffer  buffer  // of the values of a transaction
	dirty   []dirty // streams not at their checkpoint, oldest first
	check   checkpoint
	full    bool // the last transaction found the disk full
}

// dirty says that a stream changed at a journal entry and was clean before.
type dirty struct {
	stream *stream
	since  uint64
}

// run is the committer: it drains what waits, commits it together, and goes on
// with a checkpoint in between. It adds no delay of its own.
func (l *Log) run() {
	defer close(l.ended)
	defer l.finish()
	for {
		if !l.gather() {
			return
		}
		if len(l.committer.batch) > 0 {
			l.commit()
		} else {
			l.checkpoint()
		}
	}
}

// gather fills the batch with who waits. It blocks only when there is nothing
// else to do, and returns false when the log is closed and nothing is left.
func (l *Log) gather() bool {
	c := &l.committer
	c.batch = c.batch[:0]
	if !c.check.running() && c.held == nil {
		select {
		case c.held = <-l.queue:
			if c.held == nil {
				return false
			}
		case <-l.opts.Tick:
			l.startCheckpoint()
		}
	}
	l.assemble()
	l.drain()
	return len(c.batch) > 0 || c.check.running()
}

// assemble lets those run who are about to append: goroutines that are ready
// get their turn before the batch is closed. When there is none it costs
// nothing, and it waits for nobody who is not ready.
func (l *Log) assemble() {
	for n := -1; n < len(l.queue); {
		n = len(l.queue)
		runtime.Gosched()
	}
}

// drain takes what waits until the batch is full. The one that does not fit
// any more is held for the next.
func (l *Log) drain() {
	c := &l.committer
	for c.size, c.brought = 0, 0; ; {
		if r := c.held; r != nil {
			switch {
			case r.checkpoint:
				c.check.waiters = append(c.check.waiters, r)
				l.startCheckpoint()
			case len(c.batch) > 0 && (c.size+r.size > maxGroupBytes || len(c.batch) == maxGroup):
				return
			default:
				if c.size += r.size; !r.background {
					c.brought += r.size
				}
				c.batch = append(c.batch, r)
			}
			c.held = nil
		}
		select {
		case c.held = <-l.queue:
			if c.held == nil {
				return
			}
		default:
			return
		}
	}
}

// sharedStep bounds what a checkpoint moves in a transaction that callers wait
// for, unless they bring so much that it would never come to an end.
const sharedStep = 128 << 10

// commit writes the batch in one transaction and answers everybody. The next
// part of a checkpoint goes with it: it costs no flush of its own then.
func (l *Log) commit() {
	c := &l.committer
	if l.stopped != nil { // the committer alone writes it
		answer(c.batch, l.stopped) // whoever hears of it first says why
		return
	}
	step := c.check.running()
	err := l.transact(step)
	if step && errors.Is(err, eventlog.ErrFull) {
		err = l.transact(false) // perhaps there is room for the batch alone
	}
	answer(c.batch, err)
	if err == nil && !c.check.running() && l.due() {
		l.startCheckpoint()
	}
}

func (l *Log) transact(step bool) error {
	c := &l.committer
	g := &c.group
	defer g.end()
	m := mover{log: l, most: max(sharedStep, 2*c.brought)}
	background := step || slices.ContainsFunc(c.batch, func(r *request) bool { return r.background })
	defer l.hold(background)()
	err := l.write(func(tx *bolt.Tx) (bool, error) {
		moved := false
		if step {
			var err error
			if moved, err = m.run(tx); err != nil {
				return false, err
			}
		}
		g.begin(l, tx)
		for _, r := range c.batch {
			r.refused = r.add(g)
		}
		return moved || g.wrote || len(g.entries) > 0, l.journal(tx, g.entries)
	})
	if step {
		l.moved(&m, err)
	}
	if err == nil {
		l.publish(g)
	}
	return err
}

// answer tells everybody how it went; who was refused is told that.
func answer(rs []*request, err error) {
	for _, r := range rs {
		if r.refused != nil {
			r.done <- r.refused
		} else {
			r.done <- err
		}
	}
}

// write runs f in a transaction and commits it when f says so. Its error is
// eventlog.ErrFull when nothing was written, else the log has stopped.
func (l *Log) write(f func(*bolt.Tx) (bool, error)) error {
	c := &l.committer
	if c.full {
		if err := l.probe(); err != nil {
			return err
		}
		c.full = false
	}
	next := c.position
	var txid uint64
	err := guard(func() error {
		tx, err := l.db.Begin(true)
		if err != nil {
			return err
		}
		defer tx.Rollback() //nolint:errcheck // after a commit it has nothing to do
		txid = uint64(tx.ID())
		saved := c.position
		changed, err := f(tx)
		next, c.position = c.position, saved
		if err != nil || !changed {
			return err
		}
		next.txid = txid
		if err := tx.Bucket(bucketState).Put(stateKey, next.encode()); err != nil {
			return err
		}
		return tx.Commit()
	})
	switch {
	case err == nil:
		l.commits.Add(1)
		if next.txid == txid {
			c.position = next
		}
		return nil
	case isFull(err) && !l.reached(txid):
		c.full = true
		return fmt.Errorf("%w: %w", eventlog.ErrFull, err)
	}
	err = unknown(err)
	l.stop(err)
	return err
}

// stop makes every later call fail.
func (l *Log) stop(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped == nil {
		l.stopped = fmt.Errorf("%w: %w", eventlog.ErrClosed, err)
	}
}

// journal writes the entries of one commit.
func (l *Log) journal(tx *bolt.Tx, entries []entry) error {
	if len(entries) == 0 {
		return nil
	}
	c := &l.committer
	entries[0].first = &commitHead{prev: c.chain, entries: uint64(len(entries))}
	c.buffer.reset()
	var bucket *bolt.Bucket
	for i := range entries {
		c.number++
		if bucket == nil || c.number == segmentStart(segmentOf(c.number)) {
			var err error
			if bucket, err = tx.CreateBucketIfNotExists(segmentName(segmentOf(c.number))); err != nil {
				return err
			}
			bucket.FillPercent = 1 // it only ever grows at its end
		}
		value := c.buffer.add(&entries[i], c.number)
		if err := bucket.Put(c.buffer.key[:], value); err != nil { // keeps a copy of the key, and the value itself
			return err
		}
		c.segment += int64(len(value))
	}
	c.chain = chain(c.chain, c.buffer.envelopes)
	return nil
}

// publish lets readers see what was committed.
func (l *Log) publish(g *group) {
	c := &l.committer
	first := c.number + 1 - uint64(len(g.entries))
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range g.entries {
		e, number := &g.entries[i], first+uint64(i)
		l.touch(g.streams[e.stream], number, e)
		for j := range e.sends {
			l.touch(g.streams[e.sends[j].ID.Receiver], number, e)
		}
	}
}

// touch applies an entry to one stream and remembers that it changed.
func (l *Log) touch(s *stream, number uint64, e *entry) {
	clean := s.since == 0
	s.apply(number, e)
	if clean && s.since != 0 {
		l.tail[s.name] = s
		l.committer.dirty = append(l.committer.dirty, dirty{s, number})
	}
}

// finish answers who still waits; the queue is closed and empty.
func (l *Log) finish() {
	l.committer.check.end(eventlog.ErrClosed)
}

// serving says why reads are not served.
func (l *Log) serving() error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.stopped
}

var errStop = errors.New("enough")
