package runfile_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/runfile"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// payload is of two parts.
var payload = bytes.Repeat([]byte("0123456789abcdef"), 17_000)

// file writes a file with all kinds of lines.
func file(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := runfile.NewWriter(&b, runfile.Source{Program: "test", Version: "v1"})
	try := func(more error) { err = errors.Join(err, more) }
	try(w.Definition(runfile.Definition{Workflow: "w", Version: "1", Digest: "d", Document: json.RawMessage(`{"workflow":"w <&>"}`)}))
	try(w.Run(runfile.RunOf(eventlog.Summary{
		Stream: "r1", Workflow: "w", Version: "1", Digest: "d", Status: "succeeded", Ended: true, StartedAt: noon, EndedAt: noon,
		Keys: []string{"k"}, Attributes: []eventlog.Attribute{{Name: "a", Value: "b"}}, Records: 2,
	})))
	try(w.Payload(eventlog.Payload{Hash: sha256.Sum256(payload), Bytes: payload}))
	try(w.Payload(eventlog.Payload{Hash: sha256.Sum256(nil)}))
	for i := range uint64(2) {
		try(w.Turn(runfile.Turn{Record: i + 1, At: noon, Facts: json.RawMessage(`[{"a":1}]`), Data: []byte("record")}))
	}
	try(w.Run(runfile.RunOf(eventlog.Summary{Stream: "r2", Status: "waiting", StartedAt: noon, WakeAt: noon, Records: 5, Cut: 4, Inbox: 1})))
	try(w.Turn(runfile.Turn{Record: 5, At: noon, Data: []byte("carried")}))
	try(w.Message(runfile.Message{Sender: "s", Seq: 7, Outside: true, Data: []byte("hello")}))
	try(w.End())
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	r := runfile.NewReader(bytes.NewReader(file(t)))
	var seen []string
	for {
		l, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case l.Header != nil:
			seen = append(seen, fmt.Sprint(l.Number, " header of ", l.Header.Source))
		case l.Definition != nil:
			seen = append(seen, fmt.Sprintf("%d definition %s", l.Number, l.Definition.Document))
		case l.Run != nil:
			s := l.Run.Summary("run")
			seen = append(seen, fmt.Sprint(l.Number, " run ", s.Stream, s.Status, s.Ended, s.Keys, s.Attributes, s.EndedAt.Equal(noon), s.WakeAt.Equal(noon)))
		case l.Payload != nil:
			seen = append(seen, fmt.Sprint(l.Number, " payload of ", len(l.Payload.Bytes)))
		case l.Turn != nil:
			seen = append(seen, fmt.Sprintf("%d turn %d %s %s", l.Number, l.Turn.Record, l.Turn.Facts, l.Turn.Data))
		case l.Message != nil:
			seen = append(seen, fmt.Sprintf("%d message %s %d %v %s", l.Number, l.Message.Sender, l.Message.Seq, l.Message.Outside, l.Message.Data))
		case l.End != nil:
			seen = append(seen, fmt.Sprint(l.Number, " end of ", l.End.Runs))
		}
	}
	want := []string{
		"1 header of {test v1}", `2 definition {"workflow":"w <&>"}`, "3 run r1succeededtrue [k] [{a b}] true false",
		"5 payload of 272000", "6 payload of 0", `7 turn 1 [{"a":1}] record`, `8 turn 2 [{"a":1}] record`,
		"9 run r2waitingfalse [] [] false true", "10 turn 5  carried", "11 message s 7 true hello", "12 end of 2",
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
}

// wantLine checks that a file is refused at a line, with what to do.
func wantLine(t *testing.T, what string, b []byte, line int, says string) {
	t.Helper()
	_, err := runfile.Verify(bytes.NewReader(b))
	var at *runfile.Error
	if !errors.As(err, &at) || at.Line != line || !strings.Contains(at.Why, says) {
		t.Errorf("%s: Verify = %v, want line %d: … %s …", what, err, line, says)
	}
}

