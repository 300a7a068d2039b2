package interpreter_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

var update = flag.Bool("update", false, "rewrite the transcripts")

// catalog offers test.never, test.keyed and test.safe, which take and yield
// anything.
type catalog struct{}

func (catalog) Operation(id string) (dsl.Operation, bool) {
	for r := graph.Never; r <= graph.Safe; r++ {
		if id == "test."+r.String() {
			return dsl.Operation{ID: id, Connector: "test", Summary: "A call.", Repeat: func(map[string]any, any) graph.Repeat { return r }}, true
		}
	}
	return dsl.Operation{}, false
}

func (catalog) Operations() []string { return []string{"test.keyed", "test.never", "test.safe"} }

func (catalog) Connections() map[string]dsl.Connection { return nil }

// TestTranscripts plays testdata/*.txt: a workflow, and what it is told, each
// line answered by the events and commands that follow. After every turn a
// machine that is folded from the record, and one that begins with a carried
// state, must be in the same state as the live one.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p := newPlayer(t, file, a.Files[0].Data)
			got := p.play(string(a.Files[1].Data))
			if *update {
				a.Files[1].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(strings.Split(string(a.Files[1].Data), "\n"), strings.Split(got, "\n")); d != "" {
				t.Errorf("transcript differs (-want +got), rerun with -update and read the diff:\n%s", d)
			}
		})
	}
}

type player struct {
	t     *testing.T
	wf    *graph.Workflow
	m     *interpreter.Machine
	turns [][]byte
	blobs map[expression.Hash][]byte
	now   time.Time
	out   strings.Builder

	parent string   // of the run
	only   []string // the events that are shown; empty: all
	split  int      // how many consequences a turn has at most; 0: as many as there are
}

func newPlayer(t *testing.T, file string, src []byte) *player {
	wf, ds := dsl.Compile(file, src, catalog{})
	if ds.HasErrors() || wf == nil {
		for _, d := range ds {
			t.Errorf("%s:%d:%d: %s %s [%s]", file, d.Span.Start.Line, d.Span.Start.Col, d.Message, d.Hint, d.Code)
		}
		t.FailNow()
	}
	return &player{
		t: t, wf: wf, m: interpreter.New(wf), blobs: map[expression.Hash][]byte{},
		now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

// play answers every line that is no answer itself.
func (p *player) play(script string) string {
	comment := true
	for line := range strings.Lines(script) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "  ") || line == "" {
			continue
		}
		if !comment {
			p.out.WriteByte('\n')
		}
		comment = strings.HasPrefix(line, "#")
		fmt.Fprintln(&p.out, line)
		if !strings.HasPrefix(line, "#") {
			p.line(strings.Fields(line), line)
		}
	}
	return p.out.String()
}

