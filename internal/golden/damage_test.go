package golden_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// TestDamaged harms each release's histories as the file damaged says and
// wants each refused with the error that is listed.
func TestDamaged(t *testing.T) {
	files, err := filepath.Glob("testdata/*/damaged")
	if err != nil || len(files) == 0 {
		t.Fatal("nothing is damaged", err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for line := range strings.Lines(string(src)) {
			what, want, ok := strings.Cut(strings.TrimSpace(line), " => ")
			if !ok {
				continue
			}
			n++
			if got := refusalOf(t, filepath.Dir(file), what); got != want {
				t.Errorf("%s: %s\n got %s\nwant %s", file, what, got, want)
			}
		}
		if n < 30 {
			t.Errorf("%s lists %d damaged histories, want 30", file, n)
		}
	}
}

// refusalOf harms a history and returns the error of reading it. The first
// word of a line names the history, the others say what is done to it.
func refusalOf(t *testing.T, dir, line string) string {
	t.Helper()
	words := strings.Fields(line)
	h := load(t, filepath.Join(dir, words[0]+".txt"))
	err := harm(t, dir, h, words[1:])
	switch {
	case err == nil:
		t.Errorf("%s is accepted", line)
		return "accepted"
	case errors.Is(err, fact.ErrFormat), errors.Is(err, interpreter.ErrHistory), errors.Is(err, eventlog.ErrCorrupt):
	default:
		t.Errorf("%s: the error %q is none that the engine takes for a damaged run", line, err)
	}
	return err.Error()
}

func load(t *testing.T, file string) *history {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	h, err := parse(src)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// harm does to a history what the words say and returns the error of folding
// it. Records and events are counted from 1.
func harm(t *testing.T, dir string, h *history, words []string) error {
	t.Helper()
	n := func(i int) int {
		if i >= len(words) {
			return 0
		}
		v, err := strconv.Atoi(words[i])
		if err != nil {
			t.Fatal(words, err)
		}
		return v
	}
	rec := func(i int) int { return n(i) - 1 }
	switch words[0] {
	case "drop": // RECORD
		h.records = slices.Delete(h.records, rec(1), n(1))
	case "swap": // RECORD RECORD
		h.records[rec(1)], h.records[rec(2)] = h.records[rec(2)], h.records[rec(1)]
	case "repeat": // RECORD
		h.records = slices.Insert(h.records, rec(1), h.records[rec(1)])
	case "cut": // RECORD BYTES
		h.records[rec(1)] = h.records[rec(1)][:n(2)]
	case "longer": // RECORD
		h.records[rec(1)] = append(h.records[rec(1)], 0)
	case "byte": // RECORD OFFSET VALUE
		h.records[rec(1)][n(2)] = byte(n(3))
	case "of": // HISTORY: its definition
		h.definition = load(t, filepath.Join(dir, words[1]+".txt")).definition
	case "flip", "swapped": // RECORD OFFSET, RECORD RECORD: on disk
		return h.onDisk(t, words[0], rec(1), n(2))
	default:
		return h.harmEvents(t, words, n)
	}
	return h.fold()
}

// harmEvents harms single events; all others are numbered anew, each in a
// record of its own.
func (h *history) harmEvents(t *testing.T, words []string, n func(int) int) error {
	t.Helper()
	events, err := h.events()
	if err != nil {
		t.Fatal(err)
	}
	at := n(1) - 1
	switch words[0] {
	case "without": // EVENT
		events = slices.Delete(events, at, at+1)
	case "twice": // EVENT
		events = slices.Insert(events, at, events[at])
	case "exchange": // EVENT EVENT
		events[at], events[n(2)-1] = events[n(2)-1], events[at]
	case "again": // EVENT: once more at the end
		events = append(events, events[at])
	case "number", "text": // EVENT FIELD VALUE
		value := []byte(words[3])
		if words[0] == "number" {
			value = binary.AppendUvarint(nil, uint64(n(3)))
		}
		events[at].Fact = patch(t, events[at].Fact, uint64(n(2)), value)
		if interpreter.IsCarried(events[at].Fact) { // folded from there on
			h.records = [][]byte{fact.EncodeTurn(events[at:])}
			return h.fold()
		}
	default:
		t.Fatal("unknown harm ", words)
	}
	h.records = nil
	for i, e := range events {
		e.Seq = uint64(i + 1)
		h.records = append(h.records, fact.EncodeTurn([]fact.Event{e}))
	}
	return h.fold()
}

// patch returns a fact whose field has other bytes.
func patch(t *testing.T, f fact.Fact, field uint64, value []byte) fact.Fact {
	t.Helper()
	b, out, done := fact.Write(f.Fields), []byte(nil), false
	put := func() {
		out = append(binary.AppendUvarint(binary.AppendUvarint(out, field), uint64(len(value))), value...)
		done = true
	}
	for len(b) > 0 {
		tag, k := binary.Uvarint(b)
		size, j := binary.Uvarint(b[k:])
		end := k + j + int(size)
		if !done && tag >= field {
			put()
		}
		if tag != field {
			out = append(out, b[:end]...)
		}
		b = b[end:]
	}
	if !done {
		put()
	}
	n := interpreter.Facts.New(f.Kind())
	if err := fact.ReadFields(out, n.Fields); err != nil {
		t.Fatal(err)
	}
	return n
}

// fold reads the records as the engine does.
func (h *history) fold() error {
	wf, err := h.workflow()
	if err != nil {
		return err
	}
	m := interpreter.New(wf)
	for i, r := range h.records {
		events, err := fact.DecodeTurn(r, interpreter.Facts)
		if err != nil {
			return fmt.Errorf("record %d: %w", i+1, err)
		}
		for _, e := range events {
			if err := m.Fold(e); err != nil {
				return fmt.Errorf("record %d: %w", i+1, err)
			}
		}
	}
	return nil
}

// onDisk writes the records to a log, flips a bit of one, or puts one in the
// place of another, in the file, and reads them again.
func (h *history) onDisk(t *testing.T, how string, record, other int) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	log, err := boltlog.Open(path, boltlog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range h.records {
		if err := log.Append(t.Context(), eventlog.Batch{Stream: run, After: uint64(i), Record: r}); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	was, is := h.records[record], slices.Clone(h.records[record])
	if how == "flip" {
		is[other] ^= 1
	} else {
		is = h.records[other-1]
	}
	if len(is) != len(was) || !bytes.Contains(file, was) {
		t.Fatalf("record %d is not in the file, or of another length", record+1)
	}
	if err := os.WriteFile(path, bytes.ReplaceAll(file, was, is), 0o600); err != nil {
		t.Fatal(err)
	}
	if log, err = boltlog.Open(path, boltlog.Options{}); err != nil {
		return err
	}
	defer log.Close()
	h.records = nil
	for r, err := range log.Read(t.Context(), run, 0) {
		if err != nil {
			return err
		}
		h.records = append(h.records, r.Data)
	}
	return h.fold()
}
