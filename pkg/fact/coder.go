package fact

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
)

// Coder carries the fields of one fact or message in one of three ways: it
// writes them to bytes, reads them from bytes, or shows them as JSON. A type
// names each field once, in ascending order of tags, and all three follow.
// Zero values are not written; a reader skips tags that it does not know and
// leaves alone what is not there, so fields can be added.
type Coder struct {
	mode mode
	out  []byte
	in   []byte
	err  error
}

type mode uint8

const (
	writing mode = iota
	reading
	showing
)

// ErrFormat is wrapped by the error of bytes that are no fact of ours.
var ErrFormat = errors.New("the bytes are no event of a known form")

// Write returns the bytes of what fields names.
func Write(fields func(*Coder)) []byte { return Append(nil, fields) }

// Append appends the bytes of what fields names to b.
func Append(b []byte, fields func(*Coder)) []byte {
	c := Coder{mode: writing, out: b}
	fields(&c)
	return c.out
}

// ReadFields sets what fields names from b. Values keep parts of b, which must
// not change afterwards.
func ReadFields(b []byte, fields func(*Coder)) error {
	c := Coder{mode: reading, in: b}
	fields(&c)
	return c.err
}

// Show returns what fields names as a JSON object, without zero values.
func Show(fields func(*Coder)) json.RawMessage {
	c := Coder{mode: showing, out: []byte{'{'}}
	fields(&c)
	return append(c.out, '}')
}

// Reading tells that fields are being set, not written or shown.
func (c *Coder) Reading() bool { return c.mode == reading }

// Fail makes the read fail.
func (c *Coder) Fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// field returns the bytes of a tag when reading; ok is false when it is not
// there.
func (c *Coder) field(tag uint64) (b []byte, ok bool) {
	for c.err == nil && len(c.in) > 0 {
		t, n := binary.Uvarint(c.in)
		if n <= 0 {
			break
		}
		size, k := binary.Uvarint(c.in[n:])
		if k <= 0 || size > uint64(len(c.in)-n-k) {
			break
		}
		if t > tag {
			return nil, false
		}
		b, c.in = c.in[n+k:n+k+int(size)], c.in[n+k+int(size):]
		if t == tag {
			return b, true
		}
	}
	if len(c.in) > 0 && c.err == nil {
		c.err = fmt.Errorf("%w: field %d is cut short", ErrFormat, tag)
	}
	return nil, false
}

// begin leaves room for the length of what is written next; end fills it in.
// So parts are written in place, however deep they are nested.
func (c *Coder) begin() (at int) {
	c.out = append(c.out, 0)
	return len(c.out)
}

