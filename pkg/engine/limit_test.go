package engine_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
	"github.com/keelstep/keelstep/pkg/graph"
)

const limited = `workflow: limited
version: "1"
concurrency: { limit: 3, onLimit: queue }
steps:
  - { id: held, await: { signal: go } }
`

// A hundred runs wait behind three when the process is killed: the same three
// hold afterwards, the others wait in the same order, and go in it.
func TestLimitSurvivesAKill(t *testing.T) {
	path, w := filepath.Join(t.TempDir(), "log"), newWorld()
	open := func() (*boltlog.Log, *engine.Engine) {
		log, err := boltlog.Open(path, boltlog.Options{})
		if err != nil {
			t.Fatal(err)
		}
		e, err := engine.Open(t.Context(), engine.Options{Store: log, Registry: w.registry()})
		if err != nil {
			t.Fatal(err)
		}
		return log, e
	}
	log, e := open()
	if _, found, err := e.Deploy(t.Context(), "w.yaml", []byte(limited)); err != nil {
		t.Fatal(err, found)
	}
	var runs []string
	for range 103 {
		s, err := e.Start(t.Context(), engine.StartRequest{Workflow: "limited"})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Admission(t.Context(), s.Run); err != nil || !s.Limited {
			t.Fatal(err)
		}
		runs = append(runs, s.Run)
	}
	for range 3 {
		e.Kill()
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		log, e = open()
		holders, waiting, err := e.Limit(t.Context(), "limited", "")
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(slices.Concat(holders, waiting), runs); d != "" || len(holders) != 3 {
			t.Fatalf("after a kill %d hold; got -, want +:\n%s", len(holders), d)
		}
	}
	for len(runs) > 0 {
		run := runs[0]
		if err := e.Signal(t.Context(), run, "", "go", nil); err != nil {
			t.Fatal(err)
		}
		if v, err := e.Wait(t.Context(), run); err != nil || v.Status != graph.Succeeded {
			t.Fatalf("run ended %s, %v", v.Status, err)
		}
		runs = runs[1:]
		holders, waiting, err := e.Limit(t.Context(), "limited", "")
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(slices.Concat(holders, waiting), runs, cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("got -, want +:\n%s", d)
		}
		if len(holders) != min(3, len(runs)) || len(runs) > 0 && holders[0] != runs[0] {
			t.Fatalf("%v hold, %s is next", holders, runs[:min(1, len(runs))])
		}
	}
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := log.Close(); err != nil {
		t.Error(err)
	}
}
