package engine_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/memlog"
	"github.com/keelstep/keelstep/pkg/expression"
)

var update = flag.Bool("update", false, "rewrite the transcripts")

// TestTranscripts runs the commands of each transcript against an engine with
// virtual time and compares what they print. A goroutine that is left behind
// fails the test.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/transcripts/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			before := bytes.Clone(a.Files[len(a.Files)-1].Data)
			got := ""
			synctest.Test(t, func(t *testing.T) { got = play(t, a) })
			if *update {
				a.Files[len(a.Files)-1].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(a), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := gocmp.Diff(got, string(before)); d != "" {
				t.Errorf("got -, want +:\n%s", d)
			}
		})
	}
}

// player carries out the commands of one transcript.
type player struct {
	t     *testing.T
	files map[string][]byte
	world *world
	log   *memlog.Log
	opts  engine.Options
	e     *engine.Engine
	runs  []string // run1, run2, … in order of starting
	out   strings.Builder
}

func play(t *testing.T, a *txtar.Archive) string {
	p := &player{t: t, files: map[string][]byte{}, world: newWorld(), log: memlog.New()}
	var transcript []byte
	for _, f := range a.Files {
		p.files[f.Name] = f.Data
		transcript = f.Data
	}
	p.opts = engine.Options{
		Registry: p.world.registry(), LinkKey: []byte("the key of the tests"), PublicURL: "https://flows.example",
	}
	if _, ok := p.files["env.yaml"]; ok {
		p.environment("env.yaml")
	}
	p.open()
	for _, f := range a.Files {
		if strings.HasPrefix(f.Name, "workflow") {
			p.deploy(f.Name)
		}
	}
	var text strings.Builder
	for line := range strings.Lines(string(transcript)) {
		switch {
		case strings.HasPrefix(line, "  "), strings.TrimSpace(line) == "":
			continue
		case strings.HasPrefix(line, "#"):
			text.WriteString(line)
			continue
		}
		p.out.Reset()
		synctest.Wait()
		p.command(strings.TrimSpace(line))
		text.WriteString(line)
		for l := range strings.Lines(p.named(p.out.String())) {
			text.WriteString("  " + l)
		}
		text.WriteString("\n")
	}
	if p.e != nil {
		if err := p.e.Close(t.Context()); err != nil {
			t.Error("close:", err)
		}
	}
	return text.String()
}

// environment has the engine opened with another environment from now on.
func (p *player) environment(name string) {
	p.opts.Env = nil
	if name == "none" {
		return
	}
	env, found := config.Load("env/test.yaml", p.files[name], []string{"TOKEN=open-sesame", "NUMBER=123456"})
	if found.HasErrors() {
		p.t.Fatal(found)
	}
	p.opts.Env = env
}

// named puts run1 for the ID of the first run, and so on, and leaves out
// digests, which are those of the compiler.
func (p *player) named(s string) string {
	for i, id := range p.runs {
		s = strings.ReplaceAll(s, id, fmt.Sprintf("run%d", i+1))
	}
	return digest.ReplaceAllString(s, `"digest":"…"`)
}

var digest = regexp.MustCompile(`"digest":"[0-9a-f]{64}"`)

func (p *player) run(name string) string {
	for i, id := range p.runs {
		if name == fmt.Sprintf("run%d", i+1) {
			return id
		}
	}
	return name
}

func (p *player) open() {
	p.opts.Store = eventlog.Store(p.log)
	e, err := engine.Open(p.t.Context(), p.opts)
	if err != nil {
		p.t.Fatal("open:", err)
	}
	p.e = e
}

func (p *player) deploy(name string) {
	def, found, err := p.e.Deploy(p.t.Context(), name+".yaml", p.files[name])
	if err != nil {
		p.printf("%v %v\n", err, found)
		return
	}
	p.printf("deployed %s %s\n", def.Workflow, def.Version)
}

func (p *player) printf(format string, args ...any) { fmt.Fprintf(&p.out, format, args...) }

