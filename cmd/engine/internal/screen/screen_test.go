package screen

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/keelstep/keelstep/pkg/graph"
)

var update = flag.Bool("update", false, "rewrite the expected output")

// jsonStep is a step as the cases write it: times are seconds since the start.
type jsonStep struct {
	Path, Kind, Operation, Status, Reason, WaitsFor string
	Attempt                                         int
	From, To, Due                                   float64
	Error                                           *Error
}

type jsonCase struct {
	Now           float64
	Width, Height int
	Document      json.RawMessage
	Steps         []jsonStep
}

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func at(seconds float64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return start.Add(time.Duration(seconds * float64(time.Second)))
}

func (c jsonCase) run(t *testing.T) Run {
	r := Run{ID: "R", StartedAt: start}
	for _, s := range c.Steps {
		st, ok := graph.ParseStatus(s.Status)
		if !ok {
			t.Fatalf("no status %q", s.Status)
		}
		r.Steps = append(r.Steps, Step{
			Path: s.Path, Kind: s.Kind, Operation: s.Operation, Status: st, Reason: s.Reason, Attempt: s.Attempt,
			StartedAt: at(s.From), EndedAt: at(s.To), Due: at(s.Due), WaitsFor: s.WaitsFor, Error: s.Error,
		})
	}
	return r
}

// TestTree draws the run of each case: the part "run" is JSON, the part "tree"
// is what is drawn.
func TestTree(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var c jsonCase
			if err := json.Unmarshal(ar.Files[0].Data, &c); err != nil {
				t.Fatal(err)
			}
			r, outline := c.run(t), OutlineOf(c.Document)
			var lines []string
			if c.Height > 0 {
				lines = Fit(r, outline, at(c.Now), c.Width, c.Height)
			} else {
				lines = Tree(r, outline, at(c.Now), c.Width)
			}
			got := ansi.Strip(strings.Join(lines, "\n")) + "\n"
			if *update {
				ar.Files[1].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(ar.Files[1].Data), got); diff != "" {
				t.Errorf("the tree differs (-want +got):\n%s", diff)
			}
			for _, l := range lines {
				if c.Width > 0 && ansi.StringWidth(l) >= c.Width {
					t.Errorf("line %q is %d wide, the terminal %d", ansi.Strip(l), ansi.StringWidth(l), c.Width)
				}
			}
			if c.Height > 0 && len(lines) > c.Height {
				t.Errorf("%d lines for a terminal of %d", len(lines), c.Height)
			}
		})
	}
}

func TestElapsed(t *testing.T) {
	for _, c := range []struct {
		in   time.Duration
		want string
	}{
		{-time.Second, "0.0s"},
		{0, "0.0s"},
		{40 * time.Millisecond, "0.0s"},
		{1250 * time.Millisecond, "1.3s"},
		{59*time.Second + 940*time.Millisecond, "59.9s"},
		{time.Minute, "1m00s"},
		{61 * time.Second, "1m01s"},
		{59*time.Minute + 59*time.Second, "59m59s"},
		{time.Hour, "1h00m"},
		{23*time.Hour + 59*time.Minute, "23h59m"},
		{24 * time.Hour, "1d00h"},
		{49 * time.Hour, "2d01h"},
	} {
		if got := Elapsed(c.in); got != c.want {
			t.Errorf("Elapsed(%v) = %q, want %q", c.in, got, c.want)
		}
	}
}