// A line that was changed, taken out, repeated, moved or cut off is found.
func TestDamaged(t *testing.T) {
	good := file(t)
	lines := strings.SplitAfter(strings.TrimSuffix(string(good), "\n"), "\n")
	join := func(ls ...string) []byte { return []byte(strings.Join(ls, "")) }
	for i, l := range lines {
		n := i + 1
		if i > 0 && i+1 < len(lines) {
			wantLine(t, fmt.Sprint("without line ", n), join(append(append([]string{}, lines[:i]...), lines[i+1:]...)...), n, "export the runs again")
			wantLine(t, fmt.Sprint("line swapped ", n), join(append(append(append([]string{}, lines[:i]...), lines[i+1], l), lines[i+2:]...)...), n, "export the runs again")
		}
		if i > 0 {
			wantLine(t, fmt.Sprint("cut behind ", i), join(lines[:i]...), n, "cut off")
			wantLine(t, fmt.Sprint("cut in ", n), join(append(append([]string{}, lines[:i]...), l[:len(l)/2])...), n, "export the runs again")
		}
		twice := join(append(append(append([]string{}, lines[:i+1]...), strings.TrimSuffix(l, "\n")+"\n"), lines[i+1:]...)...)
		if i+1 < len(lines) {
			wantLine(t, fmt.Sprint("line twice ", n), twice, n+1, "export the runs again")
		}
	}
	wantLine(t, "empty", nil, 1, "cut off")
	wantLine(t, "another file", []byte("{}\n"), 1, `a file that "engine export" wrote`)
	wantLine(t, "something behind the end", append(bytes.Clone(good), "{}\n"...), 13, "behind the end")
}

// No flipped bit goes unseen.
func TestFlips(t *testing.T) {
	good := file(t)
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	ends := []int{}
	for i, c := range good {
		if c == '\n' {
			ends = append(ends, i)
		}
	}
	for range 300 {
		at := r.IntN(len(good) - 1) // the last line break may be anything
		b := bytes.Clone(good)
		b[at] ^= 1 << r.IntN(8)
		_, err := runfile.Verify(bytes.NewReader(b))
		var e *runfile.Error
		if !errors.As(err, &e) {
			t.Fatalf("seed %d: bit flip at %d is not seen: %v", seed, at, err)
		}
		line := 1
		for _, end := range ends {
			if end < at {
				line++
			}
		}
		if e.Line != line {
			t.Errorf("seed %d: bit flip at %d in line %d is reported at line %d", seed, at, line, e.Line)
		}
	}
}

// Files whose hashes hold and whose lines do not fit.
func TestMisfits(t *testing.T) {
	run := func(records, cut uint64, messages int) runfile.Run {
		return runfile.RunOf(eventlog.Summary{Stream: "r", Records: records, Cut: cut, Inbox: messages})
	}
	turn := func(n uint64) runfile.Turn { return runfile.Turn{Record: n, At: noon, Data: []byte("x")} }
	for what, c := range map[string]struct {
		write func(w *runfile.Writer) error
		line  int
		says  string
	}{
		"a run without records":            {func(w *runfile.Writer) error { return w.Run(run(0, 0, 0)) }, 2, "cannot be"},
		"a run without the records it has": {func(w *runfile.Writer) error { return w.Run(run(3, 3, 0)) }, 2, "cannot be"},
		"a turn too few":                   {func(w *runfile.Writer) error { return errors.Join(w.Run(run(2, 0, 0)), w.Turn(turn(1))) }, 4, "record 2 does not come"},
		"a turn too many": {func(w *runfile.Writer) error {
			return errors.Join(w.Run(run(1, 0, 0)), w.Turn(turn(1)), w.Turn(turn(2)))
		}, 4, "not the one that comes next"},
		"a turn of nobody":  {func(w *runfile.Writer) error { return w.Turn(turn(1)) }, 2, "not the one that comes next"},
		"a message too few": {func(w *runfile.Writer) error { return errors.Join(w.Run(run(1, 0, 1)), w.Turn(turn(1))) }, 4, "1 messages of run r do not come"},
		"a message too many": {func(w *runfile.Writer) error {
			return errors.Join(w.Run(run(1, 0, 0)), w.Turn(turn(1)), w.Message(runfile.Message{}))
		}, 4, "no run waits"},
		"a payload of nobody": {func(w *runfile.Writer) error { return w.Payload(eventlog.Payload{Hash: sha256.Sum256(nil)}) }, 2, "not the part"},
		"a payload of another hash": {func(w *runfile.Writer) error {
			return errors.Join(w.Run(run(1, 0, 0)), w.Payload(eventlog.Payload{Bytes: []byte("x")}))
		}, 3, "have another hash"},
	} {
		var b bytes.Buffer
		w, err := runfile.NewWriter(&b, runfile.Source{})
		if err := errors.Join(err, c.write(w), w.End()); err != nil {
			t.Fatal(err)
		}
		wantLine(t, what, b.Bytes(), c.line, c.says)
	}
}
