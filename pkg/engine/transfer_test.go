package engine_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
	"github.com/keelstep/keelstep/pkg/eventlog/memlog"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/runfile"
)

// travellers is workflows whose runs are moved.
var travellers = []string{`workflow: simple
version: "1"
steps: [{ id: a, compose: { text: "a < b & c > d" } }]
output: "${ steps.a.output }"
`, `workflow: large
version: "1"
steps:
  - { id: text, compose: "${ repeat('x', 200000) }" }
  - { id: list, compose: "${ map(1..2500, # * 2) }" }
output: { text: "${ len(steps.text.output) }", list: "${ len(steps.list.output) }" }
`, `workflow: broken
version: "1"
steps: [{ id: f, fail: { code: Bad, message: it is } }]
`, `workflow: nap
version: "1"
steps: [{ id: nap, wait: 1h }, { id: say, compose: slept }]
output: "${ steps.say.output }"
`, `workflow: ask
version: "1"
steps: [{ id: wait, await: { signal: go } }]
output: "${ steps.wait.output.data }"
`, `workflow: decide
version: "1"
steps: [{ id: ok, approval: { title: May it?, to: [boss] } }]
output: "${ steps.ok.output.outcome }"
`, `workflow: tied
version: "1"
concurrency: { limit: 1, onLimit: queue }
steps: [{ id: wait, await: { signal: go } }]
`}

// started starts a run of each traveller and returns them by workflow.
func startedAll(t *testing.T, e *engine.Engine, names ...string) map[string]string {
	t.Helper()
	runs := map[string]string{}
	for _, name := range names {
		runs[name] = start(t, e, name)
	}
	time.Sleep(time.Second)
	synctest.Wait()
	return runs
}

func export(t *testing.T, e *engine.Engine, f engine.ExportFilter) []byte {
	t.Helper()
	var b bytes.Buffer
	done, err := e.Export(t.Context(), &b, runfile.Source{Program: "test"}, f)
	if err != nil || len(done.Left) > 0 {
		t.Fatalf("export: %+v, %v", done, err)
	}
	return b.Bytes()
}

// Runs that were exported and imported are exported again to the byte, from
// memory into a file and back; they look alike.
func TestExportImportExport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := open(t, engine.Options{}, travellers...)
		runs := startedAll(t, e, "simple", "large", "broken", "simple")
		file := export(t, e, engine.ExportFilter{})
		store, err := boltlog.Open(filepath.Join(t.TempDir(), "log.db"), boltlog.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { store.Close() })
		other := open(t, engine.Options{Store: store})
		back := open(t, engine.Options{})
		from := e
		for _, to := range []*engine.Engine{other, back} {
			done, err := to.Import(t.Context(), bytes.NewReader(file), engine.ImportOptions{})
			if err != nil || done.Runs != 4 {
				t.Fatalf("import: %+v, %v", done, err)
			}
			if again := export(t, to, engine.ExportFilter{}); !bytes.Equal(again, file) {
				t.Errorf("exported again it is another file:\n%s", cmp.Diff(string(file), string(again)))
			}
			for _, run := range runs {
				if diff := cmp.Diff(viewOf(t, from, run), viewOf(t, to, run)); diff != "" {
					t.Errorf("run %s (-exported +imported):\n%s", run, diff)
				}
			}
			if defs, err := to.Definitions(t.Context()); err != nil || len(defs) != 3 || defs[0].Active {
				t.Errorf("definitions %+v, %v: want three, none of them active", defs, err)
			}
			if _, err := to.Start(t.Context(), engine.StartRequest{Workflow: "simple"}); !errors.Is(err, engine.ErrNoWorkflow) {
				t.Errorf("a workflow that came with a run can be started: %v", err)
			}
			_, err = to.Import(t.Context(), bytes.NewReader(file), engine.ImportOptions{})
			wantLine(t, err, 3, "is here already; pass over such runs with --skip-existing")
			if done, err := to.Import(t.Context(), bytes.NewReader(file), engine.ImportOptions{SkipExisting: true}); err != nil || done.Existing != 4 {
				t.Errorf("import once more: %+v, %v", done, err)
			}
			from = to
		}
		if err := store.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
		if r, err := store.Check(t.Context()); err != nil || !r.Clean() {
			t.Errorf("the log is damaged: %v, %v", r.Damage, err)
		}
	})
}

