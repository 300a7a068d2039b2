package golden_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// history is one recorded run.
type history struct {
	definition []byte // canonical JSON
	told       []told
	records    [][]byte
	payloads   []expression.Payload
	ends       string // the outcome, as endOf says it
	calls      string // that were issued, one a line
}

// workflow returns the recorded definition as this build loads it.
func (h *history) workflow() (*graph.Workflow, error) { return dsl.Load(h.definition, catalog{}) }

// events returns the recorded events.
func (h *history) events() ([]fact.Event, error) {
	var all []fact.Event
	for i, r := range h.records {
		events, err := fact.DecodeTurn(r, interpreter.Facts)
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", i+1, err)
		}
		all = append(all, events...)
	}
	return all, nil
}

func (h *history) payload(hash expression.Hash) ([]byte, bool) {
	i := slices.IndexFunc(h.payloads, func(p expression.Payload) bool { return p.Hash == hash })
	if i < 0 {
		return nil, false
	}
	return h.payloads[i].Bytes, true
}

// format returns the history as its file has it.
func (h *history) format(comment string) []byte {
	var inputs, records, payloads bytes.Buffer
	for _, x := range h.told {
		fmt.Fprintf(&inputs, "%d %s %s\n", x.after, x.at.Format(time.RFC3339Nano), x.line)
	}
	for _, r := range h.records {
		fmt.Fprintln(&records, base64.StdEncoding.EncodeToString(r))
	}
	for _, p := range h.payloads {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, _ = w.Write(p.Bytes)
		_ = w.Close()
		fmt.Fprintln(&payloads, base64.StdEncoding.EncodeToString(packed.Bytes()))
	}
	return txtar.Format(&txtar.Archive{Comment: []byte(comment), Files: []txtar.File{
		{Name: "definition.json", Data: append(slices.Clone(h.definition), '\n')},
		{Name: "told", Data: inputs.Bytes()},
		{Name: "records", Data: records.Bytes()},
		{Name: "payloads", Data: payloads.Bytes()},
		{Name: "calls", Data: []byte(h.calls)},
		{Name: "ends", Data: []byte(h.ends)},
	}})
}

// parse returns the history of a file.
func parse(src []byte) (*history, error) {
	h := &history{}
	for _, f := range txtar.Parse(src).Files {
		switch f.Name {
		case "definition.json":
			h.definition = bytes.TrimSpace(f.Data)
		case "calls":
			h.calls = string(f.Data)
		case "ends":
			h.ends = string(f.Data)
		default:
			for line := range strings.Lines(string(f.Data)) {
				if err := h.line(f.Name, strings.TrimSuffix(line, "\n")); err != nil {
					return nil, fmt.Errorf("%s: %q: %w", f.Name, line, err)
				}
			}
		}
	}
	return h, nil
}

func (h *history) line(of, line string) error {
	if of == "told" {
		words := strings.SplitN(line, " ", 3)
		after, err := strconv.ParseUint(words[0], 10, 64)
		if err != nil {
			return err
		}
		at, err := time.Parse(time.RFC3339Nano, words[1])
		if err != nil {
			return err
		}
		h.told = append(h.told, told{after, at, words[2]})
		return nil
	}
	b, err := base64.StdEncoding.DecodeString(line)
	if err != nil {
		return err
	}
	if of == "records" {
		h.records = append(h.records, b)
		return nil
	}
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return err
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	h.payloads = append(h.payloads, expression.Payload{Hash: expression.HashOf(plain), Bytes: plain})
	return nil
}

// endOf says how a run stands: its outcome, and that of each step.
func (h *history) endOf(m *interpreter.Machine) string {
	v := m.View(h.payload)
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", v.Status)
	if !v.Output.IsAbsent() {
		out, _ := v.Output.MarshalJSON()
		fmt.Fprintf(&b, "output %s\n", out)
	}
	if v.Error != nil {
		fmt.Fprintf(&b, "error %s of %s\n", v.Error.Code, v.Error.Step)
	}
	for _, s := range v.Steps {
		fmt.Fprintf(&b, "  %s %s %s", s.Path, s.Status, s.Reason)
		if !s.Output.IsAbsent() {
			out, _ := s.Output.MarshalJSON()
			fmt.Fprintf(&b, " %s", out)
		}
		if s.Error != nil {
			fmt.Fprintf(&b, " %s", s.Error.Code)
		}
		b.WriteByte('\n')
	}
	for _, p := range m.Tracked() {
		v, _ := p.Value.MarshalJSON()
		fmt.Fprintf(&b, "tracked %s %s\n", p.Name, v)
	}
	return b.String()
}

// callLine says what a call is to do, the same over attempts and restarts.
func callLine(c interpreter.Call) string {
	in, _ := c.Input.MarshalJSON()
	return fmt.Sprintf("%s@%d %s %s %s %s\n", c.Path, c.Attempt, c.Operation, c.Repeat, c.Key, in)
}