// fail prints an error and tells whether there was one.
func (p *player) fail(err error) bool {
	var input *engine.InputError
	switch {
	case err == nil:
		return false
	case errors.As(err, &input):
		for _, x := range input.Problems {
			p.printf("input %s: %s\n", x.Path, x.Message)
		}
	default:
		p.printf("error: %v\n", err)
	}
	return true
}

func (p *player) command(line string) {
	ctx, words := p.t.Context(), strings.Fields(line)
	arg := func(i int) string {
		if i < len(words) {
			return words[i]
		}
		return ""
	}
	rest := func(n int) json.RawMessage {
		parts := strings.SplitN(line, " ", n+1)
		if len(parts) <= n {
			return nil
		}
		return json.RawMessage(parts[n])
	}
	switch words[0] {
	case "deploy":
		p.deploy(arg(1))
	case "environment": // for the next engine
		p.environment(arg(1))
	case "start":
		p.start(ctx, engine.StartRequest{Workflow: arg(1), Input: rest(2)})
	case "call": // a start whose caller waits for the answer
		p.start(ctx, engine.StartRequest{Workflow: arg(1), Input: rest(2), WantsAnswer: true, TriggerID: "web"})
	case "key":
		p.start(ctx, engine.StartRequest{Workflow: arg(2), IdempotencyKey: arg(1), Input: rest(3)})
	case "sleep":
		d, err := expression.ParseDuration(arg(1))
		if err != nil {
			p.t.Fatal(err)
		}
		time.Sleep(d)
		synctest.Wait()
	case "signal":
		p.fail(p.e.Signal(ctx, p.run(arg(1)), arg(2), arg(3), rest(4)))
		synctest.Wait()
	case "cancel":
		p.fail(p.e.Cancel(ctx, p.run(arg(1)), arg(2)))
		synctest.Wait()
	case "publish": // ID TYPE DATA
		p.fail(p.e.Publish(ctx, engine.CloudEvent{ID: arg(1), Type: arg(2), Source: "/test", Data: rest(3)}))
		synctest.Wait()
	case "pause":
		p.fail(p.e.PauseTrigger(ctx, arg(1), arg(2), "as asked"))
	case "unpause":
		p.fail(p.e.ResumeTrigger(ctx, arg(1), arg(2)))
	case "fire":
		p.fail(p.e.FireTrigger(ctx, arg(1), arg(2)))
		synctest.Wait()
	case "triggers":
		p.triggers(ctx)
	case "suspend":
		p.fail(p.e.Suspend(ctx, p.run(arg(1)), "as asked"))
		synctest.Wait()
	case "resume":
		p.fail(p.e.Resume(ctx, p.run(arg(1))))
		synctest.Wait()
	case "terminate":
		p.fail(p.e.Terminate(ctx, p.run(arg(1)), "as asked"))
		synctest.Wait()
	case "retry":
		p.fail(p.e.Retry(ctx, p.run(arg(1))))
		synctest.Wait()
	case "restart":
		s, err := p.e.Restart(ctx, p.run(arg(1)))
		if !p.fail(err) {
			p.runs = append(p.runs, s.Run)
			p.printf("started %s of %s %s\n", s.Run, s.Workflow, s.Version)
		}
		synctest.Wait()
	case "tasks":
		p.tasks(ctx)
	case "answer": // RUN PATH BY OUTCOME FORM
		p.fail(p.e.AnswerTask(ctx, p.run(arg(1)), engine.AnswerRequest{Path: arg(2), By: arg(3), Outcome: arg(4), Form: rest(5)}))
		synctest.Wait()
	case "reassign": // RUN PATH TO
		p.fail(p.e.ReassignTask(ctx, p.run(arg(1)), arg(2), rest(3), "boss"))
		synctest.Wait()
	case "link": // the task that the link stands for which went out last
		run, path, err := p.e.LinkedTask(strings.TrimPrefix(p.world.link(), "https://flows.example/tasks/"))
		if !p.fail(err) {
			p.printf("%s %s\n", run, path)
		}
	case "redeliver":
		p.fail(p.e.RetryDeadLetter(ctx, arg(1)))
		synctest.Wait()
	case "discard":
		p.fail(p.e.DropDeadLetter(ctx, arg(1)))
	case "gate":
		p.world.open(arg(1))
		synctest.Wait()
	case "kill":
		p.log = p.log.Reopen()
		p.e.Kill()
		p.e = nil
	case "close":
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		p.fail(p.e.Close(ctx))
		p.e = nil
	case "open":
		time.Sleep(time.Millisecond) // no process starts in the moment in which another ended
		p.open()
		resumed, _ := p.e.Resumed()
		for _, s := range resumed {
			p.printf("resumed %s %s\n", s.Run, s.Status)
		}
		synctest.Wait()
	default:
		p.look(ctx, words[0], p.run(arg(1)), arg(2))
	}
}