func (c *Coder) end(at int) {
	size := len(c.out) - at
	if size < 0x80 {
		c.out[at-1] = byte(size)
		return
	}
	var b [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(b[:], uint64(size))
	c.out = append(c.out, b[1:n]...) // room, whatever stands in it
	copy(c.out[at-1+n:], c.out[at:at+size])
	copy(c.out[at-1:], b[:n])
}

// inside reads the fields of a part from its bytes.
func (c *Coder) inside(b []byte, fields func(*Coder)) {
	rest := c.in
	c.in = b
	fields(c)
	c.in = rest
}

func (c *Coder) put(tag uint64, b []byte) {
	c.out = binary.AppendUvarint(c.out, tag)
	c.out = binary.AppendUvarint(c.out, uint64(len(b)))
	c.out = append(c.out, b...)
}

func (c *Coder) show(name string, b []byte) {
	if len(c.out) > 1 {
		c.out = append(c.out, ',')
	}
	c.out = append(c.out, '"')
	c.out = append(c.out, name...)
	c.out = append(c.out, '"', ':')
	c.out = append(c.out, b...)
}

func (c *Coder) showAny(name string, x any) {
	b, err := expression.Encode(x)
	if err != nil {
		b = []byte("null")
	}
	c.show(name, b)
}

// String carries a string.
func (c *Coder) String(tag uint64, name string, s *string) {
	switch c.mode {
	case writing:
		if *s != "" {
			c.out = binary.AppendUvarint(c.out, tag)
			c.out = binary.AppendUvarint(c.out, uint64(len(*s)))
			c.out = append(c.out, *s...)
		}
	case reading:
		if b, ok := c.field(tag); ok {
			*s = string(b)
		}
	case showing:
		if *s != "" {
			c.showAny(name, *s)
		}
	}
}

// Bytes carries bytes; they are not shown.
func (c *Coder) Bytes(tag uint64, p *[]byte) {
	switch c.mode {
	case writing:
		if len(*p) > 0 {
			c.put(tag, *p)
		}
	case reading:
		if b, ok := c.field(tag); ok {
			*p = b
		}
	case showing:
	}
}

// Uint carries a number.
func (c *Coder) Uint(tag uint64, name string, u *uint64) {
	switch c.mode {
	case writing:
		if *u != 0 {
			var b [binary.MaxVarintLen64]byte
			c.put(tag, b[:binary.PutUvarint(b[:], *u)])
		}
	case reading:
		if b, ok := c.field(tag); ok {
			v, n := binary.Uvarint(b)
			if n != len(b) {
				c.Fail(fmt.Errorf("%w: field %d is no number", ErrFormat, tag))
			}
			*u = v
		}
	case showing:
		if *u != 0 {
			c.show(name, fmt.Appendf(nil, "%d", *u))
		}
	}
}

// Int carries a number that is not negative.
func (c *Coder) Int(tag uint64, name string, i *int) {
	u := uint64(*i)
	c.Uint(tag, name, &u)
	*i = int(u)
}

// Index carries a position: like Int, but 0 is shown.
func (c *Coder) Index(tag uint64, name string, i *int) {
	if c.mode == showing && *i == 0 {
		c.show(name, []byte{'0'})
		return
	}
	c.Int(tag, name, i)
}

// Bool carries a truth value.
func (c *Coder) Bool(tag uint64, name string, v *bool) {
	var u uint64
	if *v {
		u = 1
	}
	if c.mode == showing {
		if *v {
			c.show(name, []byte("true"))
		}
		return
	}
	c.Uint(tag, name, &u)
	*v = u != 0
}

// Time carries a time to the nanosecond, in UTC.
func (c *Coder) Time(tag uint64, name string, t *time.Time) {
	switch c.mode {
	case writing:
		if !t.IsZero() {
			var b [2 * binary.MaxVarintLen64]byte
			c.put(tag, appendTime(b[:0], *t))
		}
	case reading:
		if b, ok := c.field(tag); ok {
			if *t, ok = readTime(b); !ok {
				c.Fail(fmt.Errorf("%w: field %d is no time", ErrFormat, tag))
			}
		}
	case showing:
		if !t.IsZero() {
			c.showAny(name, t.UTC().Format(time.RFC3339Nano))
		}
	}
}

// The times that nanoseconds since 1970 can tell.
var firstNano, lastNano = time.Unix(0, math.MinInt64), time.Unix(0, math.MaxInt64)

// appendTime writes a time as nanoseconds since 1970; one too far from there
// (a wait until the year 9999) as seconds and nanoseconds.
func appendTime(b []byte, t time.Time) []byte {
	if t.Before(firstNano) || t.After(lastNano) {
		return binary.AppendUvarint(binary.AppendVarint(b, t.Unix()), uint64(t.Nanosecond()))
	}
	return binary.AppendVarint(b, t.UnixNano())
}

func readTime(b []byte) (t time.Time, ok bool) {
	v, n := binary.Varint(b)
	if n <= 0 || n == len(b) {
		return time.Unix(0, v).UTC(), n > 0
	}
	nano, k := binary.Uvarint(b[n:])
	return time.Unix(v, int64(nano%1e9)).UTC(), k > 0 && n+k == len(b) && nano < 1e9
}

// Duration carries a duration that is not negative.
func (c *Coder) Duration(tag uint64, name string, d *time.Duration) {
	if c.mode == showing {
		if *d != 0 {
			c.showAny(name, expression.FormatDuration(*d))
		}
		return
	}
	u := uint64(*d)
	c.Uint(tag, name, &u)
	*d = time.Duration(u)
}

// Value carries a value; an inline one as its JSON bytes.
func (c *Coder) Value(tag uint64, name string, v *expression.Value) {
	switch c.mode {
	case writing:
		if r := v.Ref(); r != nil {
			c.put(tag, append([]byte{1}, Write(func(c *Coder) { refFields(c, r) })...))
		} else if !v.IsAbsent() {
			raw := v.Inline()
			c.out = binary.AppendUvarint(c.out, tag)
			c.out = binary.AppendUvarint(c.out, uint64(len(raw)+1))
			c.out = append(append(c.out, 0), raw...)
		}
	case reading:
		b, ok := c.field(tag)
		switch {
		case !ok:
		case len(b) > 1 && b[0] == 0:
			*v = expression.Raw(b[1:])
		case len(b) > 1 && b[0] == 1:
			var r expression.Ref
			if err := ReadFields(b[1:], func(c *Coder) { refFields(c, &r) }); err != nil {
				c.Fail(err)
			}
			*v = expression.Stored(r)
		default:
			c.Fail(fmt.Errorf("%w: field %d is no value", ErrFormat, tag))
		}
	case showing:
		if !v.IsAbsent() {
			b, err := v.MarshalJSON()
			if err != nil {
				b = []byte("null")
			}
			c.show(name, b)
		}
	}
}

func refFields(c *Coder, r *expression.Ref) {
	h := r.Hash[:]
	c.Bytes(1, &h)
	if c.mode == reading {
		copy(r.Hash[:], h)
	}
	size := uint64(r.Size)
	c.Uint(2, "size", &size)
	r.Size = int64(size)
	Enum(c, 3, "kind", &r.Kind)
	c.Int(4, "length", &r.Length)
	c.Bool(5, "paged", &r.Paged)
}

// Enum carries a small number; it is shown by its name when it has one.
func Enum[T ~uint8](c *Coder, tag uint64, name string, v *T) {
	if c.mode == showing {
		if s, ok := any(*v).(fmt.Stringer); ok {
			c.showAny(name, s.String())
			return
		}
	}
	u := uint64(*v)
	c.Uint(tag, name, &u)
	*v = T(u)
}

// Sub carries a part with fields of its own; present is false, and set, when
// there is none.
func (c *Coder) Sub(tag uint64, name string, present *bool, fields func(*Coder)) {
	switch c.mode {
	case writing:
		if *present {
			c.out = binary.AppendUvarint(c.out, tag)
			at := c.begin()
			fields(c)
			c.end(at)
		}
	case reading:
		b, ok := c.field(tag)
		*present = ok
		if ok {
			c.inside(b, fields)
		}
	case showing:
		if *present {
			c.show(name, Show(fields))
		}
	}
}

// List carries a list whose elements have fields of their own.
func List[T any](c *Coder, tag uint64, name string, list *[]T, fields func(*Coder, *T)) {
	switch c.mode {
	case writing:
		if len(*list) == 0 {
			return
		}
		c.out = binary.AppendUvarint(c.out, tag)
		all := c.begin()
		for i := range *list {
			at := c.begin()
			fields(c, &(*list)[i])
			c.end(at)
		}
		c.end(all)
	case reading:
		b, ok := c.field(tag)
		if !ok {
			return
		}
		*list = nil
		rest := c.in
		for len(b) > 0 && c.err == nil {
			size, n := binary.Uvarint(b)
			if n <= 0 || size > uint64(len(b)-n) {
				c.Fail(fmt.Errorf("%w: list %d is cut short", ErrFormat, tag))
				return
			}
			var x T
			c.in = b[n : n+int(size)]
			fields(c, &x)
			*list, b = append(*list, x), b[n+int(size):]
		}
		c.in = rest
	case showing:
		if len(*list) == 0 {
			return
		}
		all := []byte{'['}
		for i := range *list {
			if i > 0 {
				all = append(all, ',')
			}
			all = append(all, Show(func(c *Coder) { fields(c, &(*list)[i]) })...)
		}
		c.show(name, append(all, ']'))
	}
}
