package fact

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"
)

// Family is the set of facts that machines of one kind record.
type Family struct {
	name string
	make map[Kind]func() Fact
}

// NewFamily returns the family of the facts that the functions make. A kind
// that comes twice is a programmer's mistake and panics.
func NewFamily(name string, facts ...func() Fact) *Family {
	f := &Family{name: name, make: make(map[Kind]func() Fact, len(facts))}
	for _, mk := range facts {
		k := mk().Kind()
		if f.make[k] != nil {
			panic(fmt.Sprintf("fact: kind %d of %s twice", k, name))
		}
		f.make[k] = mk
	}
	return f
}

// New returns an empty fact of that kind, nil when the family has none.
func (f *Family) New(k Kind) Fact {
	mk := f.make[k]
	if mk == nil {
		return nil
	}
	return mk()
}

// Named is a fact with a name, as histories show it.
type Named interface{ Name() string }

// NameOf returns the name of a fact.
func NameOf(f Fact) string {
	if n, ok := f.(Named); ok {
		return n.Name()
	}
	return fmt.Sprintf("Fact%d", f.Kind())
}

// ShowFields returns the fields of a fact as JSON.
func ShowFields(f Fact) json.RawMessage { return Show(f.Fields) }

// EncodeTurn returns the bytes of events that follow one another. Their Seq
// must be without gaps and there must be at least one.
func EncodeTurn(events []Event) []byte {
	c := Coder{mode: writing, out: make([]byte, 0, 64+64*len(events))}
	c.out = binary.AppendUvarint(c.out, uint64(len(events)))
	c.out = binary.AppendUvarint(c.out, events[0].Seq)
	last := events[0].Time.UnixNano()
	c.out = binary.AppendVarint(c.out, last)
	for _, e := range events {
		at := e.Time.UnixNano()
		c.out = binary.AppendUvarint(c.out, uint64(e.Fact.Kind()))
		c.out = binary.AppendVarint(c.out, at-last)
		last = at
		body := c.begin()
		e.Fact.Fields(&c)
		c.end(body)
	}
	return c.out
}

// DecodeTurn returns the events of EncodeTurn. Their values keep parts of b,
// which must not change afterwards. The error wraps ErrFormat.
func DecodeTurn(b []byte, family *Family) ([]Event, error) {
	r := reader{b: b}
	count, seq, at := r.uvarint(), r.uvarint(), r.varint()
	if r.bad || count == 0 || count > uint64(len(b)) {
		return nil, fmt.Errorf("%w: no header of a turn", ErrFormat)
	}
	events := make([]Event, 0, count)
	var c Coder
	for i := range count {
		kind, delta, body := r.uvarint(), r.varint(), r.bytes()
		if r.bad || kind > 1<<16-1 {
			return nil, fmt.Errorf("%w: event %d is cut short", ErrFormat, seq+i)
		}
		f := family.New(Kind(kind))
		if f == nil {
			return nil, fmt.Errorf("%w: event %d has the unknown kind %d of %s: it may come from a newer version",
				ErrFormat, seq+i, kind, family.name)
		}
		c = Coder{mode: reading, in: body}
		if f.Fields(&c); c.err != nil {
			return nil, fmt.Errorf("event %d: %w", seq+i, c.err)
		}
		at += delta
		events = append(events, Event{Seq: seq + i, Time: time.Unix(0, at).UTC(), Fact: f})
	}
	if len(r.b) > 0 {
		return nil, fmt.Errorf("%w: %d bytes behind the last event", ErrFormat, len(r.b))
	}
	return events, nil
}

type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) bytes() []byte {
	n := r.uvarint()
	if r.bad || n > uint64(len(r.b)) {
		r.bad = true
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}