func (p *player) start(ctx context.Context, req engine.StartRequest) {
	s, err := p.e.Start(ctx, req)
	if p.fail(err) {
		return
	}
	if !s.Existing {
		p.runs = append(p.runs, s.Run)
	}
	word := map[bool]string{true: "found", false: "started"}[s.Existing]
	p.printf("%s %s of %s %s\n", word, s.Run, s.Workflow, s.Version)
	synctest.Wait()
}

// ordered shows runs by their start and what they started with.
func (p *player) ordered(ctx context.Context, rows []engine.RunSummary) {
	type row struct {
		engine.RunSummary
		view  engine.RunView
		input string
	}
	var all []row
	for _, r := range rows {
		v, err := p.e.Get(ctx, r.Run)
		p.fail(err)
		in, err := v.Input.MarshalJSON()
		p.fail(err)
		all = append(all, row{r, v, string(in)})
	}
	slices.SortFunc(all, func(a, b row) int {
		return cmp.Or(a.StartedAt.Compare(b.StartedAt), strings.Compare(a.input, b.input))
	})
	for _, r := range all {
		if !slices.Contains(p.runs, r.Run) {
			p.runs = append(p.runs, r.Run)
		}
		p.printf("%s %s ", r.StartedAt.Format(time.TimeOnly), r.Run)
		p.view(ctx, r.view, false)
	}
}

// tasks lists the open tasks.
func (p *player) tasks(ctx context.Context) {
	all, next, err := p.e.Tasks(ctx, "", 0)
	p.fail(err)
	for _, t := range all {
		p.printf("%s %s %s %q to %s, %v, form %s, answers %v%s\n", t.Run, t.Workflow, t.Path, t.Title, t.To, t.Options, t.Form, t.Answers, next)
	}
}

// triggers lists the triggers that fire by themselves.
func (p *player) triggers(ctx context.Context) {
	all, err := p.e.Triggers(ctx)
	p.fail(err)
	for _, x := range all {
		p.printf("%s %s %s %s", x.Workflow, x.ID, x.Kind, x.Status)
		if !x.Next.IsZero() {
			p.printf(", next %s", x.Next.Format(time.RFC3339))
		}
		if x.LastRun != "" {
			p.printf(", last %s", x.LastDue.Format(time.RFC3339Nano))
		}
		if x.Running+x.Waiting > 0 {
			p.printf(", %d running, %d waiting", x.Running, x.Waiting)
		}
		if n := x.Keys + int(x.Duplicates+x.Filtered); n > 0 {
			p.printf(", %d keys, %d duplicates, %d filtered", x.Keys, x.Duplicates, x.Filtered)
		}
		if x.Code != "" {
			p.printf(": %s: %s", x.Code, x.Message)
		}
		p.printf("\n")
	}
}

