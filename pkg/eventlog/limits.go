package eventlog

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// The sizes that a log takes.
const (
	MaxStream  = 1024      // bytes of a stream's name
	MaxRecord  = 16 << 20  // bytes of a record
	MaxBody    = 16 << 20  // bytes of a message
	MaxState   = 64 << 20  // bytes of a snapshot
	MaxPayload = 128 << 20 // bytes of a payload
	MaxSummary = 64 << 10  // bytes of all texts of a summary
)

// Validate returns an error that wraps ErrInvalid when b is nothing that a log
// stores.
func (b Batch) Validate() error {
	if err := ValidStream(b.Stream); err != nil {
		return err
	}
	if len(b.Record) > MaxRecord {
		return tooLong("record of stream "+b.Stream, len(b.Record), MaxRecord)
	}
	if b.Cut > 0 && (b.Record == nil || b.Cut > b.After) {
		return fmt.Errorf("%w: stream %s of %d records is cut up to %d", ErrInvalid, b.Stream, b.After, b.Cut)
	}
	if b.Summary != nil {
		if n := b.Summary.textSize(); n > MaxSummary {
			return tooLong("summary of stream "+b.Stream, n, MaxSummary)
		}
	}
	for _, m := range b.Send {
		if err := m.validate(); err != nil {
			return err
		}
	}
	for _, id := range b.Took {
		if id.Receiver != b.Stream {
			return fmt.Errorf("%w: stream %q takes a message of %q", ErrInvalid, b.Stream, id.Receiver)
		}
		if len(id.Sender) > MaxStream {
			return tooLong("sender's name", len(id.Sender), MaxStream)
		}
	}
	return nil
}

func (m Message) validate() error {
	if err := ValidStream(m.ID.Receiver); err != nil {
		return fmt.Errorf("receiver: %w", err)
	}
	if len(m.ID.Sender) > MaxStream {
		return tooLong("sender's name", len(m.ID.Sender), MaxStream)
	}
	if len(m.Body) > MaxBody {
		return tooLong("message to "+m.ID.Receiver, len(m.Body), MaxBody)
	}
	return nil
}

// ValidStream returns an error that wraps ErrInvalid when name is no stream's.
func ValidStream(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: a stream without a name", ErrInvalid)
	case len(name) > MaxStream:
		return tooLong("stream's name", len(name), MaxStream)
	case strings.IndexByte(name, 0) >= 0:
		return fmt.Errorf("%w: the stream's name %q holds a zero byte", ErrInvalid, name)
	}
	return nil
}

// Validate returns an error that wraps ErrInvalid when p is too long or its
// bytes do not have its hash.
func (p Payload) Validate() error {
	if len(p.Bytes) > MaxPayload {
		return tooLong("payload", len(p.Bytes), MaxPayload)
	}
	if sha256.Sum256(p.Bytes) != p.Hash {
		return fmt.Errorf("%w: the payload's bytes do not have the hash %x", ErrInvalid, p.Hash)
	}
	return nil
}

func (s *Summary) textSize() int {
	n := len(s.Kind) + len(s.Workflow) + len(s.Version) + len(s.Digest) +
		len(s.Status) + len(s.Reason) + len(s.Error)
	for _, k := range s.Keys {
		n += len(k) + 4
	}
	for _, a := range s.Attributes {
		n += len(a.Name) + len(a.Value) + 8
	}
	return n
}

func tooLong(what string, n, limit int) error {
	return fmt.Errorf("%w: the %s has %d bytes, at most %d are stored", ErrInvalid, what, n, limit)
}

// ValidSnapshot returns an error that wraps ErrInvalid when a snapshot of the
// stream is nothing that a log stores.
func ValidSnapshot(stream string, state []byte) error {
	if err := ValidStream(stream); err != nil {
		return err
	}
	if len(state) > MaxState {
		return tooLong("snapshot of "+stream, len(state), MaxState)
	}
	return nil
}
