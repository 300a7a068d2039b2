package boltlog

import (
	"encoding/binary"
	"slices"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// The fields of a summary, as bits of the mask that says which of them follow.
const (
	hasKind = 1 << iota
	hasWorkflow
	hasVersion
	hasDigest
	hasStatus
	hasEnded
	hasStartedAt
	hasEndedAt
	hasWakeAt
	hasKeys
	hasAttributes
	hasAttempts
	hasReason
	hasError
)

// appendSummary appends what differs between was and now. What the store
// derives by itself (Stream, Records, Inbox) is left out.
func appendSummary(b []byte, was, now *eventlog.Summary) []byte {
	mask := 0
	mark := func(differs bool, bit int) {
		if differs {
			mask |= bit
		}
	}
	mark(was.Kind != now.Kind, hasKind)
	mark(was.Workflow != now.Workflow, hasWorkflow)
	mark(was.Version != now.Version, hasVersion)
	mark(was.Digest != now.Digest, hasDigest)
	mark(was.Status != now.Status, hasStatus)
	mark(was.Ended != now.Ended, hasEnded)
	mark(nanos(was.StartedAt) != nanos(now.StartedAt), hasStartedAt)
	mark(nanos(was.EndedAt) != nanos(now.EndedAt), hasEndedAt)
	mark(nanos(was.WakeAt) != nanos(now.WakeAt), hasWakeAt)
	mark(!slices.Equal(was.Keys, now.Keys), hasKeys)
	mark(!slices.Equal(was.Attributes, now.Attributes), hasAttributes)
	mark(was.Attempts != now.Attempts, hasAttempts)
	mark(was.Reason != now.Reason, hasReason)
	mark(was.Error != now.Error, hasError)
	return appendFields(binary.AppendUvarint(b, uint64(mask)), mask, now)
}

func appendFields(b []byte, mask int, s *eventlog.Summary) []byte {
	for _, f := range texts(s) {
		if mask&f.bit != 0 {
			b = appendString(b, *f.text)
		}
	}
	if mask&hasEnded != 0 {
		b = append(b, boolByte(s.Ended))
	}
	if mask&hasStartedAt != 0 {
		b = binary.BigEndian.AppendUint64(b, uint64(nanos(s.StartedAt)))
	}
	if mask&hasEndedAt != 0 {
		b = binary.BigEndian.AppendUint64(b, uint64(nanos(s.EndedAt)))
	}
	if mask&hasWakeAt != 0 {
		b = binary.BigEndian.AppendUint64(b, uint64(nanos(s.WakeAt)))
	}
	if mask&hasKeys != 0 {
		b = binary.AppendUvarint(b, uint64(len(s.Keys)))
		for _, k := range s.Keys {
			b = appendString(b, k)
		}
	}
	if mask&hasAttributes != 0 {
		b = binary.AppendUvarint(b, uint64(len(s.Attributes)))
		for _, a := range s.Attributes {
			b = appendString(appendString(b, a.Name), a.Value)
		}
	}
	if mask&hasAttempts != 0 {
		b = binary.AppendVarint(b, int64(s.Attempts))
	}
	return b
}

// summary reads what appendSummary wrote and returns was with it.
func (d *decoder) summary(was *eventlog.Summary) *eventlog.Summary {
	s := *was // lists are replaced, never changed in place
	mask := int(d.uvarint())
	for _, f := range texts(&s) {
		if mask&f.bit != 0 {
			*f.text = d.string()
		}
	}
	if mask&hasEnded != 0 {
		s.Ended = d.byte() != 0
	}
	if mask&hasStartedAt != 0 {
		s.StartedAt = fromNanos(int64(d.uint64()))
	}
	if mask&hasEndedAt != 0 {
		s.EndedAt = fromNanos(int64(d.uint64()))
	}
	if mask&hasWakeAt != 0 {
		s.WakeAt = fromNanos(int64(d.uint64()))
	}
	if mask&hasKeys != 0 {
		s.Keys = nil
		for range d.count(1) {
			s.Keys = append(s.Keys, d.string())
		}
	}
	if mask&hasAttributes != 0 {
		s.Attributes = nil
		for range d.count(2) {
			s.Attributes = append(s.Attributes, eventlog.Attribute{Name: d.string(), Value: d.string()})
		}
	}
	if mask&hasAttempts != 0 {
		v := d.uvarint()
		s.Attempts = int(v>>1) ^ -int(v&1)
	}
	return &s
}

type text struct {
	bit  int
	text *string
}

// texts lists the summary's texts in the order in which they are written.
func texts(s *eventlog.Summary) [7]text {
	return [7]text{
		{hasKind, &s.Kind},
		{hasWorkflow, &s.Workflow},
		{hasVersion, &s.Version},
		{hasDigest, &s.Digest},
		{hasStatus, &s.Status},
		{hasReason, &s.Reason},
		{hasError, &s.Error},
	}
}

func boolByte(b bool) byte {
	if b {
		return 1
	}
	return 0
}
