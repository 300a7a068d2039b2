package runfile

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// Reader reads a file. It yields nothing of a line that does not hold, and
// says what is wrong with it.
type Reader struct {
	in      *bufio.Scanner
	chain   chain
	number  int
	runs    int
	begun   bool
	ended   bool
	run     *Run
	next    uint64 // the record that comes next
	waits   int    // messages of the run that are to come
	payload payload
}

// payload is the parts of a payload so far.
type payload struct {
	hash  string
	parts int
	of    int
	bytes []byte
}

// NewReader returns a reader of a file.
func NewReader(r io.Reader) *Reader {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 0, 64<<10), MaxLine)
	return &Reader{in: in}
}

// What can be done about a file that does not hold.
const (
	exportAgain = "export the runs again"
	newerEngine = "import it with the engine that wrote it, or a newer one"
)

// Next returns the next line, io.EOF behind the last. Any other error is an
// *Error, unless it is one of reading.
func (r *Reader) Next() (Line, error) {
	for {
		raw, err := r.raw()
		if err != nil {
			return Line{}, err
		}
		line, ok, err := r.line(raw)
		if err != nil || ok {
			line.Number = r.number
			return line, err
		}
	}
}

// raw returns the members of the next line, whose hash holds.
func (r *Reader) raw() ([]byte, error) {
	if !r.in.Scan() {
		err := r.in.Err()
		switch {
		case errors.Is(err, bufio.ErrTooLong):
			r.number++
			return nil, r.fault("it is longer than %d bytes; %s", MaxLine, exportAgain)
		case err != nil:
			return nil, fmt.Errorf("read line %d: %w", r.number+1, err)
		case r.ended:
			return nil, io.EOF
		}
		r.number++
		return nil, r.fault("the file ends before its last line; it was cut off: %s", exportAgain)
	}
	r.number++
	line := r.in.Bytes()
	if r.ended {
		return nil, r.fault("it stands behind the end; %s", exportAgain)
	}
	at := len(line) - chainSize
	if at < 1 || line[0] != '{' || !bytes.HasPrefix(line[at:], []byte(chainHead)) || !bytes.HasSuffix(line, []byte(chainTail)) {
		if r.number == 1 {
			return nil, r.fault("it is no line of an export; name a file that \"engine export\" wrote")
		}
		return nil, r.fault("it is damaged or cut off: it does not end with its hash; %s", exportAgain)
	}
	body := append(bytes.Clone(line[:at]), '}')
	has := line[at+len(chainHead) : len(line)-len(chainTail)]
	r.chain = r.chain.next(body)
	if want := hex.EncodeToString(r.chain[:]); string(has) != want {
		return nil, r.fault("it, or a line before it, was changed, or lines are missing: its hash does not hold; %s", exportAgain)
	}
	return body, nil
}

func (r *Reader) fault(format string, args ...any) error {
	return &Error{Line: r.number, Why: fmt.Sprintf(format, args...)}
}

// line reads the members of a line; ok is false when there is nothing to hand
// out yet.
func (r *Reader) line(raw []byte) (l Line, ok bool, err error) {
	var k struct {
		Kind   string `json:"kind"`
		Format int    `json:"format"`
	}
	if err := json.Unmarshal(raw, &k); err != nil {
		return l, false, r.fault("it is not JSON; %s", exportAgain)
	}
	switch {
	case !r.begun && k.Kind != kindHeader, r.begun && k.Kind == kindHeader:
		return l, false, r.fault("a file begins with one header, and this is a %q", k.Kind)
	case k.Kind == kindHeader && k.Format > Format:
		return l, false, r.fault("the file has format %d, this program reads up to %d; %s", k.Format, Format, newerEngine)
	case r.payload.of > 0 && k.Kind != kindPayload:
		return l, false, r.fault("payload %s has %d of %d parts; %s", r.payload.hash, r.payload.parts, r.payload.of, exportAgain)
	}
	switch k.Kind {
	case kindHeader:
		r.begun = true
		return l, true, r.read(raw, &l.Header)
	case kindDefinition:
		return l, true, errors.Join(r.whole(), r.read(raw, &l.Definition))
	case kindRun:
		return r.beginRun(raw)
	case kindPayload:
		return r.part(raw)
	case kindTurn:
		return r.turn(raw)
	case kindMessage:
		r.waits--
		if r.run == nil || r.waits < 0 {
			return l, false, r.fault("no run waits for this message; %s", exportAgain)
		}
		return l, true, r.read(raw, &l.Message)
	case kindEnd:
		return r.end(raw)
	}
	return l, false, r.fault("lines of the kind %q are not known; %s", k.Kind, newerEngine)
}

