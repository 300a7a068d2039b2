package boltlog

import (
	"bytes"
	"encoding/binary"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// briefFormat is the version of what the index of open streams holds of each.
// Another one, of this program or of another, is read from the head instead.
const briefFormat = 2

// brief returns what the index of open streams holds of a stream beside its
// name: what recovery asks of each. Only what the head says is there, with a
// checksum of its own, so that the heads of a million streams that sleep need
// not be read.
func (h *head) brief(stream string) []byte {
	if h.lost > 0 {
		return []byte{format} // the head says what is wrong with it
	}
	s := h.summary
	if s == nil {
		s = &eventlog.Summary{}
	}
	b := append(make([]byte, 0, 40), briefFormat)
	b = binary.AppendUvarint(b, h.records)
	b = binary.AppendUvarint(b, h.inbox)
	b = appendString(b, s.Status)
	b = append(b, boolByte(s.Ended))
	b = binary.BigEndian.AppendUint64(b, uint64(nanos(s.WakeAt)))
	b = binary.AppendUvarint(b, uint64(s.Attempts))
	return binary.BigEndian.AppendUint32(b, checksum([]byte(stream), b))
}

// decodeBrief reads what brief wrote for this stream. status is what the last
// one had, and saves a copy where it is the same.
func decodeBrief(stream string, v []byte, status string) (s eventlog.Summary, ok bool) {
	if len(v) < 5 || v[0] != briefFormat {
		return s, false
	}
	body := v[:len(v)-4]
	if checksum([]byte(stream), body) != binary.BigEndian.Uint32(v[len(v)-4:]) {
		return s, false
	}
	d := decoder{b: body[1:]}
	s = eventlog.Summary{Stream: stream, Records: d.uvarint(), Inbox: int(d.uvarint()), Status: status}
	if text := d.bytes(); !bytes.Equal(text, []byte(status)) {
		s.Status = string(text)
	}
	s.Ended = d.byte() != 0
	s.WakeAt = fromNanos(int64(d.uint64()))
	s.Attempts = int(d.uvarint())
	return s, d.done()
}

// fits reports whether the index says of a stream what its head says. An older
// version wrote its own format number alone.
func fits(stream string, v []byte, h *head) bool {
	return bytes.Equal(v, []byte{format}) || bytes.Equal(v, h.brief(stream))
}

// brief adds a stream to the page by what the index says of it. It returns
// false when the head has to be asked.
func (p *lister) brief(name string, s *stream, v []byte) bool {
	if s != nil || v == nil {
		return false
	}
	row, ok := decodeBrief(name, v, p.status)
	if !ok {
		return false
	}
	p.status = row.Status
	f := p.filter
	f.Before = "" // the walk has seen to it
	if f.Admits(row) {
		p.page = append(p.page, listRow{row, nil})
	}
	return true
}