func (p *player) line(words []string, line string) {
	arg := func(i int) string {
		if i < len(words) {
			return words[i]
		}
		return ""
	}
	rest := func(n int) []byte {
		parts := strings.SplitN(line, " ", n+1)
		if len(parts) <= n {
			return []byte("{}")
		}
		return []byte(parts[n])
	}
	path, attempt := arg(1), 1
	if i := strings.LastIndex(path, "@"); i >= 0 {
		attempt, _ = strconv.Atoi(path[i+1:])
		path = path[:i]
	}
	switch words[0] {
	case "only": // NAME...
		p.only = words[1:]
	case "split": // LEN: turns end after so many consequences, and the next line comes between
		p.split, _ = strconv.Atoi(arg(1))
		p.m.Bound(p.split)
	case "go":
		p.m.Bound(0)
		p.split = 0
		p.turn()
	case "pages": // LEN
		for _, n := range p.wf.Nodes {
			n.PageLen, _ = strconv.Atoi(arg(1))
		}
	case "start":
		in := interpreter.Start{Run: "run-1", Workflow: p.wf.Name, Version: p.wf.Version, Digest: "d", Value: rest(1), WantsAnswer: p.wf.HasRespond}
		if p.parent != "" {
			in.Parent, in.ParentPath = p.parent, "up"
		}
		p.turn(in)
	case "ok":
		p.turn(interpreter.CallResult{Path: path, Attempt: attempt, Output: rest(2)})
	case "fail":
		p.turn(interpreter.CallResult{Path: path, Attempt: attempt, Err: failure(words[2:])})
	case "started":
		p.turn(interpreter.CallStarted{Path: path, Attempt: attempt})
	case "parent":
		p.parent = arg(1)
	case "fire":
		p.turn(interpreter.TimerFired{Timer: arg(1)})
	case "signal":
		p.turn(interpreter.Signal{Name: arg(1), ID: arg(2), Data: rest(3)})
	case "cancel":
		p.turn(interpreter.Cancel{Reason: arg(1)})
	case "after":
		d, err := expression.ParseDuration(arg(1))
		if err != nil {
			p.t.Fatal(err)
		}
		p.now = p.now.Add(d)
	case "child": // PATH STATUS JSON-or-CODE
		c := interpreter.ChildEnded{Path: path, Child: interpreter.ChildID("run-1", path, attempt), Status: arg(2)}
		if arg(2) == "succeeded" {
			c.Output = expression.Raw(rest(3))
		} else {
			c.Code, c.Message = arg(3), "the child says "+arg(3)
		}
		p.turn(c)
	case "event": // PATH TYPE ID JSON
		p.turn(interpreter.EventArrived{Path: arg(1), Event: fact.CloudEvent{Type: arg(2), ID: arg(3), Source: "/test", Data: expression.Raw(rest(4))}})
	case "grant":
		p.turn(interpreter.SlotGranted{})
	case "refuse":
		p.turn(interpreter.SlotRefused{Code: arg(1), Message: "no slot"})
	case "suspend":
		p.turn(interpreter.Suspend{Reason: arg(1)})
	case "resume":
		p.turn(interpreter.Resume{})
	case "answer": // PATH BY OUTCOME JSON
		p.turn(interpreter.Answer{Path: arg(1), By: arg(2), Outcome: arg(3), Form: rest(4)})
	case "reassign":
		p.turn(interpreter.Reassign{Path: arg(1), To: rest(2), By: "boss"})
	case "carry":
		p.turn(interpreter.Carry{})
	case "crash":
		p.m = p.replay()
		for _, c := range p.m.Outstanding() {
			p.show(c)
		}
		p.turn()
	default:
		p.t.Fatalf("unknown line %q", line)
	}
}

func failure(words []string) *graph.Failure {
	f := &graph.Failure{Code: words[0], Message: "it says " + words[0]}
	for _, w := range words[1:] {
		switch k, v, _ := strings.Cut(w, "="); k {
		case "lost":
			f.Lost = true
		case "certain":
			f.Certain = true
		case "final":
			f.Final = true
		case "status":
			f.Status, _ = strconv.Atoi(v)
		case "after":
			f.RetryAfter, _ = expression.ParseDuration(v)
		}
	}
	return f
}

// turn decides until nothing more follows, and shows it.
func (p *player) turn(in ...interpreter.Input) {
	for {
		t := p.m.Decide(p.now, in...)
		in = in[t.Taken:]
		for _, pl := range t.Payloads {
			p.blobs[pl.Hash] = pl.Bytes
		}
		for _, r := range t.Refused {
			fmt.Fprintf(&p.out, "  refused: %s\n", r.Error())
		}
		for _, e := range t.Events {
			if len(p.only) == 0 || slices.Contains(p.only, fact.NameOf(e.Fact)) {
				fmt.Fprintf(&p.out, "  %d %s %s\n", e.Seq, fact.NameOf(e.Fact), brief(e.Fact))
			}
		}
		if len(t.Events) > 0 {
			p.turns = append(p.turns, fact.EncodeTurn(t.Events))
			for _, s := range p.m.Sends(t.Events) {
				p.sent(s)
			}
			for _, c := range p.m.Commands(t.Events) {
				p.show(c)
			}
		}
		p.twins()
		for _, h := range t.Wants {
			fmt.Fprintf(&p.out, "  wants %s\n", h.String()[:8])
			p.m.Provide(h, p.blobs[h])
		}
		if len(t.Wants) == 0 && len(in) == 0 && (!t.More || p.split > 0) {
			return
		}
	}
}