// read decodes a line whose members must all be known.
func (r *Reader) read(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return r.fault("it has not the form of its kind: %v; %s", err, newerEngine)
	}
	return nil
}

// whole says what the run before lacks.
func (r *Reader) whole() error {
	if r.run == nil {
		return nil
	}
	run := r.run
	r.run = nil
	if r.next <= run.Records {
		return r.fault("run %s has %d records, and record %d does not come; %s", run.Run, run.Records, r.next, exportAgain)
	}
	if r.waits > 0 {
		return r.fault("%d messages of run %s do not come; %s", r.waits, run.Run, exportAgain)
	}
	return nil
}

func (r *Reader) beginRun(raw []byte) (l Line, ok bool, err error) {
	if err := errors.Join(r.whole(), r.read(raw, &l.Run)); err != nil {
		return l, false, err
	}
	if l.Run.Records == 0 || l.Run.Cut >= l.Run.Records || l.Run.Messages < 0 {
		return l, false, r.fault("run %s has %d records of which %d were dropped, which cannot be; %s", l.Run.Run, l.Run.Records, l.Run.Cut, exportAgain)
	}
	r.runs++
	r.run, r.next, r.waits = l.Run, l.Run.Cut+1, l.Run.Messages
	return l, true, nil
}

func (r *Reader) turn(raw []byte) (l Line, ok bool, err error) {
	if err := r.read(raw, &l.Turn); err != nil {
		return l, false, err
	}
	if r.run == nil || l.Turn.Record != r.next || r.next > r.run.Records {
		return l, false, r.fault("record %d is not the one that comes next; %s", l.Turn.Record, exportAgain)
	}
	r.next++
	return l, true, nil
}

func (r *Reader) part(raw []byte) (l Line, ok bool, err error) {
	var p *part
	if err := r.read(raw, &p); err != nil {
		return l, false, err
	}
	now := &r.payload
	if now.of == 0 {
		*now = payload{hash: p.Hash, of: p.Of}
	}
	now.parts++
	if r.run == nil || p.Hash != now.hash || p.Of != now.of || p.Part != now.parts ||
		len(p.Data) > partSize || len(now.bytes)+len(p.Data) > eventlog.MaxPayload {
		return l, false, r.fault("it is not the part of a payload that comes next; %s", exportAgain)
	}
	now.bytes = append(now.bytes, p.Data...)
	if now.parts < now.of {
		return l, false, nil
	}
	l.Payload = &eventlog.Payload{Hash: sha256.Sum256(now.bytes), Bytes: now.bytes}
	if hex.EncodeToString(l.Payload.Hash[:]) != now.hash {
		return l, false, r.fault("the bytes of payload %s have another hash; %s", now.hash, exportAgain)
	}
	*now = payload{}
	return l, true, nil
}

func (r *Reader) end(raw []byte) (l Line, ok bool, err error) {
	if err := errors.Join(r.whole(), r.read(raw, &l.End)); err != nil {
		return l, false, err
	}
	if l.End.Runs != r.runs || l.End.Lines != r.number {
		return l, false, r.fault("the file says it has %d runs in %d lines, and has %d in %d; %s", l.End.Runs, l.End.Lines, r.runs, r.number, exportAgain)
	}
	r.ended = true
	return l, true, nil
}

// Verify reads a whole file and returns its last line. What it finds wrong is
// an *Error.
func Verify(from io.Reader) (End, error) {
	r := NewReader(from)
	var last End
	for {
		l, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return last, nil
		case err != nil:
			return last, err
		case l.End != nil:
			last = *l.End
		}
	}
}