// What strangers write must not steer the terminal.
func TestClean(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"plain", "plain"},
		{"two\nlines\ttab\r", "two lines tab"},
		{"\x1b[31mred\x1b[0m", "�[31mred�[0m"},
		{"\u009b31m", "�31m"},
		{strings.Repeat("ä", maxText), strings.Repeat("ä", maxText)},
		{strings.Repeat("ä", maxText+1), strings.Repeat("ä", maxText) + "…"},
	} {
		if got := Clean(c.in); got != c.want {
			t.Errorf("Clean(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestLine(t *testing.T) {
	stamp := start.Local().Format("15:04:05.000") + "  "
	for _, c := range []struct{ kind, data, want string }{
		{"RunStarted", `{"run":"R","workflow":"order","version":"1"}`, "run R of order 1 started"},
		{"StepScheduled", `{"path":"a","attempt":1}`, "a  started"},
		{"StepScheduled", `{"path":"a","attempt":2}`, "a  attempt 2"},
		{"StepEnded", `{"path":"a[0].b","status":"succeeded"}`, "a[0].b  succeeded"},
		{"StepEnded", `{"path":"a","status":"timedOut","error":{"code":"Timeout","message":"too slow"}}`, "a  timed out: Timeout: too slow"},
		{"StepSkipped", `{"path":"a","reason":"condition"}`, "a  skipped: its condition is false"},
		{"RetryScheduled", `{"path":"a","attempt":2,"due":"2026-01-02T03:04:06.5Z","error":{"code":"Busy"}}`, "a  attempt 1 failed: Busy; again in 1.5s"},
		{"WaitStarted", `{"path":"w","due":"2026-01-02T03:04:08Z"}`, "w  waits 3.0s"},
		{"BlockEntered", `{"path":"l","count":3}`, "l  3 items"},
		{"Responded", `{"path":"r","status":201}`, "r  answered the caller with 201"},
		{"StopBegan", `{"reason":"cancel","why":"enough"}`, "run is stopping: cancel (enough)"},
		{"CompensationStarted", `{"path":"a","by":"undo"}`, "a  is being undone"},
		{"RunEnded", `{"status":"failed","error":{"code":"X","message":"y\u001b[2J"}}`, "run failed: X: y�[2J"},
		{"CallEnded", `{"path":"a"}`, ""},
		{"BlockEntered", `{"path":"l"}`, ""},
		{"SomethingNew", `{}`, ""},
	} {
		want := c.want
		if want != "" {
			want = stamp + want
		}
		got := ansi.Strip(Line(Event{Seq: 1, Time: start, Type: c.kind, Data: json.RawMessage(c.data)}))
		if got != want {
			t.Errorf("Line(%s %s) = %q, want %q", c.kind, c.data, got, want)
		}
	}
}

// A drawing goes back over the one before it, whatever their heights.
func TestLive(t *testing.T) {
	var b bytes.Buffer
	l := NewLive(&b)
	l.Draw([]string{"one", "two"})
	l.Draw([]string{"three"})
	l.Done()
	got := b.String()
	for _, want := range []string{"\x1b[?25l", "one", "two", "\x1b[2A", "three", "\x1b[J", "\x1b[?25h"} {
		i := strings.Index(got, want)
		if i < 0 {
			t.Fatalf("%q is not drawn, or not behind what goes before it, in %q", want, b.String())
		}
		got = got[i:]
	}
	b.Reset()
	NewLive(&b).Done()
	if b.Len() > 0 {
		t.Errorf("nothing was drawn, but %q written", b.String())
	}
}

func TestTable(t *testing.T) {
	got := ansi.Strip(Table([]string{"RUN", "STATUS"}, [][]string{{"01A", "succeeded"}, {"01BCD", "failed"}}))
	want := []string{"RUN    STATUS", "01A    succeeded", "01BCD  failed"}
	var lines []string
	for _, l := range strings.Split(got, "\n") {
		lines = append(lines, strings.TrimRight(l, " "))
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("the table differs (-want +got):\n%s", diff)
	}
}

func ExampleTree() {
	r := Run{StartedAt: start, Steps: []Step{
		{Path: "fetch", Operation: "http.get", Status: graph.Succeeded, StartedAt: start, EndedAt: at(1.2)},
		{Path: "pause", Kind: "wait", Status: graph.Waiting, StartedAt: at(1.2), Due: at(4.2)},
	}}
	for _, l := range Tree(r, nil, at(2.2), 0) {
		fmt.Println(ansi.Strip(l))
	}
	// Output:
	// ✓ fetch   http.get  succeeded    1.2s
	// ◷ pause   wait      waiting      1.0s  in 2.0s
}