// sent shows a message, which must come back from its bytes.
func (p *player) sent(m interpreter.Message) {
	b := fact.EncodeMail(m.Body)
	again, err := fact.DecodeMail(b)
	if err != nil || !bytes.Equal(fact.EncodeMail(again), b) {
		p.t.Fatalf("message %T does not come back: %v", m.Body, err)
	}
	text := strings.TrimPrefix(fmt.Sprintf("%T", m.Body), "fact.")
	switch x := m.Body.(type) {
	case interpreter.Start:
		in, _ := x.Packed.MarshalJSON()
		text += fmt.Sprintf(" %s %s of %s depth=%d detached=%v", x.Workflow, in, x.ParentPath, x.Depth, x.Detached)
	case interpreter.ChildEnded:
		out, _ := x.Output.MarshalJSON()
		text += fmt.Sprintf(" %s %s %s %s", x.Path, x.Status, out, x.Code)
	case fact.Emitted:
		data, _ := x.Event.Data.MarshalJSON()
		text += fmt.Sprintf(" %s %s %s", x.Event.Type, x.Event.Subject, data)
	case fact.MatchOpened:
		text += " " + x.Path + " " + x.Type
		for _, f := range x.Match {
			v, _ := f.Value.MarshalJSON()
			text += fmt.Sprintf(" %s=%s", f.Path, v)
		}
	case fact.MatchClosed:
		text += " " + x.Path
	case fact.SlotWanted:
		text += fmt.Sprintf(" %s limit=%d", x.Key, x.Limit)
	case fact.SlotFreed:
		text += " " + x.Key
	case interpreter.Cancel:
		text += " " + x.Reason
	}
	fmt.Fprintf(&p.out, "  @ %s (%d): %s\n", m.To, m.Seq, text)
}

func brief(f fact.Fact) string {
	b := fact.ShowFields(f)
	if len(b) > 400 {
		return string(b[:400]) + "…"
	}
	return string(b)
}

func (p *player) show(c interpreter.Command) {
	switch c := c.(type) {
	case interpreter.Call:
		extra := ""
		if c.Reissued {
			extra = " again"
		}
		b, _ := c.Input.MarshalJSON()
		fmt.Fprintf(&p.out, "  > call %s@%d %s %s key=%s %s%s\n", c.Path, c.Attempt, c.Operation, c.Repeat, c.Key[:8], b, extra)
	case interpreter.CancelCall:
		fmt.Fprintf(&p.out, "  > cancel %s@%d\n", c.Path, c.Attempt)
	case interpreter.SetTimer:
		fmt.Fprintf(&p.out, "  > timer %s in %s\n", c.Timer, c.Due.Sub(p.now))
	case interpreter.ClearTimer:
		fmt.Fprintf(&p.out, "  > clear %s\n", c.Timer)
	case interpreter.AnswerCaller:
		b, _ := c.Body.MarshalJSON()
		fmt.Fprintf(&p.out, "  > answer %d %s\n", c.Status, b)
	default:
		p.t.Fatalf("unhandled %T", c)
	}
}

// replay folds the record into a machine.
func (p *player) replay() *interpreter.Machine {
	m := interpreter.New(p.wf)
	for _, b := range p.turns {
		events, err := fact.DecodeTurn(b, interpreter.Facts)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, e := range events {
			if err := m.Apply(e); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	return m
}

// twins checks that a folded and a carried machine are where the live one is.
func (p *player) twins() {
	p.t.Helper()
	live := p.m.State()
	if folded := p.replay().State(); !bytes.Equal(live, folded) {
		p.t.Fatalf("after %d events the folded machine is in another state than the live one", p.m.Seq())
	}
	c := interpreter.New(p.wf)
	if err := c.Restore(live); err != nil {
		p.t.Fatal(err)
	}
	if again := c.State(); !bytes.Equal(live, again) {
		p.t.Fatalf("after %d events the carried machine is in another state than the live one", p.m.Seq())
	}
	if a, b := p.viewOf(p.m), p.viewOf(c); a != b {
		p.t.Fatalf("after %d events the carried machine looks different: %s", p.m.Seq(), cmp.Diff(a, b))
	}
}

func (p *player) viewOf(m *interpreter.Machine) string {
	b, err := json.MarshalIndent(m.View(func(h expression.Hash) ([]byte, bool) { b, ok := p.blobs[h]; return b, ok }), "", " ")
	if err != nil {
		return err.Error()
	}
	return string(b)
}
