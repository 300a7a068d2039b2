package golden_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

var release = flag.String("golden.record", "", "record the histories of this release")

// TestRecord records the transcripts of pkg/interpreter and the plays of this
// package as histories of a new release, and the errors of those that are
// damaged. What was recorded before is left alone.
func TestRecord(t *testing.T) {
	if *release == "" {
		t.Skip("on demand: -golden.record=RELEASE (make histories R=RELEASE)")
	}
	dir := filepath.Join("testdata", *release)
	if err := os.MkdirAll("testdata", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal("a release is recorded once:", err)
	}
	sources, err := filepath.Glob("plays/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	core, err := filepath.Glob("../../pkg/interpreter/testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range append(sources, core...) {
		a, err := txtar.ParseFile(source)
		if err != nil || len(a.Files) != 2 {
			t.Fatalf("%s: %d parts, %v", source, len(a.Files), err)
		}
		h, about := record(t, source, a.Files[0].Data, string(a.Files[1].Data))
		write(t, filepath.Join(dir, filepath.Base(source)), h.format(about))
	}
	list, err := os.ReadFile("plays/damages")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for line := range strings.Lines(string(list)) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			fmt.Fprintln(&out, line)
			continue
		}
		fmt.Fprintf(&out, "%s => %s\n", line, refusalOf(t, dir, line))
	}
	write(t, filepath.Join(dir, "damaged"), []byte(out.String()))
}

// lookings is the lines of transcripts that tell a run nothing. A crash is
// none to us: every event is a place to go on from.
var lookings = []string{"crash", "only", "pages"}

// record plays a script and returns what was recorded, and what it is about.
func record(t *testing.T, file string, src []byte, script string) (h *history, about string) {
	t.Helper()
	wf, found := dsl.Compile(file, src, catalog{})
	if wf == nil || found.HasErrors() {
		t.Fatalf("%s: %v", file, found)
	}
	h = &history{definition: wf.Document}
	m, now, parent := interpreter.New(wf), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), ""
	for line := range strings.Lines(script) {
		line = strings.TrimRight(line, "\n")
		words := strings.Fields(line)
		switch {
		case line == "", strings.HasPrefix(line, "  "):
			continue
		case strings.HasPrefix(line, "#"):
			about += line + "\n"
			continue
		case slices.Contains(lookings, words[0]):
			continue
		case words[0] == "parent":
			parent = words[1]
			continue
		case words[0] == "after":
			d, err := expression.ParseDuration(words[1])
			if err != nil {
				t.Fatal(err)
			}
			now = now.Add(d)
			continue
		case words[0] == "start" && parent != "":
			line = strings.TrimRight("start-of "+parent+" "+strings.TrimPrefix(strings.TrimPrefix(line, "start"), " "), " ")
		}
		x := told{after: m.Seq(), at: now, line: line}
		h.told = append(h.told, x)
		in, err := input(wf, line)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		d := driver{wf: wf, m: m, h: h}
		if err := d.decide(now, in); err != nil {
			t.Fatalf("%s: %s: %v", file, line, err)
		}
		h.records = append(h.records, d.records...)
		h.calls += d.calls
	}
	h.ends = h.endOf(m)
	return h, about
}

// driver has a machine decide and keeps what comes of it.
type driver struct {
	wf      *graph.Workflow
	m       *interpreter.Machine
	h       *history // where payloads are
	events  []fact.Event
	records [][]byte
	calls   string
	refused []string
}

// maxTurns bounds how often a machine is asked for one input.
const maxTurns = 10_000

// decide has the machine take inputs and all that follows from them.
func (d *driver) decide(at time.Time, in ...interpreter.Input) error {
	for range maxTurns {
		t := d.m.Decide(at, in...)
		in = in[t.Taken:]
		for _, p := range t.Payloads {
			if _, ok := d.h.payload(p.Hash); !ok {
				d.h.payloads = append(d.h.payloads, p)
			}
		}
		for _, r := range t.Refused {
			d.refused = append(d.refused, r.Code)
		}
		if len(t.Events) > 0 {
			d.events = append(d.events, t.Events...)
			d.records = append(d.records, fact.EncodeTurn(t.Events))
			d.m.Sends(t.Events)
			d.issued(d.m.Commands(t.Events))
		}
		for _, hash := range t.Wants {
			b, ok := d.h.payload(hash)
			if !ok {
				return fmt.Errorf("the payload %s is missing", hash)
			}
			d.m.Provide(hash, b)
		}
		if len(t.Wants) == 0 && !t.More && len(in) == 0 {
			return nil
		}
	}
	return fmt.Errorf("no end after %d turns", maxTurns)
}

func (d *driver) issued(cs []interpreter.Command) {
	for _, c := range cs {
		if c, ok := c.(interpreter.Call); ok {
			d.calls += callLine(c)
		}
	}
}

// write writes a file that must not be there yet.
func write(t *testing.T, path string, b []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
