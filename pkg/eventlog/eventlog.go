// Package eventlog is the store of everything that happened: streams of
// records, the messages between them, and payloads by hash. It does not know
// what a record means. What Append returned nil for survives a power cut.
package eventlog

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// The errors that callers branch on. Any other error of Append, but that of
// its context, concerns the store and its outcome is unknown: the store must
// be closed and read again.
var (
	// ErrConflict: another record stands where the batch's would go. The
	// *ConflictError names the stream; nothing of the call was written.
	ErrConflict = errors.New("the stream has moved")
	// ErrFull: there is no space left on the disk; nothing was written.
	ErrFull = errors.New("the disk is full")
	// ErrInboxFull: a receiver's inbox is at its bound and the message came
	// from outside; nothing was written.
	ErrInboxFull = errors.New("the inbox is full")
	// ErrCorrupt: a record's checksum or chain does not hold. The
	// *CorruptError says where.
	ErrCorrupt = errors.New("the log is damaged")
	// ErrClosed: the log was closed, or stopped after an unknown outcome.
	ErrClosed = errors.New("the log is closed")
	// ErrNotFound: there is no payload or snapshot of that name.
	ErrNotFound = errors.New("not found")
	// ErrInvalid: the call holds what no log stores, say a stream without a
	// name or a record above MaxRecord; nothing was written.
	ErrInvalid = errors.New("not valid")
)

// ConflictError says which stream moved.
type ConflictError struct {
	Stream     string
	After, Has uint64
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("stream %s has %d records, not %d", e.Stream, e.Has, e.After)
}

// Unwrap returns ErrConflict.
func (e *ConflictError) Unwrap() error { return ErrConflict }

// CorruptError says where the log is damaged.
type CorruptError struct {
	Stream string // empty: not known
	Seq    uint64
	Reason string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("stream %q, record %d: %s", e.Stream, e.Seq, e.Reason)
}

// Unwrap returns ErrCorrupt.
func (e *CorruptError) Unwrap() error { return ErrCorrupt }

// MaxInbox is how many messages from outside may wait in one inbox.
const MaxInbox = 10_000

// Log is streams of records. Its methods may be called from many goroutines.
type Log interface {
	// Append adds each batch to its stream, all or nothing: one transaction,
	// one flush, shared with other callers' where they come together. The
	// error wraps ErrConflict, ErrFull, ErrInboxFull, ErrInvalid, ErrCorrupt
	// (a stream that is damaged takes no more) or the context's error when
	// nothing was written and the log is as before; after any other error the
	// outcome is unknown and every later call returns ErrClosed. The context
	// counts until the call is queued: from then on it is awaited, so that
	// nobody loses track of its outcome.
	Append(ctx context.Context, bs ...Batch) error
	// Read yields the records of a stream behind the first after ones, in
	// order, beginning at the first that was not cut. A damaged record ends it
	// with ErrCorrupt.
	Read(ctx context.Context, stream string, after uint64) iter.Seq2[Record, error]
	// List yields the summaries that f lets through, newest stream name first
	// unless f says otherwise. A summary that is damaged is yielded with its
	// Stream alone and an error that wraps ErrCorrupt, and the list goes on;
	// any other error ends it.
	List(ctx context.Context, f Filter) iter.Seq2[Summary, error]
	// Head returns the summary of one stream; ok is false when it has neither
	// records nor a summary nor messages.
	Head(ctx context.Context, stream string) (s Summary, ok bool, err error)
}

// Payloads is bytes by their hash, stored before the record that names them.
type Payloads interface {
	Put(ctx context.Context, ps ...Payload) error
	// Get returns ErrNotFound when the bytes were never put, ErrCorrupt when
	// they do not have that hash any more.
	Get(ctx context.Context, hash [32]byte) ([]byte, error)
}

// Inboxes is the messages that wait for their receivers.
type Inboxes interface {
	// Inbox yields what waits for a stream, in order of arrival.
	Inbox(ctx context.Context, stream string) iter.Seq2[Message, error]
}

// Snapshots is a cache of folded state; any of them may vanish at any time.
type Snapshots interface {
	Save(ctx context.Context, stream string, after uint64, state []byte) error
	// Latest returns ErrNotFound when there is none.
	Latest(ctx context.Context, stream string) (after uint64, state []byte, err error)
}

// Store is all of it. Close ends it; nothing acknowledged is lost when it is
// not called.
type Store interface {
	Log
	Payloads
	Inboxes
	Snapshots
	Close() error
}

// Payload is bytes and their SHA-256.
type Payload struct {
	Hash  [32]byte
	Bytes []byte
}

// Batch is what one stream adds in one Append. After is the number of records
// that the stream must have; it is not looked at when Record is nil. A batch
// without a Record may still write a Summary (a fact about the stream that is
// no event of it) or Send messages from outside. Cut drops the stream's first
// records, up to that number: they are not read again and their room is used
// for others. It goes with a Record and is at most After, so that a stream
// which has begun is never without a record; one that was cut stays cut.
type Batch struct {
	Stream  string
	After   uint64
	Record  []byte
	Cut     uint64
	At      time.Time
	Summary *Summary // replaces the stream's; nil: unchanged
	Send    []Message
	Took    []MessageID // messages of the stream's inbox that the record consumed
}

// MessageID names a message: what the Seq-th event (or request) of Sender
// says to Receiver. One that was sent twice is delivered once while it waits;
// a receiver that took it recognises a repeat by what it recorded.
type MessageID struct {
	Sender   string
	Seq      uint64
	Receiver string
}

// Message waits in the receiver's inbox until a batch takes it. Outside marks
// one that did not come from a stream's own record: it is refused when the
// inbox is full.
type Message struct {
	ID      MessageID
	Body    []byte
	Outside bool
}

// Record is one record of a stream. Seq counts records from 1. The bytes must
// not be changed.
type Record struct {
	Stream string
	Seq    uint64
	At     time.Time
	Data   []byte
}

// Summary is what lists show of a stream and what recovery needs without
// reading it. The store keeps it, and knows only Stream, Records, Cut and Inbox
// of it by itself: Records is the number of records, Cut how many of them were
// dropped in front, Inbox the number of messages that wait.
type Summary struct {
	Stream     string
	Records    uint64
	Cut        uint64
	Inbox      int
	Kind       string // run, book
	Workflow   string
	Version    string
	Digest     string
	Status     string
	Ended      bool // nothing is left to do: not part of recovery
	StartedAt  time.Time
	EndedAt    time.Time // zero: not ended
	WakeAt     time.Time // zero: no timer
	Keys       []string
	Attributes []Attribute
	Attempts   int    // of loading it, since it last went well
	Reason     string // why it is stuck
	Error      string // code of the error it ended with
}

// Attribute is a searchable value of a run.
type Attribute struct{ Name, Value string }

// Filter says which summaries List yields. The zero value lets all through.
type Filter struct {
	Prefix   string // of the stream's name
	Kind     string
	Workflow string
	Key      string // that is among the summary's
	Statuses []string
	Open     bool   // only those that have not Ended, or have messages waiting
	Before   string // only stream names below it (above, when Oldest): the cursor of the last page
	Oldest   bool   // oldest stream name first
	Limit    int    // 0: all
	// Brief goes with Open and leaves out of the summaries what Summary.Brief
	// leaves out: many more can be read in the same time. It goes with none of
	// Kind, Workflow and Key.
	Brief bool
}
