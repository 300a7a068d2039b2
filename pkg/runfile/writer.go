package runfile

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// Writer writes a file. Its methods write the lines in the order in which they
// are called, which must be that of the format. After an error it is of no use.
type Writer struct {
	out   *bufio.Writer
	chain chain
	lines int
	runs  int
}

// NewWriter writes the header and returns the writer.
func NewWriter(w io.Writer, source Source) (*Writer, error) {
	out := &Writer{out: bufio.NewWriterSize(w, 256<<10)}
	return out, out.write(Header{Kind: kindHeader, Format: Format, Source: source})
}

// Definition writes a version of a workflow.
func (w *Writer) Definition(d Definition) error {
	d.Kind = kindDefinition
	return w.write(d)
}

// Run begins a run.
func (w *Writer) Run(r Run) error {
	w.runs++
	r.Kind = kindRun
	return w.write(r)
}

// Payload writes bytes that turns of the run name.
func (w *Writer) Payload(p eventlog.Payload) error {
	of := max(1, (len(p.Bytes)+partSize-1)/partSize)
	for i := range of {
		b := p.Bytes[i*partSize:]
		b = b[:min(len(b), partSize)]
		if err := w.write(part{Kind: kindPayload, Hash: hex.EncodeToString(p.Hash[:]), Part: i + 1, Of: of, Data: b}); err != nil {
			return err
		}
	}
	return nil
}

// Turn writes a record of the run. Facts that would make the line too long are
// left out; the record never is.
func (w *Writer) Turn(t Turn) error {
	t.Kind = kindTurn
	if len(t.Facts)+len(t.Data)/3*4 > MaxLine-4096 {
		t.Facts = nil
	}
	return w.write(t)
}

// Message writes a message that waits for the run.
func (w *Writer) Message(m Message) error {
	m.Kind = kindMessage
	return w.write(m)
}

// End writes the last line and all that is not written yet.
func (w *Writer) End() error {
	if err := w.write(End{Kind: kindEnd, Runs: w.runs, Lines: w.lines + 1}); err != nil {
		return err
	}
	return w.out.Flush()
}

func (w *Writer) write(x any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // a document's bytes stay as they are
	if err := enc.Encode(x); err != nil {
		return fmt.Errorf("write line %d: %w", w.lines+1, err)
	}
	line := w.chain.sealLine(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
	w.lines++
	_, err := w.out.Write(append(line, '\n'))
	return err
}