// look carries out a command that changes nothing.
func (p *player) look(ctx context.Context, verb, run, arg string) {
	switch verb {
	case "get", "wait":
		f := p.e.Get
		if verb == "wait" {
			f = p.e.Wait
		}
		v, err := f(ctx, run)
		if !p.fail(err) {
			p.view(ctx, v, arg == "steps")
		}
	case "await":
		a, v, err := p.e.Await(ctx, run)
		if p.fail(err) {
			p.printf("%s\n", v.Status)
			return
		}
		p.printf("%d %v %s\n", a.Status, a.Headers, a.Body)
	case "history":
		evs, err := p.e.History(ctx, run, 0, 0)
		p.fail(err)
		for _, ev := range evs {
			p.printf("%d %s %s\n", ev.Seq, ev.Type, ev.Data)
		}
	case "watch":
		for ev, err := range p.e.Watch(ctx, run, 0) {
			if !p.fail(err) {
				p.printf("%d %s\n", ev.Seq, ev.Type)
			}
		}
	case "runs": // of a workflow, those not named yet get their names
		rows, _, err := p.e.List(ctx, engine.RunFilter{Workflow: run})
		p.fail(err)
		p.ordered(ctx, rows)
	case "list":
		rows, _, err := p.e.List(ctx, engine.RunFilter{})
		p.fail(err)
		for _, r := range rows {
			p.printf("%s %s %s %s%s\n", r.Run, r.Workflow, r.Status, r.Reason, r.Error)
		}
	case "children": // those not named yet get their names
		rows, _, err := p.e.List(ctx, engine.RunFilter{Parent: run})
		p.fail(err)
		slices.SortFunc(rows, func(a, b engine.RunSummary) int {
			return cmp.Or(strings.Compare(a.Workflow, b.Workflow), a.StartedAt.Compare(b.StartedAt))
		})
		for _, r := range rows {
			if !slices.Contains(p.runs, r.Run) {
				p.runs = append(p.runs, r.Run)
			}
			p.printf("%s %s %s %s%s\n", r.Run, r.Workflow, r.Status, r.Reason, r.Error)
		}
	case "limit":
		holders, waiting, err := p.e.Limit(ctx, run, arg)
		if !p.fail(err) {
			p.printf("holding %v, waiting %v\n", holders, waiting)
		}
	case "dead":
		all, lost, err := p.e.DeadLetters(ctx)
		p.fail(err)
		for _, x := range all {
			p.printf("%s %s %s of %s: %s %s %s %s: %s: %s\n", x.ID, x.At.Format(time.TimeOnly), x.Trigger, x.Workflow, x.Run,
				x.Event.ID, x.Event.Type, x.Event.Data, x.Code, x.Message)
		}
		p.printf("%d kept, %d lost\n", len(all), lost)
	case "limits":
		all, err := p.e.Limits(ctx)
		p.fail(err)
		for _, l := range all {
			p.printf("%s %s: parallel %d, rate %d per %s, %d calls, %d waiting, %d runs, %d waiting, %d keys\n", l.Kind, l.Name,
				l.Parallel, l.Count, l.Per, l.Calls, l.WaitingCalls, l.Runs, l.WaitingRuns, l.Keys)
		}
	case "admission":
		if !p.fail(p.e.Admission(ctx, run)) {
			p.printf("may run\n")
		}
	case "world":
		p.printf("%s", p.world.counts())
	case "memory":
		p.printf("%d runs\n", p.e.InMemory())
	default:
		p.t.Fatalf("unknown command %q", verb)
	}
}

func (p *player) view(ctx context.Context, v engine.RunView, steps bool) {
	p.printf("%s", v.Status)
	if !v.Output.IsAbsent() {
		b, err := p.e.Value(ctx, v.Output)
		p.printf(" %s", b)
		p.fail(err)
	}
	if v.Error != nil {
		p.printf(" %s: %s", v.Error.Code, v.Error.Message)
	}
	p.printf("\n")
	for _, s := range v.Steps {
		if steps {
			in, _ := s.Input.MarshalJSON()
			out, _ := s.Output.MarshalJSON()
			p.printf("%s %s %s -> %s", s.Path, s.Status, in, out)
			if s.WaitsFor != "" {
				p.printf(", waits for %s", s.WaitsFor)
			}
			p.printf("\n")
		}
	}
}