func viewOf(t *testing.T, e *engine.Engine, run string) string {
	t.Helper()
	v, err := e.Get(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	h, err := e.History(t.Context(), run, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.MarshalIndent([]any{v, h}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func wantLine(t *testing.T, err error, line int, says string) {
	t.Helper()
	var at *runfile.Error
	if !errors.As(err, &at) || at.Line != line || !strings.Contains(at.Why, says) {
		t.Errorf("the error is %v, want line %d: … %s …", err, line, says)
	}
}

// Runs that have not ended stay behind unless they are asked for; then they go
// on where they are imported, and the engine's next start takes them up.
func TestImportOpenRuns(t *testing.T) {
	for _, restarted := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			e := open(t, engine.Options{}, travellers...)
			runs := startedAll(t, e, "nap", "ask", "decide", "simple")
			file := export(t, e, engine.ExportFilter{})
			store := memlog.New()
			to := open(t, engine.Options{Store: store, Still: restarted})
			done, err := to.Import(t.Context(), bytes.NewReader(file), engine.ImportOptions{})
			if want := (engine.Imported{Runs: 1, NotEnded: 3}); err != nil || done != want {
				t.Errorf("import = %+v, %v, want %+v", done, err, want)
			}
			done, err = to.Import(t.Context(), bytes.NewReader(file), engine.ImportOptions{Open: true, SkipExisting: true})
			if want := (engine.Imported{Runs: 3, Open: 3, Existing: 1}); err != nil || done != want {
				t.Errorf("import = %+v, %v, want %+v", done, err, want)
			}
			if again := export(t, to, engine.ExportFilter{}); !bytes.Equal(again, file) {
				t.Errorf("exported again it is another file:\n%s", cmp.Diff(string(file), string(again)))
			}
			if restarted {
				to.Kill()
				to = open(t, engine.Options{Store: store.Reopen()})
			}
			e.Kill() // they must not go on in two places
			if err := to.Signal(t.Context(), runs["ask"], "", "go", json.RawMessage(`"now"`)); err != nil {
				t.Fatal(err)
			}
			if err := to.AnswerTask(t.Context(), runs["decide"], engine.AnswerRequest{Path: "ok", By: "boss", Outcome: "approve"}); err != nil {
				t.Fatal(err)
			}
			for name, want := range map[string]string{"nap": `"slept"`, "ask": `"now"`, "decide": `"approve"`} {
				v, err := to.Wait(t.Context(), runs[name])
				if err != nil || v.Status != graph.Succeeded || string(v.Output.Inline()) != want {
					t.Errorf("%s ended %s with %s, %v, want %s", name, v.Status, v.Output.Inline(), err, want)
				}
			}
		})
	}
}

// A run of which others keep something is not taken before it has ended.
func TestImportTied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := open(t, engine.Options{}, travellers...)
		runs := startedAll(t, e, "tied")
		to := open(t, engine.Options{})
		_, err := to.Import(t.Context(), bytes.NewReader(export(t, e, engine.ExportFilter{})), engine.ImportOptions{Open: true})
		if err == nil || !strings.Contains(err.Error(), "a limit counts it") {
			t.Errorf("import of a run that a limit counts: %v", err)
		}
		if _, err := to.Get(t.Context(), runs["tied"]); !errors.Is(err, engine.ErrNoRun) {
			t.Errorf("something of it is there: %v", err)
		}
		if err := e.Cancel(t.Context(), runs["tied"], ""); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if done, err := to.Import(t.Context(), bytes.NewReader(export(t, e, engine.ExportFilter{})), engine.ImportOptions{}); err != nil || done.Runs != 1 {
			t.Errorf("import of what has ended: %+v, %v", done, err)
		}
	})
}

// Only what the filter lets through is exported.
func TestExportFilter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := open(t, engine.Options{}, travellers...)
		startedAll(t, e, "simple", "broken", "ask")
		for _, c := range []struct {
			filter engine.ExportFilter
			runs   int
		}{
			{engine.ExportFilter{}, 3},
			{engine.ExportFilter{Workflow: "simple"}, 1},
			{engine.ExportFilter{Statuses: []string{"failed", "waiting"}}, 2},
			{engine.ExportFilter{Parent: "nobody"}, 0},
		} {
			end, err := runfile.Verify(bytes.NewReader(export(t, e, c.filter)))
			if err != nil || end.Runs != c.runs {
				t.Errorf("%+v: %d runs, %v, want %d", c.filter, end.Runs, err, c.runs)
			}
		}
	})
}

// Whatever is done to a file, the import ends at the line with what to do, and
// nothing of the run at hand stays. An import that is cut off is done again.
func TestImportDamaged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := open(t, engine.Options{}, travellers...)
		startedAll(t, e, "simple", "large")
		file := export(t, e, engine.ExportFilter{})
		lines := bytes.SplitAfter(file, []byte("\n"))
		lines = lines[:len(lines)-1]
		for i := range lines {
			store := memlog.New()
			to := open(t, engine.Options{Store: store})
			cut := bytes.Join(lines[:i], nil)
			_, err := to.Import(t.Context(), bytes.NewReader(cut), engine.ImportOptions{})
			wantLine(t, err, i+1, "cut off")
			for s, err := range store.List(t.Context(), eventlog.Filter{}) {
				if err != nil || s.Kind == "import" {
					t.Errorf("cut off behind line %d: %+v, %v stays", i, s, err)
				}
			}
			if _, err := to.Import(t.Context(), bytes.NewReader(file), engine.ImportOptions{SkipExisting: true}); err != nil {
				t.Errorf("cut off behind line %d and imported again: %v", i, err)
			}
			if again := export(t, to, engine.ExportFilter{}); !bytes.Equal(again, file) {
				t.Errorf("cut off behind line %d and imported again, it is another file", i)
			}
		}
	})
}

// A long run that dropped its first records is moved as it is.
func TestExportCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := engine.Options{CarryAfter: 40, KeepEvents: 60}
		e := open(t, o, `workflow: long
version: "1"
variables: { n: 0 }
steps:
  - id: loop
    while: vars.n < 200
    do: [{ id: more, set: { n: "${ vars.n + 1 }" } }, { id: nap, wait: 1s }]
  - { id: end, await: { signal: go } }
output: "${ vars.n }"
`)
		run := start(t, e, "long")
		time.Sleep(time.Hour)
		synctest.Wait()
		file := export(t, e, engine.ExportFilter{})
		if !bytes.Contains(file, []byte(`"cut":`)) {
			t.Fatal("nothing was cut: the test sees nothing")
		}
		to := open(t, o)
		if _, err := to.Import(t.Context(), bytes.NewReader(file), engine.ImportOptions{Open: true}); err != nil {
			t.Fatal(err)
		}
		if again := export(t, to, engine.ExportFilter{}); !bytes.Equal(again, file) {
			t.Error("exported again it is another file")
		}
		if err := to.Signal(t.Context(), run, "", "go", nil); err != nil {
			t.Fatal(err)
		}
		if v, err := to.Wait(t.Context(), run); err != nil || string(v.Output.Inline()) != "200" {
			t.Errorf("it ended with %s, %v", v.Output.Inline(), err)
		}
	})
}
